from __future__ import annotations

import datetime as dt

import pytest

from tests.factories import RECORD, REGISTRY, function_code, function_record, image_config
from troubleshooter.analysis.foreign_cpu import foreign_cpu
from troubleshooter.checks.stale.ci_overwrites_tag import ci_overwrites_tag as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.changes import Trail, TrailEvent
from troubleshooter.facts.image import ForeignCpu
from troubleshooter.model import Outcome, Verdict

NOW = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
FOREIGN = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/demo:latest"
CI, LAPTOP = "arn:aws:sts::123456789012:assumed-role/ci", "arn:aws:iam::123456789012:user/someone"


def ask(*who: str, image: str = "amd64", tag: str = "latest", name: str = "PutImage") -> Verdict:
    events = tuple(
        TrailEvent(NOW - dt.timedelta(hours=n), name, by, "demo", (("imageTag", tag),)) for n, by in enumerate(who)
    )
    registry = RegistryRecord(reading=REGISTRY, repository="demo", tag="latest")
    function, config = function_record(architecture="arm64"), image_config(architecture=image)
    cpu = foreign_cpu(function, config)
    assert isinstance(cpu, ForeignCpu)
    trail = Trail(reading=RECORD, events=events)
    return the_check(function, function_code(image_uri=FOREIGN, resolved_image_uri=None), registry, config, cpu, trail)


def test_two_principals_push_one_tag_and_the_cpu_is_wrong() -> None:
    verdict = ask(f"{CI}/run-2", LAPTOP, f"{CI}/run-1")
    assert verdict.outcome is Outcome.FAIL
    assert "3 times in turn" in verdict.message
    assert verdict.remediation
    (command,) = verdict.remediation.commands
    assert "IMMUTABLE" in command
    assert "--registry-id 210987654321" in command, "the repository lies in another account"


@pytest.mark.parametrize("image", ["arm64", ""])
def test_where_the_cpu_is_right_the_trail_is_not_waited_for(image: str) -> None:
    found = foreign_cpu(function_record(architecture="arm64"), image_config(architecture=image))
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        pytest.param(ask(f"{CI}/run-2", f"{CI}/run-1"), Outcome.NOT_APPLICABLE, id="two runs of one pipeline"),
        pytest.param(ask(f"{CI}/run-2", LAPTOP, tag="v1"), Outcome.NOT_APPLICABLE, id="another tag"),
        pytest.param(ask(f"{CI}/run-2", LAPTOP, name="BatchDeleteImage"), Outcome.NOT_APPLICABLE, id="no pushes"),
        pytest.param(ask(), Outcome.NOT_APPLICABLE, id="nothing recorded"),
    ],
)
def test_what_is_no_fight(verdict: Verdict, outcome: Outcome) -> None:
    assert verdict.outcome is outcome
