"""Failure modes, one module each: the page of `explain`, the text signatures, and the check where something can prove it.

They lie in one folder for each rung of the launch ladder, where they bite. What several of them share lies here, in modules
whose names begin with an underscore.

A module is named after the failure mode's id. Its docstring is the page; `SIGNATURES` the text patterns; `FREQUENCY` how
often it is met; a function of the same name marked `@check` the question on facts. Nothing else registers it.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import pkgutil
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, ParamSpec

from troubleshooter.checks._brought import brought
from troubleshooter.facts import Cost, Reason, Store, Unavailable
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.store import Need, needs_of
from troubleshooter.model import Evidence, Finding, Outcome, Remediation, Rung, Severity, Subject, Unblock, Verdict

P = ParamSpec("P")


class Frequency(IntEnum):
    """How often a failure mode is met, for ranking suspects of equal signature."""

    RARE = 0
    OCCASIONAL = 1
    COMMON = 2
    VERY_COMMON = 3


@dataclass(frozen=True, slots=True)
class Signature:
    """A text that suggests a failure mode. It never proves one."""

    text: str
    """A regular expression, compiled when it is first used: there are a thousand, and most runs need none."""
    weight: int
    """3: hardly anything else writes this; 2: typical; 1: one of several explanations."""
    unless_text: str | None = None
    """The same text elsewhere in the material that speaks against it."""

    @property
    def pattern(self) -> re.Pattern[str]:
        return _compiled(self.text)

    @property
    def unless(self) -> re.Pattern[str] | None:
        return None if self.unless_text is None else _compiled(self.unless_text)


@functools.cache
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.MULTILINE)


def signature(pattern: str, weight: int = 2, *, unless: str | None = None) -> Signature:
    """A signature; the pattern is matched case-insensitively over several lines, `.` not crossing lines."""
    return Signature(pattern, weight, unless)


@dataclass(frozen=True, slots=True)
class Check:
    """One question on facts."""

    id: str
    title: str
    severity: Severity
    rung: Rung
    needs: tuple[Need, ...]
    explains: tuple[str, ...]
    narrow: bool
    """It proves the mode only in some of its forms: finding none of them excludes nothing."""
    function: Callable[..., Verdict] = field(repr=False)

    def run(self, store: Store) -> Verdict:
        """Reads what the check needs and asks it. Never raises: a crash is `unknown` and marked as our bug."""
        facts: dict[str, object] = {}
        may_pass = False
        for need in sorted(self.needs, key=lambda n: store.cost(n.fact)):
            fact = store.get(need.fact)
            may_pass = may_pass or (isinstance(fact, Unavailable) and fact.may_pass)
            if isinstance(fact, Unavailable) and not need.tolerant:
                return missing(fact)
            facts[need.name] = fact
        try:
            verdict = _with_layers(self.function(**facts), store)
            return replace(verdict, again=True) if may_pass and verdict.outcome is Outcome.UNKNOWN else verdict
        except Exception as error:
            text = f"the check crashed: {type(error).__name__}: {error} (a bug of ours)"
            return Verdict(Outcome.UNKNOWN, text, our_fault=True)

    def cost(self, store: Store) -> Cost:
        """What running it would still take."""
        return max((store.cost(n.fact) for n in self.needs), default=Cost.THINK)

    def find(self, store: Store, subject: Subject, *, on_path: bool) -> Finding:
        """Runs it and stamps the verdict."""
        began = time.perf_counter()
        verdict = self.run(store)
        elapsed = (time.perf_counter() - began) * 1000
        return Finding(self.id, subject, verdict.rung or self.rung, self.severity, verdict, on_path, round(elapsed, 3))


def _with_layers(verdict: Verdict, store: Store) -> Verdict:
    """A failure with the layers of the image's files that it cites, where the image was read."""
    files, image = store.peek(ImageTree), store.peek(ImageConfig)
    if verdict.outcome is not Outcome.FAIL or not isinstance(files, ImageTree):
        return verdict
    told = brought(verdict.evidence, files, image if isinstance(image, ImageConfig) else None)
    return replace(verdict, evidence=(*verdict.evidence, *told))


def check(
    *, title: str, severity: Severity, rung: Rung, explains: tuple[str, ...] = (), narrow: bool = False
) -> Callable[[Callable[P, Verdict]], Callable[P, Verdict]]:
    """Marks a module's function as its check. `rung` is where the failure bites; `explains` names modes that are its shadow.

    `narrow`: it proves the mode only in some of its forms, so that finding none of them excludes nothing.
    """

    def mark(function: Callable[P, Verdict]) -> Callable[P, Verdict]:
        function.__check__ = (title, severity, rung, explains, narrow)  # type: ignore[attr-defined]
        return function

    return mark


