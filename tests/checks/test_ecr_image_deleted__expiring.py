from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tests.factories import REGISTRY, function_code, function_record
from troubleshooter.analysis.image_fate import image_fate
from troubleshooter.checks.stale.ecr_image_deleted__expiring import ecr_image_deleted__expiring as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.lifecycle import ImageFate, LifecycleRule, LifecycleRules, RepositoryImages
from troubleshooter.model import Origin, Outcome, Verdict

NOW = dt.datetime(2026, 1, 20, tzinfo=dt.UTC)
READ = Reading("ecr:GetLifecyclePolicy", Origin.REGISTRY, "2026-01-20T00:00:00.000Z")
RUNS = "sha256:" + "a" * 64
UNTAGGED = LifecycleRule(1, "", "untagged", count_type="sinceImagePushed", count=14)
OLD = LifecycleRule(9, "", "any", count_type="sinceImagePushed", count=90)
FIVE = LifecycleRule(2, "keep five", "tagged", ("v",), count_type="imageCountMoreThan", count=5)


def stored(days: float, *tags: str, digest: str = RUNS) -> StoredImage:
    return StoredImage(digest, NOW - dt.timedelta(days=days), "ACTIVE", tags=tags)


def later(number: int, *tags: str) -> tuple[StoredImage, ...]:
    return tuple(stored(number / 10 - n / 10, *tags, digest=f"sha256:{n:064x}") for n in range(number))


def ask(
    running: StoredImage,
    *rules: LifecycleRule,
    images: Any = (),
    evaluated: dt.datetime | None = None,
    tagged: StoredImage | None = None,
) -> Verdict:
    registry = RegistryRecord(
        reading=REGISTRY, repository="demo", tag="latest", digest=RUNS, running=running, tagged=tagged
    )
    listed = RepositoryImages(reading=REGISTRY, images=(running, *images)) if isinstance(images, tuple) else images
    fate = image_fate(
        LifecycleRules(reading=READ, repository="demo", rules=rules, evaluated=evaluated), registry, listed
    )
    assert isinstance(fate, ImageFate)
    return the_check(function_record(), function_code(), registry, fate)


def test_an_untagged_image_is_counted_down() -> None:
    verdict = ask(stored(10), UNTAGGED)
    assert verdict.outcome is Outcome.FAIL
    assert "will be removed on 2026-01-24" in verdict.message
    assert verdict.remediation
    assert "deployed-demo" in verdict.remediation.commands[0]


def test_a_deployment_that_has_just_pushed_may_be_about_to_replace_it() -> None:
    newest = StoredImage("sha256:" + "b" * 64, NOW - dt.timedelta(minutes=3), "ACTIVE", tags=("latest",))
    assert ask(stored(13), UNTAGGED, tagged=newest).outcome is Outcome.UNKNOWN
    older = replace(newest, pushed_at=NOW - dt.timedelta(hours=3))
    assert ask(stored(13), UNTAGGED, tagged=older).outcome is Outcome.FAIL


def test_an_untagged_image_that_is_due() -> None:
    verdict = ask(stored(14.5), UNTAGGED, evaluated=NOW - dt.timedelta(hours=20))
    assert verdict.outcome is Outcome.FAIL
    assert "within a day" in verdict.message


def test_more_images_than_are_kept() -> None:
    verdict = ask(stored(5, "v1"), FIVE, images=later(5, "v2"))
    assert verdict.outcome is Outcome.FAIL
    assert "keep five" in next(e.value for e in verdict.evidence if "rule 2" in e.label)


def test_a_rule_that_archives() -> None:
    verdict = ask(stored(10), replace(UNTAGGED, action="transition"))
    assert verdict.outcome is Outcome.FAIL
    assert "will be archived" in verdict.message


@pytest.mark.parametrize(
    ("running", "rules", "images"),
    [
        pytest.param(stored(10, "latest"), (UNTAGGED,), (), id="it has its tag"),
        pytest.param(stored(100, "prod-1"), (FIVE,), (), id="another prefix"),
        pytest.param(stored(5, "v1"), (FIVE,), later(4, "v2"), id="one more may come"),
        pytest.param(stored(5, "v1"), (FIVE,), later(9, "x2"), id="others do not count"),
        pytest.param(
            stored(5, "v1", "prod"),
            (replace(FIVE, prefixes=("v", "x")),),
            later(9, "v2", "x2"),
            id="both prefixes are wanted",
        ),
        pytest.param(stored(10, "latest"), (OLD,), (), id="far away, and it will be replaced"),
        pytest.param(stored(0.8, "latest"), (replace(OLD, count=10),), (), id="daily deployments under ten days"),
        pytest.param(stored(6.9, "v1"), (replace(OLD, count=10),), (), id="weekly deployments under ten days"),
        pytest.param(stored(70, "v1"), (OLD,), (), id="monthly deployments, and a fifth of the days is left"),
        pytest.param(
            stored(
                7,
            ),
            (UNTAGGED,),
            (),
            id="a tag pushed daily and deployed weekly",
        ),
        pytest.param(stored(100, "v1"), (FIVE, OLD), later(2, "v2"), id="a rule before it decides"),
        pytest.param(stored(100), (), (), id="no rules"),
        pytest.param(stored(100), (replace(UNTAGGED, storage="archive"),), (), id="a rule for the archive"),
    ],
)
def test_images_that_are_spared(
    running: StoredImage, rules: tuple[LifecycleRule, ...], images: tuple[StoredImage, ...]
) -> None:
    assert ask(running, *rules, images=images).outcome is Outcome.PASS


def test_an_old_image_with_a_tag_that_is_due_soon() -> None:
    assert ask(stored(80, "latest"), OLD).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("running", "rule", "images"),
    [
        pytest.param(stored(100), replace(UNTAGGED, count_type="sinceImagePulled"), (), id="pulls are not told"),
        pytest.param(StoredImage(RUNS, None, "ACTIVE"), UNTAGGED, (), id="when it was pushed is not told"),
        pytest.param(stored(9, "v1"), FIVE, Unavailable(Reason.DENIED, "denied"), id="the others were not listed"),
    ],
)
def test_what_is_not_certain(running: StoredImage, rule: LifecycleRule, images: Any) -> None:
    assert ask(running, rule, images=images).outcome is Outcome.UNKNOWN


def test_ecr_itself_knows_better() -> None:
    assert ask(stored(40), UNTAGGED, evaluated=NOW - dt.timedelta(hours=2)).outcome is Outcome.UNKNOWN


def test_patterns() -> None:
    rule = replace(UNTAGGED, tag_status="tagged", patterns=("v*-rc*",))
    assert ask(stored(13, "v1-rc1"), rule).outcome is Outcome.FAIL
    assert ask(stored(13, "v1"), rule).outcome is Outcome.PASS
    assert ask(stored(13, "v1x"), replace(rule, patterns=("v1[x]",))).outcome is Outcome.PASS


def test_a_zip_has_no_image() -> None:
    registry = RegistryRecord(reading=REGISTRY, repository="demo", running=stored(9))
    verdict = the_check(function_record(package_type="Zip"), function_code(), registry, ImageFate(reading=READ))
    assert verdict.outcome is Outcome.NOT_APPLICABLE
