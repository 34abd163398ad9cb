"""A function on an OS-only runtime has no bootstrap.

What it looks for
    A zip function of an OS-only runtime whose package has no `bootstrap` at its root and which has no layers, or an image
    whose entry script is AWS's and which has no `/var/runtime/bootstrap`. The zip's log says `Couldn't find valid
    bootstrap(s)` with the places `/var/task/bootstrap` and `/opt/bootstrap`.

Why it breaks
    The runtimes `provided.al2` and `provided.al2023` start an executable named `bootstrap` at the root of the package
    or of a layer. A Go or Rust binary under its own name, one folder too deep, or without its execute bit is not
    found; the old `go1.x` used the handler's name, which these runtimes ignore.

How it is told apart
    With a list that names the handler and `Entrypoint: []`, it is an image without entrypoint (`entrypoint_none`,
    `imageconfig_empty_entrypoint`). A bootstrap that is found and cannot be executed names its errno instead.

Fix
    Name the binary `bootstrap`, at the root of the zip, mode 0755: `go build -o bootstrap`, `BuildMethod: go1.x` or
    `rust-cargolambda` with SAM, `cargo lambda build`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
    https://docs.aws.amazon.com/lambda/latest/dg/golang-package.html
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._readiness import NO_IMAGE
from troubleshooter.checks._spawn import evidence
from troubleshooter.facts import Unavailable
from troubleshooter.facts.elf import MAGIC
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.facts.tree import FileTree
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"find valid bootstrap\(s\): \[\S*/bootstrap", 3),
    signature(r"find valid bootstrap", 2, unless=r"Entrypoint: \[|bootstrap\(s\): \[(?!\S*bootstrap\b)"),
    signature(r"/var/runtime/bootstrap: No such file or directory", 3),
    signature(r"Error: fork/exec /var/task/\S*: no such file or directory", 1),
    signature(r"fork/exec /var/task/\S+: no such file or directory[\s\S]{0,40}\bPathError\b", 3),
    signature(r"PathError", 1),
)
ASK = "Is there an executable file `bootstrap` at the root of the zip? (`unzip -Z package.zip`)"


_IMAGES = "/var/runtime/bootstrap"


@check(title="An OS-only runtime has its bootstrap", severity=Severity.ERROR, rung=Rung.SPAWN)
def zip_missing_bootstrap(
    function: FunctionRecord | Unavailable,
    files: CodeTree,
    spawn: SpawnResult | Unavailable,
    launch: EffectiveLaunch | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks for the program that such a runtime starts."""
    if files.kind == "image":
        return _of_image(function, spawn, launch, code)
    if files.kind != "zip" or isinstance(function, Unavailable):
        return not_applicable("a source folder does not show what the package will hold")
    if not (function.runtime or "").startswith("provided"):
        return not_applicable("a managed runtime brings its own bootstrap")
    runtime = function.cite("runtime")
    bootstrap = posixpath.join(files.root, "bootstrap")
    if files.tree.exists(bootstrap):
        return passed("the package has a bootstrap at its root", runtime, files.cite("tree", bootstrap, label="file"))
    shown = files.cite("tree", f"no {bootstrap}", label="package")
    if function.layers:
        text = "the package has no bootstrap; whether a layer brings one could not be read"
        return unknown(text, runtime, shown, unblock=Unblock("List the layers' files: is there a `bootstrap`?"))
    programs = _programs(files.tree, files.root)
    hint = f" The package has {', '.join(programs)}: if that is the program, name it `bootstrap`." if programs else ""
    found = (files.cite("tree", ", ".join(programs), label="programs in the package"),) if programs else ()
    fix = Remediation(
        "Name the program `bootstrap`, put it at the root of the zip, and give it mode 0755." + hint,
        verify="`unzip -Z` of the package lists `bootstrap` at its root with -rwxr-xr-x.",
    )
    message = f"{function.runtime} starts an executable named bootstrap, and the package has none at its root"
    return failed(message, runtime, shown, *found, remediation=fix)


def _of_image(
    function: FunctionRecord | Unavailable,
    spawn: SpawnResult | Unavailable,
    launch: EffectiveLaunch | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    if isinstance(spawn, Unavailable):
        return not_applicable(f"how the image is launched could not be told: {spawn.detail}")
    if spawn.stage != "runtime" or spawn.path != _IMAGES or spawn.cause not in ("missing", "dangling_link"):
        return not_applicable("the image's entry script finds what it starts, or is not AWS's")
    text = (
        f"Copy the function's program to {_IMAGES} in the Dockerfile, with mode 0755: AWS's OS-only bases bring the entry "
        "script and no runtime client. A language base has both."
    )
    fix = rebuilt(text, function, NO_IMAGE, code, "The next init has no exit status 127.")
    message = f"AWS's entry script starts {_IMAGES}, and the image has none"
    return failed(message, *evidence(launch, spawn), remediation=fix, rung=Rung.RUNTIME)


def _programs(tree: FileTree, root: str) -> list[str]:
    """At most three programs of the package that are no libraries, nearest to the root first."""
    found = []
    for path in tree.walk(root):
        entry = tree.entry(path)
        if entry is None or not entry.head.startswith(MAGIC) or ".so" in posixpath.basename(path):
            continue
        if not path.endswith((".node", ".o", ".a")):
            found.append(path)
    named = [p for p in tree.walk(root) if posixpath.basename(p) == "bootstrap"]
    return sorted(dict.fromkeys([*named, *found]), key=lambda p: (p.count("/"), p))[:3]
