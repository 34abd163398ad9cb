"""Whether all aliases of a function lag behind its newest published version. Pure."""

from __future__ import annotations

import datetime as dt

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.account import Version, Versions
from troubleshooter.facts.callers import LeftBehind
from troubleshooter.facts.function import FunctionRecord

GRACE = dt.timedelta(minutes=10)
"""A deployment that publishes first and moves the alias then may take so long."""
_NOT = Unavailable(Reason.NOT_OF_THIS_KIND, "no alias is known to be left behind the newest published version")


@provides()
def left_behind(function: FunctionRecord, versions: Versions) -> LeftBehind | Unavailable:
    """Compares code by its hash: a version that was published without new code leaves nobody behind."""
    numbered = {int(v.number): v for v in versions.versions if v.number.isdigit()}
    if not versions.complete or not numbered or not versions.aliases or function.version not in (None, "$LATEST"):
        return _NOT
    newest = numbered[max(numbered)]
    if not _settled(versions, newest):
        return _NOT
    for alias in versions.aliases:
        version = versions.version(alias.version)
        known = version is not None and version.code_sha256 is not None and newest.code_sha256 is not None
        if (
            alias.weights
            or not known
            or not alias.version.isdigit()
            or version is None
            or version.code_sha256 == newest.code_sha256
        ):
            return _NOT
    return LeftBehind(reading=versions.reading, newest=newest.number, aliases=versions.aliases)


def _settled(versions: Versions, newest: Version) -> bool:
    """Whether the newest version was published long enough ago, as far as that is told."""
    read = dt.datetime.fromisoformat(versions.reading.at)
    return newest.last_modified is not None and newest.last_modified + GRACE <= read
