"""Denials that were written down: `User … is not authorized to perform … on resource …`, wherever it stands. Pure.

AWS's own message as the application logged it, as the runtime client reported it, in the record's reasons, or pasted.
It names principal, action and resource, and in newer wordings the kind of policy. Only what the newest invocations of the
present say counts: an older denial that later ones did not meet again is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from troubleshooter.analysis.logs import lines as log_lines
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.base import Fact
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import InitRecord, Invocation, Timeline
from troubleshooter.facts.permissions import Denial, Denials, Level
from troubleshooter.model import Evidence, Origin
from troubleshooter.text import one_line

RECENT = 20
"""Invocations that speak of the present."""
TOLERATED = 0.2
"""Share of them that may meet a denial while the newest does not: a passing trouble."""
MOST = 20
"""Denials that are kept."""

_DENIAL = re.compile(
    r"(?:User:?\s+(?P<principal>arn:[^\s\"'\\]{1,300})\s+)?(?:is|are) not authorized to perform:?\s+"
    r"(?P<action>[A-Za-z][\w-]{1,40}:[A-Za-z][\w*]{1,80})(?P<rest>[^\n]{0,900})"
)
_RESOURCE = re.compile(r"\bon (?:the )?resource:?\s+[\\\"'`]{0,3}(?P<resource>[^\s\"'`\\]{1,500})")
_KINDS = (
    "identity-based policy",
    "resource-based policy",
    "service control policy",
    "resource control policy",
    "permissions boundary",
    "session policy",
    "VPC endpoint policy",
)
_POLICY = re.compile(rf"(?P<how>because no|explicit deny in an?) (?P<kind>{'|'.join(_KINDS)})", re.IGNORECASE)
_S3 = re.compile(
    r"\((?:AccessDenied|403)\) when calling the (?P<operation>\w+) operation(?: \([^)]{0,40}\))?: (?:Access Denied|Forbidden)"
)
_S3_ACTIONS = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListBuckets": "s3:ListAllMyBuckets",
}
"""S3's older message names nothing but the operation."""
_VAGUE = re.compile(r"\bAccess ?Denied|UnauthorizedOperation|[Nn]ot authorized to perform|\bForbidden\b")
_NOTHING = Unavailable(Reason.NOT_GIVEN, "nothing was given that could tell of a denial")
_LOUD, _QUIET = ("ERROR", "CRITICAL", "FATAL"), ("TRACE", "DEBUG", "INFO", "WARN", "WARNING", "NOTICE")


@provides()
def denials(
    record: FunctionRecord | Unavailable, timeline: Timeline | Unavailable, text: GivenText | Unavailable
) -> Denials | Unavailable:
    """Denials of the present, the execution role's apart from those of others."""
    sources = [fact for fact in (timeline, record, text) if isinstance(fact, Fact)]
    if not sources:
        return next((f for f in (record, timeline) if isinstance(f, Unavailable) and f.applies), _NOTHING)
    found: list[Denial] = []
    if isinstance(text, GivenText):
        found += [replace(d, place="text") for d in read(text.text, text, Origin.PASTED)]
    if isinstance(record, FunctionRecord):
        for reason in (record.state_reason, record.update_reason):
            found += [replace(d, place="record") for d in read(reason or "", record, Origin.RECORD)]
    failed = None
    if isinstance(timeline, Timeline):
        found += _logged(timeline)
        newest = max(timeline.invocations, key=_begun, default=None)
        failed = (
            None
            if newest is None or newest.status == "unknown"
            else (newest.status != "success" or bool(newest.errors))
        )
    known = record if isinstance(record, FunctionRecord) else None
    own = [d for d in found if _is_own(d, known)]
    return Denials(
        reading=sources[0].reading,
        own=tuple(_distinct(own)),
        others=tuple(_distinct(d for d in found if d not in own)),
        vague=None if found else _vague(timeline, text),
        newest_failed=failed,
    )


