"""Files that a Dockerfile's steps name, held against the source folder that they are copied from.

Only what the text settles counts: no wildcards, nothing that an earlier step or an earlier command may have made, and only
where other files of the same Dockerfile show that the folder is the build's context.
"""

from __future__ import annotations

import difflib
import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.build import BuildGap, BuildGaps, BuildStage, Copied, ImageRecipe, Ran
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenImage
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.tree import FileTree
from troubleshooter.model import Origin

_WRITTEN = re.compile(
    r"(?:[\w.-]*requirements?[\w.-]*\.txt|pyproject\.toml|Pipfile(?:\.lock)?|poetry\.lock|uv\.lock|setup\.(?:py|cfg)"
    r"|package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|[\w.-]+\.(?:py|sh))"
)
"""Names of files that people write, or that are kept with the source; what builds make is left out."""
_EXPORTED = re.compile(r"[\w.-]*requirements[\w.-]*\.txt")
_HIDDEN = frozenset(
    {"node_modules", ".venv", "venv", "dist", "build", "out", "target", "cdk.out", ".aws-sam", ".git", "generated"}
)
REQUIREMENT = re.compile(r"\bpip3?\d?(?:\.\d+)?\s+install\b[^;&|]*?(?:-r|--requirement)(?:\s+|=)[\"']?([\w./-]+)")
_CLEAN_INSTALL = re.compile(r"\bnpm\s+(?:ci|clean-install)\b(?!.*\s(?:--prefix|-C|-w|--workspaces?)\b)")
MAKES_NOTHING = re.compile(
    r"(?:\w+=\S*\s+|sudo\s+)*(?:(?:python[\d.]*\s+-m\s+)?pip[\d.]*\s+(?:install|cache)|(?:yum|dnf|microdnf|apt-get|apt|apk)"
    r"|mkdir|chmod|chown|rm|set|ldconfig|update-ca-certificates|useradd|adduser|groupadd|npm\s+(?:ci|config|cache))\b[^<>]*"
)
"""Commands that bring no file which an installer reads: any other may."""
PACKED = re.compile(r"\.(?:tar|t?[gx]z|t?bz2?|zst|tar\.\w+)$")
"""What ADD unpacks."""
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_PATTERN = re.compile(r"[*?\[]")
_CLOSE = 0.85
LONGEST = 200


@provides()
def build_gaps(
    recipe: ImageRecipe, code: CodeTree, given: GivenImage | Unavailable, function: FunctionRecord | Unavailable
) -> BuildGaps | Unavailable:
    """Looks at every stage up to the image's."""
    here = context_of(recipe, code, given, function)
    if isinstance(here, Unavailable):
        return here
    found = [gap for stage in recipe.stages for gap in (*_absent(stage, here), *_not_copied(stage, here))]
    named = [source for stage in recipe.stages for step in stage.steps if step.copied for source in step.copied.sources]
    told = {gap.file for gap in found}
    made = [each for each in named if each not in told and not _PATTERN.search(each) and not here.has(each)]
    return BuildGaps(
        reading=recipe.reading,
        gaps=tuple(dict.fromkeys(found)),
        looked_at=len(named),
        made=tuple(dict.fromkeys(made)),
    )


def context_of(
    recipe: ImageRecipe, code: CodeTree, given: GivenImage | Unavailable, function: FunctionRecord | Unavailable
) -> Context | Unavailable:
    """What the image will be built of, where it is not there already and shows that itself."""
    if code.kind != "source" or isinstance(given, GivenImage):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the image is there, so it was built")
    if isinstance(function, FunctionRecord) and function.reading.origin is Origin.RECORD:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "AWS has the function's image, so it was built")
    folder = _folder(recipe, code.tree)
    if folder is None:
        return Unavailable(Reason.NOT_GIVEN, "which folder the image is built in cannot be told from the source folder")
    return Context(folder, code.tree, _ignored(recipe, folder, code.tree))


