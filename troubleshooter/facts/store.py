"""Resolves facts: each is made at most once for a subject, by the first provider that can, in parallel where independent.

A provider is a function whose annotated parameters are the facts it needs and whose return annotation is the fact it
makes: `def f(function: FunctionRecord, aws: Aws) -> ImageManifest | Unavailable`. A parameter annotated
`X | Unavailable` is handed the reason when X is missing; any other missing parameter makes the result unavailable for
the same reason. Seeds (the target's parts, clients) are facts that are there from the start.
"""

from __future__ import annotations

import contextvars
import inspect
import threading
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from troubleshooter.facts.base import Cost, Reason, SourceError, Unavailable

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Need:
    """One parameter of a provider or a check."""

    name: str
    fact: type[Any]
    tolerant: bool
    """Takes `Unavailable` in place of the fact."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A function that makes one kind of fact."""

    function: Callable[..., Any]
    makes: type[Any]
    needs: tuple[Need, ...]
    cost: Cost
    rank: int
    asks: tuple[str, ...] = ()
    """The AWS operations that it may call itself, as `service:Operation`."""
    patience_s: float | None = None
    """How long anyone waits for what it makes; None for as long as it takes."""

    @property
    def name(self) -> str:
        return self.function.__name__


def needs_of(function: Callable[..., Any]) -> tuple[Need, ...]:
    """The facts that a function's parameters name."""
    hints = typing.get_type_hints(function)
    return tuple(_need(name, hints[name]) for name in inspect.signature(function).parameters)


def _need(name: str, hint: Any) -> Need:
    options = (
        typing.get_args(hint)
        if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
        else (hint,)
    )
    kinds = [o for o in options if o is not Unavailable]
    if len(kinds) != 1 or not isinstance(kinds[0], type):
        raise TypeError(f"parameter {name!r} must name one fact type, or `Fact | Unavailable`: {hint!r}")
    return Need(name, kinds[0], tolerant=len(options) > 1)


def provides(
    *, cost: Cost = Cost.THINK, rank: int = 0, asks: tuple[str, ...] = (), patience_s: float | None = None
) -> Callable[[F], F]:
    """Marks a function as a provider. Several providers of one fact are tried by ascending `rank`.

    `asks` names the AWS operations that it may call (`"lambda:GetFunction"`), directly or through a fact that it holds; what
    its needs ask is theirs. Anything else is refused while it runs. `patience_s` is for what nothing should wait for long:
    counted from when all that it needs is there; whoever needs it then goes on without, while it is still being made.
    """

    def mark(function: F) -> F:
        function.__provides__ = (cost, rank, asks, patience_s)  # type: ignore[attr-defined]
        return function

    return mark


def providers_in(modules: Iterable[types.ModuleType]) -> dict[type[Any], tuple[Provider, ...]]:
    """All providers defined in `modules`, by the fact they make, in the order in which to try them."""
    found: dict[type[Any], list[Provider]] = {}
    for module in modules:
        for function in vars(module).values():
            mark = getattr(function, "__provides__", None)
            if mark is None or function.__module__ != module.__name__:
                continue
            makes = _need("return", typing.get_type_hints(function)["return"]).fact
            found.setdefault(makes, []).append(Provider(function, makes, needs_of(function), *mark))
    return {makes: tuple(sorted(group, key=lambda p: (p.rank, p.name))) for makes, group in found.items()}


def asked_by(kinds: Iterable[type[Any]], providers: Mapping[type[Any], tuple[Provider, ...]]) -> frozenset[str]:
    """Every AWS operation that making these facts may call, their needs included."""
    seen: set[type[Any]] = set()
    found: set[str] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            for provider in providers.get(kind, ()):
                found.update(provider.asks)
                waiting.extend(need.fact for need in provider.needs)
    return frozenset(found)


_running: contextvars.ContextVar[Provider | None] = contextvars.ContextVar("running", default=None)


def undeclared(operation: str) -> str:
    """The provider that runs on this thread without having declared `operation`; empty where all is well."""
    provider = _running.get()
    return "" if provider is None or operation in provider.asks else provider.name


@dataclass(slots=True)
class _Slot:
    """One fact being made or made. `owner` is the thread that makes it."""

    done: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    owner: int = 0
    settled: threading.Event = field(default_factory=threading.Event)
    """Set when it is made, or was waited for as long as it is worth."""
    outside: bool = False
    """Whether something outside this program is asked for it right now."""


