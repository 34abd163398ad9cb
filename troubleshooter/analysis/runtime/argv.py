"""Finds the runtime client in what an image is launched with: directly, behind wrappers, or at the end of a start script.

A script is read, never run: simple commands, assignments, `cd`, `export` and `exec` are understood; what is not is said
in `doubts`.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from troubleshooter.facts.tree import FileTree, Kind

DEPTH = 6
"""Most programs and scripts that start each other."""
SCRIPT = 64 * 1024
"""Bytes of a start script that are read."""

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "busybox"})
PASSING = frozenset(
    {"tini", "tini-static", "dumb-init", "env", "exec", "nohup", "aws-lambda-rie", "stdbuf", "nice", "time"}
)
"""Programs that start what follows their own options, and change nothing that matters here."""
NODE_CLIENT = "aws-lambda-ric"
_KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "until", "{", "(", "!", "exec", "time", "command"})
_ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_PYTHON = re.compile(r"^python(?:\d+(?:\.\d+)?)?t?$")
_EXPANSION = re.compile(r"\$(?:\{(\w+|[@*])(?::?[-=]([^}]*))?\}|(\w+)|([@*]))")


@dataclass(frozen=True, slots=True)
class ClientCall:
    """The runtime client as the launch calls it."""

    language: str
    """`python`, `node`, or `other`."""
    client: str
    """`aws-base`, `ric`, or `unknown`."""
    program: str = ""
    """The interpreter as it is named; empty where it is not."""
    options: tuple[str, ...] = ()
    """The interpreter's own options."""
    handler: str | None = None
    cwd: str = "/"
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variables that start scripts set, unexpanded parts kept."""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a program is started in."""

    tree: FileTree
    cwd: str
    path: str
    variables: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    def locate(self, program: str) -> str:
        """The file that a program's name leads to, links not followed; empty where there is none."""
        if "/" in program:
            path = posixpath.join(self.cwd, program)
            return path if self.tree.is_file(path) else ""
        for folder in self.path.split(":"):
            path = posixpath.join(self.cwd, folder, program)
            if self.tree.is_file(path):
                return path
        return ""


def find_client(argv: Sequence[str], around: Surroundings, depth: int = 0) -> ClientCall | None:
    """The runtime client that `argv` ends in, or None where it leads to none that is known."""
    if not argv or depth > DEPTH:
        return None
    base, rest = posixpath.basename(argv[0]), list(argv[1:])
    if _PYTHON.match(base):
        return _python(argv[0], rest, around)
    if base == "lambda-entrypoint.sh" or argv[0] == "/var/runtime/bootstrap":
        return _aws_base(base, rest, around)
    if base in ("node", "nodejs"):
        return _node(argv[0], rest, around)
    if base in ("npx", "npm", "pnpm", "yarn") or base == NODE_CLIENT:
        return _node_client(base, rest, around)
    if base in PASSING:
        return _passing(base, rest, around, depth)
    if base in SHELLS:
        return _shell(rest, around, depth)
    return _script(around.locate(argv[0]), rest, around, depth) or _wrapped(base, rest, around, depth)


def _call(language: str, client: str, around: Surroundings, **more: object) -> ClientCall:
    call = ClientCall(language, client, cwd=around.cwd, variables=around.variables, doubts=around.doubts)
    return replace(call, **more)  # type: ignore[arg-type]


def _aws_base(base: str, rest: list[str], around: Surroundings) -> ClientCall:
    language, program = _aws_language(around.tree)
    handler = around.variables.get("_HANDLER") if base == "bootstrap" else rest[0] if len(rest) == 1 else None
    return _call(language, "aws-base" if language != "other" else "unknown", around, program=program, handler=handler)


def _aws_language(tree: FileTree) -> tuple[str, str]:
    """Language and interpreter of an AWS base image, by the files of its runtime."""
    pythons = [name for name in tree.children("/var/lang/bin") if re.fullmatch(r"python3\.\d+", name)]
    bootstrap = tree.text("/var/runtime/bootstrap") or ""
    node = tree.exists("/var/lang/bin/node")
    named = re.search(r"/var/lang/bin/(python3\.\d+|node)\b", bootstrap)
    if named and tree.exists(f"/var/lang/bin/{named[1]}"):
        return ("node" if named[1] == "node" else "python"), f"/var/lang/bin/{named[1]}"
    if len(pythons) == 1 and not node and tree.exists("/var/runtime/bootstrap"):
        return "python", f"/var/lang/bin/{pythons[0]}"
    if node and not pythons and tree.exists("/var/runtime/bootstrap"):
        return "node", "/var/lang/bin/node"
    return "other", ""


