"""A repository's lifecycle rules, over real HTTP."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from tests.factories import function_code
from tests.lab.aws import Account
from tests.lab.images import image
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.ecr_records import describe_image
from troubleshooter.collectors.lifecycle import lifecycle_rules, repository_images
from troubleshooter.facts import CallLog, Reason, SourceError, Unavailable
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.changes import Unchanged
from troubleshooter.facts.function import FunctionCode
from troubleshooter.facts.lifecycle import LifecycleRules, RepositoryImages
from troubleshooter.model import Role, Subject

QUIET = Unavailable(Reason.NOT_OF_THIS_KIND, "nobody says that a new image changed nothing")
OLD, NEW = image({"/a": "old"}), image({"/a": "new"})
COUNT = {
    "rulePriority": 2,
    "description": "keep five",
    "selection": {"tagStatus": "tagged", "tagPrefixList": ["v"], "countType": "imageCountMoreThan", "countNumber": 5},
    "action": {"type": "expire"},
}
DAYS = {
    "rulePriority": 1,
    "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
    "action": {"type": "expire"},
}


def aws(account: Account) -> Aws:
    return Aws(CallLog(), region=account.region, endpoint_url=account.url)


def stored_code(account: Account) -> FunctionCode:
    where = f"{account.account_id}.dkr.ecr.{account.region}.amazonaws.com/demo"
    return function_code(image_uri=f"{where}:v1", resolved_image_uri=f"{where}@{OLD.digest}")


def stored(account: Account) -> tuple[RegistryRecord, FunctionCode]:
    account.add_image("demo", "v1", OLD)
    account.add_image("demo", "latest", NEW)
    code = stored_code(account)
    registry = describe_image(code, Subject(Role.DEPLOYED), aws(account))
    assert isinstance(registry, RegistryRecord)
    return registry, code


def answer(account: Account, *rules: dict[str, Any]) -> None:
    text = json.dumps({"rules": rules})
    account.answer("ecr", "GetLifecyclePolicy", {"lifecyclePolicyText": text, "lastEvaluatedAt": 1767323045.0})


def read(account: Account) -> LifecycleRules:
    registry, code = stored(account)
    found = lifecycle_rules(registry, code, aws(account))
    assert isinstance(found, LifecycleRules)
    return found


def test_rules_are_taken_apart(aws_account: Account) -> None:
    answer(aws_account, COUNT, DAYS)
    five, days = read(aws_account).rules
    assert (five.priority, five.prefixes, five.count_type, five.count) == (2, ("v",), "imageCountMoreThan", 5)
    assert (days.tag_status, days.count, days.unit, days.action, days.storage) == (
        "untagged",
        14,
        "days",
        "expire",
        "standard",
    )
    aws_account.assert_only_reads()


def test_no_policy_is_a_value(aws_account: Account) -> None:
    aws_account.fail("ecr", "GetLifecyclePolicy", "LifecyclePolicyNotFoundException")
    assert read(aws_account).rules == ()


@pytest.mark.parametrize("text", ["{", "[]", '{"rules": [7]}', '{"rules": [{}]}', "[" * 5000])
def test_rules_without_sense_are_malformed(text: str, aws_account: Account) -> None:
    aws_account.answer("ecr", "GetLifecyclePolicy", {"lifecyclePolicyText": text})
    with pytest.raises(SourceError) as caught:
        read(aws_account)
    assert caught.value.unavailable.reason is Reason.MALFORMED


def test_images_are_listed_where_a_rule_counts(aws_account: Account) -> None:
    answer(aws_account, COUNT)
    rules = read(aws_account)
    found = repository_images(stored(aws_account)[1], rules, QUIET, aws(aws_account))
    assert isinstance(found, RepositoryImages)
    assert {i.digest: i.tags for i in found.images} == {OLD.digest: ("v1",), NEW.digest: ("latest",)}


def test_images_are_not_listed_where_no_rule_counts(aws_account: Account) -> None:
    answer(aws_account, DAYS)
    rules = read(aws_account)
    asked = len(aws_account.operations)
    assert isinstance(repository_images(function_code(), rules, QUIET, aws(aws_account)), Unavailable)
    assert len(aws_account.operations) == asked


def test_images_are_listed_where_someone_misses_a_change(aws_account: Account) -> None:
    _, code = stored(aws_account)
    missed = Unchanged(reading=code.reading)
    found = repository_images(code, Unavailable(Reason.DENIED, "denied"), missed, aws(aws_account))
    assert isinstance(found, RepositoryImages)
    assert len(found.images) == 2


@pytest.mark.parametrize(("tag", "asked"), [("v1", False), ("other", True)])
def test_what_was_just_pushed_is_in_danger_only_without_its_tag(tag: str, asked: bool, aws_account: Account) -> None:
    answer(aws_account, DAYS)
    stored(aws_account)
    repository = aws_account.repositories["demo"]
    repository.pushed[OLD.digest] = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
    repository.tags = {tag: OLD.digest if tag == "v1" else NEW.digest}
    code = stored_code(aws_account)
    registry = describe_image(code, Subject(Role.DEPLOYED), aws(aws_account))
    assert isinstance(registry, RegistryRecord)
    lifecycle_rules(registry, code, aws(aws_account))
    assert ("ecr:GetLifecyclePolicy" in aws_account.operations) is asked


def test_an_image_that_is_gone_or_archived_has_nothing_to_fear(aws_account: Account) -> None:
    registry, code = stored(aws_account)
    aws_account.repositories["demo"].archived.add(OLD.digest)
    archived, _ = stored(aws_account)
    for each in (archived, RegistryRecord(reading=registry.reading, repository="demo", digest=OLD.digest)):
        assert isinstance(lifecycle_rules(each, code, aws(aws_account)), Unavailable)
    assert "ecr:GetLifecyclePolicy" not in aws_account.operations
