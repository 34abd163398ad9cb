"""Markdown for tickets and terminals: verdict first, then proof, fix, path, and what could not be told.

Outside text stands only in code spans and fences longer than any run of backticks in it, so it can neither format nor link.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from troubleshooter import grants
from troubleshooter.reports import timeline
from troubleshooter.reports.inline import block, code, ours, prose
from troubleshooter.suspects import asks, meaning, remedy

FORMAT = "markdown"
STATES = {"passed": "✓", "failed": "✗", "unknown": "·"}
TITLES = {
    "confirmed": "Confirmed",
    "suspected": "Suspected, not proven",
    "none": "Nothing wrong was found",
    "inconclusive": "Inconclusive",
}
_VALUE, _GAPS, _LISTED, _CHANGES = 400, 200, 8, 12
"""Characters of an observed value and of a reason, and names in a list, that are shown; the JSON report has them whole."""
_SPANS, _BAR = 15, 16
"""Spans of the timeline, and the columns of its longest bar."""


def render(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    parts = [
        *_head(report),
        *_causes(report),
        *_ladder(report),
        *_timeline(report),
        *_compared(report),
        *_changes(report),
        *_others(report),
        *_gaps(report),
    ]
    parts += [*_verifications(report), *_path(report), *_notes(report), *_tail(report)]
    return "\n".join(parts).rstrip() + "\n"


def target_name(report: Mapping[str, Any]) -> str:
    """What the engineer gave first."""
    target = report["target"]
    for key in ("function", "image", "template", "source", "logs"):
        if target.get(key):
            return str(target[key])
    return "pasted text"


def _head(report: Mapping[str, Any]) -> Iterator[str]:
    diagnosis = report["diagnosis"]
    yield f"# {code(target_name(report))}: {TITLES[diagnosis['status']].lower()}"
    yield ""
    yield f"**{TITLES[diagnosis['status']]}** — {ours(diagnosis['summary'])}"
    yield ""
    since = report["symptom"].get("since")
    if since:
        yield f"- since {code(since)}"
    caller = report.get("caller")
    if caller:
        yield f"- asked as {code(caller['arn'])} in {code(caller['region'])}"
    for notice in report["notices"]:
        yield f"- **note:** {ours(notice)}"
    yield f"- read between {code(report['started'])} and {code(report['finished'])}; nothing was written"
    yield ""


def _causes(report: Mapping[str, Any]) -> Iterator[str]:
    wanted = report["diagnosis"]["causes"]
    for cause in wanted:
        for finding in report["findings"]:
            if finding["check"] == cause and finding["outcome"] == "fail":
                yield f"## {code(cause)}"
                yield ""
                yield ours(finding["message"])
                yield ""
                yield from _evidence(report, finding["evidence"])
                yield from _fix(finding["remediation"])
    if report["diagnosis"]["status"] == "suspected":
        yield from _suspects(report["diagnosis"])
    later = report["diagnosis"]["next"]
    if later:
        yield "Once this is fixed, the next to fail: " + ", ".join(code(check) for check in later) + "."
        yield ""


def _suspects(diagnosis: Mapping[str, Any]) -> Iterator[str]:
    suspects = diagnosis["suspects"]
    yield "## Suspects, most likely first"
    yield ""
    for number, suspect in enumerate(suspects[:_LISTED], 1):
        title = meaning(suspect["cause"])
        told = f"{ours(title)}; " if title else ""
        yield f"{number}. {code(suspect['cause'])} — {told}{prose(suspect['why'], _VALUE)}"
    yield ""
    if diagnosis["deciding_question"]:
        yield f"**{asks(suspects)}** {ours(diagnosis['deciding_question'])}"
        yield ""
    fix = remedy(suspects[0]["cause"])
    if fix:
        first = suspects[0]["cause"]
        yield f"**If it is {code(first)}.** {ours(fix)} The whole page: `troubleshooter explain {first}`"
        yield ""


def _evidence(report: Mapping[str, Any], ids: list[str]) -> Iterator[str]:
    yield "| | observed | value | where | when |"
    yield "|---|---|---|---|---|"
    for number in ids:
        e = report["evidence"][number]
        where = code(e["source"]) + (f" request {code(e['request_id'])}" if e.get("request_id") else "")
        yield f"| {number} | {prose(e['label'])} | {code(e['value'], _VALUE)} | {where} | {code(e['at'])} |"
    yield ""


def _fix(fix: Mapping[str, Any] | None) -> Iterator[str]:
    if fix is None:
        return
    yield f"**Fix.** {ours(fix['text'])}"
    yield ""
    if fix["commands"]:
        yield from block("\n".join(fix["commands"]), "sh")
        yield ""
    if fix.get("verify"):
        yield f"**Verify.** {ours(fix['verify'])}"
        yield ""


def _ladder(report: Mapping[str, Any]) -> Iterator[str]:
    if all(rung["state"] == "unknown" for rung in report["ladder"]):
        return
    yield "## How far it got"
    yield ""
    yield "| | rung | state | shown by |"
    yield "|---|---|---|---|"
    for rung in report["ladder"]:
        shown = [report["evidence"][e] for e in rung["evidence"][:1]]
        by = "; ".join(f"{prose(e['label'])} {code(e['value'], 100)}" for e in shown) or "–"
        yield f"| {STATES[rung['state']]} | {rung['rung']} | {rung['state']} | {by} |"
    yield ""


def _timeline(report: Mapping[str, Any]) -> Iterator[str]:
    told = report["timeline"]
    if told is None:
        return
    yield "## What the log shows"
    yield ""
    yield f"{prose(timeline.summary(told))}. The newest:"
    yield ""
    for lane in timeline.lanes(told, _SPANS):
        yield from block("\n".join([lane.title, *(_span(row) for row in lane.rows)]))
        yield ""


def _span(row: timeline.Row) -> str:
    if not row.status:
        return f"{'':<12}  ┆ frozen {row.took}"
    mark = timeline.SYMBOLS[row.status]
    remarks = " · ".join([*([row.status] if row.status != "success" else []), *row.remarks])
    return f"{row.time:<12}  {mark} {row.what:<19}  {row.took:>10}  {timeline.bar(row.share, _BAR):<{_BAR}}  {remarks}"


RELATIONS = {
    "same": "The local image is the one that is deployed.",
    "same content": "The local image has another digest and the same content as the deployed one.",
    "different": "The local image is not the deployed one; this is no fault by itself.",
}


def layers_in_words(compared: Mapping[str, Any]) -> str:
    """How many layers are the same, and where the rest begins; empty where that is not known."""
    if not compared["layers"]:
        return ""
    shared, mine, theirs = compared["layers"]
    begins = f"; the first that differs was made by: {compared['step']}" if compared["step"] else ""
    return f"{shared} of {mine} local and {theirs} deployed layers are the same{begins}"


def _compared(report: Mapping[str, Any]) -> Iterator[str]:
    compared = report["image_comparison"]
    if not compared:
        return
    yield "## The local image and the deployed one"
    yield ""
    yield RELATIONS[compared["relation"]]
    yield ""
    yield f"- local {code(compared['local'])}, deployed {code(compared['deployed'])}"
    if compared["relation"] == "different":
        for member, mine, theirs in compared["members"][:_CHANGES]:
            yield f"- {prose(member)}: {code(mine, _GAPS)} here, {code(theirs, _GAPS)} there"
        words = layers_in_words(compared)
        if words:
            yield f"- {prose(words, _VALUE)}"
        if compared["files"]:
            yield ""
            more = [f"… {compared['more_files']} more"] if compared["more_files"] else []
            yield from block("\n".join([*compared["files"][:_CHANGES], *more]), "diff")
    yield ""


def _changes(report: Mapping[str, Any]) -> Iterator[str]:
    changes = report["changes"]
    if not changes:
        return
    yield "## What was changed"
    yield ""
    yield "Leads, not causes; what lies nearest before the first failure comes first."
    yield ""
    yield "| when | what | before | now | by | where |"
    yield "|---|---|---|---|---|---|"
    for each in changes[:_CHANGES]:
        cells = (code(each[key], _GAPS) if each[key] else "–" for key in ("before", "after", "by", "source"))
        yield f"| {code(each['at'] or 'not told')} | {prose(each['what'], _GAPS)} | {' | '.join(cells)} |"
    yield ""
    more = len(changes) - _CHANGES
    if more > 0:
        yield f"{more} more stand in the JSON report."
        yield ""
    if not report["changes_complete"]:
        yield "Not everything could be read; there may be more."
        yield ""
    for note in report.get("changes_notes", ()):
        yield prose(note)
        yield ""


def _others(report: Mapping[str, Any]) -> Iterator[str]:
    causes = report["diagnosis"]["causes"]
    others = [f for f in report["findings"] if f["outcome"] == "fail" and f["check"] not in causes]
    if others:
        yield "## Also found"
        yield ""
        for finding in others:
            where = f"{finding['subject']}, {finding['severity']}"
            yield f"- {code(finding['check'])} ({prose(where)}): {ours(finding['message'])}"
        yield ""
    if report["ruled_out"]:
        yield "## Ruled out"
        yield ""
        yield ", ".join(code(check) for check in report["ruled_out"])
        yield ""


def gaps(report: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Each reason once: why something could not be told, what would settle it, and the checks that it keeps open."""
    reasons: dict[str, tuple[str, list[str]]] = {
        g["detail"]: ((g["unblock"] or {}).get("text", ""), []) for g in report["unread"]
    }
    for gap in report["could_not_check"]:
        reasons.setdefault(gap["reason"], (gap["unblock"]["text"], []))[1].append(gap["check"])
    return [(reason, unblock, list(dict.fromkeys(checks))) for reason, (unblock, checks) in reasons.items()]


