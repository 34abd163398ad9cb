"""Whether PATH or LD_LIBRARY_PATH keep the launch from a file that the image has: the same start with the usual folders.

Only the launch itself is asked: names that the kernel, `env`, a start script or the loader of the interpreter looks up.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from troubleshooter.analysis.native.linking import library_path
from troubleshooter.analysis.runtime.argv import Surroundings, find_client
from troubleshooter.analysis.spawn.execve import UndecidedError
from troubleshooter.analysis.spawn.outcome import DEFAULT_PATH, OCI, Process
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, LaunchSearch, Lost, SpawnResult
from troubleshooter.facts.libraries import Libraries
from troubleshooter.facts.tree import FileTree

LANGUAGE_BASE = "/var/lang/bin"
BASE_LIBRARIES = ("/var/lang/lib", "/lib64", "/usr/lib64", "/var/runtime", "/var/runtime/lib", "/opt/lib")
"""What AWS's base images set LD_LIBRARY_PATH to, the function's own folders left out."""
_LOGIN = re.compile(
    r"(?:#!)?[^\n]*\b(?:ba|da|a|z|k)?sh[ \t]+(?:-\S+[ \t]+)*?(?:-[a-z]*[li][a-z]*|--login|--rcfile)(?=\s|$)"
)
"""A shell that reads a file of settings first."""
_SETS = {name: re.compile(rf"^[^#\n]*\b{name}=", re.MULTILINE) for name in ("PATH", "LD_LIBRARY_PATH")}


@provides()
def launch_search(
    launch: EffectiveLaunch,
    spawn: SpawnResult,
    files: ImageTree,
    image: ImageConfig,
    function: FunctionRecord | Unavailable,
) -> LaunchSearch | Unavailable:
    """What the launch does not find, and would with the folders that a base's variables name."""
    known = library_path(image, function)
    if known is None:
        return Unavailable(Reason.UNSUPPORTED, "the function sets an LD_LIBRARY_PATH whose value is not known")
    search = _Search(launch, spawn, files.tree, image, function)
    try:
        lost = [*search.programs(), *search.libraries(known.elements, known.origin)]
    except UndecidedError as undecided:
        return Unavailable(Reason.TOO_BIG, str(undecided))
    return LaunchSearch(reading=files.reading, lost=tuple(lost[:1]))


