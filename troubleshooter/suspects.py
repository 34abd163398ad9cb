"""Ranks failure modes by what a text suggests. A text never proves anything: this only orders what to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from troubleshooter.checks import Mode, all_modes
from troubleshooter.model import Suspect
from troubleshooter.text import one_line

QUOTE = 100
"""Characters of the matching text that a suspect quotes."""
MATERIAL, LINE, REPEATS = 16_000, 1_600, 2
"""Characters that are matched, beginning and end; of one line; and how often an equal line counts. Bounds the time."""

_GIVES = {
    "function": "the function's name",
    "logs": "the function's name or its log",
    "template": "the template",
    "given": "the source folder",
    "code": "the image or the source folder",
    "packages": "the image or the source folder",
}
"""What an engineer has to give so that facts of a family can be read; anything else is read from the image."""


def rank(texts: Sequence[str]) -> list[Suspect]:
    """The modes whose signatures match, most telling first: strongest match, number of matches, how common the mode is."""
    material = _material(texts)
    scored = []
    for mode in all_modes().values():
        matches = _matches(mode, material)
        if matches:
            strongest = max(weight for weight, _ in matches)
            quote = next(text for weight, text in matches if weight == strongest)
            key = (-strongest, -len(matches), -mode.frequency, mode.id)
            scored.append((key, Suspect(mode.id, f"the text says “{one_line(quote, QUOTE)}”")))
    return [suspect for _, suspect in sorted(scored, key=lambda pair: pair[0])]


def deciding(first: Suspect, second: Suspect | None = None) -> str | None:
    """The cheapest question that decides between two suspects, or tells whether it is the only one; None where none is known.

    A mode's own question comes first; else what its check asks, and what has to be given for it.
    """
    modes = [mode for s in (first, second) if s is not None and (mode := all_modes().get(s.cause)) is not None]
    for mode in modes:
        if mode.ask:
            return mode.ask
    for mode in modes:
        if mode.check is not None:
            families = [n.fact.__module__.rpartition(".")[2] for n in mode.check.needs if not n.tolerant]
            given = " and ".join(dict.fromkeys(_GIVES.get(f, "the image") for f in families))
            if given:
                return f"Is this so: {_lower(mode.check.title)}? {given[:1].upper()}{given[1:]} would tell."
    return None


def asks(suspects: Sequence[object]) -> str:
    """What stands before the deciding question."""
    return "What decides between the first two:" if len(suspects) > 1 else "What would show it:"


def meaning(cause: str) -> str:
    """What a mode is, as part of a sentence; nothing where the id is unknown."""
    mode = all_modes().get(cause)
    return _lower(mode.title) if mode else ""


def remedy(cause: str) -> str:
    """What a mode's page says under Fix."""
    mode = all_modes().get(cause)
    return " ".join(mode.section("Fix").split()) if mode else ""


def _lower(title: str) -> str:
    """A title inside a sentence; names and abbreviations keep their capitals."""
    return title if title[1:2].isupper() or not title[:1].isupper() else title[0].lower() + title[1:]


_QUOTES = str.maketrans("‘’“”´", "''\"\"'")


def _material(texts: Iterable[str]) -> str:
    """The texts as one, without further repeats of equal lines, cut in the middle where there is too much.

    Quotes are made plain, and what JSON escaped inside a line is as it was written.
    """
    seen: Counter[str] = Counter()
    kept = []
    for text in texts:
        for line in text.split("\n"):
            seen[line] += 1
            if seen[line] <= REPEATS:
                kept.append(_cut(line.translate(_QUOTES).replace('\\"', '"').replace("\\n", "\n"), LINE))
    return _cut("\n".join(kept), MATERIAL)


def _cut(text: str, limit: int) -> str:
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]}\n{text[-half:]}"


def _matches(mode: Mode, material: str) -> list[tuple[int, str]]:
    found = []
    for signature in mode.signatures:
        match = signature.pattern.search(material)
        if match and not (signature.unless and signature.unless.search(material)):
            found.append((signature.weight, match[0]))
    return found
