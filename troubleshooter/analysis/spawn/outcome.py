"""What happens when the effective argv is started inside the image: the kernel's answer, and what comes right after.

Beyond execve itself three things are followed, because they decide whether anything of the runtime speaks: a script
that its interpreter may not read, `#!/usr/bin/env NAME` (env looks NAME up in PATH), and what AWS's own entry script
starts (/var/runtime/bootstrap, then the interpreter below /var/lang/bin). The words of `cause` stand in `execve.py`.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace

from troubleshooter.analysis.spawn.execve import Found, Outcome, Step, UndecidedError, execve, open_exec, shown
from troubleshooter.analysis.spawn.launch import launch_of
from troubleshooter.facts import Cost, Reason, Unavailable, provides
from troubleshooter.facts.elf import identify
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, OwnSpawnResult, SpawnResult
from troubleshooter.facts.tree import Entry, FileTree, Kind
from troubleshooter.model import Evidence

OCI = {"x86_64": "amd64", "arm64": "arm64"}
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where a bare name is looked for when the image sets no PATH: what container engines set then."""
BOOTSTRAP = "/var/runtime/bootstrap"
_INTERPRETER = re.compile(r"/var/lang/bin/(?:python3(?:\.\d+)?|node)(?![\w.-])")
_STRICT = re.compile(r"(?:ba|da|a|k|z)?sh|busybox|python[\d.]*|node")
"""Interpreters that refuse an option which ends in a carriage return."""
_DEEP = 2
"""Programs that `env` is followed through; with the folders below, what keeps a hostile image from costing time."""
_FOLDERS = 64


@provides(cost=Cost.THINK)
def spawn_result(
    launch: EffectiveLaunch, files: ImageTree, image: ImageConfig, function: FunctionRecord | Unavailable
) -> SpawnResult | Unavailable:
    """The effective launch on the function's CPU, or on the image's own where there is no function."""
    try:
        made = result_of(files, Process(files.tree, _cpu(image, function), launch))
    except UndecidedError as undecided:
        return Unavailable(Reason.TOO_BIG, str(undecided))
    if _looks_in_unknown_path(function, launch, made):
        return Unavailable(Reason.UNSUPPORTED, "the function sets a PATH whose value is not known")
    return made


def _looks_in_unknown_path(function: FunctionRecord | Unavailable, launch: EffectiveLaunch, made: SpawnResult) -> bool:
    """Whether the result rests on a PATH of the function's that only deploy time decides."""
    path = function.variable("PATH") if isinstance(function, FunctionRecord) else None
    if path is None or path.value is not None or not launch.argv:
        return False
    return (
        "/" not in launch.argv[0]
        or any(posixpath.basename(each) == "env" for each in made.chain)
        or made.stage == "env"
    )


@provides(cost=Cost.THINK)
def own_spawn_result(function: FunctionRecord, files: ImageTree, image: ImageConfig) -> OwnSpawnResult | Unavailable:
    """The image's own launch, where the function overrides the entrypoint."""
    if not function.override.entrypoint:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function does not override the image's entrypoint")
    own = launch_of(image)
    try:
        result = result_of(files, Process(files.tree, _cpu(image, function), own))
    except UndecidedError as undecided:
        return Unavailable(Reason.TOO_BIG, str(undecided))
    return OwnSpawnResult(**vars(result), argv=own.argv)


def _cpu(image: ImageConfig, function: FunctionRecord | Unavailable) -> str:
    if isinstance(function, FunctionRecord) and function.architecture:
        return OCI.get(function.architecture, function.architecture)
    return image.architecture


@dataclass(frozen=True, slots=True)
class _Ended:
    """How far a launch got."""

    outcome: Outcome
    stage: str = "exec"
    before: tuple[Step, ...] = ()
    """Files of the stages that went well."""