def read(text: str, fact: Fact, origin: Origin) -> Iterator[Denial]:
    """The denials in a text; `fact` is where it was read."""
    for match in _DENIAL.finditer(text[:200_000]):
        rest = match["rest"]
        resource, policy = _RESOURCE.search(rest), _POLICY.search(rest)
        service, _, operation = match["action"].partition(":")
        quote = one_line(match[0].partition("\\n")[0], 400)
        yield Denial(
            action=f"{service.lower()}:{operation}",
            principal=match["principal"],
            resource=_resource(resource["resource"]) if resource else None,
            policy=policy["kind"] if policy else "",
            explicit="explicit deny" in rest,
            evidence=replace(fact.cite("text", quote, label="denial"), origin=origin),
        )
    for match in _S3.finditer(text[:200_000]):
        if action := _S3_ACTIONS.get(match["operation"]):
            cited = replace(fact.cite("text", one_line(match[0], 200), label="denial"), origin=origin)
            yield Denial(action=action, evidence=cited)


def _vague(timeline: Timeline | Unavailable, text: GivenText | Unavailable) -> Evidence | None:
    texts: list[tuple[Fact, str, Origin]] = []
    if isinstance(text, GivenText):
        texts.append((text, text.text[:200_000], Origin.PASTED))
    if isinstance(timeline, Timeline):
        origin = timeline.of_application
        texts += [(timeline, e.message, origin) for e in timeline.errors[-MOST:]]
    for fact, said, origin in texts:
        match = _VAGUE.search(said)
        if match and not _DENIAL.search(said):
            quote = one_line(said[max(0, match.start() - 100) : match.end() + 100], 200)
            return replace(fact.cite("text", quote, label="denial"), origin=origin)
    return None


def _resource(text: str) -> str | None:
    cut = text.rstrip(".,;:)]}>")
    return None if cut in ("", "this", "the", "associated") else cut


def _is_own(denial: Denial, record: FunctionRecord | None) -> bool:
    if denial.principal is None:
        return True
    if record is None or not record.role:
        return denial.role is not None
    account, name = record.role.split(":")[4:5], record.role.rpartition("/")[2]
    return denial.role == (account[0] if account else "", name)


def _logged(timeline: Timeline) -> list[Denial]:
    """Of the newest invocations and inits, and of lines outside of them; none where the newest ones met it no more."""
    recent = sorted(timeline.invocations, key=_begun)[-RECENT:]
    of = [(i, list(_of_invocation(timeline, i))) for i in recent]
    met = [found for _, found in of if found]
    current = bool(met) and (bool(of[-1][1]) or len(met) / len(of) > TOLERATED)
    found = [d for each in reversed(met) for d in each] if current else []
    last = max(timeline.inits, key=lambda i: i.at.timestamp() if i.at else 0.0, default=None)
    if last is not None and last.status != "success":
        found += _of_init(timeline, last)
    if not recent and not found:
        for error in timeline.errors[-MOST:]:
            found += [replace(d, place="log") for d in _lines(timeline, (error.message,))]
    return found


def _of_invocation(timeline: Timeline, invocation: Invocation) -> Iterator[Denial]:
    for denial in _lines(timeline, (invocation.error or "",)):
        yield replace(denial, place="invocation", status=invocation.status, raised=True, level=Level.LOUD)
    for denial in _lines(timeline, invocation.lines):
        yield replace(denial, place="invocation", status=invocation.status)


def _of_init(timeline: Timeline, init: InitRecord) -> Iterator[Denial]:
    for denial in _lines(timeline, init.lines):
        yield replace(denial, place="init", status=init.status, raised=denial.level is not Level.QUIET)


def _lines(timeline: Timeline, lines: Iterable[str]) -> Iterator[Denial]:
    for line in lines:
        if "not authorized to perform" not in line and "when calling the" not in line:
            continue
        said = log_lines.read(line)
        loudness = said.level if isinstance(said, log_lines.Line) else ""
        level = Level.LOUD if loudness in _LOUD else Level.QUIET if loudness in _QUIET else Level.PLAIN
        for denial in read(line, timeline, timeline.of_application):
            yield replace(denial, level=level)


def _distinct(found: Iterable[Denial]) -> list[Denial]:
    """Each action and resource once: what ended an invocation first, then what was written loudest."""
    rank = {Level.LOUD: 0, Level.PLAIN: 1, Level.QUIET: 2}
    kept: dict[tuple[str, str | None, str | None], Denial] = {}
    for denial in sorted(found, key=lambda d: (not d.raised, rank[d.level])):
        kept.setdefault((denial.action.lower(), denial.resource, denial.principal), denial)
    return list(kept.values())[:MOST]


def _begun(invocation: Invocation) -> float:
    at = invocation.start or invocation.end
    return at.timestamp() if at else 0.0
