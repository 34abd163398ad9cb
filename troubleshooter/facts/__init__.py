"""Fact types, one family a file, and the store that resolves them.

A fact is a typed, read-only observation. A *collector* reads it, a *derivation* thinks it out of other facts; both are
providers, registered by `@provides`. Checks and providers name the facts they need by their parameters' annotations.
"""

from troubleshooter.facts.base import CallLog, CallRecord, Cost, Fact, Reading, Reason, SourceError, Unavailable, now
from troubleshooter.facts.store import Provider, Store, asked_by, patiently, providers_in, provides, undeclared

__all__ = [
    "CallLog",
    "CallRecord",
    "Cost",
    "Fact",
    "Provider",
    "Reading",
    "Reason",
    "SourceError",
    "Store",
    "Unavailable",
    "asked_by",
    "now",
    "patiently",
    "providers_in",
    "provides",
    "undeclared",
]
