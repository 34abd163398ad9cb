"""What a Dockerfile says of the image that it would make: its configuration, and the file that is launched."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from troubleshooter.analysis.dockerfile.instructions import NAME as DOCKERFILE
from troubleshooter.analysis.dockerfile.stage import ENTRY_SCRIPT, stages_of
from troubleshooter.facts import Reading, Reason, Unavailable, provides
from troubleshooter.facts.build import BuildStage, Copied, EntryScript, ImageRecipe
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenImage
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.manifests import is_aside
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Role, Subject
from troubleshooter.redact import Secrets

_CLIENTS = re.compile(r"awslambdaric|aws-lambda-ric|aws-lambda-adapter|lambda-entrypoint\.sh|aws-lambda-rie")
_COPIED_FROM = re.compile(r"--from=(\S+)")
_REWRITES = re.compile(r"dos2unix|fromdos|\\r|tr\s+-d|\bsed\b")


@provides()
def image_recipe(
    manifests: SourceManifests, resource: DeclaredResource | Unavailable, secrets: Secrets, subject: Subject
) -> ImageRecipe | Unavailable:
    """The Dockerfile that the template names, else the only one that is for Lambda."""
    if subject.role is not Role.PROPOSED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a Dockerfile says what is proposed, not what runs")
    if isinstance(resource, DeclaredResource) and resource.package_type == "Zip":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from a zip package, not an image")
    files = [path for path in sorted(manifests.files) if DOCKERFILE.search(path) and not is_aside(path)]
    metadata = resource.function.metadata if isinstance(resource, DeclaredResource) else {}
    path, context = _named(files, metadata) if metadata.get("Dockerfile") else (_only(files, manifests), None)
    if path is None:
        what = "more than one Dockerfile, and nothing says which one counts" if files else "no Dockerfile"
        return Unavailable(Reason.NOT_GIVEN, f"the source folder holds {what}")
    target = metadata.get("DockerBuildTarget")
    stages = stages_of(path, manifests.files[path], secrets, target if isinstance(target, str) else "")
    if not stages:
        return Unavailable(Reason.NOT_GIVEN, f"{path} has no FROM")
    contexts = (context,) if context is not None else _contexts(path)
    return ImageRecipe(
        reading=Reading(path, manifests.reading.origin, manifests.reading.at),
        path=path,
        contexts=contexts,
        stages=stages,
        may_have_client=_may_have_client(manifests.files[path], manifests.files.values()),
    )


def _may_have_client(dockerfile: str, texts: Iterable[str]) -> bool:
    """Images that are copied from bear a registry or a tag in their name, stages of the same file do not."""
    foreign = any(re.search(r"[/:$]", name) for name in _COPIED_FROM.findall(dockerfile))
    return foreign or any(_CLIENTS.search(text) for text in texts)


def _named(files: Sequence[str], metadata: object) -> tuple[str | None, str | None]:
    """The file that DockerContext and Dockerfile of a template's metadata name, and its context."""
    values = metadata if isinstance(metadata, dict) else {}
    file, folder = values.get("Dockerfile"), values.get("DockerContext", ".")
    if not isinstance(file, str) or not isinstance(folder, str):
        return None, None
    # Where the template lies in the source folder is not known: the longest common end decides.
    clean = posixpath.normpath(folder).replace("../", "").strip("/")
    whole = posixpath.normpath(posixpath.join(clean, file))
    for path in files:
        if path == whole or path.endswith(f"/{whole}"):
            return path, path.removesuffix(posixpath.normpath(file)).strip("/")
    ends = [path for path in files if whole.endswith(f"/{path}")]
    if len(ends) == 1:
        return ends[0], ends[0].removesuffix(posixpath.normpath(file)).strip("/")
    return (
        (files[0], None)
        if len(files) == 1 and posixpath.basename(files[0]) == posixpath.basename(file)
        else (None, None)
    )


def _only(files: Sequence[str], manifests: SourceManifests) -> str | None:
    if len(files) < 2:
        return files[0] if files else None
    speaking = [
        path
        for path in files
        if _CLIENTS.search(manifests.files[path]) or re.search(r"(?:lambda/|aws-lambda-)[a-z]+:", manifests.files[path])
    ]
    return speaking[0] if len(speaking) == 1 else None


