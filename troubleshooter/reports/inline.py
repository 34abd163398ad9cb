"""Text inside Markdown: as code, as prose, as a block. Nothing from outside can leave its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from troubleshooter.text import Safe, for_report, one_line


def code(text: str, limit: int = 0) -> str:
    """Text as an inline code span that it cannot leave."""
    safe = one_line(text, limit).replace("|", "¦") or "–"
    fence = "`" * (max((len(run) for run in re.findall(r"`+", safe)), default=0) + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{fence}{pad}{safe}{pad}{fence}"


def prose(text: str, limit: int = 0) -> str:
    """A sentence of ours that may carry outside words: every character that Markdown or HTML could act on is escaped."""
    return _escaped(one_line(text, limit))


def ours(text: str, limit: int = 0) -> str:
    """A sentence of ours whose code spans stay such. Outside words in one are inert; elsewhere they are escaped."""
    parts = re.split(r"(?<!`)(`[^`]+`)(?!`)", one_line(text, limit))
    return "".join(code(part[1:-1]) if n % 2 else _escaped(part) for n, part in enumerate(parts))


def _escaped(line: str) -> str:
    escaped = re.sub(r"([\\`*{}\[\]<>#|@~])", r"\\\1", line)
    escaped = escaped.replace("://", ":\\//").replace("www.", "www\\.")  # no bare address becomes a link
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", escaped)


def block(text: str, language: str = "") -> Iterator[str]:
    """Text as a fenced block that it cannot leave."""
    safe: Safe = for_report(text)
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", safe)), default=0) + 1)
    yield fence + language
    yield safe
    yield fence
