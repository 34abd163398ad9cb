"""Whether it matters what stands in front of a function: its callers complain, or wait longer than most fronts let them."""

from __future__ import annotations

import re

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.fronts import FrontQuestion
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.text import one_line

_SAYS = re.compile(
    r"\b50[234]\b|Endpoint request timed ?out|Internal server error|Bad Gateway|Gateway Time-?out|API ?Gateway|execute-api"
    r"|Invalid permissions on Lambda"
    r"|proxy response|GoneException|web ?socket|(?<!log )(?<!log-)(?<!log_)\bstream|all at once",
    re.IGNORECASE,
)
LONG_MS = 29_000


@provides()
def front_question(timeline: Timeline | Unavailable, text: GivenText | Unavailable) -> FrontQuestion | Unavailable:
    """Reads the pasted text and how long the newest successful invocations took."""
    said = _SAYS.search(text.text) if isinstance(text, GivenText) else None
    if isinstance(text, GivenText) and said is not None:
        return FrontQuestion(reading=text.reading, why=f"the text says “{one_line(said[0], 40)}”")
    if isinstance(timeline, Timeline):
        long = [i for i in timeline.invocations if i.status == "success" and (i.duration_ms or 0) > LONG_MS]
        if long:
            return FrontQuestion(reading=timeline.reading, why=f"an invocation took {long[-1].duration_ms:g} ms")
    return Unavailable(Reason.NOT_OF_THIS_KIND, "nothing speaks of a caller who waits in front of the function")