@dataclass(frozen=True, slots=True)
class Context:
    """The folder that an image is built in."""

    folder: str
    """Relative to the source folder."""
    tree: FileTree
    ignored: tuple[tuple[str, bool, str], ...]
    """Patterns of .dockerignore: pattern, whether it takes back, place with text."""

    def has(self, source: str) -> bool:
        folder, name = posixpath.split(posixpath.normpath(posixpath.join("/", self.folder, source.lstrip("/"))))
        if _PATTERN.search(name):
            return bool(fnmatch.filter(self.tree.children(folder), name)) if self.tree.is_dir(folder) else False
        return self.tree.exists(posixpath.join(folder, name))

    def ignores(self, source: str) -> str:
        """What in .dockerignore keeps a path out; empty where nothing does."""
        path, verdict = posixpath.normpath(source.lstrip("/")), ""
        parents = [path]
        while posixpath.dirname(parents[-1]):
            parents.append(posixpath.dirname(parents[-1]))
        for pattern, back, shown in self.ignored:
            if any(_matches(pattern, each) for each in parents):
                verdict = "" if back else shown
        return verdict


def _folder(recipe: ImageRecipe, tree: FileTree) -> str | None:
    """The folder in which most of what is copied lies; None where none of it lies anywhere."""
    sources = [
        source
        for stage in recipe.stages
        for step in stage.steps
        if step.copied is not None
        for source in map(posixpath.normpath, step.copied.sources)
        if source not in (".", "/")
    ]
    counted = [sum(Context(folder, tree, ()).has(source) for source in sources) for folder in recipe.contexts]
    if len(recipe.contexts) == 1 and not sources:
        return recipe.contexts[0]
    if not sources or not max(counted) or sum(count == max(counted) for count in counted) > 1:
        return None
    chosen = recipe.contexts[counted.index(max(counted))]
    return None if max(counted) < len(sources) and _lie_elsewhere(sources, tree) else chosen


def _lie_elsewhere(sources: list[str], tree: FileTree) -> bool:
    """Whether one folder holds all that is copied: the build may be started in it."""
    last = posixpath.basename(sources[0])
    folders = {path[: -len(sources[0])] for path in tree if path.endswith(f"/{sources[0]}")} if last else set()
    return any(all(Context(folder.strip("/"), tree, ()).has(each) for each in sources) for folder in folders)


def _ignored(recipe: ImageRecipe, context: str, tree: FileTree) -> tuple[tuple[str, bool, str], ...]:
    """Of .dockerignore: pattern, whether it takes back, place with text."""
    for name in (f"{recipe.path}.dockerignore", posixpath.join(context, ".dockerignore")):
        text = tree.text(posixpath.join("/", name))
        if text is not None:
            lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
            kept = [(n, line) for n, line in lines if line and not line.startswith("#")]
            return tuple((line.lstrip("!").strip("/"), line.startswith("!"), f"{name}:{n} {line}") for n, line in kept)
    return ()


def _matches(pattern: str, path: str) -> bool:
    """One pattern of .dockerignore: `*` stays within a folder, `**` crosses."""
    if "**" in pattern:
        return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(f"/{path}", pattern.replace("**", "*"))
    parts, names = pattern.split("/"), path.split("/")
    return len(parts) == len(names) and all(map(fnmatch.fnmatchcase, names, parts))


def _absent(stage: BuildStage, here: Context) -> Iterator[BuildGap]:
    for step in stage.steps:
        for source in step.copied.sources if step.copied is not None else ():
            name = posixpath.basename(source)
            if _PATTERN.search(source) or _HIDDEN & set(source.split("/")) or source.startswith(".."):
                continue
            text = f"COPY {' '.join(step.copied.sources)}"[:LONGEST] if step.copied else ""
            place = step.copied.place if step.copied else ""
            if here.has(source):
                because = here.ignores(source)
                if because:
                    yield BuildGap("ignored", source, place, text, because)
            elif _WRITTEN.fullmatch(name) and not _may_be_exported(name, here):
                kind, meant = _meant(source, here)
                if not meant:
                    continue
                folder = here.folder or "the source folder"
                because = f"{folder} has no {posixpath.normpath(source.lstrip('/'))}, but {meant}"
                yield BuildGap(kind, source, place, text, because)


def _meant(source: str, here: Context) -> tuple[str, str]:
    """The file that was probably meant: of almost the same name beside it, or of the same name in another folder.

    Without one the folder that was given may only be a part of the project.
    """
    whole = posixpath.normpath(posixpath.join("/", here.folder, source.lstrip("/")))
    folder, name = posixpath.split(whole)
    close = (
        difflib.get_close_matches(name, here.tree.children(folder), n=1, cutoff=_CLOSE)
        if here.tree.is_dir(folder)
        else []
    )
    if close and _misspelled(name, close[0]):
        return "absent", posixpath.join(folder, close[0]).removeprefix(posixpath.join("/", here.folder)).lstrip("/")
    top = posixpath.join("/", here.folder).rstrip("/") + "/"
    elsewhere = [path for path in here.tree if path.startswith(top) and posixpath.basename(path) == name]
    return "elsewhere", elsewhere[0][len(top) :] if len(elsewhere) == 1 else ""


