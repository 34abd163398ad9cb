"""Which layer of an image, and which build step, brought the files that evidence speaks of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.model import Evidence, Origin

SHOWN = 3
"""Most layers that are told, and most files of each."""
_PLACE = re.compile(r"image (/.*?)(?::\d+)?")
"""Evidence of what lies in an image names the path, perhaps with a line, after this word."""


def brought(cited: Iterable[Evidence], files: ImageTree, image: ImageConfig | None) -> tuple[Evidence, ...]:
    """For the files of the image that are cited: their layers, in that order, and the steps that made these.

    Where nothing lies at a path, it is the step that removed it, or the one that last brought the folder in which it is
    missing.
    """
    told: dict[tuple[int, str], list[str]] = {}
    for each in cited:
        place = _PLACE.fullmatch(each.source) if each.origin is Origin.IMAGE else None
        found = _layer_of(files, place[1]) if place else None
        if found is not None:
            layer, what, path = found
            names = told.setdefault((layer, what), [])
            if path not in names:
                names.append(path)
    return tuple(_line(files, image, layer, what, names) for (layer, what), names in list(told.items())[:SHOWN])


def _layer_of(files: ImageTree, path: str) -> tuple[int, str, str] | None:
    """Index of a layer, what it did, and to which path."""
    found, what = files.tree.resolve(path), "brought"
    here = found.path
    if found.entry is None and found.links:
        here = found.links[-1]
    elif found.entry is None:
        gone = next((each for each in _upwards(posixpath.normpath(path)) if each in files.removed), None)
        if gone is not None:
            return files.removed[gone], "removed", gone
        what = "last brought the folder"
        here = next((each for each in _upwards(here) if files.tree.entry(each) is not None), "/")
    entry = files.tree.entry(here)
    return None if entry is None or entry.layer < 0 else (entry.layer, what, here)


def _upwards(path: str) -> Iterator[str]:
    while path != "/":
        yield path
        path = posixpath.dirname(path)


def _line(files: ImageTree, image: ImageConfig | None, layer: int, what: str, paths: list[str]) -> Evidence:
    steps, ids = (image.history, image.diff_ids) if image is not None else ((), ())
    # Only a history with a step for each layer tells which step made which.
    step = steps[layer] if layer < len(steps) and files.layers in (0, len(steps)) else ""
    digest = f", {ids[layer][:19]}" if layer < len(ids) else ""
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    place = f"layer {layer + 1} of {files.layers}" if files.layers else f"layer {layer + 1}"
    label = f"build step that {what} {', '.join(paths[:SHOWN])}{more} ({place}{digest})"
    fact = image if image is not None and step else files
    # It explains a finding that stands without it: the proof does not rest on it.
    return replace(fact.cite("history", step or "its step is not recorded", label=label), fact="")