def _python(program: str, rest: list[str], around: Surroundings) -> ClientCall | None:
    options: list[str] = []
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c", "-"):
        options.append(rest.pop(0))
        if options[-1] in ("-X", "-W") and rest:
            options.append(rest.pop(0))
    if rest[:2] == ["-m", "awslambdaric"]:
        handler = rest[2] if len(rest) > 2 else None
        return _call("python", "ric", around, program=program, options=tuple(options), handler=handler)
    if rest[:1] == ["/var/runtime/bootstrap.py"]:
        handler = around.variables.get("_HANDLER")
        return _call("python", "aws-base", around, program=program, options=tuple(options), handler=handler)
    if "awslambdaric" in rest:
        # A module that runs another one: python -m wrapper python -m awslambdaric …
        return _wrapped(program, rest, around, 0)
    return _call("python", "unknown", around, program=program, options=tuple(options))


def _node(program: str, rest: list[str], around: Surroundings) -> ClientCall:
    options: list[str] = []
    while rest and rest[0].startswith("-"):
        options.append(rest.pop(0))
        if options[-1] in ("-r", "--require", "--import", "--loader") and rest:
            options.append(rest.pop(0))
    found = {"program": program, "options": tuple(options)}
    if rest and NODE_CLIENT in rest[0].split("/"):
        return _call("node", "ric", around, handler=rest[1] if len(rest) > 1 else None, **found)
    if rest and rest[0] in ("/var/runtime/index.mjs", "/var/runtime/index.js"):
        return _call("node", "aws-base", around, handler=around.variables.get("_HANDLER"), **found)
    return _call("node", "unknown", around, **found)


def _node_client(base: str, rest: list[str], around: Surroundings) -> ClientCall | None:
    if base != NODE_CLIENT:
        at = next((i for i, each in enumerate(rest) if each.partition("@")[0] == NODE_CLIENT), None)
        if at is None:
            return None
        rest = rest[at + 1 :]
    rest = rest[1:] if rest[:1] == ["--"] else rest
    return _call("node", "ric", around, program="node", handler=rest[0] if rest else None)


def _passing(base: str, rest: list[str], around: Surroundings, depth: int) -> ClientCall | None:
    variables = dict(around.variables)
    while rest and (rest[0].startswith("-") or (base == "env" and _ASSIGNMENT.match(rest[0]))):
        first = rest.pop(0)
        if first == "--":
            break
        if found := _ASSIGNMENT.match(first):
            variables[found[1]] = found[2]
        elif rest and ((base == "aws-lambda-rie" and "=" not in first) or first in ("-u", "-p", "-e", "-n", "-o")):
            rest.pop(0)
    if "PATH" in variables and base == "env":
        around = replace(around, path=variables["PATH"])
    return find_client(rest, replace(around, variables=variables), depth + 1)


def _wrapped(base: str, rest: list[str], around: Surroundings, depth: int) -> ClientCall | None:
    """A client behind a program that is not known: `poetry run`, `opentelemetry-instrument`."""
    for at, word in enumerate(rest):
        name = posixpath.basename(word)
        if name == NODE_CLIENT or (_PYTHON.match(name) and "awslambdaric" in rest[at:]):
            call = find_client(rest[at:], around, depth + 1)
            doubt = f"`{base}` stands before the runtime client and may change where modules are looked for"
            return replace(call, doubts=(*call.doubts, doubt)) if call else None
    return None


# ---------------------------------------------------------------- scripts


def _script(path: str, arguments: list[str], around: Surroundings, depth: int) -> ClientCall | None:
    entry = around.tree.resolve(path).entry if path else None
    if entry is None or entry.kind is not Kind.FILE or not entry.head.startswith(b"#!") or entry.size > SCRIPT:
        return None
    words = entry.head.partition(b"\n")[0][2:].decode("utf-8", "replace").split()
    names = [posixpath.basename(w) for w in words if not w.startswith("-")]
    interpreter = names[1] if names[:1] == ["env"] and len(names) > 1 else names[0] if names else ""
    if interpreter in SHELLS:
        text, around = around.tree.text(path), _in_shell([w for w in words if w.startswith("-")], around)
        return _shell_text(text, arguments, around, depth) if text is not None else None
    if interpreter in ("node", "nodejs"):
        real = around.tree.resolve(path).path
        return _node("node", [real, *arguments], around)
    return None


def _in_shell(options: Sequence[str], around: Surroundings) -> Surroundings:
    """A shell's surroundings: what it reads before its script may set anything."""
    asks = any(o in ("--login", "--rcfile") or re.fullmatch(r"-[a-z]*[li][a-z]*", o) for o in options)
    if not asks and not any(around.variables.get(name) for name in ("BASH_ENV", "ENV")):
        return around
    return replace(around, doubts=(*around.doubts, "the shell reads a file of settings before the start script"))


def _shell(rest: list[str], around: Surroundings, depth: int) -> ClientCall | None:
    around = _in_shell(list(takewhile(lambda word: word.startswith("-"), rest)), around)
    while rest and rest[0].startswith(("-", "+")):
        option = rest.pop(0)
        if option == "-o" and rest:
            rest.pop(0)
        if "c" in option[1:] and not option.startswith("--"):
            # The word after the command text is $0, not an argument.
            return _shell_text(rest[0], rest[2:], around, depth) if rest else None
    return _script_file(rest, around, depth) if rest else None


