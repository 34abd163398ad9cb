"""Dockerfiles of the source folder: their instructions with lines, the base of each stage, and calls of package managers."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.build import ImageBuild, ImageRecipe, PackageCommand
from troubleshooter.facts.manifests import is_aside
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.model import Role, Subject

MANAGERS = ("apk", "apt", "apt-get", "dnf", "microdnf", "yum")
LONGEST = 256 * 1024
"""Characters of one Dockerfile."""

NAME = re.compile(r"(?:^|/)(?:Dockerfile|Containerfile)(?:\.[^/]*)?$|\.Dockerfile$", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_][\w.-]*)\1")
_ARGUMENT = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
_SOURCES = re.compile(
    r"repos\.d|add-repo|\.repo\b|\brpm\b|\.rpm\b|\.deb\b|sources\.list|apk/repositories|--repository|\s-X\s|releasever|copr|epel|extras"
    r"|subscription|/etc/(?:yum|dnf|apt|apk)"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_CAREFUL = frozenset({"command", "which", "type", "if", "case", "while", "for", "until", "test", "[", "[["})
"""Words that make a command's turn depend on something."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word in capitals, the rest with continuation lines joined by line feeds, and its first line."""

    word: str
    rest: str
    line: int


@dataclass(slots=True)
class _Stage:
    base: str
    line: int
    decided: bool
    brought: str = ""
    """Text of all RUN instructions so far."""
    sources: bool = False
    """Whether anything so far may have changed where packages come from."""