def _contexts(path: str) -> tuple[str, ...]:
    """The Dockerfile's folder and those above it, nearest first."""
    folders, here = [], posixpath.dirname(path)
    while True:
        folders.append(here)
        if not here:
            return tuple(folders)
        here = posixpath.dirname(here)


@provides(rank=9)
def image_of_recipe(
    recipe: ImageRecipe,
    given: GivenImage | Unavailable,
    function: FunctionRecord | Unavailable,
    resource: DeclaredResource | Unavailable,
) -> ImageConfig | Unavailable:
    """The configuration that the last stage gives its image, where its base is known or it says itself what is launched."""
    if isinstance(given, GivenImage):
        return Unavailable(Reason.NOT_GIVEN, "the image that was given counts, not the Dockerfile")
    final = recipe.final
    if final.entrypoint is None:
        text = f"what {final.base} launches is not known by its name, and {recipe.path} sets no ENTRYPOINT"
        return Unavailable(Reason.NOT_GIVEN, text)
    if not final.command and ENTRY_SCRIPT in final.entrypoint and isinstance(function, Unavailable):
        text = f"{recipe.path} sets no CMD; whether the function sets a command, no template was given to tell"
        return Unavailable(Reason.NOT_GIVEN, text)
    system, architecture, variant = (*_platform(final, resource).split("/"), "", "", "")[:3]
    return ImageConfig(
        reading=recipe.reading,
        places=final.places,
        architecture=architecture,
        os=system or "linux",
        variant=variant,
        entrypoint=final.entrypoint or None,
        command=final.command or None,
        workdir=final.workdir,
        user=final.user,
        environment=final.environment,
    )


def _platform(stage: BuildStage, resource: DeclaredResource | Unavailable) -> str:
    """What FROM or the base's tag fixes, else what the template builds for."""
    stated = resource.function.metadata.get("Platform") if isinstance(resource, DeclaredResource) else None
    return stage.platform or (stated if isinstance(stated, str) and "${" not in stated else "")


@provides()
def entry_script(recipe: ImageRecipe, launch: EffectiveLaunch, code: CodeTree) -> EntryScript | Unavailable:
    """The file that is copied to where the launch finds its program."""
    none = Unavailable(
        Reason.NOT_OF_THIS_KIND, "the launch runs no file that the Dockerfile copies from the source folder"
    )
    program = launch.argv[0] if launch.argv else ""
    if code.kind != "source" or not program.startswith("/"):
        return none
    final = recipe.final
    found: tuple[Copied, str] | None = None
    for step in final.steps:
        if step.copied is not None:
            hit = _origin(step.copied, program, recipe.contexts, code)
            found = (step.copied, hit) if hit else found
    if found is None or (content := code.tree.read(found[1])) is None:
        return none
    copied, origin = found
    runs = [step.ran.text for step in final.steps if step.ran is not None]
    entry = code.tree.entry(origin)
    return EntryScript(
        reading=code.reading,
        path=program,
        origin=origin.lstrip("/"),
        copied_at=copied.place,
        mode=entry.mode if entry is not None else 0o755,
        first_line=content[:512].split(b"\n", 1)[0].decode("utf-8", "replace"),
        mode_set=bool(copied.modes) or any(re.search(r"\bchmod\b|\binstall\b", text) for text in runs),
        rewritten=any(_REWRITES.search(text) for text in runs),
    )


def _origin(copied: Copied, program: str, contexts: Sequence[str], code: CodeTree) -> str:
    """Path in the source tree of what one COPY brings to `program`; empty where it brings nothing there."""
    for context in contexts:
        for source in copied.sources:
            whole = posixpath.normpath(posixpath.join("/", context, source))
            if code.tree.is_file(whole):
                name = posixpath.join(copied.target, posixpath.basename(whole))
                if program == (name if copied.target.endswith("/") else copied.target):
                    return whole
            elif program.startswith(copied.target.rstrip("/") + "/"):
                inside = posixpath.join(whole, program[len(copied.target.rstrip("/")) + 1 :])
                if code.tree.is_file(inside):
                    return inside
    return ""