@dataclass(frozen=True, slots=True)
class Process:
    """One launch in one tree."""

    tree: FileTree
    cpu: str
    launch: EffectiveLaunch

    def run(self) -> _Ended:
        if not self.launch.argv:
            return _Ended(Outcome("ENOENT", "no_program", "neither an entrypoint nor a command names a program"))
        cwd = self._workdir()
        named = self._named(self.launch.argv[0], cwd)
        if isinstance(named, Outcome):
            return _Ended(named)
        ended = self._start(named, cwd or "/", "exec", 0)
        if ended.outcome.cause not in ("ok", "compat"):
            return ended
        return self._runtime(ended, cwd or "/") or ended

    def _workdir(self) -> str | None:
        """The real working directory, None where there is none.

        Its own permissions are left out: whether Lambda changes there with or without its privileges is not published.
        """
        found = self.tree.resolve(self.launch.workdir)
        there = found.entry is not None and found.entry.kind is Kind.DIRECTORY
        return found.path if there and self.launch.workdir.startswith("/") else None

    def _named(self, name: str, cwd: str | None) -> str | Outcome:
        """The path that a program's name stands for."""
        if name.startswith("/") or not name:
            return name
        if "/" not in name:
            return self._search(name, cwd)
        if cwd is None:
            detail = (
                f"{shown(name)} is relative to the working directory {shown(self.launch.workdir)}, which is not there"
            )
            return Outcome("ENOENT", "workdir", detail, (_nowhere(name),))
        return name

    def _search(self, name: str, cwd: str | None) -> str | Outcome:
        """A bare name in PATH: the first file that may be executed."""
        path = self.launch.path if self.launch.path is not None else DEFAULT_PATH
        denied = None
        for folder in path.split(":")[:_FOLDERS]:
            candidate = posixpath.join(folder or ".", name)
            if cwd is None and not candidate.startswith("/"):
                continue
            found = open_exec(self.tree, candidate, cwd or "/")
            if not found.errno:
                return candidate
            if found.cause in ("not_executable", "closed_directory") and denied is None:
                denied = Step("entrypoint", candidate, found)
        if denied is not None:
            detail = f"{shown(name)} is {shown(denied.name)}, which others may not execute"
            return Outcome("EACCES", denied.found.cause, detail, (denied,))
        detail = f"{shown(name)} lies in no directory of PATH ({shown(path)})"
        return Outcome("ENOENT", "not_on_path", detail, (_nowhere(name),))

    def _start(self, path: str, cwd: str, stage: str, depth: int) -> _Ended:
        """Executes `path`, then follows what its interpreter does with the first line."""
        outcome = execve(self.tree, path, self.cpu, cwd)
        scripts = [s for s in outcome.steps if s.role != "loader"]
        if outcome.errno != "ok" or len(scripts) < 2 or depth > _DEEP:
            return _Ended(outcome, stage)
        script, interpreter = scripts[-2], posixpath.basename(scripts[-1].name)
        entry, argument = script.found.entry, outcome.arguments[-1]
        if entry is not None and not entry.mode & 0o004:
            detail = f"{shown(script.name)} (mode {entry.mode:04o}) starts, but {interpreter} may not read it"
            return _Ended(
                replace(outcome, errno="EACCES", cause="unreadable", detail=detail, steps=(script,)), "script"
            )
        if interpreter == "env" and argument:
            return self._env(outcome, script, argument, cwd, stage, depth)
        if argument and argument.endswith("\r") and _STRICT.fullmatch(interpreter):
            detail = f'{shown(script.name)} starts {interpreter} with the option "{shown(argument)}"'
            return _Ended(replace(outcome, errno="EINVAL", cause="crlf", detail=detail, steps=(script,)), "script")
        return _Ended(outcome, stage)

    def _env(self, outcome: Outcome, script: Step, argument: str, cwd: str, stage: str, depth: int) -> _Ended:
        """What `env` does with the argument that the kernel hands it in one piece."""
        asked = _env_program(argument)
        if asked is None:
            return _Ended(outcome, stage)
        program, own = asked
        tried: list[_Ended] = []
        path = own if own is not None else self.launch.path if self.launch.path is not None else DEFAULT_PATH
        folders = [""] if "/" in program else path.split(":")[:_FOLDERS]
        for folder in folders:
            candidate = program if "/" in program else posixpath.join(folder or ".", program)
            each = self._start(candidate, cwd, "env", depth + 1)
            if each.outcome.errno == "ok" or each.stage != "env":
                return replace(each, before=(*outcome.steps, *each.before))
            tried.append(each)
            if each.outcome.errno not in _GOES_ON:
                break
        failed = max((each.outcome for each in tried), key=_weight) if tried else outcome
        if failed.errno == "ENOENT" and len(failed.steps) < 2:
            cause = "crlf" if program.endswith("\r") else "not_on_path" if "/" not in program else failed.cause
            asks = f'the first line of {shown(script.name)} asks env for "{shown(program)}"'
            where = f"lies in no directory of PATH ({shown(path)})" if "/" not in program else "is not there"
            failed = Outcome("ENOENT", cause, f"{asks}, which {where}", (script,))
        return _Ended(failed, "env", outcome.steps)

    def _runtime(self, ended: _Ended, cwd: str) -> _Ended | None:
        """What AWS's entry script starts: the bootstrap, and the interpreter that it names."""
        if not ended.outcome.arguments:
            return None
        before = (*ended.before, *ended.outcome.steps)
        for program in self.later(ended.outcome.steps[0].found.path):
            each = self._start(program, cwd, "runtime", 1)
            # A shell runs a file without a first line as its own script.
            if each.outcome.errno != "ok" and each.outcome.cause not in ("no_shebang", "empty"):
                return replace(each, before=(*before, *each.before))
            before = (*before, *each.before, *each.outcome.steps)
        return None

    def later(self, script: str) -> tuple[str, ...]:
        """What AWS's entry script goes on to start; nothing where the script is another."""
        text = self.tree.text(script)
        if BOOTSTRAP not in text if text is not None else posixpath.basename(script) != "lambda-entrypoint.sh":
            return ()
        return (BOOTSTRAP, *self._interpreters())

    def _interpreters(self) -> list[str]:
        """The interpreter that the bootstrap's text names, else the one that lies where AWS puts it."""
        text = self.tree.text(BOOTSTRAP)
        if text is not None:
            return list(dict.fromkeys(_INTERPRETER.findall(text)))[:1]
        names = [n for n in self.tree.children("/var/lang/bin") if _INTERPRETER.fullmatch(f"/var/lang/bin/{n}")]
        return [f"/var/lang/bin/{name}" for name in names[-1:]]


