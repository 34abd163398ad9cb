"""What was changed around what is failing, as far as it is worth waiting for. Leads: no diagnosis rests on them."""

from __future__ import annotations

from dataclasses import replace

from troubleshooter.analysis.past.changes import ranked
from troubleshooter.facts import Store, Unavailable
from troubleshooter.facts.changes import Changes, EarlierCode, PackageChanges
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.steadiness import soon

WAIT_S = 4.0
"""How long a conclusion waits for what was changed."""


def leads(store: Store, *, deep: bool) -> Changes | None:
    """Changes nearest to the first failure first; `deep`: with packages, for which the code before is read whole."""
    found: Changes | None = soon(store, Changes, WAIT_S)
    if found is None:
        return None
    earlier = store.peek(EarlierCode)
    function = store.peek(FunctionRecord)
    zipped = isinstance(function, FunctionRecord) and not function.is_image
    if not isinstance(earlier, EarlierCode) or (zipped and earlier.version is None):
        return found
    if not deep:
        note = f"With --deep the code before ({earlier.how}) is read, and told which packages differ."
        return replace(found, notes=(*found.notes, note))
    packages = store.get(PackageChanges)
    if isinstance(packages, Unavailable):
        return replace(found, notes=(*found.notes, f"Which packages differ was not read: {packages.detail}."))
    changes = ranked([*found.changes, *packages.changes], found.first_failure)
    said = () if packages.changes else (f"No package differs from the code before ({earlier.how}).",)
    return replace(found, changes=changes, notes=(*found.notes, *said))
