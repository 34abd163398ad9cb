"""One HTML page for mail and wikis: the same record as the Markdown report, with the timeline as a picture.

Every value is escaped and made harmless on its way into the page; there is no script, and a content security policy
forbids the page to load anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

from troubleshooter import grants
from troubleshooter.reports import timeline
from troubleshooter.reports.markdown import RELATIONS, STATES, TITLES, gaps, layers_in_words, target_name
from troubleshooter.suspects import asks, meaning, remedy
from troubleshooter.text import for_report

FORMAT = "html"
_VERIFIED = {True: "fixed", False: "not fixed", None: "could not tell"}


def render(report: dict[str, Any]) -> str:
    """The report as one self-contained page."""
    from jinja2 import Environment, StrictUndefined

    page = Environment(autoescape=True, undefined=StrictUndefined, finalize=_harmless).from_string(
        resources.files("troubleshooter.reports").joinpath("report.html.j2").read_text("utf-8")
    )
    diagnosis, told = report["diagnosis"], report["timeline"]
    failed = [f for f in report["findings"] if f["outcome"] == "fail"]
    return (
        page.render(
            report={**report, "verifications": [_verification(v) for v in report["verifications"]]},
            diagnosis=diagnosis,
            name=target_name(report),
            title=TITLES[diagnosis["status"]],
            causes=[f for cause in diagnosis["causes"] for f in failed if f["check"] == cause],
            others=[f for f in failed if f["check"] not in diagnosis["causes"]],
            gaps=[{"reason": r, "unblock": u, "checks": c} for r, u, c in gaps(report)],
            policy=grants.as_text(report["missing_permissions"]["policy"])
            if report["missing_permissions"]["policy"]
            else "",
            lanes=timeline.lanes(told) if told else [],
            timeline_summary=timeline.summary(told) if told else "",
            states=STATES,
            relations=RELATIONS,
            layers_in_words=layers_in_words,
            asks=asks,
            meaning=meaning,
            remedy=remedy,
            symbols=timeline.SYMBOLS,
            verified=_VERIFIED,
            redacted=sum(report["redactions"].values()),
        )
        + "\n"
    )


def _harmless(value: object) -> object:
    """Control characters made visible; escaping is the template engine's."""
    return for_report(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _verification(each: Mapping[str, Any]) -> dict[str, Any]:
    pairs = zip(each["before"], each["after"], strict=False)
    rows = [{"check": b["check"], "before": b["message"], "now": a["message"]} for b, a in pairs]
    return {"at": each["at"], "fixed": each["fixed"], "note": each["note"], "rows": rows}
