"""Names of modules that a Python target has without anybody installing them: `data/python_modules.json` and its sister."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any


@functools.cache
def _data(name: str) -> Mapping[str, Any]:
    text = resources.files("troubleshooter.data").joinpath(f"{name}.json").read_text("utf-8")
    data: Mapping[str, Any] = json.loads(text)
    return data


@functools.cache
def standard_library(version: tuple[int, ...] = ()) -> frozenset[str]:
    """Top-level modules of the standard library of a version; of any version where it is not known."""
    data = _data("python_modules")
    names = set(data["always"])
    if not version:
        return frozenset(names | data["added"].keys() | data["removed"].keys())
    names.update(name for name, since in data["added"].items() if version[:2] >= tuple(since))
    names.update(name for name, until in data["removed"].items() if version[:2] < tuple(until))
    return frozenset(names)


def removed_from_library(name: str) -> tuple[int, int] | None:
    """The first version whose standard library has the module no more, for those that were removed."""
    found = _data("python_modules")["removed"].get(name)
    return (found[0], found[1]) if found else None


@functools.cache
def built_in(*, perhaps: bool = False) -> frozenset[str]:
    """Modules compiled into every interpreter; with `perhaps`, those that only some builds compile in."""
    return frozenset(_data("python_modules")["built_in"]["perhaps" if perhaps else "certain"])


@functools.cache
def loaded_by_client() -> frozenset[str]:
    """Modules that the runtime client has loaded before it looks for the handler."""
    return frozenset(_data("python_modules")["loaded_by_client"]["names"])


@functools.cache
def runtime_provided(*, perhaps: bool = False) -> frozenset[str]:
    """Packages that AWS's Python runtimes and base images bring; with `perhaps`, those that only some of them bring."""
    data = _data("python_runtime")
    return frozenset(data["perhaps"]["names"] if perhaps else data["provided"])


def runtime_source() -> str:
    """What evidence from the table of runtime packages names as its source."""
    return f"data/python_runtime.json of {_data('python_runtime')['date']}"
