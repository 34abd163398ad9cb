"""The store: each fact once, in parallel, with honest gaps."""

from __future__ import annotations

import threading
import time
import types
from dataclasses import dataclass

from tests.factories import RECORD
from troubleshooter.facts import Cost, Fact, Reason, SourceError, Store, Unavailable, providers_in, provides
from troubleshooter.facts.store import Need
from troubleshooter.world import all_providers

DENIED = Unavailable(Reason.DENIED, "denied")


@dataclass(frozen=True, kw_only=True)
class Seed(Fact):
    value: int = 1


@dataclass(frozen=True, kw_only=True)
class Left(Fact):
    value: int


@dataclass(frozen=True, kw_only=True)
class Right(Fact):
    value: int


@dataclass(frozen=True, kw_only=True)
class Total(Fact):
    value: int


def module(*functions: object) -> types.ModuleType:
    made = types.ModuleType("made")
    for function in functions:
        function.__module__ = "made"
        setattr(made, function.__name__, function)  # type: ignore[attr-defined]
    return made


def store(*functions: object, seeds: tuple[object, ...] = (Seed(reading=RECORD),)) -> Store:
    return Store(providers_in([module(*functions)]), seeds)


def test_a_fact_is_made_once_even_when_asked_for_by_many_threads() -> None:
    made = []

    @provides(cost=Cost.CALL)
    def left(seed: Seed) -> Left:
        made.append(seed)
        time.sleep(0.02)
        return Left(reading=RECORD, value=seed.value)

    facts = store(left)
    threads = [threading.Thread(target=facts.get, args=(Left,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_needs_that_cost_a_call_are_made_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=5)

    @provides(cost=Cost.CALL)
    def left(seed: Seed) -> Left:
        both.wait()
        return Left(reading=RECORD, value=1)

    @provides(cost=Cost.CALL)
    def right(seed: Seed) -> Right:
        both.wait()
        return Right(reading=RECORD, value=2)

    @provides()
    def total(a: Left, b: Right) -> Total:
        return Total(reading=RECORD, value=a.value + b.value)

    made = store(left, right, total).get(Total)
    assert isinstance(made, Total)
    assert made.value == 3


def test_the_first_cause_of_a_gap_travels_through_derivations() -> None:
    @provides(cost=Cost.CALL)
    def left(seed: Seed) -> Left:
        raise SourceError(DENIED)

    @provides()
    def total(a: Left) -> Total:
        raise AssertionError("never asked")

    assert store(left, total).get(Total) is DENIED


def test_providers_are_tried_in_order_and_the_gap_that_matters_is_told() -> None:
    @provides()
    def first(seed: Seed) -> Left | Unavailable:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "not mine")

    @provides(rank=1)
    def second(seed: Seed) -> Left | Unavailable:
        return DENIED

    @provides(rank=2)
    def third(seed: Seed) -> Left | Unavailable:
        return Unavailable(Reason.NOT_GIVEN, "no file")

    assert store(first, second, third).get(Left) is DENIED

    @provides(rank=3)
    def fourth(seed: Seed) -> Left:
        return Left(reading=RECORD, value=4)

    made = store(first, second, third, fourth).get(Left)
    assert isinstance(made, Left)


def test_a_tolerant_need_is_handed_the_reason() -> None:
    @provides()
    def left(seed: Seed) -> Left | Unavailable:
        return DENIED

    @provides()
    def total(a: Left | Unavailable) -> Total:
        assert a is DENIED
        return Total(reading=RECORD, value=0)

    assert isinstance(store(left, total).get(Total), Total)


def test_what_nothing_provides_was_not_given() -> None:
    gap = store().get(Left)
    assert isinstance(gap, Unavailable)
    assert not gap.applies


def test_a_crash_is_our_fault_and_ends_there() -> None:
    @provides()
    def left(seed: Seed) -> Left:
        raise ZeroDivisionError

    gap = store(left).get(Left)
    assert isinstance(gap, Unavailable)
    assert gap.reason is Reason.FAULT
    assert gap.applies


def test_cost_is_what_is_still_to_be_done() -> None:
    @provides(cost=Cost.CALL)
    def left(seed: Seed) -> Left:
        return Left(reading=RECORD, value=1)

    @provides(cost=Cost.BYTES)
    def right(a: Left) -> Right:
        return Right(reading=RECORD, value=1)

    @provides()
    def total(a: Right) -> Total:
        return Total(reading=RECORD, value=1)

    facts = store(left, right, total)
    assert (facts.cost(Seed), facts.cost(Left), facts.cost(Total)) == (Cost.THINK, Cost.CALL, Cost.BYTES)
    facts.get(Right)
    assert facts.cost(Total) == Cost.THINK


def test_what_cannot_be_made_costs_nothing_to_try() -> None:
    @provides(cost=Cost.BYTES)
    def right(a: Left) -> Right:
        return Right(reading=RECORD, value=1)

    facts = Store(providers_in([module(right)]), (), missing={Left: DENIED})
    assert facts.cost(Right) == Cost.THINK


def test_the_real_providers_never_need_each_other_in_a_circle() -> None:
    providers = all_providers()

    def visit(kind: type, way: tuple[type, ...]) -> None:
        assert kind not in way, " needs ".join(k.__name__ for k in (*way, kind))
        for provider in providers.get(kind, ()):
            for need in provider.needs:
                visit(need.fact, (*way, kind))

    for kind in providers:
        visit(kind, ())


def test_needs_are_read_from_annotations() -> None:
    @provides()
    def total(a: Left, b: Right | Unavailable) -> Total:
        raise NotImplementedError

    (provider,) = providers_in([module(total)])[Total]
    assert provider.needs == (Need("a", Left, tolerant=False), Need("b", Right, tolerant=True))


def test_what_nothing_should_wait_for_is_gone_on_without_and_comes_later() -> None:
    let_go = threading.Event()

    @provides(cost=Cost.CALL)
    def left(seed: Seed) -> Left:
        time.sleep(0.2)  # what it needs is no part of the patience
        return Left(reading=RECORD, value=seed.value)

    @provides(cost=Cost.CALL, patience_s=0.05)
    def right(left: Left) -> Right:
        let_go.wait(60)
        return Right(reading=RECORD, value=2)

    @provides()
    def total(left: Left, right: Right | Unavailable) -> Total:
        return Total(reading=RECORD, value=left.value + (100 if isinstance(right, Unavailable) else right.value))

    facts = store(left, right, total)
    began = time.monotonic()
    late = facts.get(Right)
    assert isinstance(late, Unavailable)
    assert late.reason is Reason.UNREACHABLE
    assert late.may_pass
    made = facts.get(Total)
    assert isinstance(made, Total)
    assert made.value == 101
    assert time.monotonic() - began < 30
    let_go.set()
    deadline = time.monotonic() + 5
    while facts.peek(Right) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    assert facts.get(Right) == Right(reading=RECORD, value=2)


def test_a_missing_need_ends_the_wait_for_what_nothing_should_wait_for() -> None:
    @provides(cost=Cost.CALL, patience_s=60)
    def right(left: Left) -> Right:
        return Right(reading=RECORD, value=left.value)

    assert isinstance(store(right).get(Right), Unavailable)


def test_what_is_known_from_the_start_is_not_waited_for() -> None:
    @provides(cost=Cost.CALL, patience_s=60)
    def right(seed: Seed) -> Right:
        return Right(reading=RECORD, value=1)

    known = Store(providers_in([module(right)]), [Right(reading=RECORD, value=2)])
    gone = Store(providers_in([module(right)]), missing={Right: DENIED})
    assert known.get(Right) == Right(reading=RECORD, value=2)
    assert gone.get(Right) is DENIED