def _gaps(report: Mapping[str, Any]) -> Iterator[str]:
    found = gaps(report)
    if not found:
        return
    yield "## Could not be told"
    yield ""
    for reason, unblock, checks in found:
        kept_open = ": " + ", ".join(code(c) for c in checks) if checks else ""
        yield f"- because {ours(reason, _GAPS)}{kept_open}"
        if unblock:
            yield f"  - to settle it: {ours(unblock)}"
    yield ""
    yield from _permissions(report["missing_permissions"])


def _permissions(missing: Mapping[str, Any]) -> Iterator[str]:
    """What to ask for, as it is pasted; and what no policy beside the caller can mend."""
    if missing["policy"]:
        places = dict.fromkeys(e["grant_in"] for e in missing["actions"] if e["grant_in"] and _pasted(e))
        where = f" in {prose(', '.join(places))}" if places else ""
        yield f"**Permissions to ask for**{where}:"
        yield ""
        yield from block(grants.as_text(missing["policy"]), "json")
        yield ""
    others = [e for e in missing["actions"] if not _pasted(e)]
    if others:
        yield "**No policy beside the caller mends these**; whoever keeps the other policy does:"
        yield ""
    for entry in others:
        yield f"- {prose(entry['text'])}"
    if others:
        yield ""


def _pasted(entry: Mapping[str, Any]) -> bool:
    """Whether the policy that is shown holds it."""
    return bool(entry.get("in_policy", not entry["lift"]))