@dataclass(frozen=True, slots=True)
class _Search:
    """One launch, looked at again with more folders."""

    launch: EffectiveLaunch
    spawn: SpawnResult
    tree: FileTree
    image: ImageConfig
    function: FunctionRecord | Unavailable

    @property
    def _origin(self) -> str:
        own = isinstance(self.function, FunctionRecord) and self.function.variable("PATH") is not None
        return "function" if own else "image"

    @property
    def _usual(self) -> str:
        """PATH with the folders that a base has: what the function replaces, the language's, the system's."""
        own = self.image.variable("PATH") if self._origin == "function" else None
        language = LANGUAGE_BASE if self.tree.is_dir(LANGUAGE_BASE) else ""
        return ":".join(folder for folder in (self.launch.path, own, language, DEFAULT_PATH) if folder)

    def programs(self) -> Iterator[Lost]:
        """A program that PATH hides, from the kernel's start, from `env`, or from a start script."""
        path = self.launch.path
        if path is None:
            return
        if self.spawn.cause == "not_on_path":
            if self.spawn.stage == "exec" or not self._set_on_the_way("PATH"):
                yield from self._hidden(path)
        elif self.spawn.cause in ("ok", "compat"):
            yield from self._in_script(path)

    def _hidden(self, path: str) -> Iterator[Lost]:
        cpu = OCI.get(self.function.architecture, "") if isinstance(self.function, FunctionRecord) else ""
        again = Process(self.tree, cpu or self.image.architecture, replace(self.launch, path=self._usual)).run()
        if again.outcome.cause not in ("ok", "compat"):
            return
        chain = [s.found.path for s in (*again.before, *again.outcome.steps) if s.role != "loader"]
        found = next((p for p in chain if p not in self.spawn.chain), "")
        if found:
            rung = "exec" if self.spawn.stage == "exec" else "env"
            yield Lost("PATH", self._origin, path, posixpath.basename(found), found, self.spawn.path, rung)

    def _in_script(self, path: str) -> Iterator[Lost]:
        own = self.function.environment if isinstance(self.function, FunctionRecord) else ()
        variables = {v.name: v.value for v in (*self.image.environment, *own) if v.value is not None} | {"PATH": path}
        around = Surroundings(self.tree, self.launch.workdir or "/", path, variables)
        call = find_client(self.launch.argv, around)
        if call is None or call.client != "ric" or call.doubts or not call.program or "/" in call.program:
            return
        set_there = call.variables.get("PATH", path)
        if set_there != path or replace(around, cwd=call.cwd).locate(call.program) or not self._from_shell():
            return
        there = replace(around, cwd=call.cwd, path=self._usual).locate(call.program)
        if there:
            yield Lost("PATH", self._origin, path, call.program, there, self.spawn.chain[0], "script")

    def _from_shell(self) -> bool:
        """Whether a script calls the client: what a program looks up in another way is not known."""
        return bool(self.spawn.chain) and (self.tree.read(self.spawn.chain[0]) or b"").startswith(b"#!")

    def libraries(self, elements: tuple[str, ...], origin: str) -> Iterator[Lost]:
        """A library of a program of the launch, which only LD_LIBRARY_PATH leads to."""
        if self.spawn.cause not in ("ok", "compat") or self._set_on_the_way("LD_LIBRARY_PATH"):
            return
        own = self.image.variable("LD_LIBRARY_PATH") if origin == "function" else None
        base = BASE_LIBRARIES if self.tree.is_dir(LANGUAGE_BASE) else ()
        more = (*elements, *(own.split(":") if own else ()), *base)
        if not origin or set(more) <= set(elements):
            return
        now = Libraries(self.tree, elements, self.launch.workdir)
        usual = Libraries(self.tree, more, self.launch.workdir)
        for program in self._started():
            elf = self.tree.elf(program)
            if elf is None or not elf.interpreter:
                continue
            gone = [each for each in now.loading(program).lost if "/" not in each.name]
            if not gone or usual.loading(program).lost:
                continue
            there = next((p for f in more if self.tree.is_file(p := posixpath.join(f or ".", gone[0].name))), "")
            if there:
                yield Lost("LD_LIBRARY_PATH", origin, ":".join(elements), gone[0].name, there, program, "loader")

    def _started(self) -> tuple[str, ...]:
        """Real paths of the files that the launch runs, as far as it is followed."""
        chain = self.spawn.chain
        later = Process(self.tree, self.image.architecture, self.launch).later(chain[0]) if chain else ()
        call = find_client(
            self.launch.argv, Surroundings(self.tree, self.launch.workdir or "/", self.launch.path or "")
        )
        around = Surroundings(self.tree, call.cwd, self.launch.path or "") if call else None
        client = around.locate(call.program) if around and call and call.program else ""
        named = (*later, *((client,) if client else ()))
        return tuple(dict.fromkeys((*chain, *(self.tree.resolve(path).path for path in named))))

    def _set_on_the_way(self, variable: str) -> bool:
        """Whether a script of the launch, or a wrapper that is not looked at, sets the variable itself."""
        wrappers = ("AWS_LAMBDA_EXEC_WRAPPER", "BASH_ENV", "ENV")
        if any(self._variable(name) for name in wrappers) or _LOGIN.search(" ".join(self.launch.argv)):
            return True
        texts = (self.tree.text(path) for path in self._started() if self.tree.elf(path) is None)
        return any(text is None or _SETS[variable].search(text) or _LOGIN.match(text) for text in texts)

    def _variable(self, name: str) -> bool:
        """Whether a variable is set, to whatever."""
        own = self.function.variable(name) if isinstance(self.function, FunctionRecord) else None
        return own is not None or bool(self.image.variable(name))
