"""The collector has no exporter for the backend.

What it looks for
    Telemetry that never arrives, without any export error.

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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.COMPLETION
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
