"""What the image that runs says differently from the one before: settings, and the build steps that made its layers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from troubleshooter.facts.image import ImageConfig

STEPS = 6
"""Most build steps that are named of each kind."""
_SETTINGS = {
    "architecture": "CPU of the image",
    "entrypoint": "the image's ENTRYPOINT",
    "command": "the image's CMD",
    "workdir": "the image's WORKDIR",
    "user": "the image's USER",
}
Difference = tuple[str, str | None, str | None]
"""What, before, now."""


def image_differences(before: ImageConfig, now: ImageConfig) -> Iterator[Difference]:
    """Settings first, then variables, labels, and steps of the build."""
    for member, words in _SETTINGS.items():
        old, new = getattr(before, member), getattr(now, member)
        if (old or None) != (new or None):
            yield words, _shown(old), _shown(new)
    yield from _variables(before, now)
    yield from _labels(before.labels, now.labels)
    yield from _steps(before, now)


def _variables(before: ImageConfig, now: ImageConfig) -> Iterator[Difference]:
    """Values only of launch variables; that any other is another one is told by its salted hash."""
    old, new = ({v.name: v for v in config.environment} for config in (before, now))
    for name in sorted(old.keys() | new.keys()):
        had, has = old.get(name), new.get(name)
        if had is None or has is None:
            yield f"ENV {name} of the image", _told(had), _told(has)
        elif had.digest != has.digest:
            yield f"ENV {name} of the image", had.value or "one value", has.value or "another value"


def _told(variable: object) -> str | None:
    return None if variable is None else getattr(variable, "value", None) or "set"


def _labels(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Difference]:
    changed = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    for name in changed[:STEPS]:
        yield f"label {name} of the image", before.get(name), now.get(name)


def _steps(before: ImageConfig, now: ImageConfig) -> Iterator[Difference]:
    """Steps that were added or removed; and the lowest that is the same and made another layer: it took other content."""
    gone, come = Counter(before.history) - Counter(now.history), Counter(now.history) - Counter(before.history)
    for step in [s for s in dict.fromkeys(before.history) if gone[s] and s][:STEPS]:
        yield "build step", step, None
    for step in [s for s in dict.fromkeys(now.history) if come[s] and s][:STEPS]:
        yield "build step", None, step
    for had, has, step in zip(before.diff_ids, now.diff_ids, now.history, strict=False):
        if had != has:
            if step and step in before.history:
                yield f"content that the build step made: {step}", had, has
            return


def _shown(value: object) -> str | None:
    if not value:
        return None
    return "[" + ", ".join(f'"{v}"' for v in value) + "]" if isinstance(value, tuple) else str(value)
