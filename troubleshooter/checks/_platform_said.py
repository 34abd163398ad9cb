"""Launch errors as the platform words them: where one names the fault itself, no image has to be read."""

from __future__ import annotations

import re
from dataclasses import replace

from troubleshooter.facts import Unavailable
from troubleshooter.facts.logs import LaunchError, Timeline
from troubleshooter.model import Evidence, Origin


def newest(timeline: Timeline | Unavailable, pattern: str) -> tuple[LaunchError, Evidence] | None:
    """The newest launch error of the present, if it matches `pattern`, with its line as evidence."""
    if isinstance(timeline, Unavailable) or not timeline.launch_errors:
        return None
    error = timeline.launch_errors[-1]
    return (error, line(timeline, error)) if re.search(pattern, error.error, re.IGNORECASE) else None


def line(timeline: Timeline, error: LaunchError) -> Evidence:
    """The platform's line as evidence. Pasted text stays pasted text: it proves nothing."""
    value = f"{error.error}; Entrypoint: [{error.entrypoint}] Cmd: [{error.command}] WorkingDir: [{error.workdir}]"
    cited = timeline.cite("launch_errors", value, label="platform's launch error")
    return cited if cited.origin is Origin.PASTED else replace(cited, origin=Origin.PLATFORM_LOG)
