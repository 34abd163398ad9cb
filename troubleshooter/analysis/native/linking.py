"""Shared libraries of native modules and of the program that loads them: what the loader of the target's system would say.

An image has its system in it. Of the managed runtimes' system, which runs zip packages, only glibc's version is known, so
that of a package nothing but that is asked.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from troubleshooter.analysis.spawn.outcome import BOOTSTRAP
from troubleshooter.facts import Unavailable
from troubleshooter.facts.bases import managed_glibc
from troubleshooter.facts.elf import identify
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.launch import SpawnResult
from troubleshooter.facts.libraries import Libraries, OldLibrary, newest_of
from troubleshooter.facts.native import NativeFile, NativeModule
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.facts.tree import FileTree

MANAGED_PATH = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
"""LD_LIBRARY_PATH of managed runtimes."""
LONGEST_CHAIN = 40

_SETS = re.compile(rb"LD_LIBRARY_PATH|LD_PRELOAD")
_INTERPRETERS = re.compile(r"(?:python|node)[\d.]*")


@dataclass(frozen=True, slots=True)
class LibraryPath:
    """LD_LIBRARY_PATH of the process."""

    elements: tuple[str, ...]
    origin: str
    """`function`, `image`, or empty where neither sets it."""


def library_path(config: ImageConfig | Unavailable, function: FunctionRecord | Unavailable) -> LibraryPath | None:
    """The function's value in place of the image's; None where one is set and its value is not known."""
    own = function.variable("LD_LIBRARY_PATH") if isinstance(function, FunctionRecord) else None
    if own is not None:
        return None if own.value is None else LibraryPath(_elements(own.value), "function")
    text = config.variable("LD_LIBRARY_PATH") if isinstance(config, ImageConfig) else None
    return LibraryPath(_elements(text), "image") if text else LibraryPath((), "")


def _elements(value: str) -> tuple[str, ...]:
    return tuple(re.split("[:;]", value)) if value else ()


@dataclass(frozen=True, slots=True)
class Linking:
    """The system that native files of one target are loaded by."""

    libraries: Libraries | None
    """None where nothing is known of it."""
    glibc: str = ""
    """Version of a managed runtime's glibc; empty for an image."""
    origin: str = ""
    """Who sets LD_LIBRARY_PATH: `function`, `image`, or empty."""
    settled: bool = True
    """Whether nothing that runs first may set it."""
    unknown: str = ""
    """Why libraries could not be looked for, where the question arises."""

    @property
    def system(self) -> str:
        return "" if self.libraries is None else "managed" if self.glibc else "image"

    def link(self, module: NativeModule) -> NativeModule:
        """The module with what the loader would say to the file that is taken."""
        if self.libraries is None or not module.taken:
            return module
        if self.glibc:
            return replace(module, outdated=_newer_than(self.libraries, module.taken, self.glibc))
        return replace(
            module,
            missing=self.libraries.missing(module.taken),
            outdated=self.libraries.outdated(module.taken),
            shadowed=self.libraries.shadowed(module.taken) if self.settled else (),
            foreign_libc=self.libraries.foreign_libc(module.taken),
        )

    def program(self, path: str) -> NativeModule | None:
        """The program that is started, where it cannot be loaded."""
        tree = self.libraries.tree if self.libraries is not None else None
        elf = tree.elf(path) if tree is not None else None
        if tree is None or elf is None or not elf.interpreter:
            return None
        file = native_file(tree, path)
        made = self.link(NativeModule(path, path, (file,), path, True, program=True))
        return made if made.unlinked else None


def linking_of(
    code: CodeTree,
    config: ImageConfig | Unavailable,
    function: FunctionRecord | Unavailable,
    spawn: SpawnResult | Unavailable,
    runtime: RuntimeModel,
) -> Linking:
    """The system of an image, or of the managed runtime that runs a package."""
    if code.kind == "zip" and isinstance(function, FunctionRecord):
        glibc = managed_glibc(function.runtime or "")
        return Linking(Libraries(code.tree, _elements(MANAGED_PATH), code.root) if glibc else None, glibc)
    if code.kind != "image":
        return Linking(None)
    known = library_path(config, function)
    if known is None:
        return Linking(None, unknown="the value of the function's LD_LIBRARY_PATH is not known")
    folder = config.workdir if isinstance(config, ImageConfig) and config.workdir else "/"
    programs = programs_of(code.tree, spawn, runtime)
    interpreter = next((p for p in programs if _INTERPRETERS.fullmatch(posixpath.basename(p))), "")
    libraries = Libraries(code.tree, known.elements, folder, interpreter)
    return Linking(libraries, "", known.origin, _settled(code.tree, spawn, runtime, function))


