"""What was changed: versions held against each other, recorded calls, and their order."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tests.factories import RECORD, REGISTRY, function_record, image_config, variable
from troubleshooter.analysis.past.changes import changes
from troubleshooter.analysis.past.trouble import trouble
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.changes import Changes, PublishedVersions, Trail, TrailEvent, Trouble
from troubleshooter.facts.function import FunctionRecord, ImageOverride
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import PreviousImage
from troubleshooter.facts.logs import InitRecord, Invocation, LaunchError, Timeline
from troubleshooter.facts.metrics import Metrics, Point
from troubleshooter.model import Origin, Role, Subject

FAILED = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
GONE = Unavailable(Reason.DENIED, "denied")
TRAIL = Reading("cloudtrail:LookupEvents", Origin.RECORD)
LOG = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)


def before(hours: float) -> dt.datetime:
    return FAILED - dt.timedelta(hours=hours)


NOW_RECORD = function_record(
    version="$LATEST",
    last_modified=before(1),
    timeout_s=3,
    override=ImageOverride(command=("app.handler",)),
    environment=(variable("PATH", "/usr/bin"), variable("NEW", "x")),
)


def version(number: str, **more: Any) -> FunctionRecord:
    return replace(NOW_RECORD, version=number, last_modified=before(100), **more)


def found(
    *records: FunctionRecord, events: tuple[TrailEvent, ...] = (), since: dt.datetime | None = FAILED, **more: Any
) -> Changes:
    published = PublishedVersions(reading=replace(RECORD, source="lambda:ListVersionsByFunction"), records=records)
    trail = Trail(reading=TRAIL, events=events)
    facts = {"registry": GONE, "image": GONE, "previous": GONE, **more}
    return changes(Trouble(reading=RECORD, why="it fails", since=since), NOW_RECORD, published, trail, **facts)


def test_the_newest_version_that_differs_is_held_against_what_runs() -> None:
    old = version(
        "7", timeout_s=30, override=ImageOverride(), environment=(variable("PATH", "/bin"), variable("OLD", "x"))
    )
    result = found(version("6", timeout_s=60), old, version("8"))
    told = {c.what: (c.before, c.after) for c in result.changes if c.source.startswith("lambda:List")}
    assert told == {
        "timeout in seconds": ("30", "3"),
        "ImageConfig Command": (None, "app.handler"),
        "environment variable NEW": (None, "set"),
        "environment variable OLD": ("set", None),
    }
    assert all("version 7" in c.source for c in result.changes if c.source.startswith("lambda:List"))


def test_equal_versions_tell_of_no_change_but_the_record_does() -> None:
    (only,) = found(version("7")).changes
    assert only.at == before(1)
    assert "was changed" in only.what


def test_a_changed_value_is_told_by_its_hash_alone() -> None:
    other = replace(variable("NEW", "y"), digest="1" * 12)
    result = found(version("7", environment=(variable("PATH", "/usr/bin"), other)))
    told = next(c for c in result.changes if "NEW" in c.what)
    assert (told.before, told.after) == ("one value", "another value")


def test_changes_are_ranked_by_nearness_to_the_first_failure() -> None:
    events = tuple(
        TrailEvent(at, name, "ci")
        for at, name in (
            (before(30), "SetRepositoryPolicy"),
            (before(-1), "UpdateAlias"),
            (before(1), "UpdateFunctionCode20150331v2"[:18]),
        )
    )
    result = found(events=events)
    assert [c.what for c in result.changes] == ["code updated", "repository policy set", "alias moved"]
    assert result.first_failure == FAILED


def test_without_a_dated_failure_the_newest_comes_first() -> None:
    events = (TrailEvent(before(30), "SetRepositoryPolicy", "ci"), TrailEvent(before(2), "PutImage", "ci"))
    assert [c.what for c in found(events=events, since=None).changes][1:] == ["image pushed", "repository policy set"]


def test_the_recorded_call_and_the_records_own_time_are_one_change() -> None:
    event = TrailEvent(before(1), "UpdateFunctionConfiguration", "arn:aws:iam::1:user/a", details=(("timeout", "3"),))
    (only,) = found(events=(event,)).changes
    assert (only.what, only.after, only.by) == ("configuration updated", "timeout 3", "arn:aws:iam::1:user/a")


def test_a_push_that_ecr_tells_of_counts_where_the_trail_does_not() -> None:
    registry = RegistryRecord(
        reading=REGISTRY, repository="demo", tag="latest", tagged=StoredImage("sha256:" + "b" * 64, before(2))
    )
    told = [c.what for c in found(registry=registry).changes]
    assert "image pushed under the tag latest of demo" in told


def test_what_could_not_be_read_leaves_the_rest() -> None:
    result = changes(Trouble(reading=RECORD, why="it fails"), NOW_RECORD, GONE, GONE, GONE, GONE, GONE)
    assert len(result.changes) == 1
    assert not result.complete
    other = Unavailable(Reason.NOT_OF_THIS_KIND, "no alias")
    assert changes(Trouble(reading=RECORD, why="it fails"), NOW_RECORD, other, other, GONE, GONE, GONE).complete


def test_the_image_before_tells_what_was_built_differently() -> None:
    old = image_config(
        command=("app.old",),
        environment=(variable("OLD", "x"), variable("PATH", "/bin")),
        labels={"revision": "1"},
        history=("FROM base", "RUN pip install a==1", "COPY . ."),
        diff_ids=("sha256:1", "sha256:2", "sha256:3"),
    )
    new = image_config(
        environment=(replace(variable("PATH", "/usr/bin"), digest="other"),),
        labels={"revision": "2"},
        history=("FROM base", "RUN pip install a==2", "COPY . ."),
        diff_ids=("sha256:9", "sha256:8", "sha256:7"),
    )
    previous = PreviousImage(reading=REGISTRY, digest="sha256:old", how="version 7", config=old)
    result = found(version("7"), image=new, previous=previous)
    told = {c.what: (c.before, c.after) for c in result.changes if "version 7 → the image" in c.source}
    assert told == {
        "the image's CMD": ('["app.old"]', '["app.handler"]'),
        "ENV PATH of the image": ("/bin", "/usr/bin"),
        "ENV OLD of the image": ("x", None),
        "label revision of the image": ("1", "2"),
        "build step": (None, "RUN pip install a==2"),
        "content that the build step made: FROM base": ("sha256:1", "sha256:9"),
    } | {"build step": told["build step"]}
    assert {c.before or c.after for c in result.changes if c.what == "build step"} == {
        "RUN pip install a==1",
        "RUN pip install a==2",
    }
    assert all(c.at == NOW_RECORD.last_modified for c in result.changes)


def test_an_image_before_whose_settings_could_not_be_read_tells_nothing() -> None:
    previous = PreviousImage(reading=REGISTRY, digest="sha256:old", how="version 7", config=GONE)
    assert len(found(version("7"), image=image_config(), previous=previous).changes) == 1


# ---------------------------------------------------------------- whether anything is wrong

NO_TEXT = Unavailable(Reason.NOT_GIVEN, "no text")
TEXT = GivenText(reading=Reading("pasted text", Origin.PASTED), text="old code")
DEPLOYED = Subject(Role.DEPLOYED)


def call(status: str, hours: float) -> Invocation:
    return Invocation("r", "s", "$LATEST", before(hours), before(hours), status=status)


def asked(
    *calls: Invocation, record: FunctionRecord = NOW_RECORD, metrics: Any = GONE, text: Any = NO_TEXT, **log: Any
) -> Trouble | Unavailable:
    return trouble(DEPLOYED, record, Timeline(reading=LOG, invocations=calls, **log), metrics, text)


def numbers(errors: float) -> Metrics:
    point = Point(before(2), 5)
    return Metrics(
        reading=RECORD, since=before(3), period_s=300, invocations=(point,), errors=(Point(before(2), errors),)
    )


def test_since_the_first_failure() -> None:
    result = asked(call("success", 5), call("error", 4), call("success", 3), call("timeout", 2))
    assert isinstance(result, Trouble)
    assert result.since == before(4)


@pytest.mark.parametrize(
    "facts",
    [
        {"record": function_record(state="Failed")},
        {"record": function_record(update_status="Failed")},
        {"record": function_record(state="Inactive", state_reason_code="ImageDeleted")},
        {"inits": (InitRecord(before(1), "s", 9.0, "init", "error"),)},
        {"launch_errors": (LaunchError(before(1), "s", "x", "", "", ""),)},
        {"metrics": numbers(5)},
        {"text": TEXT},
    ],
)
def test_what_is_trouble(facts: dict[str, Any]) -> None:
    assert isinstance(asked(**facts), Trouble)


@pytest.mark.parametrize(
    ("calls", "facts"),
    [
        ((call("error", 2), call("success", 1)), {}),
        ((), {"record": function_record(state="Inactive", state_reason_code="Idle")}),
        ((), {"metrics": numbers(0)}),
        ((call("success", 1),), {"inits": (InitRecord(before(2), "s", 9.0, "init", "error"),)}),
    ],
)
def test_what_is_none(calls: tuple[Invocation, ...], facts: dict[str, Any]) -> None:
    result = asked(*calls, **facts)
    assert isinstance(result, Unavailable)
    assert result.reason is Reason.NOT_OF_THIS_KIND


def test_what_is_only_proposed_has_no_past() -> None:
    assert isinstance(trouble(Subject(Role.PROPOSED), NOW_RECORD, GONE, GONE, TEXT), Unavailable)
