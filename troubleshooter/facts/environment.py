"""What is kept of an environment variable: everything but its value.

The only way in which an environment value, whoever states it, becomes a fact. Its length, shape and salted digest stay;
the value itself stays only for the names of `data/launch_variables.json`. Every other value is remembered in `Secrets`,
so that it is scrubbed wherever it turns up again, as in the function's own logs.
"""

from __future__ import annotations

import functools
import json
import re
from importlib import resources

from troubleshooter.facts.function import EnvironmentVariable
from troubleshooter.redact import Secrets

LONGEST_KEPT = 64 * 1024
"""Characters. A launch variable that is longer is described like any other; the kernel takes 128 KiB for one string."""

_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:\S+")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_PATH = re.compile(r"(?:~|\.{1,2})?/\S*")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_BOOLEAN = frozenset({"true", "false", "yes", "no", "on", "off"})


@functools.cache
def launch_variables() -> frozenset[str]:
    """Names whose values may be kept: they decide what is launched and where it looks for things."""
    text = resources.files("troubleshooter.data").joinpath("launch_variables.json").read_text("utf-8")
    return frozenset(json.loads(text)["names"])


@functools.cache
def reserved_names() -> frozenset[str]:
    """Names that Lambda refuses in a function's configuration. In an image's ENV they are harmless."""
    text = resources.files("troubleshooter.data").joinpath("reserved_environment.json").read_text("utf-8")
    return frozenset(json.loads(text)["names"])


def describe(name: str, value: str, secrets: Secrets) -> EnvironmentVariable:
    """The variable as a fact. A value that is not kept is remembered in `secrets` before this returns."""
    kept = name in launch_variables() and len(value) <= LONGEST_KEPT
    if not kept:
        # JSON may carry half of a surrogate pair, which no encoding takes.
        secrets.remember(f"env:{name[:64]}", value.encode("utf-8", "replace").decode("utf-8"))
    return EnvironmentVariable(name, len(value), shape(value), secrets.digest(value), value if kept else None)


def shape(value: str) -> str:
    """What a value looks like, in one of the words of `EnvironmentVariable.shape`."""
    text = value.strip()
    if not text:
        return "text" if value else "empty"
    if text.startswith("-----BEGIN "):
        return "pem"
    if _INTEGER.fullmatch(text):
        return "integer"
    if text.lower() in _BOOLEAN:
        return "boolean"
    if text[0] in "{[" and _is_json(text):
        return "json"
    for word, pattern in (("arn", _ARN), ("url", _URL), ("path", _PATH)):
        if pattern.fullmatch(text):
            return word
    return "text"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
