"""What the checks on certain effects of the code share: which one counts, and how it is cited."""

from __future__ import annotations

from troubleshooter.facts.code import CertainEffects, Effect
from troubleshooter.model import Evidence, Rung


def first(effects: CertainEffects, kind: str) -> Effect | None:
    """The first effect of a kind, of the load before those of the call."""
    found = [effect for effect in effects.effects if effect.kind == kind]
    return min(found, key=lambda e: e.when != "import", default=None)


def cited(effects: CertainEffects, effect: Effect, label: str) -> Evidence:
    """The source line as evidence."""
    source = f"{effects.reading.source} {effect.path}:{effect.line}"
    return effects.cite("effects", effect.text or effect.what, label=label, source=source)


def rung(effect: Effect) -> Rung:
    """Where it bites: while the module is loaded, or in every invocation."""
    return Rung.HANDLER if effect.when == "import" else Rung.INVOKE


def when(effect: Effect) -> str:
    return "each time the handler's module is loaded" if effect.when == "import" else "in every invocation"
