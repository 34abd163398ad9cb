"""The whole record as JSON, ASCII-escaped so that nothing in it can reach a terminal as a control character."""

from __future__ import annotations

import json
from typing import Any

FORMAT = "json"


def render(report: dict[str, Any]) -> str:
    """The report, two blanks deep."""
    return json.dumps(report, indent=2, ensure_ascii=True) + "\n"
