"""Whether a Dockerfile brings the function's own code that loads with the handler.

A file counts as left out only where no COPY or ADD of the image's stage brings it, or anything else to its place, and no other
step can: no files of another stage, no command that may make or install some, no base that is not known.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from troubleshooter.analysis.dockerfile.context import (
    MAKES_NOTHING,
    PACKED,
    REQUIREMENT,
    Context,
    commands_of,
    context_of,
)
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.build import BuildStage, Copied, ImageRecipe, LeftOut, Ran, StagedCode
from troubleshooter.facts.code import ImportClosure, Loaded
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenImage
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import Requirements
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.facts.tree import Kind

_NODE_INSTALL = re.compile(r"(?:\w+=\S*\s+)*npm\s+(?:install|i|add)\b[^<>]*")
_SCRIPTS = re.compile(r'"(?:pre|post)?(?:install|prepare)"\s*:')
_TARGET = re.compile(r"(?:\s-t|--target)(?:\s+|=)\S+")
_LOCAL = re.compile(r"\bpip[\d.]*\s+install\b.*?(?:\s\.{0,2}/|\s\.{1,2}(?=\s|$|\[)|\s-e\b|--editable|file:)")
_LOCAL_LINE = re.compile(r"(?m)^\s*(?:-e\b|--editable|\.{0,2}/|\.\s*$|\.\[|file:)|@\s*file:|^\s*-r")
_INSTALLED = re.compile(r"/(?:node_modules|\.?venv|\.git)/")
_SETS_RIGHTS = re.compile(r"(?:mkdir|chmod|chown|useradd|adduser|groupadd)\b[^<>]*")
_PATHS = frozenset({"PYTHONPATH", "NODE_PATH"})
_TAKES_AWAY = re.compile(r"(?:^|\s)(?:rm|mv|find)\s")


@provides()
def staged_code(
    recipe: ImageRecipe,
    code: CodeTree,
    runtime: RuntimeModel,
    resolution: HandlerResolution,
    closure: ImportClosure | Unavailable,
    requirements: Requirements | Unavailable,
    given: GivenImage | Unavailable,
    function: FunctionRecord | Unavailable,
) -> StagedCode | Unavailable:
    """Looks at the handler's file and at every file of the source that is sure to load with it."""
    here = context_of(recipe, code, given, function)
    if isinstance(here, Unavailable):
        return here
    if resolution.path is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler's file is not in the source folder")
    staging = _Staging(recipe.final, here, runtime)
    loaded = [Loaded(resolution.path, resolution.module, "")]
    loaded += closure.loaded if isinstance(closure, ImportClosure) else ()
    gone = [each for each in dict.fromkeys(loaded) if not staging.brings(each.path)]
    installed = _installed(requirements)
    stated = function.environment if isinstance(function, FunctionRecord) else ()
    names = {each.name for each in (*recipe.final.environment, *stated)}
    doubts = tuple(dict.fromkeys(_doubts(recipe.final, here, names)))
    return StagedCode(
        reading=recipe.reading,
        left_out=tuple(
            staging.left_out(each)
            for each in gone
            if not doubts and staging.wanted(each.path) and _top(each.module) not in installed
        ),
        copies=tuple(f"{each.place} {' '.join(each.sources)} to {each.target}" for each in staging.copies),
        doubts=doubts,
        sealed=not doubts and staging.sealed(),
        whole=not gone and not any(step.ran and _TAKES_AWAY.search(step.ran.text) for step in recipe.final.steps),
    )


def _installed(requirements: Requirements | Unavailable) -> frozenset[str]:
    """Names under which an installer may bring a module."""
    asked = requirements.requirements if isinstance(requirements, Requirements) else ()
    return frozenset(_top(each.name) for each in asked)


def _top(module: str) -> str:
    return module.lstrip("./").partition(".")[0].lower().replace("-", "_")


