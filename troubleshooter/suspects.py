"""Ranks failure modes by what a text suggests. A text never proves anything: this only orders what to look at."""

from __future__ import annotations

from collections.abc import Sequence

from troubleshooter.checks import Mode, all_modes
from troubleshooter.model import Suspect
from troubleshooter.text import one_line

QUOTE = 100
"""Characters of the matching text that a suspect quotes."""


def rank(texts: Sequence[str]) -> list[Suspect]:
    """The modes whose signatures match, most telling first: strongest match, number of matches, how common the mode is."""
    material = "\n".join(texts)
    scored = []
    for mode in all_modes().values():
        matches = _matches(mode, material)
        if matches:
            strongest = max(weight for weight, _ in matches)
            quote = next(text for weight, text in matches if weight == strongest)
            key = (-strongest, -len(matches), -mode.frequency, mode.id)
            scored.append((key, Suspect(mode.id, f"the text says “{one_line(quote, QUOTE)}”")))
    return [suspect for _, suspect in sorted(scored, key=lambda pair: pair[0])]


def _matches(mode: Mode, material: str) -> list[tuple[int, str]]:
    found = []
    for signature in mode.signatures:
        match = signature.pattern.search(material)
        if match and not (signature.unless and signature.unless.search(material)):
            found.append((signature.weight, match[0]))
    return found


def deciding(first: Suspect, second: Suspect) -> str | None:
    """The cheapest question that decides between two suspects; None where neither mode offers one."""
    for suspect in (first, second):
        mode = all_modes().get(suspect.cause)
        if mode is not None and mode.check is not None:
            return f"Is it true that: {mode.check.title}?"
    return None
