"""Holds a local image against the deployed one: the same, the same content, or different and where. A fact, no accusation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from troubleshooter.facts import Store, Unavailable
from troubleshooter.facts.given import GivenImage
from troubleshooter.facts.image import ImageConfig, ImageManifest, ImageTree
from troubleshooter.facts.tree import Entry, FileTree
from troubleshooter.model import Role, Subject

FILES = 40
SAME, CONTENT, DIFFERENT = "same", "same content", "different"
_MEMBERS = ("architecture", "os", "variant", "entrypoint", "command", "workdir", "user")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A local image beside the deployed one."""

    relation: str
    """`same` (one digest), `same content` (equal layers and configuration under another digest), `different`."""
    local: str
    deployed: str
    """Digests; a local archive or engine may have none, and then its name stands here."""
    members: tuple[tuple[str, str, str], ...] = ()
    """(member of the configuration, local value, deployed value) where they differ."""
    layers: tuple[int, int, int] | None = None
    """Lowest layers that are the same, layers of the local image, of the deployed one; None where that is not known."""
    step: str = ""
    """Build step of the first local layer that differs, as far as the image tells."""
    files: tuple[str, ...] = ()
    """Paths that differ, where both images' files were read; `+` only local, `-` only deployed, `~` different."""
    more_files: int = 0


def beside(stores: Mapping[Subject, Store], *, deep: bool) -> Comparison | None:
    """The given image beside the deployed one, among the subjects of a session; None where there are not both."""
    deployed = stores.get(Subject(Role.DEPLOYED))
    if deployed is None:
        return None
    proposed = (store for of, store in stores.items() if of.role is Role.PROPOSED)
    local = next((store for store in proposed if isinstance(store.peek(GivenImage), GivenImage)), None)
    return compare(local, deployed, deep=deep)


def compare(local: Store | None, deployed: Store, *, deep: bool) -> Comparison | None:
    """The comparison; `local` None: the local image was recognised as the deployed one. None where either is not known.

    Files are compared where both trees were read already, or where `deep` allows to read them.
    """
    theirs = deployed.get(ImageManifest)
    if isinstance(theirs, Unavailable):
        return None
    if local is None:
        return Comparison(SAME, theirs.digest or theirs.reference, theirs.digest or theirs.reference)
    mine, my_config, their_config = local.get(ImageManifest), local.get(ImageConfig), deployed.get(ImageConfig)
    if isinstance(mine, Unavailable) or isinstance(my_config, Unavailable) or isinstance(their_config, Unavailable):
        return None
    names = (mine.digest or mine.reference, theirs.digest or theirs.reference)
    members = tuple(_members(my_config, their_config))
    layers = _layers(my_config.diff_ids, their_config.diff_ids)
    if not members and my_config.diff_ids == their_config.diff_ids and my_config.diff_ids:
        return Comparison(CONTENT, *names, layers=layers)
    step = my_config.history[layers[0]] if layers is not None and layers[0] < len(my_config.history) else ""
    trees = [store.get(ImageTree) if deep else store.peek(ImageTree) for store in (local, deployed)]
    files = list(_files(trees[0].tree, trees[1].tree)) if all(isinstance(t, ImageTree) for t in trees) else []  # type: ignore[union-attr]
    return Comparison(DIFFERENT, *names, members, layers, step, tuple(files[:FILES]), max(0, len(files) - FILES))


def _members(mine: ImageConfig, theirs: ImageConfig) -> Iterator[tuple[str, str, str]]:
    for member in _MEMBERS:
        old, new = getattr(mine, member), getattr(theirs, member)
        if (old or None) != (new or None):
            yield member, _shown(old), _shown(new)
    ours, other = ({v.name: v for v in config.environment} for config in (mine, theirs))
    for name in sorted(ours.keys() | other.keys()):
        here, there = ours.get(name), other.get(name)
        if here is None or there is None or here.digest != there.digest:
            values = ("not set" if v is None else v.value or "set" for v in (here, there))
            yield (f"environment {name}", *values)  # type: ignore[misc]


def _shown(value: object) -> str:
    if not value:
        return "not set"
    return "[" + ", ".join(f'"{v}"' for v in value) + "]" if isinstance(value, tuple) else str(value)


def _layers(mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[int, int, int] | None:
    if not mine or not theirs:
        return None
    shared = next(
        (n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), min(len(mine), len(theirs))
    )
    return shared, len(mine), len(theirs)


def _files(mine: FileTree, theirs: FileTree) -> Iterator[str]:
    """What differs below no folder that is itself new or gone: one line tells of a whole folder."""
    skipped = ""
    for path in sorted({*mine, *theirs}):
        if skipped and path.startswith(skipped):
            continue
        skipped = ""
        here, there = mine.entry(path), theirs.entry(path)
        if here is None or there is None:
            skipped = f"{path}/"
            yield f"{'+' if there is None else '-'} {path}"
        elif _differ(here, there) or (here.size and mine.read(path) != theirs.read(path)):
            yield f"~ {path}{_how(here, there)}"


def _differ(here: Entry, there: Entry) -> bool:
    return (here.kind, here.mode, here.size, here.link, here.head) != (
        there.kind,
        there.mode,
        there.size,
        there.link,
        there.head,
    )


def _how(here: Entry, there: Entry) -> str:
    if here.kind is not there.kind:
        return f" ({here.kind} here, {there.kind} there)"
    return f" (mode {here.mode:04o} here, {there.mode:04o} there)" if here.mode != there.mode else ""