def _settled(
    tree: FileTree, spawn: SpawnResult | Unavailable, runtime: RuntimeModel, function: FunctionRecord | Unavailable
) -> bool:
    """Whether no script of the launch, and no wrapper, may set LD_LIBRARY_PATH."""
    if isinstance(function, FunctionRecord) and function.variable("AWS_LAMBDA_EXEC_WRAPPER") is not None:
        return False
    chain = spawn.chain if isinstance(spawn, SpawnResult) else ()
    scripts = [*chain, *([BOOTSTRAP] if runtime.client == "aws-base" else [])]
    return not any(_SETS.search(tree.read(path) or b"") for path in scripts if tree.elf(path) is None)


def programs_of(tree: FileTree, spawn: SpawnResult | Unavailable, runtime: RuntimeModel) -> tuple[str, ...]:
    """Programs that the launch is sure to start, in order."""
    if isinstance(spawn, Unavailable) or spawn.cause not in ("ok", "compat"):
        return ()
    found = [spawn.machine_path] if spawn.machine_path else []
    if runtime.client == "aws-base" and len(runtime.version) >= 1:
        version = ".".join(str(part) for part in runtime.version[:2])
        name = f"python{version}" if runtime.language == "python" else "node"
        real = tree.resolve(f"/var/lang/bin/{name}")
        found += [real.path] if real.entry is not None else []
    return tuple(dict.fromkeys(found))


def _newer_than(libraries: Libraries, path: str, glibc: str) -> tuple[OldLibrary, ...]:
    """Versions of glibc that a file of a package, or a library that it brings, needs beyond the system's."""
    newest = f"GLIBC_{glibc}"
    old = []
    for each in libraries.loading(path).objects:
        for name, version in each.elf.versions:
            if newest_of(version, (newest,)) and name not in libraries.names:
                old.append(OldLibrary("the managed runtime", name, version, newest, each.path))
    return tuple(dict.fromkeys(old))


_TAG = re.compile(r"^(?P<tag>cpython-\d+[a-z]*|cp\d+[a-z]*|pypy\d+-\w+|abi3)(?:-(?P<platform>[\w.-]+))?$")


def native_file(tree: FileTree, path: str, suffixes: tuple[str, ...] = ()) -> NativeFile:
    """One file by its name and its first bytes; `suffixes` are those that the interpreter looks for."""
    name = posixpath.basename(path)
    found = _TAG.match(name.partition(".")[2].rpartition(".")[0])
    entry = tree.resolve(path).entry
    binary = identify(entry.head) if entry is not None else None
    elf = tree.elf(path) if name.endswith(".node") else None
    return NativeFile(
        path=path,
        tag=(found["tag"] or "") if found else "",
        platform=(found["platform"] or "") if found else "",
        format=binary.format if binary else "",
        machines=tuple(m for m in binary.machines if m != "unknown") if binary else (),
        named_for_us=not suffixes or "." + name.partition(".")[2] in suffixes,
        addon=elf.addon if elf is not None else (),
    )


def unloadable(file: NativeFile, machine: str) -> bool:
    """Whether Linux on that CPU certainly does not load the file."""
    if file.format in ("mach-o", "pe"):
        return True
    return file.format == "elf" and bool(file.machines) and machine not in file.machines


def chain_to(place: str, origins: Mapping[str, str]) -> tuple[str, ...]:
    """The imports that lead to the one at `place`, a `path:line`, from the handler's file on."""
    chain = [place]
    while len(chain) < LONGEST_CHAIN:
        before = origins.get(chain[-1].rpartition(":")[0])
        if before is None or before in chain:
            break
        chain.append(before)
    return tuple(reversed(chain))