_GOES_ON = frozenset({"ENOENT", "ENOTDIR", "EACCES"})
"""Answers after which the C library's execvp looks into the next folder of PATH; after any other it gives up."""


def _weight(outcome: Outcome) -> tuple[bool, bool, int]:
    """Of the answers for a name's folders, the one that env reports: what it gave up at, what was denied, what was nearest."""
    return outcome.errno not in _GOES_ON, outcome.errno == "EACCES", len(outcome.steps)


def _env_program(argument: str) -> tuple[str, str | None] | None:
    """The program that env is asked for, and the PATH that it is given first; None where the argument does not tell."""
    for option in ("-S", "--split-string=", "--split-string "):
        if argument.startswith(option):
            words = argument.removeprefix(option).split()
            program = next((word for word in words if "=" not in word), "-")
            before = words[: words.index(program)] if program in words else []
            given = [word.removeprefix("PATH=") for word in before if word.startswith("PATH=")]
            if program.startswith("-") or any(mark in each for each in given for mark in "$\"'\\"):
                return None
            return program, given[-1] if given else None
    return None if argument.startswith("-") or "=" in argument else (argument, None)


def _nowhere(name: str) -> Step:
    """A name that stands for no path."""
    return Step("entrypoint", name, Found("", None))


def result_of(files: ImageTree, process: Process, what: str = "image") -> SpawnResult:
    """The result as a fact; `what` names the tree in the evidence. Raises UndecidedError."""
    ended = process.run()
    outcome, steps = ended.outcome, (*ended.before, *ended.outcome.steps)
    refused = outcome.cause not in ("ok", "compat")
    deciding = outcome.steps[-1 if refused else 0] if outcome.steps else _nowhere("")
    return SpawnResult(
        reading=files.reading,
        errno=outcome.errno if ended.stage == "exec" else "ok",
        cause=outcome.cause,
        stage=ended.stage if refused else "exec",
        role=deciding.role,
        path=deciding.name,
        detail=outcome.detail,
        chain=tuple(dict.fromkeys(s.found.path for s in steps if s.found.path)),
        machine=outcome.machine,
        machine_path=outcome.machine_path,
        evidence=tuple(dict.fromkeys(_evidence(files, step, what) for step in steps)),
    )


def _evidence(files: ImageTree, step: Step, what: str) -> Evidence:
    found = step.found
    return files.cite(
        "tree",
        _description(found.entry) if found.entry is not None else "nothing there",
        label=f"{step.role} {shown(step.name)}",
        source=f"{what} {shown(found.path or 'PATH')}",
    )


def _description(entry: Entry) -> str:
    """One path as evidence shows it."""
    if entry.kind is Kind.SYMLINK:
        return f"link to {shown(entry.link)}"
    if entry.kind is not Kind.FILE:
        return f"{entry.kind}, mode {entry.mode:04o}"
    text = f"file, mode {entry.mode:04o}"
    binary = identify(entry.head)
    if binary is not None:
        return f"{text}, {binary.format} {' '.join(binary.machines)}"
    if not entry.size:
        return f"{text}, empty"
    # The line ends with its line feed, so that a carriage return before it is seen.
    line = entry.head[:80].split(b"\n", 1)[0].decode("utf-8", "replace")
    return f'{text}, begins with "{shown(line)}"'
