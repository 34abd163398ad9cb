"""Files of the image cannot be read by Lambda's user.

What it looks for
    The handler's file, the modules that it loads, or a folder above one of them without the read or search permission
    that others need. The log says `Permission denied`, EACCES, or `No module named`.

Why it breaks
    Lambda runs the image as a user that owns nothing in it. Files of mode 0600 or 0640, folders without `x` for others
    (a strict umask, `COPY --chown`, a zip tool) are closed to it; as root, in Docker, all is open. Python may even say
    that the module does not exist.

How it is told apart
    The launched program itself is `entrypoint_not_executable` or `perm_entrypoint_path_unreadable`. Writing to a
    read-only place is `fs_read_only`.

Fix
    `RUN chmod -R o+rX /var/task` (capital X), `COPY --chmod=0755`, a umask of 022 on the build machine; zip packages:
    `chmod -R 755` before packing.

References
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
"""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt, where
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Evidence, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"PermissionError: \[Errno 13\] Permission denied: '/(?:var/task|opt|function|app|var/lang|usr|root)\b",
        3,
    ),
    signature(
        r"EACCES:? ?,? ?permission denied,? (?:open |stat |scandir |access )?'/(?:var/task|opt|function|app|usr"
        r"|root|home)",
        3,
    ),
    signature(r"\[Errno 13\] Permission denied", 2, unless=r"docker\.sock|asset-(?:input|output)"),
    signature(r"\bEACCES\b", 2, unless=r"npm (?:ERR|error)|listen EACCES|docker\.sock|/\.npm"),
    signature(r"Permission denied: '/?\S+\.(?:py|js|json|so|mjs|cjs)'|/var/task\S*: Permission denied", 3),
    signature(r"spawn \S+ EACCES", 3),
    signature(r"exit status 126", 1),
    signature(r"module initialization error: Error", 1),
    signature(r"do not currently have sufficient capacity", 2),
)
ASK = "Which mode has the file named: is it readable for others, and every folder above it searchable?"


UID, GID = 993, 990
_CLOSED = re.compile(r"^(/.*?):? (?:may not be read by Lambda's user|Lambda's user may not read it)$")


@check(
    title="Lambda's user may read what the handler loads",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing", "node_dep_missing", "handler_module_missing", "handler_export_missing"),
    narrow=True,
)
def perm_files_unreadable(
    tree: CodeTree,
    resolution: HandlerResolution,
    closure: ImportClosure | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks at the modes of the handler's file, of the modules that it loads, and of the folders above them."""
    if tree.kind == "source":
        return not_applicable("a source folder does not show the modes that the build gives")
    wanted = [resolution.path] if resolution.path else []
    if isinstance(closure, ImportClosure):
        wanted += _loaded(closure)
    for path in dict.fromkeys(wanted):
        found = closed(tree, path)
        if found is None:
            continue
        blocking, entry, bit = found
        right = "read" if bit == 4 else "search"
        kind = "folder" if entry.kind is Kind.DIRECTORY else "file"
        of = "" if blocking == path else f", on the way to {path},"
        return failed(
            f"the {kind} {blocking}{of} has mode {entry.mode & 0o7777:04o}: others, as Lambda's user is, may not {right} it",
            _mode(tree, blocking, entry),
            *said(timeline, rf"ermission denied[^\n]*{re.escape(path)}|No module named"),
            remediation=rebuilt(
                f"Give others the right {where(function)}: `chmod -R o+rX {shlex.quote(blocking)}`, or `COPY --chmod=0755`.",
                function,
                image,
                code,
                "The next init ends without `Permission denied` or `EACCES` in its log.",
            ),
        )
    if not wanted:
        return not_applicable("the handler leads to no file")
    return passed(f"others may read {wanted[0]}, the folders above it, and the modules that it is seen to load")


def _loaded(closure: ImportClosure) -> list[str]:
    """Files that loading the handler needs and that could not be read for their modes."""
    needed = {i.module for i in closure.imports if not (i.guarded or i.deferred)}
    paths = [m[1] for each in closure.unread if (m := _CLOSED.match(each))]
    return [p for p in paths if closure.language == "node" or any(_names(p) & {n} for n in needed)]


def _names(path: str) -> set[str]:
    """Import names that a path may stand for: its folders, and its file without what follows the first dot."""
    return {part.partition(".")[0] for part in path.split("/") if part}


def closed(tree: CodeTree, path: str) -> tuple[str, Entry, int] | None:
    """The first folder, or the file itself, that keeps others out, with the permission bit that it lacks."""
    real = PurePosixPath(tree.tree.resolve(path).path)
    for step in (*reversed(real.parents), real):
        entry = tree.tree.entry(str(step))
        if entry is None or not entry.mode & 0o777:
            continue
        bit = 4 if entry.kind is Kind.FILE else 1
        listed = step == real and entry.kind is Kind.DIRECTORY and not _may(entry, 4)
        if not _may(entry, bit) or listed:
            return str(step), entry, 4 if listed else bit
    return None


def _may(entry: Entry, bit: int) -> bool:
    shift = 6 if entry.uid == UID else 3 if entry.gid == GID else 0
    return bool(entry.mode >> shift & bit)


def _mode(tree: CodeTree, path: str, entry: Entry) -> Evidence:
    shown = f"mode {entry.mode & 0o7777:04o}, owner {entry.uid}:{entry.gid}"
    return tree.cite("tree", shown, label="mode", source=f"{tree.kind} {path}")
