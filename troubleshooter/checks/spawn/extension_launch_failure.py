"""A file in /opt/extensions could not be started as an extension.

What it looks for
    A platform line that an extension could not be launched, or that there are too many. Where no log tells how the newest
    init ended: a regular file in the image's `/opt/extensions` that the kernel would refuse to start.

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

import posixpath
import re

from troubleshooter.checks import Frequency, check, failed, missing, not_applicable, passed, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import ExtensionStarts
from troubleshooter.facts.logs import ErrorText, InitRecord, Invocation, Timeline
from troubleshooter.model import Outcome, Remediation, Rung, Severity, Verdict
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


@check(title="Every extension is launched", severity=Severity.ERROR, rung=Rung.SPAWN, explains=("init_timeout",))
def extension_launch_failure(
    timeline: Timeline | Unavailable,
    starts: ExtensionStarts | Unavailable,
    image: ImageConfig | Unavailable,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Reads the platform's lines about extensions; where they tell nothing, asks what starting each file comes to."""
    told = missing(timeline) if isinstance(timeline, Unavailable) else _told(timeline)
    if told.outcome is Outcome.PASS or isinstance(starts, Unavailable) or not starts.starts:
        return told
    bad = next((each for each in starts.starts if each.cause not in ("ok", "compat")), None)
    if bad is None and told.outcome is Outcome.FAIL:
        return told
    if bad is None:
        return passed("every file in /opt/extensions starts", starts.cite("starts", [s.path for s in starts.starts]))
    source = f"image {bad.path}"
    shown = starts.cite("starts", f"mode {bad.mode:04o}; {bad.detail}", label="file that is started", source=source)
    text = (
        f"Remove {bad.path} if it is no extension: every regular file there is started. An extension needs mode 0755, a "
        "first line or a program of the function's CPU, and what these need in the image."
    )
    name = posixpath.basename(bad.path)
    fix = rebuilt(text, function, image, code, f"The log has no EXTENSION line for {name} with State LaunchError.")
    return failed(
        f"Lambda starts every file in /opt/extensions, and {bad.detail}", shown, *told.evidence, remediation=fix
    )


def _told(timeline: Timeline) -> Verdict:
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
