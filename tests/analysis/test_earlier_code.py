"""Which code was there before."""

from __future__ import annotations

import datetime as dt

from tests.factories import RECORD, REGISTRY, function_record
from troubleshooter.analysis.past.code import of_a_version, pushed_before, recorded_before
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.changes import EarlierCode, PublishedVersions, Trail, TrailEvent, Trouble, Unchanged
from troubleshooter.facts.lifecycle import RepositoryImages

NOW = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
GONE = Unavailable(Reason.DENIED, "denied")
TROUBLE = Trouble(reading=RECORD, why="it fails")
OLD, OLDER = "b" * 64, "c" * 64


def ago(hours: float) -> dt.datetime:
    return NOW - dt.timedelta(hours=hours)


def versions(*pairs: tuple[str, str], kind: str = "Image") -> PublishedVersions:
    records = tuple(function_record(version=v, code_sha256=sha, package_type=kind) for v, sha in pairs)
    return PublishedVersions(reading=RECORD, records=records)


def test_the_newest_version_with_other_code() -> None:
    published = versions(("$LATEST", "a" * 64), ("6", OLDER), ("7", OLD), ("8", "a" * 64))
    found = of_a_version(TROUBLE, function_record(), published)
    assert isinstance(found, EarlierCode)
    assert (found.sha256, found.how, found.version) == (OLD, "version 7", "7")
    asked = of_a_version(TROUBLE, function_record(version="7", code_sha256=OLD), published)
    assert isinstance(asked, EarlierCode)
    assert asked.version == "6"


def test_versions_that_tell_of_no_other_code() -> None:
    for published in (GONE, versions(("7", "a" * 64)), versions(("7", OLD), kind="Zip"), versions(("$LATEST", OLD))):
        assert isinstance(of_a_version(TROUBLE, function_record(), published), Unavailable)


def trail(*events: TrailEvent) -> Trail:
    return Trail(reading=RECORD, events=events)


def recorded(name: str, hours: float, **details: str) -> TrailEvent:
    return TrailEvent(ago(hours), name, "ci", "demo", tuple(details.items()))


REPOSITORY = RegistryRecord(
    reading=REGISTRY,
    repository="demo",
    tag="latest",
    digest="sha256:" + "a" * 64,
    running=StoredImage("sha256:" + "a" * 64, ago(3)),
)


def test_what_an_earlier_update_was_answered_with() -> None:
    events = trail(
        recorded("UpdateFunctionCode", 1, codeSha256="a" * 64),
        recorded("UpdateFunctionConfiguration", 2, codeSha256=OLDER),
        recorded("UpdateFunctionCode", 30, codeSha256=OLD),
        recorded("UpdateFunctionCode", 50, codeSha256=OLDER),
    )
    found = recorded_before(function_record(), events, REPOSITORY)
    assert isinstance(found, EarlierCode)
    assert (found.sha256, found.how) == (OLD, "code of 2026-01-01 06:00 UTC")


def test_what_was_pushed_under_the_tag_before() -> None:
    events = trail(
        recorded("PutImage", 1, imageTag="latest", imageDigest=f"sha256:{OLDER}"),
        recorded("PutImage", 3, imageTag="latest", imageDigest="sha256:" + "a" * 64),
        recorded("PutImage", 4, imageTag="other", imageDigest=f"sha256:{OLDER}"),
        recorded("PutImage", 5, imageTag="latest", imageDigest=f"sha256:{OLD}"),
    )
    found = recorded_before(function_record(), events, REPOSITORY)
    assert isinstance(found, EarlierCode)
    assert (found.sha256, found.how) == (OLD, "pushed 2026-01-02 07:00 UTC")
    assert isinstance(recorded_before(function_record(package_type="Zip"), events, REPOSITORY), Unavailable)
    assert isinstance(recorded_before(function_record(), events, GONE), Unavailable)


def test_of_pushed_images_the_last_before_the_one_that_runs() -> None:
    kind = "application/vnd.oci.image.manifest.v1+json"
    stored = (
        StoredImage(f"sha256:{OLDER}", ago(9), media_type=kind),
        StoredImage(f"sha256:{OLD}", ago(5), media_type=kind),
        StoredImage("sha256:" + "d" * 64, ago(4), media_type="application/vnd.oci.image.index.v1+json"),
        StoredImage("sha256:" + "e" * 64, ago(4), media_type=kind, status="ARCHIVED"),
        StoredImage("sha256:" + "f" * 64, ago(1), media_type=kind),
    )
    images = RepositoryImages(reading=REGISTRY, images=stored)
    found = pushed_before(Unchanged(reading=RECORD), function_record(), REPOSITORY, images)
    assert isinstance(found, EarlierCode)
    assert found.sha256 == OLD
    alone = RepositoryImages(reading=REGISTRY)
    assert isinstance(pushed_before(Unchanged(reading=RECORD), function_record(), REPOSITORY, alone), Unavailable)
