"""Spans or metrics are not sent before the environment is frozen.

What it looks for
    Missing or late telemetry, and exporter errors at the beginning of the next invocation.

Why it breaks
    Batch processors send on a timer. After the response the environment is frozen with the batch in memory: it goes
    out in a later invocation, over connections that died meanwhile, or never.

How it is told apart
    A collector without the backend's exporter loses data without an error (`telemetry_exporter_not_configured`). A
    network that is closed is `vpc_no_egress`, and fails within the same invocation.

Fix
    Flush at the end of the handler (`force_flush()`), use a simple processor, or the vendor's extension.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    https://github.com/open-telemetry/opentelemetry-js/issues/1295
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._telemetry import MISSED
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.facts.telemetry import Telemetry
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"Exception while exporting|Exporting failed\. (?:No more retries|Dropping|Will retry)"
        r"|Failed to export (?:batch|spans|metrics|logs|traces)"
        r"|Transient error .* encountered while exporting|(?:otlp|otel|span|trace|metric)\w*[ _-]?exporter.{0,60}(?:DeadlineExceeded"
        r"|UNAVAILABLE|ECONNRESET|timed out)|OTLPExporterError",
        3,
    ),
    signature(
        r"(?:DeadlineExceeded|DEADLINE_EXCEEDED).{0,100}\b(?:export(?:er|ing)?|spans?|traces?|otlp)\b|\b(?:export(?:er|ing)?|spans?"
        r"|traces?|otlp)\b.{0,100}(?:DeadlineExceeded|DEADLINE_EXCEEDED|context deadline exceeded)",
        3,
    ),
    signature(
        r"(?:traces?|spans?|metrics) (?:are |is )?(?:missing|lost|not (?:sent|exported|appearing|showing|flushed)"
        r"|arriv\w+ late)",
        2,
    ),
    signature(r"BatchSpanProcessor|force_?flush", 2),
    signature(r"Sandbox\.Timedout.*otel", 1),
)
ASK = "Does the handler flush the telemetry provider before it returns?"

_EXPORTING = re.compile(
    r"Exception while exporting (?:span|log|metric)|Failed to export (?:batch code|(?:span|metric|trace|log)s? (?:batch|to [\w.-]+:\d+))"
    r"|encountered while exporting (?:span|trace|metric|log)|OTLPExporterError|PeriodicExportingMetricReader"
    r"|\b(?:otlp|otel|opentelemetry|BatchSpanProcessor)\w*\b.{0,80}"
    r"(?:Deadline ?Exceeded|DEADLINE_EXCEEDED|UNAVAILABLE|ECONNRESET|timed? ?out|Connection aborted)",
    re.IGNORECASE,
)
"""What exporters of telemetry write; "export" alone is any program's word."""
_CALM = re.compile(r"\b(?:INFO|DEBUG)\b")


@check(
    title="Telemetry is sent before the environment freezes",
    severity=Severity.WARNING,
    rung=Rung.COMPLETION,
    narrow=True,
)
def telemetry_not_flushed(
    telemetry: Telemetry,
    timeline: Timeline | Unavailable,
    function: FunctionRecord | Unavailable,
    text: GivenText | Unavailable,
) -> Verdict:
    """The source shows a batch that nothing flushes; the log or a complaint shows that it costs something. Both it takes:
    a busy function sends its batches in the next invocation and may never miss one."""
    if not telemetry.batches:
        return not_applicable("the function's own code has no telemetry that is sent in batches")
    batch = telemetry.batches[0]
    made = telemetry.cite(
        "batches", batch.text, label="batch processor", source=f"{telemetry.reading.source} {batch.path}:{batch.line}"
    )
    if telemetry.flushes:
        first = telemetry.flushes[0]
        place = f"{telemetry.reading.source} {first.path}:{first.line}"
        return passed(
            "something flushes the telemetry", made, telemetry.cite("flushes", first.text, label="flush", source=place)
        )
    effect = tuple(_effect(timeline, text))
    said = f"{batch.path}:{batch.line} batches telemetry, and nothing in the function's own code flushes it"
    if not effect:
        ask = Unblock("Look whether spans arrive late or are missing after the last call of an environment.")
        return unknown(f"{said}; whether any is missed is not told", made, unblock=ask)
    if isinstance(function, FunctionRecord) and function.vpc_attached:
        ask = Unblock("Tell whether the exporter's address can be reached from the function's subnets.")
        return unknown(f"{said}; in a VPC the exporter may have no way out", made, *effect, unblock=ask)
    return failed(
        f"{said} before the handler returns: the batch is frozen with the environment",
        made,
        *beside(*effect),
        remediation=Remediation(
            "Call `force_flush()` (Node.js: `await provider.forceFlush()`) on the provider in a `finally` at the end of the "
            "handler, or use the simple processor, or the instrumentation for Lambda, which flushes after each invocation.",
            (),
            "Spans of the last call arrive at once, and no exporter error stands at the beginning of the next invocation.",
        ),
    )


def _effect(timeline: Timeline | Unavailable, text: GivenText | Unavailable) -> Iterator[Evidence]:
    """An export that failed in an environment that had been frozen before, or someone who misses telemetry."""
    if isinstance(timeline, Timeline):
        for number, invocation in enumerate(timeline.invocations):
            line = next(filter(_failed_export, invocation.lines), None)
            if line is not None and _thawed(invocation, timeline.invocations[:number]):
                shown = one_line(line, 200)
                yield timeline.cite("invocations", shown, label="export that failed after a freeze")
                break
    if isinstance(text, GivenText) and (MISSED.search(text.text) or any(map(_failed_export, text.text.splitlines()))):
        yield text.cite("text", one_line(text.text, 200), label="what was told")


def _failed_export(line: str) -> bool:
    return _EXPORTING.search(line) is not None and _CALM.search(line) is None


def _thawed(invocation: Invocation, earlier: tuple[Invocation, ...]) -> bool:
    return any(i.stream == invocation.stream and i.status == "success" for i in earlier)
