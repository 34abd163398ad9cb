"""Which distribution brings which Python import: the curated table of `data/distributions.json`.

For names that differ, and for some that do not: an import that is not in the table says nothing. That a distribution
has the name of an import does not show that it brings it, nor whose it is.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from packaging.utils import canonicalize_name

_VERSIONED = re.compile(r"_v[0-9]\w*$")
"""`secretmanager_v1`: one version of an interface, in the distribution of all of them."""


@functools.cache
def _table() -> Mapping[str, Any]:
    text = resources.files("troubleshooter.data").joinpath("distributions.json").read_text("utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


def table_source() -> str:
    """What evidence from the table names as its source."""
    return f"data/distributions.json of {_table()['date']}"


def distributions_of(dotted: str) -> tuple[str, ...]:
    """Normalised names of the distributions that bring an import, the preferred one first; empty where none is known.

    `dotted` is the import as written (`google.cloud.storage`); its longest known prefix decides.
    """
    parts = [_VERSIONED.sub("", part) for part in dotted.split(".")]
    for end in range(len(parts), 0, -1):
        found = _table()["imports"].get(".".join(parts[:end]))
        if found:
            return tuple(found)
        for family in _table()["families"]:
            if ".".join(parts[: end - 1]) == family["import"] and parts[end - 1] in family["members"]:
                return (canonicalize_name(family["distribution"] + parts[end - 1]),)
    return (canonicalize_name(parts[0]),) if parts[0] in _table()["same_name"] else ()


@functools.cache
def misleading_imports() -> tuple[str, ...]:
    """Top-level imports that no distribution of the same name brings, as far as the table knows: `cv2`, `PIL`."""
    return tuple(
        name for name, found in _table()["imports"].items() if "." not in name and canonicalize_name(name) not in found
    )