class Store:
    """The facts of one subject. Safe to use from any thread; quitting never waits for it."""

    def __init__(
        self,
        providers: Mapping[type[Any], tuple[Provider, ...]],
        seeds: Iterable[object] = (),
        *,
        missing: Mapping[type[Any], Unavailable] | None = None,
        on_read: Callable[[type[Any], object], None] | None = None,
    ) -> None:
        """`missing` names facts that are known not to be there; `on_read` is told each fact as it is made."""
        self._providers = providers
        self._slots: dict[type[Any], _Slot] = {}
        self._lock = threading.Lock()
        self._on_read = on_read
        for seed in seeds:
            self._slots[type(seed)] = self._filled(seed)
        for kind, unavailable in (missing or {}).items():
            self._slots[kind] = self._filled(unavailable)

    @staticmethod
    def _filled(value: object) -> _Slot:
        slot = _Slot(value=value)
        slot.done.set()
        slot.settled.set()
        return slot

    def get(self, kind: type[T]) -> T | Unavailable:
        """The fact, made now if need be; blocks until it is there. Never raises."""
        with self._lock:
            slot = self._slots.get(kind)
            mine = slot is None
            if slot is None:
                slot = self._slots[kind] = _Slot(owner=threading.get_ident())
        hasty = any(p.patience_s is not None for p in self._providers.get(kind, ()))
        if mine and not hasty:
            self._fill(kind, slot)
        elif mine:
            threading.Thread(target=self._fill, args=(kind, slot), name=f"read {kind.__name__}", daemon=True).start()
        elif not slot.done.is_set() and slot.owner == threading.get_ident():
            return Unavailable(Reason.FAULT, f"the providers of {kind.__name__} need each other in a circle")
        if hasty:
            slot.settled.wait()
            if not slot.done.is_set():
                return Unavailable(Reason.UNREACHABLE, f"the {_words(kind)} did not come in time")
        slot.done.wait()
        value: T | Unavailable = slot.value
        return value

    def _fill(self, kind: type[Any], slot: _Slot) -> None:
        slot.owner = threading.get_ident()
        try:
            slot.value = self._make(kind)
        finally:
            slot.done.set()
            slot.settled.set()
        if self._on_read is not None:
            self._on_read(kind, slot.value)

    def peek(self, kind: type[T]) -> T | Unavailable | None:
        """The fact if it was made already, else None. Never blocks."""
        slot = self._slots.get(kind)
        value: T | Unavailable | None = slot.value if slot is not None and slot.done.is_set() else None
        return value

    def waiting(self) -> list[str]:
        """The facts that something outside this program is asked for right now, in words."""
        return [_words(kind) for kind, slot in list(self._slots.items()) if slot.outside]

    def gaps(self) -> dict[type[Any], Unavailable]:
        """What was asked for so far and could not be read, where the question arises."""
        made = {kind: slot.value for kind, slot in list(self._slots.items()) if slot.done.is_set()}
        return {kind: value for kind, value in made.items() if isinstance(value, Unavailable) and value.applies}

    def prefetch(self, kinds: Iterable[type[Any]]) -> list[threading.Thread]:
        """Starts making facts, each on a daemon thread of its own; their needs are made in parallel too."""
        threads = []
        for kind in kinds:
            if self.peek(kind) is None:
                thread = threading.Thread(target=self.get, args=(kind,), name=f"read {kind.__name__}", daemon=True)
                thread.start()
                threads.append(thread)
        return threads

    def cost(self, kind: type[Any]) -> Cost:
        """What it would still take to make a fact: nothing if it is there, else the dearest provider that might be tried."""
        dearest, seen, waiting = Cost.THINK, set[type[Any]](), [kind]
        while waiting:
            each = waiting.pop()
            if each in seen or self.peek(each) is not None:
                continue
            seen.add(each)
            for provider in self._providers.get(each, ()):
                if not any(isinstance(self.peek(n.fact), Unavailable) and not n.tolerant for n in provider.needs):
                    dearest = max(dearest, provider.cost)
                    waiting.extend(need.fact for need in provider.needs)
        return dearest

    def _make(self, kind: type[Any]) -> object:
        first: Unavailable | None = None
        for provider in self._providers.get(kind, ()):
            made = self._try(provider)
            if not isinstance(made, Unavailable):
                return made
            if first is None or (made.applies and not first.applies):
                first = made
        return first or Unavailable(Reason.NOT_GIVEN, f"nothing was given that tells the {_words(kind)}")

    def _try(self, provider: Provider) -> object:
        for need in provider.needs:
            known = self.peek(need.fact)
            if isinstance(known, Unavailable) and not need.tolerant:
                return known
        # What costs a call is made in parallel, this thread taking the first; what costs more waits until the rest is there.
        pending = [n for n in provider.needs if self.peek(n.fact) is None and self.cost(n.fact) == Cost.CALL]
        self.prefetch(n.fact for n in pending[1:])
        made: dict[str, object] = {}
        for need in sorted(provider.needs, key=lambda n: self.cost(n.fact)):
            value = self.get(need.fact)
            if isinstance(value, Unavailable) and not need.tolerant:
                return value
            made[need.name] = value
        slot = self._slots.get(provider.makes)
        if provider.patience_s is not None and slot is not None:
            threading.Thread(target=_lose_patience, args=(slot, provider.patience_s), daemon=True).start()
        running = _running.set(provider)
        if slot is not None:
            slot.outside = provider.cost >= Cost.CALL
        try:
            return provider.function(**made)
        except SourceError as error:
            return error.unavailable
        except Exception as error:
            where = f"{provider.function.__module__}.{provider.name}"
            return Unavailable(Reason.FAULT, f"{where} failed: {type(error).__name__}: {error} (a bug of ours)")
        finally:
            _running.reset(running)
            if slot is not None:
                slot.outside = False


TICK_S = 0.1


def patiently(event: threading.Event, seconds: float) -> bool:
    """Waits for an event in short ticks: where this process gets no processor, its clock stands still too."""
    return any(event.wait(TICK_S) for _ in range(max(1, round(seconds / TICK_S))))


def _lose_patience(slot: _Slot, seconds: float) -> None:
    patiently(slot.done, seconds)
    slot.settled.set()


def _words(kind: type[Any]) -> str:
    """`ImageConfig` → `image config`."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind.__name__).strip()
