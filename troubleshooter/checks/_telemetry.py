"""What people say who miss telemetry."""

from __future__ import annotations

import re

MISSED = re.compile(
    r"(?<!stack )(?<!stack-)\b(?:traces|spans|telemetry|metrics)\b(?! of\b)[^.;:\n]{0,60}?\b(?:missing|lost|never|late|incomplete"
    r"|disappear\w*|gone|not (?:sent|exported|arriv\w*|appear\w*|show\w*|there|flushed|visible|reach\w*)"
    r"|(?:do|does|did|are|is)n't (?:\w+ )?(?:arriv|appear|show|reach|sent|export|there|visible)\w*)"
    r"|\b(?:missing|lost|no|incomplete|late) (?:traces|spans|telemetry|metrics)\b(?! of\b)",
    re.IGNORECASE,
)
"""Someone who misses telemetry. "Trace" alone also stands in headers and in tracebacks."""
