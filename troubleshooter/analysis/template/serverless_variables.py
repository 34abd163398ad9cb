"""The variables of a serverless.yml whose value the file itself gives: `${self:…}`, and defaults of `${opt:…}`. Pure.

Everything else (`env`, `file`, `ssm`, `cf`, `param`, `sls`, …) is known to the framework alone when it deploys, and stays an
expression; so does what refers to itself, or would grow beyond a budget.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from troubleshooter.analysis.document import Located, Scalar

DEPTH, STEPS, LONGEST = 12, 5000, 20_000
"""References that lead to each other, values that references lead to in all, and characters of one text."""
_INNERMOST = re.compile(r"\$\{([^${}]{1,1000})\}")
_OPEN, _CLOSE = "\0", "\1"
"""Stand for the brackets of an expression that stays."""
_LITERAL = re.compile(r"'([^']*)'|\"([^\"]*)\"|(true|false)|(null)|(-?\d+(?:\.\d+)?)")
_PATH = re.compile(r"self:\s*([\w.\[\]/-]+)")
_OPTION = re.compile(r"opt:\s*[\w-]+")
_UNKNOWN = object()


class Variables:
    """The variables of one file. `optional` holds the lines whose value an option of the command line may replace."""

    def __init__(self, root: Located) -> None:
        self._root = root
        self._steps = 0
        self._options = 0
        self.optional: set[int] = set()

    def opened(self, value: Located, depth: int = 0) -> Located:
        """The value with everything in it that the file gives; the rest as it stands."""
        self._steps += depth > 0
        if self._steps > STEPS or depth > DEPTH or value.function:
            return value
        if value.mapping:
            return Located({key: self.opened(item, depth) for key, item in value.mapping.items()}, value.line)
        if value.items:
            return Located(tuple(self.opened(item, depth) for item in value.items), value.line)
        if value.text is None or "${" not in value.text:
            return value
        before = self._options
        found = self._text(value.text, depth)
        if self._options > before:
            self.optional.add(value.line)
        return Located(found.value, value.line)

    def _text(self, text: str, depth: int) -> Located:
        """One text; the referenced value itself, of whatever kind, where the text is one reference and nothing else."""
        if _OPEN in text or _CLOSE in text or len(text) > LONGEST:
            return Located(text, 0)
        while (match := _INNERMOST.search(text)) is not None:
            found = self._expression(match[1], depth)
            if isinstance(found, Located) and match.span() == (0, len(text)):
                return found
            plain = found.value if isinstance(found, Located) else _UNKNOWN
            told = _spelled(plain) if isinstance(plain, str | int | float | bool) else None
            told = f"{_OPEN}{match[1]}{_CLOSE}" if told is None else told.replace("${", _OPEN).replace("}", _CLOSE)
            text = text[: match.start()] + told + text[match.end() :]
            if len(text) > LONGEST:
                break
        return Located(text.replace(_OPEN, "${").replace(_CLOSE, "}"), 0)

    def _expression(self, text: str, depth: int) -> Located | None:
        """`source, default, …` from the left; None where a part is not known here."""
        self._steps += 1
        for part in (each.strip() for each in text.split(",")):
            literal, path = _LITERAL.fullmatch(part), _PATH.fullmatch(part)
            if literal is not None:
                return Located(_literal(literal), 0)
            if path is not None:
                found = self._at(path[1].split("."), depth + 1)
                if found is not None and found.value is not None:
                    opened = self.opened(found, depth + 1)
                    return None if depth + 1 > DEPTH or self._steps > STEPS else opened
            elif _OPTION.fullmatch(part) and "," in text:
                self._options += 1
            else:
                return None
        return None

    def _at(self, path: list[str], depth: int) -> Located | None:
        here: Located | None = self._root
        for key in path:
            if here is None:
                return None
            if here.items and key.isdigit() and int(key) < len(here.items):
                here = here.items[int(key)]
            elif here.text is not None and "${" in here.text:
                here = self.opened(here, depth).mapping.get(key)
            else:
                here = here.mapping.get(key)
        return here


def resolved(root: Located, sections: tuple[str, ...]) -> tuple[Located, set[int]]:
    """The document with these sections opened, and the lines that an option may change."""
    variables = Variables(root)
    opened: Mapping[str, Located] = {
        key: variables.opened(value) if key in sections else value for key, value in root.mapping.items()
    }
    return Located(dict(opened), root.line), variables.optional


def _literal(match: re.Match[str]) -> Scalar:
    single, double, truth, _null, number = match.groups()
    if single is not None or double is not None:
        return single if single is not None else double
    if truth:
        return truth == "true"
    if number:
        return float(number) if "." in number else int(number)
    return None


def _spelled(value: str | int | float | bool) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
