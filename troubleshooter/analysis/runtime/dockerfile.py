"""What a Dockerfile says about the runtime of the image that it would make, as far as its text alone decides."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from troubleshooter.facts.tree import FileTree

LONGEST = 256 * 1024
_AWS_BASE = re.compile(r"(?:^|/)(?:lambda/|aws-lambda-)(python|nodejs):(\d+)(?:\.(\d+))?")
_ARGUMENT = re.compile(r"\$\{?(\w+)(?::-([^}]*))?\}?")
_TASK_ROOTS = ("${LAMBDA_TASK_ROOT}", "$LAMBDA_TASK_ROOT", "/var/task")
_SUFFIXES = {"python": (".py", "/__init__.py"), "node": (".js", ".mjs", ".cjs")}


@dataclass(frozen=True, slots=True)
class DockerLaunch:
    """The last stage of a Dockerfile."""

    base: str = ""
    language: str = ""
    """`python` or `node`; empty where the text does not tell."""
    client: str = "unknown"
    version: tuple[int, ...] = ()
    workdir: str = "/"
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    folders: tuple[str, ...] = ()
    """Folders of the source that are copied to where the handler is looked for."""
    arguments: dict[str, str] = field(default_factory=dict)

    @property
    def handler(self) -> str | None:
        """The one argument that the client is given."""
        words = (*(self.entrypoint or ()), *(self.command or ()))
        if self.client == "aws-base":
            rest = words[1:] if words[:1] == ("/lambda-entrypoint.sh",) else words
            return rest[0] if len(rest) == 1 else None
        mark = "awslambdaric" if self.language == "python" else "aws-lambda-ric"
        at = next((i for i, word in enumerate(words) if posixpath.basename(word) == mark), None)
        return words[at + 1] if at is not None and len(words) > at + 1 else None


def read_dockerfile(text: str) -> DockerLaunch | None:
    """The launch of the last stage; None for a text that is no Dockerfile."""
    stages: dict[str, DockerLaunch] = {}
    stage: DockerLaunch | None = None
    arguments: dict[str, str] = {}
    for line in _lines(text[:LONGEST]):
        word, _, rest = line.partition(" ")
        word, rest = word.upper(), rest.strip()
        if word == "ARG":
            name, _, value = rest.partition("=")
            arguments[name.strip()] = value.strip().strip("\"'")
        elif word == "FROM":
            stage = _from(_filled(rest, arguments), stages)
            alias = re.search(r"\sAS\s+(\S+)", rest, re.IGNORECASE)
            name = alias[1].lower() if alias else str(len(stages))
        elif stage is not None:
            stage = _instruction(stage, word, _filled(rest, arguments))
        if stage is not None:
            stages[name] = stage
    return _decided(stage) if stage is not None else None


def _lines(text: str) -> list[str]:
    joined = re.sub(r"\\[ \t]*\r?\n", " ", re.sub(r"(?m)^\s*#.*$", "", text))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def _filled(text: str, arguments: dict[str, str]) -> str:
    return _ARGUMENT.sub(lambda found: arguments.get(found[1]) or found[2] or found[0], text)


def _from(rest: str, stages: dict[str, DockerLaunch]) -> DockerLaunch:
    words = [word for word in rest.split() if not word.startswith("--")]
    base = words[0] if words else ""
    if base.lower() in stages:
        return stages[base.lower()]
    aws = _AWS_BASE.search(base)
    if aws is None:
        return DockerLaunch(base)
    version = tuple(int(each) for each in aws.groups()[1:] if each)
    language = "python" if aws[1] == "python" else "node"
    return DockerLaunch(base, language, "aws-base", version, "/var/task", ("/lambda-entrypoint.sh",))


def _instruction(stage: DockerLaunch, word: str, rest: str) -> DockerLaunch:
    if word == "WORKDIR":
        folder = "/var/task" if rest in _TASK_ROOTS else rest.strip("\"'")
        return replace(stage, workdir=posixpath.normpath(posixpath.join(stage.workdir, folder)))
    if word in ("ENTRYPOINT", "CMD"):
        words = _words(rest)
        return replace(stage, entrypoint=words, command=None) if word == "ENTRYPOINT" else replace(stage, command=words)
    if word in ("COPY", "ADD") and "--from" not in rest:
        return replace(stage, folders=(*stage.folders, *_copied(stage, rest)))
    return stage


def _words(rest: str) -> tuple[str, ...]:
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and all(isinstance(each, str) for each in words):
            return tuple(words)
    return ("/bin/sh", "-c", rest)


def _copied(stage: DockerLaunch, rest: str) -> list[str]:
    """Folders of the source whose content lands where the handler is looked for."""
    try:
        words = list(_words(rest)) if rest.startswith("[") else shlex.split(rest)
    except ValueError:
        return []
    words = [word for word in words if not word.startswith("--")]
    if len(words) < 2:
        return []
    *sources, target = words
    for name in _TASK_ROOTS[:2]:
        target = target.replace(name, "/var/task")
    target = posixpath.normpath(posixpath.join(stage.workdir, target))
    root = "/var/task" if stage.client == "aws-base" else stage.workdir
    folders = []
    for source in sources:
        clean = posixpath.normpath(source.lstrip("/"))
        file = "." in posixpath.basename(clean) and clean != "."
        if target == root and not clean.startswith(".."):
            folders.append(posixpath.dirname(clean) or "." if file else clean)
        elif target == posixpath.join(root, posixpath.basename(clean)):
            folders.append(posixpath.dirname(clean) or ".")
    return folders


def _decided(stage: DockerLaunch) -> DockerLaunch:
    """The stage with language and client told by a client that the entrypoint names, where the base told none."""
    folders = tuple(dict.fromkeys(stage.folders))
    if stage.client == "aws-base" and stage.entrypoint in (("/lambda-entrypoint.sh",), None):
        return replace(stage, folders=folders)
    words = [posixpath.basename(word) for word in (*(stage.entrypoint or ()), *(stage.command or ()))]
    language = "python" if "awslambdaric" in words else "node" if "aws-lambda-ric" in words else ""
    client = "ric" if language else "unknown"
    version = stage.version
    official = re.search(r"(?:^|/)(?:python|node):(\d+)(?:\.(\d+))?", stage.base)
    if not version and official:
        version = tuple(int(each) for each in official.groups() if each)
    return replace(stage, language=language, client=client, version=version, folders=folders)


def source_root(tree: FileTree, language: str, handler: str | None, candidates: Sequence[str]) -> str:
    """The folder of a source tree from which a handler resolves: one of the candidates, or the only one that fits.

    Falls back to the first candidate; whether anything is there is for the resolution to say.
    """
    suffixes = _SUFFIXES.get(language, ())
    stem = _stem(language, handler)
    if not stem or not suffixes:
        return candidates[0]
    for folder in candidates:
        if any(tree.is_file(posixpath.join(folder, stem + suffix)) for suffix in suffixes):
            return folder
    ends = tuple(f"/{stem}{suffix}" for suffix in suffixes)
    hits = [path for path in tree if path.endswith(ends) and not _SKIPPED.search(path)][:3]
    if len(hits) == 1:
        end = next(e for e in ends if hits[0].endswith(e))
        return hits[0][: -len(end)] or "/"
    return candidates[0]


_SKIPPED = re.compile(
    r"/(?:node_modules|site-packages|\.[^/]+|cdk\.out|dist|build|tests?|venv|env|__pycache__)/", re.IGNORECASE
)


def _stem(language: str, handler: str | None) -> str:
    """Path of the handler's file without its suffix, relative to the task root; empty where it has none."""
    folder, _, last = (handler or "").strip("/").rpartition("/")
    module = last.rpartition(".")[0] if language == "python" else last.partition(".")[0]
    if not module:
        return ""
    if language == "python":
        return posixpath.join(folder, module).replace(".", "/") if folder else module.replace(".", "/")
    return posixpath.join(folder, module)