def _script_file(rest: list[str], around: Surroundings, depth: int) -> ClientCall | None:
    path = posixpath.join(around.cwd, rest[0])
    entry = around.tree.resolve(path).entry
    if entry is None or entry.kind is not Kind.FILE or entry.size > SCRIPT:
        return None
    text = around.tree.text(path)
    return _shell_text(text, rest[1:], around, depth) if text is not None else None


def _shell_text(text: str, arguments: list[str], around: Surroundings, depth: int) -> ClientCall | None:
    """The client that a script's commands end in; several calls, as for local runs, must agree on the handler."""
    reader = _Shell(around, arguments)
    found: ClientCall | None = None
    for line in text.replace("\\\n", " ").splitlines():
        for words in _commands(line):
            command = reader.command(words)
            call = find_client(command, reader.around, depth + 1) if command else None
            if call is None or (call.client == "unknown" and found is not None):
                continue
            if found is not None and found.client != "unknown" and found.handler != call.handler:
                call = replace(call, handler=None, doubts=(*call.doubts, "the start script names several handlers"))
            found = call
    return found


def _commands(line: str) -> list[list[str]]:
    """The simple commands of one line of shell."""
    if not line.strip() or line.lstrip().startswith("#"):
        return []
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split, lexer.commenters = True, ""
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if set(word) <= set(";&|"):
                commands.append([])
            else:
                commands[-1].append(word)
    except ValueError:
        return []
    return [each for each in commands if each]


@dataclass(slots=True)
class _Shell:
    """A script being read: the surroundings that its commands so far have made."""

    around: Surroundings
    arguments: list[str]

    def command(self, words: list[str]) -> list[str]:
        """The words of a command that starts a program, expanded; empty for one that only changes the surroundings."""
        while words and words[0] in _KEYWORDS:
            words = words[1:]
        while words and (found := _ASSIGNMENT.match(words[0])):
            self._assign(found[1], found[2])
            words = words[1:]
        if not words or words[0] in ("[", "[[", "test", "fi", "done", "}", ")", "set", "echo", "esac"):
            if words[:2] == ["set", "--"]:
                self.arguments = self._expand(words[2:])
            return []
        if words[0] in ("export", "declare", "readonly"):
            for word in words[1:]:
                if found := _ASSIGNMENT.match(word):
                    self._assign(found[1], found[2])
            return []
        if words[0] in ("cd", "pushd"):
            self._cd(words)
        elif words[0] in (".", "source"):
            self._source(words)
        elif words[0] == "shift":
            self.arguments = self.arguments[1:]
        else:
            return self._expand(words)
        return []

    def _assign(self, name: str, value: str) -> None:
        text = self._text(value)
        variables = {**self.around.variables, name: text}
        self.around = replace(self.around, variables=variables, path=text if name == "PATH" else self.around.path)
        if "$" in text and name in ("PYTHONPATH", "PATH", "NODE_PATH", "PYTHONHOME"):
            self._doubt(f"the start script sets {name} in a way that could not be read")

    def _cd(self, words: list[str]) -> None:
        folder = self._text(words[1]) if len(words) > 1 else ""
        if not folder or "$" in folder or folder == "-":
            self._doubt("the start script changes its folder in a way that could not be read")
        else:
            self.around = replace(self.around, cwd=posixpath.normpath(posixpath.join(self.around.cwd, folder)))

    def _source(self, words: list[str]) -> None:
        path = self._text(words[1]) if len(words) > 1 else ""
        if posixpath.basename(path) == "activate" and "$" not in path:
            folder = posixpath.normpath(posixpath.join(self.around.cwd, posixpath.dirname(path)))
            self._assign("PATH", f"{folder}:{self.around.path}")
        else:
            self._doubt(f"the start script reads another script ({path or 'unnamed'})")

    def _doubt(self, text: str) -> None:
        if text not in self.around.doubts:
            self.around = replace(self.around, doubts=(*self.around.doubts, text))

    def _expand(self, words: list[str]) -> list[str]:
        result: list[str] = []
        for word in words:
            if word in ("$@", "$*", "${@}", "${*}"):
                result.extend(self.arguments)
            else:
                text = self._text(word)
                if text or not word.startswith("$"):
                    result.append(text)
        return result

    def _text(self, word: str) -> str:
        """A word with the variables filled in that are known; the others stay as they are."""

        def value(found: re.Match[str]) -> str:
            name, default = found[1] or found[3] or found[4], found[2]
            if name in ("@", "*"):
                return " ".join(self.arguments)
            if name.isdigit():
                index = int(name)
                return self.arguments[index - 1] if 0 < index <= len(self.arguments) else default or ""
            known = self.around.variables.get(name)
            return known if known else default if default is not None else found[0]

        return _EXPANSION.sub(value, word)
