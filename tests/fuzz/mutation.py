"""Damage to bytes and JSON: blind, and with an eye for what readers trust (numbers, lengths, checksums)."""

from __future__ import annotations

import random
from typing import Any

BLOCK = 512
_NUMBERS = (
    0,
    1,
    7,
    63,
    64,
    255,
    511,
    512,
    513,
    4095,
    65535,
    1 << 20,
    1 << 31,
    (1 << 32) - 1,
    1 << 33,
    1 << 62,
    (1 << 64) - 1,
)
_STRANGE: tuple[Any, ...] = (
    *(None, True, -1, 0, 1 << 70, 1.5, 1e308, "", "x", "\0", "../../x", "sha256:" + "0" * 64, "\ud800"),
    *([], {}, [[]], [None], {"a": {"a": {}}}, "A" * 5000),
)


def damaged(data: bytes, dice: random.Random, *, times: int = 8) -> bytes:
    """The bytes with a few places changed, cut, doubled or moved."""
    changed = bytearray(data)
    for _ in range(dice.randrange(1, times)):
        if not changed:
            break
        at, kind = dice.randrange(len(changed)), dice.randrange(7)
        size = min(dice.choice((1, 2, 4, 8, 64, BLOCK)), len(changed) - at)
        if kind == 0:
            changed[at] ^= 1 << dice.randrange(8)
        elif kind == 1:
            changed[at : at + size] = dice.randbytes(size)
        elif kind == 2:
            changed[at : at + size] = bytes(size) if dice.random() < 0.5 else b"\xff" * size
        elif kind == 3:
            changed[at : at + size] = dice.choice(_NUMBERS).to_bytes(8, dice.choice(("little", "big")))[:size]
        elif kind == 4:
            del changed[at : at + dice.choice((size, size * 50))]
        elif kind == 5:
            other = dice.randrange(len(changed))
            changed[at:at] = changed[other : other + size]
        else:
            del changed[at:]
    return bytes(changed)


def damaged_tar(data: bytes, dice: random.Random) -> bytes:
    """A tar archive with fields of its headers changed and, mostly, their checksums made right again."""
    changed = bytearray(data)
    blocks = range(0, len(changed) - BLOCK + 1, BLOCK)
    for at in dice.sample(blocks, min(len(blocks), dice.randrange(1, 4))):
        if changed[at + 257 : at + 262] != b"ustar":
            continue
        first, size = dice.choice(
            ((0, 100), (100, 8), (108, 8), (116, 8), (124, 12), (156, 1), (157, 100), (257, 8), (345, 155))
        )
        changed[at + first : at + first + size] = _field(size, bytes(changed[at + first : at + first + size]), dice)
        if dice.random() < 0.9:
            changed[at + 148 : at + 156] = b" " * 8
            changed[at + 148 : at + 156] = b"%06o\0 " % sum(changed[at : at + BLOCK])
    return bytes(changed)


def _field(size: int, old: bytes, dice: random.Random) -> bytes:
    """Another value for a field of a header."""
    if size == 1:
        return dice.choice(
            (b"0", b"1", b"2", b"3", b"5", b"7", b"K", b"L", b"S", b"g", b"x", b"\0", bytes([dice.randrange(256)]))
        )
    if size <= 12:
        number = dice.choice(_NUMBERS)
        octal = b"%0*o\0" % (size - 1, number)
        return dice.choice(
            (octal[:size], (b"\x80" + number.to_bytes(size - 1, "big")) if size > 9 else octal[:size], b"\xff" * size)
        )
    name = dice.choice(
        (b"../" * 30, b"a/" * 45, b"/", b".", b"..", b".wh.", b".wh..wh..opq", b"a/.wh.b", b"\xff\xfe", b"usr/lib", b"")
    )
    return damaged(old, dice)[:size].ljust(size, b"\0") if dice.random() < 0.3 else name[:size].ljust(size, b"\0")


def damaged_json(value: Any, dice: random.Random) -> Any:
    """The value with one place in it replaced, taken out or nested deep."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        key = dice.choice(list(value))
        if dice.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: damaged_json(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.8:
        at = dice.randrange(len(value))
        return [*value[:at], damaged_json(value[at], dice), *value[at + (dice.random() < 0.7) :]]
    if isinstance(value, int) and not isinstance(value, bool) and dice.random() < 0.5:
        return dice.choice(_NUMBERS)
    if dice.random() < 0.05:
        for _ in range(dice.choice((50, 900))):
            value = [value]
        return value
    return dice.choice(_STRANGE)
