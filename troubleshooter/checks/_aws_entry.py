"""AWS's entry script, which demands exactly one argument: whether the launch runs it, and what it hands it."""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass

from troubleshooter.checks import missing, not_applicable
from troubleshooter.facts import Unavailable
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.model import Evidence, Verdict

SCRIPT = "/lambda-entrypoint.sh"
SHELLS = frozenset({"sh", "bash", "dash", "ash"})
_DEMANDS = re.compile(r"requires the handler name to be the first argument|\$#\s*\"?\]*\s*(?:-ne|!=)\s*\"?1\b")
_MARKS = frozenset({"LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"})
"""Variables that AWS's base images set and hardly any other."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A launch that ends in the entry script."""

    script: str
    arguments: tuple[str, ...]
    """What the script is given."""
    shell_entrypoint: bool
    """ENTRYPOINT is in shell form, which drops CMD."""
    evidence: tuple[Evidence, ...]
    """The members of the launch, and what shows that the script demands one argument."""


def entry(launch: EffectiveLaunch, image: ImageConfig, files: ImageTree | Unavailable) -> Entry | Verdict:
    """The launch of AWS's entry script, or the verdict where it is another one."""
    words, shell = _words(launch)
    if not words:
        return not_applicable("the launch names no program")
    shown = _shows(words[0], image, files)
    if shown is None and isinstance(files, Unavailable) and words[0] == SCRIPT:
        return missing(files)
    if shown is None:
        return not_applicable(f"{words[0]} does not demand exactly one argument, as AWS's entry script does")
    return Entry(words[0], tuple(words[1:]), shell, (*launch.evidence[:2], shown))


def is_shell_form(words: tuple[str, ...]) -> bool:
    """`/bin/sh -c TEXT`, which a Dockerfile's shell form turns into."""
    return len(words) >= 3 and posixpath.basename(words[0]) in SHELLS and words[1] == "-c"


def _words(launch: EffectiveLaunch) -> tuple[list[str], bool]:
    """Program and arguments, a shell-form ENTRYPOINT unwrapped."""
    if not is_shell_form(launch.entrypoint):
        return list(launch.argv), False
    try:
        words = shlex.split(launch.entrypoint[2])
    except ValueError:
        return list(launch.argv), False
    return words[1:] if words[:1] == ["exec"] else words, True


def _shows(program: str, image: ImageConfig, files: ImageTree | Unavailable) -> Evidence | None:
    """What shows that `program` is AWS's entry script; its own text where it can be read, else the base's marks."""
    marks = [v.name for v in image.environment if v.name in _MARKS]
    text = None if isinstance(files, Unavailable) else files.tree.text(program)
    if text is not None and not isinstance(files, Unavailable):
        found = _DEMANDS.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 0
        value = text.splitlines()[line - 1].strip() if found else ""
        return files.cite("tree", value, label="entry script", source=f"image {program}:{line}") if found else None
    there = isinstance(files, Unavailable) or files.tree.is_file(program)
    if program == SCRIPT and marks and there:
        return image.cite("environment", ", ".join(marks), label="variables of an AWS base image")
    return None
