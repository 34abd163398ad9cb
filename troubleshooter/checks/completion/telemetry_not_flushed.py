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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.COMPLETION
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"Exception while exporting|Failed to export (?:batch|spans|metrics|logs|traces)"
        r"|Transient error .* encountered while exporting|exporter.{0,60}(?:DeadlineExceeded|UNAVAILABLE"
        r"|ECONNRESET|timed out)|OTLPExporterError",
        3,
    ),
    signature(
        r"(?:DeadlineExceeded|DEADLINE_EXCEEDED).{0,100}(?:export|span|trace|otlp)|(?:export|span|trace"
        r"|otlp).{0,100}(?:DeadlineExceeded|DEADLINE_EXCEEDED|context deadline exceeded)",
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
