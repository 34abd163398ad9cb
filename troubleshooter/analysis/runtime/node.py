"""Which Node.js runs, with which flags, and where it looks beside node_modules."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping

from troubleshooter.facts.tree import FileTree

LAMBDA_FLAGS = ("--no-experimental-require-module", "--no-experimental-detect-module")
"""What Lambda's own start of Node.js 20 and later turns off."""

_MAJOR = re.compile(r"#define\s+NODE_MAJOR_VERSION\s+(\d+)")
_MINOR = re.compile(r"#define\s+NODE_MINOR_VERSION\s+(\d+)")
_PATCH = re.compile(r"#define\s+NODE_PATCH_VERSION\s+(\d+)")
_NUMBERS = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")


def numbers(text: str | None) -> tuple[int, ...]:
    """`v20.19.5` → (20, 19, 5); empty where the text begins with no number."""
    found = _NUMBERS.match(text or "")
    return tuple(int(each) for each in found.groups() if each is not None) if found else ()


def node_version(tree: FileTree, program: str, hint: str | None) -> tuple[int, ...]:
    """The version of a Node.js program: from the headers installed with it, AWS's release file, or the image's NODE_VERSION."""
    real = tree.resolve(program).path
    prefix = posixpath.dirname(posixpath.dirname(real))
    header = tree.text(f"{prefix}/include/node/node_version.h") or ""
    found = [pattern.search(header) for pattern in (_MAJOR, _MINOR, _PATCH)]
    if found[0]:
        return tuple(int(each[1]) for each in found if each)
    if real.startswith("/var/lang/"):
        release = tree.text("/var/runtime/runtime-release") or ""
        stated = re.search(r"NODE_VERSION=\S*?(\d[\d.]*)", release) or re.search(r"nodejs(\d+)", release)
        if stated:
            return numbers(stated[1])
    return numbers(hint)


def node_path(version: tuple[int, ...], variables: Mapping[str, str | None], *, managed: bool) -> tuple[str, ...]:
    """Folders of NODE_PATH. A value of the user's replaces AWS's own list."""
    value = variables.get("NODE_PATH")
    if value:
        return tuple(each for each in value.split(":") if each)
    if not managed:
        return ()
    own = (f"/opt/nodejs/node{version[0]}/node_modules",) if version else ()
    return (*own, "/opt/nodejs/node_modules", "/var/runtime/node_modules", "/var/runtime", "/var/task")


def node_flags(
    version: tuple[int, ...],
    variables: Mapping[str, str | None],
    options: tuple[str, ...],
    bootstrap: str | None,
    *,
    managed: bool,
) -> tuple[str, ...]:
    """Flags in effect: Lambda's own, then those of NODE_OPTIONS, then the command line's; of opposites the last one counts.

    `bootstrap` is the text of the AWS image's start script, which is believed over what is known of the version.
    """
    own = tuple(flag for flag in re.findall(r"--[\w-]+", bootstrap or "") if "experimental" in flag)
    if not managed:
        own = ()
    elif not own and version and version[0] >= 20:
        own = LAMBDA_FLAGS
    try:
        wanted = tuple(shlex.split(variables.get("NODE_OPTIONS") or ""))
    except ValueError:
        wanted = ()
    return (*own, *wanted, *options)