def _names(checks: list[str]) -> str:
    """Names of checks, the first ones where there are many."""
    shown = ", ".join(code(check) for check in checks[:_LISTED])
    return f"{shown} and {len(checks) - _LISTED} more" if len(checks) > _LISTED else shown


def _verifications(report: Mapping[str, Any]) -> Iterator[str]:
    for each in report["verifications"]:
        said = {True: "fixed", False: "not fixed", None: "could not tell"}[each["fixed"]]
        yield f"## Verified at {code(each['at'])}: {said}"
        yield ""
        yield "| | before | now |"
        yield "|---|---|---|"
        for before, after in zip(each["before"], each["after"], strict=False):
            yield f"| {code(before['check'])} | {ours(before['message'])} | {ours(after['message'])} |"
        yield ""
        shown = [e for finding in each["after"] for e in finding["evidence"]]
        if shown:
            yield from _evidence(report, shown)
        if each["note"]:
            yield prose(each["note"])
            yield ""


def _path(report: Mapping[str, Any]) -> Iterator[str]:
    path = report["path"]
    if not path:
        return
    yield "## The walk"
    yield ""
    yield "```mermaid"
    yield "flowchart TD"
    shown = list(_shortened(path))
    for i, (label, reply) in enumerate(shown):
        yield f'  n{i}["{re.sub(r"[^A-Za-z0-9_:. -]", " ", label)}"]'
        following = f"n{i + 1}" if i + 1 < len(shown) else "done"
        yield f"  n{i} -->|{re.sub(r'[^A-Za-z0-9_ -]', ' ', reply).replace('_', ' ')}| {following}"
    yield f"  done([{report['diagnosis']['status']}])"
    yield "```"
    yield ""


def _shortened(path: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(label, reply) of each step; runs of questions that do not arise as one."""
    for reply, run in itertools.groupby(path, key=lambda step: step["reply"]):
        steps = list(run)
        if reply == "not_applicable" and len(steps) > 2:
            books = list(dict.fromkeys(step["playbook"] for step in steps))
            yield f"{len(steps)} questions of {books[0]}{f' to {books[-1]}' if len(books) > 1 else ''}", reply
        else:
            yield from ((f"{step['playbook']}: {step['node']}", step["reply"]) for step in steps)


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    if report["notes"]:
        yield "## Notes"
        yield ""
        for note in report["notes"]:
            yield f"- {code(note['at'])} {prose(note['text'])}"
        yield ""


def _tail(report: Mapping[str, Any]) -> Iterator[str]:
    calls = report["calls"]
    tool = report["tool"]
    books = ", ".join(f"{name}@{digest}" for name, digest in (tool.get("playbooks") or {}).items())
    redacted = sum(report["redactions"].values())
    yield "---"
    yield f"{len(calls)} calls, all reads · {redacted} values redacted · troubleshooter {tool.get('version', '')}"
    if books:
        yield f"playbooks {code(books)}"
