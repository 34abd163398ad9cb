from __future__ import annotations

import pytest

from tests.factories import IMAGE, function_record, image_config, tree
from troubleshooter.analysis.logs.telemetry_collector import DEFAULT, NAMED, collector_settings
from troubleshooter.checks.completion.telemetry_exporter_not_configured import (
    telemetry_exporter_not_configured as the_check,
)
from troubleshooter.facts import Reading, Unavailable
from troubleshooter.facts.environment import describe
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import ImageTree
from troubleshooter.facts.telemetry import CollectorSettings
from troubleshooter.model import Origin, Outcome, Verdict
from troubleshooter.redact import Secrets

CONFIG = """\
receivers: {otlp: {protocols: {grpc: {}}}}
exporters: {debug: {}, awsxray: {}}
service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [debug]
    metrics/own:
      exporters: [awsemf]
"""
COLLECTOR = {"/opt/extensions/collector": "", DEFAULT: CONFIG}
COMPLAINT = "No traces arrive in X-Ray."


def settings(
    files: dict[str, str] | None = None, said: str = COMPLAINT, **variables: str
) -> CollectorSettings | Unavailable:
    secrets = Secrets(b"salt")
    environment = tuple(describe(name, value, secrets) for name, value in variables.items())
    image = ImageTree(reading=IMAGE, tree=tree({**(COLLECTOR if files is None else files)}))
    return collector_settings(text(said), function_record(environment=environment), image_config(), image, secrets)


def text(said: str) -> GivenText:
    return GivenText(reading=Reading("pasted text", Origin.PASTED), text=said)


def ask(files: dict[str, str] | None = None, said: str = COMPLAINT, **variables: str) -> Verdict:
    found = settings(files, said, **variables)
    assert isinstance(found, CollectorSettings)
    return the_check(found, text(said))


def test_traces_that_only_reach_the_collectors_log() -> None:
    verdict = ask()
    assert verdict.outcome is Outcome.FAIL
    assert [e.source for e in verdict.evidence if e.fact] == [f"{DEFAULT}:7"]
    assert verdict.remediation


@pytest.mark.parametrize("value", ["/var/task/otel.yaml", "file:/var/task/otel.yaml"])
@pytest.mark.parametrize("name", NAMED)
def test_the_file_that_the_environment_names(name: str, value: str) -> None:
    mine = CONFIG.replace("[debug]", "[awsxray]")
    files = {**COLLECTOR, "/var/task/otel.yaml": mine}
    assert ask(files, **{name: value}).outcome is Outcome.PASS
    assert ask({**files, DEFAULT: mine, "/var/task/otel.yaml": CONFIG}, **{name: value}).outcome is Outcome.FAIL


def test_a_signal_without_a_pipeline() -> None:
    verdict = ask({**COLLECTOR, DEFAULT: CONFIG.replace("    traces:", "    logs:")})
    assert verdict.outcome is Outcome.FAIL
    assert "no pipeline for traces" in verdict.message


@pytest.mark.parametrize("exporters", ["[debug, otlphttp/backend]", "[spanmetrics]", "[awsxray]"])
def test_a_pipeline_that_leads_on(exporters: str) -> None:
    assert ask({**COLLECTOR, DEFAULT: CONFIG.replace("[debug]", exporters)}).outcome is Outcome.PASS


def test_another_way_for_the_telemetry() -> None:
    assert ask({**COLLECTOR, "/opt/extensions/agent": ""}).outcome is Outcome.UNKNOWN
    assert ask(OTEL_EXPORTER_OTLP_ENDPOINT="https://backend").outcome is Outcome.UNKNOWN
    assert ask(OTEL_TRACES_EXPORTER="xray").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        "x-amzn-trace-id: Root=1; not sampled, no trace",
        "There are no traces of the order in the database",
        "CloudWatch metrics are missing",
    ],
)
def test_other_complaints(said: str) -> None:
    assert ask(said=said).outcome is Outcome.NOT_APPLICABLE


def test_metrics_of_the_collector() -> None:
    assert ask(said="OTLP metrics never arrive").outcome is Outcome.PASS
    files = {**COLLECTOR, DEFAULT: CONFIG.replace("[awsemf]", "[logging]")}
    assert ask(files, "OTLP metrics never arrive").outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("files", "variables"),
    [
        ({DEFAULT: CONFIG}, {}),
        ({"/opt/extensions/collector": ""}, {}),
        (None, {NAMED[0]: "s3://bucket/config.yaml"}),
        (None, {NAMED[0]: DEFAULT, NAMED[1]: DEFAULT}),
        ({**COLLECTOR, DEFAULT: "a: ["}, {}),
        ({**COLLECTOR, DEFAULT: "receivers: {}"}, {}),
        ({**COLLECTOR, DEFAULT: CONFIG.replace("[debug]", "${env:EXPORTERS}")}, {}),
        ({**COLLECTOR, DEFAULT: CONFIG.replace("[debug]", '["${env:EXPORTER}"]')}, {}),
    ],
)
def test_what_cannot_be_told(files: dict[str, str] | None, variables: dict[str, str]) -> None:
    assert isinstance(settings(files, **variables), Unavailable)


def test_nothing_is_read_without_a_complaint() -> None:
    assert isinstance(settings(said="it is slow"), Unavailable)
