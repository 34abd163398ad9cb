"""What happens when an OS-only runtime starts the `bootstrap` of a deployment package.

The operating system of `provided.al2` and `provided.al2023` is not part of the package: of it only the shells, `env`
and the glibc loader are taken as given, and whatever else a first line asks for stays undecided.
"""

from __future__ import annotations

import posixpath
import struct
from dataclasses import replace

from troubleshooter.analysis.spawn.execve import MACHINES, UndecidedError
from troubleshooter.analysis.spawn.outcome import OCI, Process, result_of
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageTree, PackageCode
from troubleshooter.facts.launch import EffectiveLaunch, PackageSpawnResult, SpawnResult
from troubleshooter.facts.tree import Entry, FileTree, Kind

PATH = "/usr/local/bin:/usr/bin:/bin:/opt/bin"
PROGRAMS = ("/bin/sh", "/bin/bash", "/usr/bin/sh", "/usr/bin/bash", "/bin/env", "/usr/bin/env")
LOADERS = {"amd64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1"}


@provides(rank=1)
def zip_spawn_result(own: PackageSpawnResult) -> SpawnResult:
    """What a zip function of an OS-only runtime starts is its package's bootstrap."""
    return SpawnResult(**vars(own))


@provides()
def package_spawn_result(function: FunctionRecord, code: PackageCode) -> PackageSpawnResult | Unavailable:
    """The start of the package's own bootstrap on the function's CPU."""
    if function.is_image or not (function.runtime or "").startswith("provided"):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a managed runtime brings its own bootstrap")
    bootstrap = posixpath.join(code.root, "bootstrap")
    if not code.tree.exists(bootstrap):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the package has no bootstrap of its own")
    cpu = OCI.get(function.architecture, function.architecture)
    files = ImageTree(reading=code.reading, tree=_with_system(code.tree, cpu))
    launch = EffectiveLaunch(
        reading=function.reading,
        entrypoint=(bootstrap,),
        entrypoint_origin="none",
        command=(),
        command_origin="none",
        workdir=code.root,
        workdir_origin="none",
        path=PATH,
    )
    try:
        made = result_of(files, Process(files.tree, cpu, launch), what="package")
    except UndecidedError as undecided:
        return Unavailable(Reason.TOO_BIG, str(undecided))
    if made.cause in ("missing", "not_on_path") and made.role != "loader":
        return Unavailable(Reason.UNSUPPORTED, f"the runtime's own files are not known: {made.detail}")
    evidence = tuple(replace(e, fact="CodeTree") for e in made.evidence)
    return PackageSpawnResult(**{**vars(made), "evidence": evidence})


def _with_system(tree: FileTree, cpu: str) -> FileTree:
    """The package with the few files of the operating system that every such runtime has."""
    program = Entry(Kind.FILE, 0o755, size=120, head=_program(cpu))
    entries = dict.fromkeys((*PROGRAMS, *(LOADERS[c] for c in LOADERS if c == cpu)), program)
    for path in list(entries):
        while (path := posixpath.dirname(path)) != "/":
            entries[path] = Entry(Kind.DIRECTORY, 0o755)
    own = {path: entry for path in tree if (entry := tree.entry(path)) is not None}
    return FileTree({**entries, **own}, tree.read)


def _program(cpu: str) -> bytes:
    """Headers of a static program."""
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    rest = struct.pack("<HHIQQQIHHHHHH", 2, MACHINES.get(cpu, 0), 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return ident + rest + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 120, 120, 4096)
