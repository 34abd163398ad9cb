"""Values of a JavaScript module as far as its text shows them: functions, objects, what is imported, what is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.syntax import Script

if TYPE_CHECKING:
    from troubleshooter.analysis.javascript.scopes import Path


class Sort(StrEnum):
    """What a value is."""

    FUNCTION = "function"
    """A function or a class."""
    OBJECT = "object"
    PLAIN = "plain"
    """Text, number, array, null: nothing that can be called."""
    UNDEFINED = "undefined"
    IMPORTED = "imported"
    """What another module exports, or one name of it."""
    CALL = "call"
    """What a call returns."""
    MEMBER = "member"
    """A property of a value that only another file, or nothing, can tell."""
    GETTER = "getter"
    """An expression that is evaluated when it is asked for."""
    MODULE = "module"
    """The `module` object of CommonJS."""
    UNKNOWN = "unknown"


@dataclass(eq=False)
class Value:
    """One value, mutable like the object that it stands for."""

    sort: Sort
    script: Script | None = None
    path: Path | None = None
    """Where its expression is: functions, calls, getters."""
    props: dict[str, Value] = field(default_factory=dict)
    open: bool = False
    """Properties beyond `props` may exist."""
    stars: list[Value] = field(default_factory=list)
    """Values whose properties were copied in."""
    specifier: str = ""
    name: str | None = None
    """Imported: the name, `default`, or None for the whole. Member: the property."""
    kind: str = ""
    """Imported: `require` or `import`."""
    base: Value | None = None
    words: str = ""
    """What it is, for people: `an array`, `undefined`."""
    names: set[str] = field(default_factory=set)
    """Module-level variables that hold it."""
    later: Callable[[], Value] | None = None
    """Getter: gives the value once the module has loaded."""

    def inherits(self, key: str) -> bool:
        """Whether the language itself gives an object or function of this sort the property `key`."""
        return key in (_FUNCTION if self.sort is Sort.FUNCTION else _OBJECT)


_OBJECT = frozenset(
    {
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
        "__proto__",
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
    }
)
_FUNCTION = _OBJECT | {"apply", "bind", "call", "arguments", "caller", "length", "name", "prototype"}


def unknown() -> Value:
    return Value(Sort.UNKNOWN, words="not decidable from the text")


def undefined(words: str = "undefined") -> Value:
    return Value(Sort.UNDEFINED, words=words)


def plain(words: str) -> Value:
    return Value(Sort.PLAIN, words=words)


def member(value: Value, key: str) -> Value:
    """The property `key` of a value."""
    if key in value.props:
        return value.props[key]
    if value.sort is Sort.UNDEFINED:
        return value
    if value.sort in (Sort.OBJECT, Sort.FUNCTION):
        if value.open or value.stars or value.inherits(key):
            return Value(Sort.MEMBER, value.script, base=value, name=key)
        return undefined()
    if value.sort is Sort.PLAIN:
        return unknown()
    return Value(Sort.MEMBER, value.script, base=value, name=key)
