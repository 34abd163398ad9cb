from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.checks.happened import NOT_GIVEN, called, told
from tests.factories import IMAGE, function_record, tree
from troubleshooter.analysis.logs.telemetry import own_telemetry
from troubleshooter.checks.completion.telemetry_not_flushed import telemetry_not_flushed as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.telemetry import Telemetry
from troubleshooter.model import Origin, Outcome, Verdict

BATCH = "from opentelemetry.sdk.trace.export import BatchSpanProcessor\nprovider.add_span_processor(BatchSpanProcessor(exporter))\n"
NODE = "const processor = new BatchSpanProcessor(new OTLPTraceExporter());\n"
FAILED = "[ERROR]\t2026-01-02T03:01:00.000Z\t{id}\tException while exporting Span batch. ('Connection aborted.',)"
LATE = told(called(init_ms=400.0), called(FAILED), one_environment=True)
FINE = told(called(init_ms=400.0), called(), one_environment=True)
DENIED = Unavailable(Reason.DENIED, "denied")


def telemetry(files: Mapping[str, str]) -> Telemetry:
    found = tree({f"/var/task/{k}": v for k, v in files.items()})
    return own_telemetry(CodeTree(reading=IMAGE, tree=found, root="/var/task", kind="image"))


def text(said: str) -> GivenText:
    return GivenText(reading=Reading("pasted text", Origin.PASTED), text=said)


def ask(
    files: Mapping[str, str],
    timeline: Timeline | Unavailable = LATE,
    said: GivenText | Unavailable = NOT_GIVEN,
    function: FunctionRecord | Unavailable = DENIED,
) -> Verdict:
    return the_check(telemetry(files), timeline, function, said)


@pytest.mark.parametrize("files", [{"tracing.py": BATCH}, {"src/otel.mjs": NODE}])
def test_a_batch_without_a_flush_and_an_export_that_failed_after_a_freeze(files: Mapping[str, str]) -> None:
    verdict = ask(files)
    assert verdict.outcome is Outcome.FAIL
    assert [e.source.rpartition(":")[2] for e in verdict.evidence if e.fact] == ["2" if "tracing.py" in files else "1"]
    assert verdict.remediation


def test_someone_misses_spans() -> None:
    verdict = ask({"tracing.py": BATCH}, FINE, text("Half of the traces are missing in the backend"))
    assert verdict.outcome is Outcome.FAIL


def test_a_busy_function_may_miss_nothing() -> None:
    assert ask({"tracing.py": BATCH}, FINE).outcome is Outcome.UNKNOWN
    assert ask({"tracing.py": BATCH}, DENIED).outcome is Outcome.UNKNOWN
    assert ask({"tracing.py": BATCH}, FINE, text("it is slow")).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        "INFO export of report 7 to partner timed out, next try in 5 min",
        "[ERROR] export of report 7 to partner timed out",
        "[INFO]\t2026-01-02T03:01:00.000Z\t{id}\totlp: the request timed out, tried again with success",
        "Failed to export logs to the partner",
    ],
)
def test_what_an_application_exports_is_no_telemetry(said: str) -> None:
    late = told(called(init_ms=400.0), called(said), one_environment=True)
    assert ask({"tracing.py": BATCH}, late).outcome is Outcome.UNKNOWN
    assert ask({"tracing.py": BATCH}, FINE, text(said)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        "x-amzn-trace-id: Root=1-67891234-12456789abcdef012345678; not sampled",
        "Traceback (most recent call last):\n  it is not there",
        "The stack traces are missing line numbers",
        "There are no traces of the order in the database",
    ],
)
def test_the_word_trace_is_no_complaint(said: str) -> None:
    assert ask({"tracing.py": BATCH}, FINE, text(said)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "said", ["No traces arrive in X-Ray", "Our spans don't show up", "the metrics arrive late", "Telemetry is lost"]
)
def test_words_of_those_who_miss_telemetry(said: str) -> None:
    assert ask({"tracing.py": BATCH}, FINE, text(said)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "flush",
    [
        "def handler(e, c):\n    try:\n        return 1\n    finally:\n        provider.force_flush()\n",
        "from opentelemetry.instrumentation.aws_lambda import AwsLambdaInstrumentor\nAwsLambdaInstrumentor().instrument()\n",
        "atexit.register(provider.shutdown)\n",
    ],
)
def test_anything_like_a_flush_speaks_for_the_code(flush: str) -> None:
    assert ask({"tracing.py": BATCH, "app.py": flush}).outcome is Outcome.PASS


def test_an_export_that_fails_in_the_first_invocation_has_another_reason() -> None:
    assert ask({"tracing.py": BATCH}, told(called(FAILED, init_ms=400.0))).outcome is Outcome.UNKNOWN


def test_in_a_vpc_the_network_may_be_closed() -> None:
    assert ask({"tracing.py": BATCH}, function=function_record(vpc_attached=True)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": "def handler(e, c):\n    return 1\n"},
        {"app.py": "# provider.add_span_processor(BatchSpanProcessor(exporter))\n"},
        {"app.py": "SimpleSpanProcessor(exporter)\n"},
        {"opentelemetry/sdk/trace/export/__init__.py": "class BatchSpanProcessor(SpanProcessor):\n"},
        {
            "vendor/__init__.py": "BatchSpanProcessor(x)\n",
            "vendor-1.0.dist-info/RECORD": "vendor/__init__.py,sha256=x,9\n",
        },
        {"node_modules/otel/index.js": NODE},
    ],
)
def test_code_without_a_batch_of_its_own(files: Mapping[str, str]) -> None:
    assert ask(files).outcome is Outcome.NOT_APPLICABLE
