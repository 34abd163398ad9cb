"""A file in /opt/extensions could not be started as an extension.

What it looks for
    A platform line that an extension could not be launched, failed in its init, or that there are too many.

Why it breaks
    Every regular file in `/opt/extensions` is executed as an extension: forgotten text files, scripts without an
    execute bit, binaries of the wrong kind. Until all have registered, the runtime is not started, so one bad file
    keeps the whole function from initialising. A tool that writes below `/opt` when it starts fails too: the file
    system is read-only.

How it is told apart
    It names the general case. The file's own fault is more useful where it can be told: the other CPU
    (`extension_arch_mismatch`), a missing library (`extension_library_missing`), no execute bit
    (`entrypoint_not_executable`), a release that crashes by itself (`extension_version_broken`).
    `Runtime.InvalidEntrypoint` speaks of the runtime, never of an extension.

Fix
    Remove what is no extension from `/opt/extensions`, give the others mode 0755 and the function's architecture, and
    copy all that the vendor's image has in `/opt`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-execution.html
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.facts.logs import ErrorText, InitRecord, Invocation, Timeline
from troubleshooter.model import Remediation, Rung, Severity, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Extension\.(?:LaunchError|InitError|ExitError)", 2),
    signature(r"EXTENSION\s+Name: .*State: (?:LaunchError|InitError|ExitError|Crash)", 2),
    signature(r"Extension\.Crash", 1),
    signature(r"TooManyExtensions", 3),
    signature(r"/opt/extensions/\S+.*(?:permission denied|no such file|read-only)", 1),
    signature(r"(?:mkdir|open|chmod|write)\S* .*/opt/\S+.*(?:read-only file system|no such file or directory)", 2),
    signature(r"failed to (?:register|initialize) (?:the )?extension|extension registration failed", 2),
)
ASK = "Which regular files are in /opt/extensions, and with which mode? (`ls -l /opt/extensions`)"


_NOT_LAUNCHED = ("Extension.LaunchError", "Extension.TooManyExtensions", "TooManyExtensions")
_NAME = re.compile(r"Name: ?([^\t\n]{1,100}?)[\t ]+State:|\"name\" ?: ?\"([^\"\n]{1,100})\"")


@check(title="Every extension is launched", severity=Severity.ERROR, rung=Rung.SPAWN)
def extension_launch_failure(timeline: Timeline) -> Verdict:
    """Reads the platform's lines about extensions, where the newest attempt ended because of one."""
    if not timeline.invocations and not timeline.inits:
        return not_applicable("the log shows no init and no invocation since the last change")
    ended = _ended(timeline)
    if isinstance(ended, Verdict):
        return ended
    lines = [e for e in timeline.errors if e.platform and e.error_type in _NOT_LAUNCHED]
    cited = t.init_report(timeline, ended) if isinstance(ended, InitRecord) else t.report(timeline, ended)
    if not lines and ended.error_type not in _NOT_LAUNCHED:
        return unknown("an extension ended the environment, and no line says that it was not launched", cited)
    line = next((e for e in reversed(lines) if _name(e)), None)
    name = _name(line) if line else None
    told = (t.said(timeline, "errors", one_line(line.message, 200), "platform's line"),) if line else ()
    message = f"the extension {name} could not be launched" if name else "an extension could not be launched"
    return failed(f"{message}, so the runtime is not started", *told, cited, remediation=_fix(name))


def _ended(timeline: Timeline) -> InitRecord | Invocation | Verdict:
    """The newest invocation, or init without one, that an extension ended."""
    if timeline.invocations:
        return t.failing(timeline, lambda i: _by_extension(i.error_type) or _in_init(timeline, i))
    newest = timeline.inits[-1]
    if newest.status == "error" and _by_extension(newest.error_type):
        return newest
    return passed("the newest init did not end because of an extension", t.init_report(timeline, newest))


def _in_init(timeline: Timeline, invocation: Invocation) -> bool:
    init = t.init_of(timeline, invocation)
    failed_so = init is not None and init.status == "error" and _by_extension(init.error_type)
    return invocation.status == "error" and failed_so


def _by_extension(kind: str | None) -> bool:
    return (kind or "").startswith("Extension.") or kind in _NOT_LAUNCHED


def _name(error: ErrorText) -> str | None:
    found = _NAME.search(error.message)
    return (found[1] or found[2]) if found else None


def _fix(name: str | None) -> Remediation:
    which = f"/opt/extensions/{name}" if name else "the files in /opt/extensions"
    return Remediation(
        f"Look at {which} in the image or layer: remove what is no extension; give an extension mode 0755, the "
        "function's architecture and all that its vendor's image has in /opt.",
        (),
        "The log has an EXTENSION line with State Ready for it, and the init ends without an error.",
    )