@provides()
def image_build(
    manifests: SourceManifests, subject: Subject, recipe: ImageRecipe | Unavailable
) -> ImageBuild | Unavailable:
    """Every Dockerfile that is not for development or tests; for one function of several, the one that is its own."""
    if subject.role is not Role.PROPOSED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a Dockerfile says what one proposed image is made of")
    files = [path for path in sorted(manifests.files) if NAME.search(path) and not is_aside(path)]
    if isinstance(recipe, ImageRecipe):
        files = [recipe.path]
    elif subject.name or not files:
        text = "no Dockerfile is this function's own" if files else "the source folder holds no Dockerfile"
        return Unavailable(Reason.NOT_OF_THIS_KIND, text)
    found = [command for path in files for command in package_commands(path, manifests.files[path])]
    return ImageBuild(reading=manifests.reading, files=tuple(files), packages=tuple(found))


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, comments dropped, here-documents as part of their instruction."""
    lines = text[:LONGEST].splitlines()
    escape = "`" if re.match(r"#\s*escape\s*=\s*`", lines[0] if lines else "") else "\\"
    at = 0
    while at < len(lines):
        first = at
        parts: list[str] = []
        while at < len(lines):
            line = lines[at]
            at += 1
            bare = line.strip()
            if bare.startswith("#") or (parts and not bare):
                if parts:
                    continue
                break
            ends = not bare.endswith(escape)
            parts.append(bare if ends else bare[:-1].rstrip())
            if ends:
                break
        words = " ".join(parts).split(None, 1)
        if not words:
            continue
        body: list[str] = []
        for _, marker in _HEREDOC.findall(words[1]) if len(words) > 1 and words[0].upper() in ("RUN", "COPY") else ():
            while at < len(lines) and lines[at].strip() != marker:
                body.append(lines[at])
                at += 1
            at += 1
        rest = " ".join(parts).removeprefix(words[0]).strip()
        yield Instruction(words[0].upper(), "\n".join([rest, *body]), first + 1)


def package_commands(path: str, text: str) -> list[PackageCommand]:
    """The calls of package managers in one Dockerfile, in order."""
    stages: dict[str, _Stage] = {}
    arguments: dict[str, str] = {}
    stage: _Stage | None = None
    found: list[PackageCommand] = []
    for each in instructions(text):
        if each.word == "ARG":
            name, _, value = each.rest.partition("=")
            arguments.setdefault(name.strip(), value.strip().strip("\"'"))
        elif each.word == "FROM":
            stage = _from(each, stages, arguments)
        elif each.word == "RUN" and stage is not None:
            found += [_package_command(call, stage, path, each.line) for call in _calls(each.rest)]
            stage.brought += f" {each.rest}"
        if stage is not None and each.word in ("RUN", "COPY", "ADD"):
            stage.sources = stage.sources or _SOURCES.search(each.rest) is not None
    return found


def _from(each: Instruction, stages: dict[str, _Stage], arguments: dict[str, str]) -> _Stage:
    filled = _ARGUMENT.sub(lambda m: arguments.get(m[1] or m[2]) or m[3] or m[0], each.rest)
    words = [word for word in filled.split() if not word.startswith("--")]
    base = words[0] if words else ""
    written = next((word for word in each.rest.split() if not word.startswith("--")), "")
    earlier = stages.get(base.lower())
    if earlier is not None:
        stage = _Stage(earlier.base, earlier.line, earlier.decided, earlier.brought, earlier.sources)
    else:
        stage = _Stage(base, each.line, "$" not in written)
    alias = words[2] if len(words) > 2 and words[1].upper() == "AS" else str(len(stages))
    stages[alias.lower()] = stage
    return stage


@dataclass(slots=True)
class _Call:
    """One simple command that calls a package manager."""

    words: list[str]
    caught: bool
    """Something may catch its failure, or keep it from being run."""
    before: list[str] = field(default_factory=list)
    """Words of the commands in front of it in the same instruction."""


def _calls(rest: str) -> Iterator[_Call]:
    rest = re.sub(r"^(?:--\w+(?:=\S+)?\s+)+", "", rest)
    if rest.startswith("["):
        words = _exec_form(rest)
        if words and posixpath.basename(words[0]) in MANAGERS:
            yield _Call(words, False)
        return
    try:
        tokens = _tokens(rest)
    except ValueError:
        return
    careful = bool(_CAREFUL & set(tokens)) or "||" in tokens or "|" in tokens
    strict = re.match(r"\s*(?:<<\S+\s+)?set\s+-[a-z]*e", rest) is not None
    last_break = max((i for i, token in enumerate(tokens) if token == ";"), default=-1)
    start = 0
    for end in [
        *(i for i, token in enumerate(tokens) if token in (";", "&&", "||", "|", "&", "(", ")", "{", "}")),
        len(tokens),
    ]:
        words = _bare(tokens[start:end])
        if words and posixpath.basename(words[0]) in MANAGERS:
            yield _Call(words, careful or (start <= last_break and not strict), tokens[:start])
        start = end + 1


def _tokens(text: str) -> list[str]:
    """Words and operators of a shell text; a line's end counts as `;`."""
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _bare(words: list[str]) -> list[str]:
    """A command without assignments, `sudo`, `exec` and the like in front."""
    while words and (
        _ASSIGNMENT.match(words[0]) or words[0] in ("sudo", "exec", "env", "time", "then", "do", "else", "!")
    ):
        words = words[1:]
    return words


def _exec_form(rest: str) -> list[str]:
    try:
        words = json.loads(rest)
    except (ValueError, RecursionError):
        return []
    return [str(word) for word in words] if isinstance(words, list) else []


def _package_command(call: _Call, stage: _Stage, path: str, line: int) -> PackageCommand:
    manager = posixpath.basename(call.words[0])
    # What an earlier command names, it may have installed or linked.
    named = (
        re.search(rf"(?<![\w.-])(?:\S*/)?{re.escape(manager)}(?![\w.-])", _without_calls(stage.brought, manager))
        is not None
    )
    named = named or manager in _without_calls(" ".join(call.before), manager).split()
    return PackageCommand(
        manager=manager,
        text=" ".join(call.words)[:200],
        place=f"{path}:{line}",
        base=stage.base,
        base_place=f"{path}:{stage.line}",
        decided=stage.decided,
        fatal=not call.caught and not named,
        sources=stage.sources or _SOURCES.search(" ".join([*call.before, *call.words])) is not None,
    )


def _without_calls(text: str, manager: str) -> str:
    """The text without the manager's own calls: `yum install x` is a call, `dnf install yum` names it."""
    return re.sub(rf"(?:^|[;&|(\n]|\bsudo)\s*(?:\S*/)?{re.escape(manager)}\s", " ", text.strip())