def _misspelled(one: str, other: str) -> bool:
    """Whether two names that are alike are so by a slip: `requirements-dev.txt` and `app2.py` are files of their own."""
    words = [re.split(r"[-_.]", name) for name in (one, other)]
    digits = [re.sub(r"\D", "", name) for name in (one, other)]
    return len(words[0]) == len(words[1]) and digits[0] == digits[1]


def _may_be_exported(name: str, here: Context) -> bool:
    """Whether a list of requirements may be made from another manifest before the build."""
    return bool(_EXPORTED.fullmatch(name)) and any(
        map(here.has, ("pyproject.toml", "Pipfile", "poetry.lock", "uv.lock"))
    )


def _not_copied(stage: BuildStage, here: Context) -> Iterator[BuildGap]:
    """Installers that read what no step before them brought. Nothing is said once something unknown was brought."""
    if not stage.kind or "onbuild" in stage.base:
        return
    brought: list[Copied] = []
    said: list[str] = []
    for step in stage.steps:
        if step.foreign:
            return
        if step.copied is not None:
            brought.append(step.copied)
        elif step.ran is not None:
            yield from _unread(step.ran, brought, said, here)
            said.append(step.ran.text)


def _unread(ran: Ran, brought: list[Copied], said: list[str], here: Context) -> Iterator[BuildGap]:
    """Files that the folder has, that an installer asks for, and that neither a COPY nor a command may have brought."""
    commands = commands_of(ran.text)
    earlier = [command for text in said for command in commands_of(text)]
    for number, command in enumerate(commands):
        if ran.mounts or not all(map(MAKES_NOTHING.fullmatch, (*earlier, *commands[: number + 1]))):
            return
        for wanted in REQUIREMENT.findall(command):
            path = posixpath.normpath(posixpath.join(ran.workdir, wanted))
            meant = _WRITTEN.fullmatch(posixpath.basename(path)) and here.has(posixpath.basename(path))
            if meant and not any(_brings(c, path, here) for c in brought):
                because = f"no step before copies a file to {path}"
                yield BuildGap("not copied", wanted, ran.place, _cut(ran.text), because)
        if _CLEAN_INSTALL.search(command) and any(map(here.has, _LOCKS)):
            paths = [posixpath.join(ran.workdir, name) for name in _LOCKS]
            if not any(_brings(c, path, here) for c in brought for path in paths):
                because = f"no step before copies a {_LOCKS[0]} to {ran.workdir}"
                yield BuildGap("not copied", _LOCKS[0], ran.place, _cut(ran.text), because)


def commands_of(text: str) -> list[str]:
    """The commands of a RUN that all must succeed. One text that fits no command stands for what is not understood."""
    if re.search(r"<<|[`;|]|\$\(|(?<!&)&(?!&)", text):
        return ["?"]
    return [command.strip() for command in " ".join(text.split()).split("&&")]


def _brings(copied: Copied, path: str, here: Context) -> bool:
    """Whether one COPY may bring a file to `path`."""
    target = copied.target.rstrip("/") or "/"
    for source in copied.sources:
        name = posixpath.basename(posixpath.normpath(source))
        whole = posixpath.normpath(posixpath.join("/", here.folder, source.lstrip("/")))
        if PACKED.search(name) or "**" in source:
            return True
        if _PATTERN.search(source):
            if fnmatch.fnmatchcase(path, posixpath.join(target, name)) or _may_be_folders(whole, here):
                return True
        elif here.tree.is_dir(whole) or not (here.tree.exists(whole) or "." in name):
            if not posixpath.relpath(path, target).startswith(".."):
                return True
        elif path in (target, posixpath.join(target, name)):
            return True
    return False


def _may_be_folders(pattern: str, here: Context) -> bool:
    """Whether a pattern may fit a folder, whose files are brought then."""
    folder, name = posixpath.split(pattern)
    if _PATTERN.search(folder):
        return True
    found = fnmatch.filter(here.tree.children(folder), name) if here.tree.is_dir(folder) else []
    return any(here.tree.is_dir(posixpath.join(folder, each)) for each in found)


def _cut(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
