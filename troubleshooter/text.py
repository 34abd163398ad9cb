"""Outside text made harmless. Screens take only `Safe` text, which nothing but `for_screen` and `for_report` makes.

Logs, environment, labels, file names and API strings may carry terminal escapes, bidirectional controls and markup.
Widgets do not neutralise them, so this module does, once, at the border to whatever shows text.
"""

from __future__ import annotations

import re
from typing import NewType

Safe = NewType("Safe", str)
"""Text without control characters of any kind but line feed, fit for a terminal. It is not markup and must not be parsed as such."""

_ESCAPES = re.compile(
    r"\x1b[\[\x9b][0-?]*[ -/]*[@-~]?"  # CSI
    r"|\x9b[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of what PowerShell's `>` writes."""
_BEGINS = {"\x1f\ufffd": "gzip", "PK\x03\x04": "a zip archive", "\x7fELF": "a program"}
_SEEN, _TOLERATED = 8192, 0.1
"""Characters at the beginning that are looked at, and the share of them that no text has."""


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8 unless its byte order mark says UTF-16; what cannot be decoded is marked as such."""
    return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig", "replace")


def not_text(text: str) -> str:
    """What decoded text was instead, by its beginning; empty for text. A stray byte makes no log a binary file."""
    first = text[:_SEEN]
    odd = sum(letter in "\x00\ufffd" for letter in first)
    kind = next((kind for beginning, kind in _BEGINS.items() if first.startswith(beginning)), "")
    return kind or ("binary data" if odd > len(first) * _TOLERATED else "")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"<U+{code:04X}>"


def for_screen(text: str) -> Safe:
    """Text fit for a terminal: escape sequences become `␛`, other invisible characters their names, tabs four spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return Safe(_INVISIBLE.sub(_visible, _ESCAPES.sub("␛", text)))


def for_report(text: str) -> Safe:
    """Text fit for a report: the same, with every line's trailing blanks removed."""
    return Safe("\n".join(line.rstrip() for line in for_screen(text).split("\n")))


def one_line(text: str, limit: int = 0) -> Safe:
    """`for_screen` on one line, cut to `limit` characters with an ellipsis where a limit is given."""
    line = " ".join(for_screen(text).split())
    return Safe(line if not limit or len(line) <= limit else line[: max(0, limit - 1)] + "…")