@dataclass(frozen=True, slots=True)
class _Staging:
    """What the steps of one stage bring from the build's context."""

    stage: BuildStage
    here: Context
    runtime: RuntimeModel

    @property
    def copies(self) -> list[Copied]:
        return [step.copied for step in self.stage.steps if step.copied is not None]

    def brings(self, path: str) -> bool:
        """Whether some step brings a file of the source folder, or another one to its place in the image."""
        if any(self._taken(copied, path) for copied in self.copies) and not self.here.ignores(self._relative(path)):
            return True
        wanted = self.wanted(path)
        return bool(wanted) and any(self._lands(copied, wanted) for copied in self.copies)

    def sealed(self) -> bool:
        """Whether only single files are copied, each to where the source has it, and no command can install.

        A folder may be filled before the build; a file that moves is another module there.
        """
        ran = [step.ran.text for step in self.stage.steps if step.ran is not None]
        if not all(_SETS_RIGHTS.fullmatch(command) for text in ran for command in commands_of(text)):
            return False
        return all(self._stays(source, copied) for copied in self.copies for source in copied.sources)

    def _stays(self, source: str, copied: Copied) -> bool:
        whole = posixpath.normpath(posixpath.join("/", self.here.folder, source.lstrip("/")))
        target = copied.target.rstrip("/") or "/"
        places = (target, posixpath.join(target, posixpath.basename(whole)))
        return self.here.tree.is_file(whole) and self.wanted(whole) in places

    def wanted(self, path: str) -> str:
        """Where in the image a file of the source folder is looked for; empty for one beside the handler's folders."""
        root = self.runtime.task_root.rstrip("/") + "/"
        place = "/var/task" if self.runtime.client == "aws-base" else self.stage.workdir
        return posixpath.join(place, path.removeprefix(root)) if path.startswith(root) else ""

    def left_out(self, file: Loaded) -> LeftOut:
        source = self._relative(file.path)
        because = self.here.ignores(source) or "no COPY or ADD names it, or a folder above it"
        return LeftOut(file.path.lstrip("/"), source, self.wanted(file.path), file.module, file.importer, because)

    def _relative(self, path: str) -> str:
        """The path as the context has it."""
        return posixpath.relpath(path, posixpath.join("/", self.here.folder))

    def _taken(self, copied: Copied, path: str) -> bool:
        """Whether one of the sources is the file, or a folder above it."""
        parts = self._relative(path).split("/")
        if parts[0] == "..":
            return False
        for source in copied.sources:
            names = [name for name in posixpath.normpath(source.lstrip("/")).split("/") if name != "."]
            above = parts[: len(names)]
            if len(above) == len(names) and all(map(fnmatch.fnmatchcase, above, names)):
                return True
        return False

    def _lands(self, copied: Copied, wanted: str) -> bool:
        """Whether a step brings any file of the context to a path of the image."""
        target = copied.target.rstrip("/") or "/"
        inside = "" if wanted == target else posixpath.relpath(wanted, target)
        for source in copied.sources:
            whole = posixpath.normpath(posixpath.join("/", self.here.folder, source.lstrip("/")))
            if inside and not inside.startswith("..") and self.here.tree.is_file(posixpath.join(whole, inside)):
                return not self.here.ignores(self._relative(posixpath.join(whole, inside)))
            if wanted in (target, posixpath.join(target, posixpath.basename(whole))):
                return True
        return False


def _doubts(stage: BuildStage, here: Context, variables: Set[str]) -> Iterator[str]:
    """Why something else than the copied files of the context may be in the image."""
    if not stage.kind or not stage.decided or "onbuild" in stage.base:
        yield f"{stage.base_place} starts from {stage.base}, which may bring code"
    yield from (f"{name} adds folders in which modules are looked for" for name in sorted(_PATHS & variables))
    if any(_is_link(path, here) for path in here.tree):
        # What a link leads to may be copied under the link's name.
        yield "the source folder has symbolic links"
    for step in stage.steps:
        if step.foreign:
            yield "a step brings files that are not from the build's folder"
        elif step.copied is not None and any(PACKED.search(each) or "**" in each for each in step.copied.sources):
            yield f"{step.copied.place} may unpack files"
        elif step.ran is not None and _may_make(step.ran, here):
            yield f"{step.ran.place} may make files"


def _is_link(path: str, here: Context) -> bool:
    entry = here.tree.entry(path)
    return entry is not None and entry.kind is Kind.SYMLINK and not _INSTALLED.search(path)


def _may_make(ran: Ran, here: Context) -> bool:
    """Whether a command may bring modules of the function's own."""
    if ran.mounts:
        return True
    for command in commands_of(ran.text):
        if _NODE_INSTALL.fullmatch(command) or command.startswith("npm ci"):
            text = here.tree.text(posixpath.join("/", here.folder, "package.json")) or ""
            if _SCRIPTS.search(text):
                return True
        elif not MAKES_NOTHING.fullmatch(command) or _LOCAL.search(_TARGET.sub(" ", command)):
            return True
        for wanted in REQUIREMENT.findall(command):
            lines = _listed(posixpath.basename(wanted), here)
            if lines is None or _LOCAL_LINE.search(lines):
                return True
    return False


def _listed(name: str, here: Context) -> str | None:
    """The list of requirements of this name, where the context has one."""
    found = [path for path in here.tree if posixpath.basename(path) == name and "/node_modules/" not in path]
    return here.tree.text(found[0]) if len(found) == 1 else None
