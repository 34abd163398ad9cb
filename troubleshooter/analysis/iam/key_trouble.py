"""Whether anything speaks of trouble with a KMS key. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.keys import KeyTrouble
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Evidence, Origin
from troubleshooter.text import one_line

_TROUBLE = re.compile(
    r"KMS\w*(?:Exception|AccessDenied|Denied|NotFound|Disabled|Invalid\w*)|DisabledKMSKey|InvalidStateKMSKey"
    r"|decrypt (?:the )?environment variables|\bkms:Decrypt\b|KMS key"
)
_DENIED = re.compile(r"KMS\w*AccessDenied|KMS access was denied|AccessDenied|kms:Decrypt")
MOST = 4


@provides()
def key_trouble(
    function: FunctionRecord, timeline: Timeline | Unavailable, text: GivenText | Unavailable
) -> KeyTrouble | Unavailable:
    """The words that speak of it, strongest source first."""
    found = list(_said(function, timeline, text))[:MOST]
    if not found:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "nothing speaks of trouble with a key")
    denied = any(_DENIED.search(e.value) for e in found)
    return KeyTrouble(reading=function.reading, evidence=tuple(found), denied=denied)


def _said(
    function: FunctionRecord, timeline: Timeline | Unavailable, text: GivenText | Unavailable
) -> Iterator[Evidence]:
    if function.environment_error:
        yield function.cite("environment_error", label="error of the environment's decryption")
    for name in ("state_reason_code", "state_reason", "update_reason_code", "update_reason"):
        if _TROUBLE.search(getattr(function, name) or ""):
            yield function.cite(name)
    if isinstance(text, GivenText) and (match := _TROUBLE.search(text.text[:200_000])):
        quote = one_line(text.text[max(0, match.start() - 120) : match.end() + 200], 300)
        yield replace(text.cite("text", quote, label="pasted text"), origin=Origin.PASTED)
    if isinstance(timeline, Timeline):
        for error in timeline.errors[-20:]:
            if _TROUBLE.search(error.message):
                cited = timeline.cite("errors", one_line(error.message, 300), label="log")
                yield replace(cited, origin=timeline.of_application)