def passed(message: str, *evidence: Evidence) -> Verdict:
    """The failure mode is excluded."""
    return Verdict(Outcome.PASS, message, evidence)


def failed(
    message: str,
    *evidence: Evidence,
    remediation: Remediation,
    rung: Rung | None = None,
    regardless: bool = False,
) -> Verdict:
    """The failure mode is there. `rung`: where it bites in this target, if not at the check's own rung.

    `regardless`: it costs something although invocations succeed, which therefore does not contradict it.
    """
    return Verdict(Outcome.FAIL, message, evidence, remediation, rung=rung, regardless=regardless)


def not_applicable(message: str) -> Verdict:
    """The question does not arise for this target."""
    return Verdict(Outcome.NOT_APPLICABLE, message)


def unknown(message: str, *evidence: Evidence, unblock: Unblock | None = None) -> Verdict:
    """The facts were read and do not settle it, or could not be read."""
    return Verdict(Outcome.UNKNOWN, message, evidence, unblock=unblock)


def beside(*evidence: Evidence) -> tuple[Evidence, ...]:
    """Evidence that supports a finding which stands without it: it is shown, but the proof does not rest on it."""
    return tuple(replace(e, fact="") for e in evidence)


def missing(fact: Unavailable) -> Verdict:
    """The verdict that a missing fact leads to."""
    if not fact.applies:
        return Verdict(Outcome.NOT_APPLICABLE, fact.detail, ungiven=fact.reason is Reason.NOT_GIVEN)
    fault = fact.reason is Reason.FAULT
    return Verdict(Outcome.UNKNOWN, fact.detail, unblock=fact.unblock, again=fact.may_pass, our_fault=fault)


@dataclass(frozen=True, slots=True)
class Mode:
    """One failure mode as its module describes it."""

    id: str
    page: str
    """The module's docstring."""
    signatures: tuple[Signature, ...]
    frequency: Frequency
    check: Check | None
    rung: Rung | None
    """Where it bites: the check's rung, else the module's `RUNG`."""
    ask: str | None = None
    """A cheap question or command that tells this mode from those that look alike."""

    @property
    def title(self) -> str:
        """First line of the page."""
        return self.page.strip().partition("\n")[0].rstrip(".")

    def section(self, heading: str) -> str:
        """What the page has under a heading; empty where it has none."""
        lines = inspect.cleandoc(self.page).split("\n")
        below = lines[lines.index(heading) + 1 :] if heading in lines else []
        return "\n".join(line.strip() for line in itertools.takewhile(lambda o: not o or o[0] == " ", below)).strip()


@functools.cache
def all_modes() -> dict[str, Mode]:
    """Every failure mode by id, sorted: whatever modules lie in the folders below this one, one folder a rung."""
    found = {}
    for rung in pkgutil.iter_modules(__path__):
        if rung.ispkg:
            folder = importlib.import_module(f"{__name__}.{rung.name}")
            for module in pkgutil.iter_modules(folder.__path__):
                found[module.name] = f"{folder.__name__}.{module.name}"
    return {name: _mode(name, path) for name, path in sorted(found.items())}


@functools.cache
def all_checks() -> dict[str, Check]:
    """Every check by id, sorted."""
    return {mode.id: mode.check for mode in all_modes().values() if mode.check is not None}


def _mode(name: str, path: str) -> Mode:
    module = importlib.import_module(path)
    found = _check(module, name)
    signatures, frequency = tuple(getattr(module, "SIGNATURES", ())), getattr(module, "FREQUENCY", Frequency.OCCASIONAL)
    if not all(isinstance(each, Signature) for each in signatures):
        raise TypeError(f'{path}: SIGNATURES is a tuple of signature(r"…", weight)')
    if not isinstance(frequency, Frequency):
        raise TypeError(f"{path}: FREQUENCY is one of {', '.join(f'Frequency.{each.name}' for each in Frequency)}")
    return Mode(
        id=name,
        page=inspect.cleandoc(module.__doc__ or ""),
        signatures=signatures,
        frequency=frequency,
        check=found,
        rung=found.rung if found else getattr(module, "RUNG", None),
        ask=getattr(module, "ASK", None),
    )


def _check(module: Any, name: str) -> Check | None:
    function = getattr(module, name, None)
    if function is None:
        return None
    if not hasattr(function, "__check__"):
        raise TypeError(f"{module.__name__}: {name} is not marked with @check(title=…, severity=…, rung=…)")
    title, severity, rung, explains, narrow = function.__check__
    return Check(name, title, severity, rung, needs_of(function), explains, narrow, function)
