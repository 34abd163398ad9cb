"""The collector has no exporter for the backend.

What it looks for
    Telemetry that never arrives, without any export error; in the collector's configuration, pipelines that end in exporters
    which only write to the log.

Why it breaks
    The collector in the extension runs with the configuration it was given. Without an exporter and pipeline for the
    backend, or with one that this distribution does not contain, it drops or logs the data.

How it is told apart
    Data that comes late, or errors of an exporter, are `telemetry_not_flushed`.

Fix
    Supply a configuration (`OPENTELEMETRY_COLLECTOR_CONFIG_URI`) with the exporter, and a distribution that has it.

References
    https://aws-otel.github.io/docs/getting-started/lambda
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._telemetry import MISSED
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.telemetry import CollectorSettings
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"OPENTELEMETRY_COLLECTOR_CONFIG|collector-config", 2),
    signature(
        r"'exporters' unknown type|unknown exporters? type|exporter \x22\w+\x22 is not configured"
        r"|references exporter .* which is not configured",
        3,
    ),
    signature(r"no exporters? (?:is |are )?configured|has no exporters", 3),
)
ASK = "Which exporters does the pipeline of the missing signal name in the collector's configuration?"

_KEEPS = frozenset({"debug", "logging", "nop"})
"""Exporters that send nothing anywhere."""
_OPEN_TELEMETRY = re.compile(r"otel|opentelemetry|otlp|collector|adot", re.IGNORECASE)


@check(
    title="The collector exports to a backend",
    severity=Severity.WARNING,
    rung=Rung.COMPLETION,
    explains=("telemetry_not_flushed",),
    narrow=True,
)
def telemetry_exporter_not_configured(collector: CollectorSettings, text: GivenText) -> Verdict:
    """Reads where the pipelines of what someone misses end."""
    missed = MISSED.search(text.text)
    if missed is None:
        return not_applicable("nobody misses telemetry")
    metrics = "metrics" in missed[0].lower()
    if metrics and _OPEN_TELEMETRY.search(text.text) is None:
        return not_applicable("the metrics that are missed need not be the collector's")
    signal = "metrics" if metrics else "traces"
    mine = [each for each in collector.pipelines if each.signal == signal]
    shown = [
        collector.cite(
            "pipelines", each.exporters, label=f"exporters of {each.name}", source=f"{collector.path}:{each.line}"
        )
        for each in mine
    ]
    if not mine:
        names = [each.name for each in collector.pipelines]
        shown = [collector.cite("pipelines", names, label="pipelines", source=collector.path)]
    if any(name.partition("/")[0] not in _KEEPS for each in mine for name in each.exporters):
        return passed(f"the collector exports {signal}", *shown)
    said = f"the collector's {signal} end in its log" if mine else f"the collector has no pipeline for {signal}"
    if len(collector.extensions) > 1 or collector.elsewhere:
        others = ", ".join(collector.elsewhere or collector.extensions)
        ask = Unblock(f"Tell whether {signal} are sent by the collector: {others}.")
        return unknown(f"{said}; they may be sent without it ({others})", *shown, unblock=ask)
    told = text.cite("text", one_line(text.text, 200), label="what was told")
    fix = Remediation(
        f"In {collector.path}, add an exporter for the backend to `exporters` and to `service.pipelines.{signal}.exporters`, "
        "with a distribution of the collector that has it (`awsxray` and `awsemf` are in AWS's), and deploy the new image.",
        verify=f"{signal.capitalize()} of one invocation arrive.",
    )
    return failed(f"{said}: {collector.path} names no exporter that sends them", *shown, *beside(told), remediation=fix)
