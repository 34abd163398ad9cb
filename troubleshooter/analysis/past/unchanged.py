"""Whether someone says that new code or a new image changed nothing. Pure."""

from __future__ import annotations

import re

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.changes import Unchanged
from troubleshooter.facts.given import GivenText

_UNCHANGED = re.compile(
    r"\b(?:old|previous|stale|outdated|yesterday'?s) (?:code|version|image|build|behaviou?r|text|answer|content|output|response|page)"
    r"|\bstill (?:run|show|serve|return|answer|see|use)\w*\b.{0,40}\b(?:old|previous|yesterday)"
    r"|\b(?:change|fix|edit|update|new (?:code|version|build|image|text))\w*\b.{0,60}\b(?:not|never|no|\w+n't) (?:\w+ )?(?:picked up"
    r"|reflected|visible|there|arriv\w*|show\w*|appear\w*|effect|updated|deployed)"
    r"|\bnot (?:picked up|reflected)|\b(?:docker|build|layer) cache",
    re.IGNORECASE,
)
"""Words that speak of code or an image; "still the same error" does not."""


@provides()
def unchanged(text: GivenText) -> Unchanged | Unavailable:
    """The text that was given, where it says so."""
    if _UNCHANGED.search(text.text) is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "nobody says that a new image changed nothing")
    return Unchanged(reading=text.reading)
