"""After a fix: the checks of a diagnosis's causes, asked again on fresh facts, once no update is in progress any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from troubleshooter import journal, records, world
from troubleshooter.checks import all_checks
from troubleshooter.errors import JournalError
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Finding, Origin, Outcome, Target
from troubleshooter.world import Stores, World

WAIT_S, POLL_S = 300.0, 2.0
"""How long an update that is in progress is waited for, and how often it is looked at."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of a diagnosis: each cause's finding before and after."""

    fixed: bool | None
    """None where it could not be told."""
    before: tuple[dict[str, Any], ...]
    after: tuple[Finding, ...]
    note: str = ""
    """What else is to be said: what was waited for, what is still missing."""


def verify(
    target: Target, surroundings: World, before: Sequence[dict[str, Any]], wait_s: float, say: Callable[[str], None]
) -> Verification:
    """Asks again what the finding records `before` say. Waits for an update in progress, and tells `say` so. Blocks."""
    surroundings.aws.again()
    stores, note, settled = _after_update(target, surroundings, wait_s, say)
    after = []
    for record in before:
        subject = records.subject(record["subject"])
        store = stores.by_subject.get(subject) or stores.first
        after.append(all_checks()[record["check"]].find(store, subject, on_path=True))
    notes = [note] if note else []
    fixed = _fixed([f.outcome for f in after]) if settled else None
    for was, now in zip(before, after, strict=True):
        if fixed and now.outcome is Outcome.NOT_APPLICABLE and _told_by_a_log(was):
            fixed = None
            notes.append(
                f"nothing was logged since that shows {was['check']} gone: wait for an invocation, then verify"
            )
    return Verification(fixed, tuple(before), tuple(after), "; ".join(notes))


def last_causes(contents: journal.Contents) -> list[dict[str, Any]]:
    """Finding records of the last diagnosis's causes. Raises JournalError where there is nothing to verify."""
    found: Iterable[dict[str, Any]] = [r for r in contents.records if r["kind"] == "diagnosis"]
    last = next(reversed(list(found)), None)
    if last is None:
        raise JournalError(f"{contents.session}: ended without a diagnosis; resume it first")
    causes = last["causes"] or [s["cause"] for s in last["suspects"][:1]]
    failed = {r["check"]: r for r in contents.records if r["kind"] == "finding" and r["outcome"] == "fail"}
    known = [failed[c] for c in causes if c in failed]
    if not known:
        raise JournalError(f"{contents.session}: its diagnosis ({last['status']}) names no proven cause to verify")
    return known


def _fixed(outcomes: Sequence[Outcome]) -> bool | None:
    if Outcome.FAIL in outcomes:
        return False
    return True if outcomes and set(outcomes) <= {Outcome.PASS, Outcome.NOT_APPLICABLE} else None


def _after_update(
    target: Target, surroundings: World, wait_s: float, say: Callable[[str], None]
) -> tuple[Stores, str, bool]:
    """Fresh stores of a function that is not being updated; what was waited for; whether that came to an end."""
    began = time.monotonic()
    note = ""
    while True:
        stores = world.open_stores(target, surroundings, cheap=False)
        record = stores.first.get(FunctionRecord)
        waited = time.monotonic() - began
        if not isinstance(record, FunctionRecord) or not record.updating:
            return stores, note and f"{note} ({waited:.0f} s)", True
        if waited >= wait_s:
            return stores, f"the update is still in progress after {waited:.0f} s: verify again later", False
        note = "waited for the update that was in progress"
        say(f"the function's update is in progress; waiting for it, {wait_s - waited:.0f} s more at most")
        time.sleep(min(POLL_S, wait_s - waited))


def _told_by_a_log(finding: dict[str, Any]) -> bool:
    """Whether the proof was a log's: then silence since then shows nothing."""
    return any(e["origin"] == Origin.PLATFORM_LOG.name.lower() and e.get("fact") for e in finding["evidence"])
