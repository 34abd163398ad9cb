"""What keeps open whether everything is there that a handler imports, for every language."""

from __future__ import annotations

from troubleshooter.checks import unknown
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.build import StagedCode
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.runtime import NOT_BUILT
from troubleshooter.model import Evidence, Unblock, Verdict

SHOWN = 4
_BUILT = "Give the built image or package, with its layers, as the function runs it."


def surely_missing(closure: ImportClosure, staged: StagedCode | Unavailable) -> tuple[Import, ...]:
    """Imports at load time that nothing can provide: those that are certain, or what an image that installs nothing lacks."""
    sealed = isinstance(staged, StagedCode) and staged.sealed and closure.unread == (NOT_BUILT,)
    return closure.missing or tuple(each for each in closure.unseen if sealed and not each.deferred)


def brings_nothing_else(closure: ImportClosure, staged: StagedCode | Unavailable) -> tuple[Evidence, ...]:
    """What shows that an image installs nothing, where a missing import rests on that."""
    if closure.missing or not isinstance(staged, StagedCode):
        return ()
    return (staged.cite("copies", label="all that the Dockerfile brings; nothing is installed"),)


def doubt_about(closure: ImportClosure, staged: StagedCode | Unavailable) -> Verdict | None:
    """The verdict where not every import was followed, or not all of the own code is known to be copied; else None."""
    if not closure.complete:
        why = "; ".join(closure.unread[:3]) or "not all imports could be followed"
        names = list(dict.fromkeys(each.module for each in closure.unseen))
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        what = f"`{'`, `'.join(names[:SHOWN])}`{more}" if names else "every import"
        return unknown(f"{why}: whether {what} will be there could not be told", unblock=Unblock(_BUILT))
    if isinstance(staged, Unavailable):
        applies = staged.applies and staged.reason is not Reason.NOT_GIVEN
        return unknown(staged.detail, unblock=staged.unblock) if applies else None
    if not staged.whole:
        why = "; ".join(staged.doubts[:2]) or "the Dockerfile copies some of it to other folders"
        return unknown(
            f"{why}: whether the function's own code is all there could not be told", unblock=Unblock(_BUILT)
        )
    return None
