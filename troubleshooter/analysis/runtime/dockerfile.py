"""What one stage of a Dockerfile says about the runtime of the image that it would make, as far as its text alone decides."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from troubleshooter.analysis.dockerfile.stage import ENTRY_SCRIPT, TASK_ROOT
from troubleshooter.facts.build import BuildStage, Copied
from troubleshooter.facts.tree import FileTree

_AWS_BASE = re.compile(r"(?:^|/)(?:lambda/|aws-lambda-)(python|nodejs):(\d+)(?:\.(\d+))?")
_OFFICIAL = re.compile(r"(?:^|/)(?:python|node):(\d+)(?:\.(\d+))?")
_CLIENTS = {"awslambdaric": "python", "aws-lambda-ric": "node"}
_SUFFIXES = {"python": (".py", "/__init__.py"), "node": (".js", ".mjs", ".cjs")}


@dataclass(frozen=True, slots=True)
class DockerLaunch:
    """The runtime client that a stage ends in."""

    language: str = ""
    """`python` or `node`; empty where the text does not tell."""
    client: str = "unknown"
    version: tuple[int, ...] = ()
    handler: str | None = None
    """The one argument that the client is given."""
    folders: tuple[str, ...] = ()
    """Folders of the build's context that are copied to where the handler is looked for."""


def launch_of(stage: BuildStage) -> DockerLaunch:
    """By the base where its entry script stays, else by the client that the command names."""
    aws = _AWS_BASE.search(stage.base)
    folders = tuple(dict.fromkeys(_folders(stage, TASK_ROOT if aws else stage.workdir)))
    words = (*(stage.entrypoint or ()), *(stage.command or ()))
    if aws and stage.entrypoint in ((ENTRY_SCRIPT,), None):
        rest = words[1:] if words[:1] == (ENTRY_SCRIPT,) else words
        handler = rest[0] if len(rest) == 1 else None
        return DockerLaunch("python" if aws[1] == "python" else "node", "aws-base", _numbers(aws, 2), handler, folders)
    names = [posixpath.basename(word) for word in words]
    mark = next((name for name in _CLIENTS if name in names), "")
    after = words[names.index(mark) + 1 :] if mark else ()
    known = aws or _OFFICIAL.search(stage.base)
    version = _numbers(known, 2 if aws else 1) if known else ()
    return DockerLaunch(_CLIENTS.get(mark, ""), "ric" if mark else "unknown", version, next(iter(after), None), folders)


def _numbers(found: re.Match[str], first: int) -> tuple[int, ...]:
    return tuple(int(each) for each in found.groups()[first - 1 :] if each)


def _folders(stage: BuildStage, root: str) -> Iterator[str]:
    for step in stage.steps:
        if step.copied is not None:
            yield from _copied(step.copied, root)


def _copied(copied: Copied, root: str) -> Iterator[str]:
    """Folders of the context whose content lands where the handler is looked for."""
    target = copied.target.rstrip("/") or "/"
    for source in copied.sources:
        clean = posixpath.normpath(source.lstrip("/"))
        file = "." in posixpath.basename(clean) and clean != "."
        if target == root and not clean.startswith(".."):
            yield posixpath.dirname(clean) or "." if file else clean
        elif target == posixpath.join(root, posixpath.basename(clean)):
            yield posixpath.dirname(clean) or "."


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
