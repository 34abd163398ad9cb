"""ECR's record of the image that runs and of its tag, over real HTTP."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.factories import TEMPLATE, function_code
from tests.lab.aws import Account
from tests.lab.images import Built, image
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.ecr_records import describe_image, look_for_image
from troubleshooter.facts import CallLog, Reason, SourceError, Unavailable
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.address import ImageAddress, ImageLookup
from troubleshooter.facts.function import FunctionCode
from troubleshooter.facts.given import GivenOptions
from troubleshooter.model import Origin, Role, Subject

DEPLOYED = Subject(Role.DEPLOYED)
OLD, NEW = image({"/a": "old"}), image({"/a": "new"})
PUSHED = dt.datetime(2026, 1, 5, 6, 7, 8, tzinfo=dt.UTC)
GONE = f"sha256:{'e' * 64}"


def code(account: Account, built: Built | str, tag: str | None = "latest") -> FunctionCode:
    digest = built if isinstance(built, str) else built.digest
    where = f"{account.account_id}.dkr.ecr.{account.region}.amazonaws.com/demo"
    return function_code(
        image_uri=f"{where}:{tag}" if tag else f"{where}@{digest}", resolved_image_uri=f"{where}@{digest}"
    )


def read(account: Account, given: FunctionCode) -> RegistryRecord:
    found = describe_image(given, DEPLOYED, Aws(CallLog(), region=account.region, endpoint_url=account.url))
    assert isinstance(found, RegistryRecord)
    return found


def test_one_call_tells_tag_and_digest(aws_account: Account) -> None:
    aws_account.add_image("demo", "v1", OLD)
    aws_account.add_image("demo", "latest", NEW)
    aws_account.repositories["demo"].pushed[NEW.digest] = PUSHED
    found = read(aws_account, code(aws_account, OLD))
    assert found.tagged
    assert found.running
    assert (found.tagged.digest, found.tagged.pushed_at) == (NEW.digest, PUSHED)
    assert (found.running.digest, found.running.status) == (OLD.digest, "ACTIVE")
    assert found.reading.origin is Origin.REGISTRY
    assert not found.running_gone
    assert aws_account.operations == ["ecr:DescribeImages"]


def test_tag_and_digest_of_the_same_image(aws_account: Account) -> None:
    aws_account.add_image("demo", "latest", OLD)
    found = read(aws_account, code(aws_account, OLD))
    assert found.tagged == found.running
    assert found.tagged is not None


def test_an_image_that_is_gone_is_a_value(aws_account: Account) -> None:
    aws_account.add_image("demo", "latest", NEW)
    found = read(aws_account, code(aws_account, GONE))
    assert found.running_gone
    assert found.tagged
    assert found.tagged.digest == NEW.digest


def test_a_tag_that_is_gone_is_a_value(aws_account: Account) -> None:
    aws_account.add_image("demo", "other", OLD)
    found = read(aws_account, code(aws_account, OLD))
    assert found.tagged is None
    assert found.running
    assert not found.running_gone


def test_both_gone(aws_account: Account) -> None:
    aws_account.add_image("demo", "other", OLD)
    found = read(aws_account, code(aws_account, GONE))
    assert found.running_gone
    assert found.tagged is None


def test_a_digest_alone_asks_for_no_tag(aws_account: Account) -> None:
    aws_account.add_image("demo", "latest", OLD)
    found = read(aws_account, code(aws_account, OLD, tag=None))
    assert found.tag is None
    assert found.tagged is None
    assert found.running
    (call,) = aws_account.calls
    assert call.parameters["imageIds"] == [{"imageDigest": OLD.digest}]


def test_an_archived_image_is_not_taken_for_a_deleted_one(aws_account: Account) -> None:
    aws_account.add_image("demo", "latest", OLD)
    aws_account.repositories["demo"].archived.add(OLD.digest)
    found = read(aws_account, code(aws_account, OLD))
    assert found.running
    assert found.running.status == "ARCHIVED"


def test_a_missing_permission_is_told(aws_account: Account) -> None:
    aws_account.deny("ecr", "DescribeImages")
    with pytest.raises(SourceError) as caught:
        read(aws_account, code(aws_account, OLD))
    gap = caught.value.unavailable
    assert gap.reason is Reason.DENIED
    assert gap.unblock
    assert gap.unblock.action == "ecr:DescribeImages"


@pytest.mark.parametrize("detail", [{"imageDetails": [{}]}, {"imageDetails": [{"imageTags": ["latest"]}]}])
def test_an_answer_without_sense_is_malformed(detail: dict[str, object], aws_account: Account) -> None:
    aws_account.answer("ecr", "DescribeImages", detail)
    with pytest.raises(SourceError) as caught:
        read(aws_account, code(aws_account, OLD))
    assert caught.value.unavailable.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        (function_code(), Subject(Role.PROPOSED)),
        (function_code(), Subject(Role.ATTEMPTED)),
        (function_code(image_uri=None, resolved_image_uri=None), DEPLOYED),
        (function_code(image_uri="ghcr.io/someone/demo:1", resolved_image_uri=None), DEPLOYED),
    ],
)
def test_what_ecr_has_no_record_of(given: FunctionCode, subject: Subject, aws_account: Account) -> None:
    found = describe_image(given, subject, Aws(CallLog(), region="eu-west-1", endpoint_url=aws_account.url))
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND
    assert aws_account.operations == []


def look(account: Account, uri: str, *, asked: bool = True) -> ImageLookup | Unavailable:
    address = ImageAddress(reading=TEMPLATE, uri=uri)
    options = GivenOptions(reading=TEMPLATE, account=asked)
    nothing = Unavailable(Reason.NOT_GIVEN, "nothing was given")
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    return look_for_image(address, options, nothing, nothing, aws)


def test_an_address_that_aws_has_not_taken_is_looked_up(aws_account: Account) -> None:
    aws_account.add_image("demo", "v1", OLD)
    aws_account.repositories["demo"].pushed[OLD.digest] = PUSHED
    where = f"{aws_account.account_id}.dkr.ecr.{aws_account.region}.amazonaws.com"
    there = look(aws_account, f"{where}/demo:v1")
    assert isinstance(there, ImageLookup)
    assert (there.found, there.pushed_at) == (True, PUSHED)
    assert there.media_type.endswith("json")
    for uri, absent in ((f"{where}/demo:v2", "ImageNotFound"), (f"{where}/other:v1", "RepositoryNotFound")):
        gone = look(aws_account, uri)
        assert isinstance(gone, ImageLookup)
        assert (gone.found, gone.code) == (False, f"{absent}Exception")


def test_no_account_is_asked_where_none_was_named(aws_account: Account) -> None:
    where = f"{aws_account.account_id}.dkr.ecr.{aws_account.region}.amazonaws.com/demo:v1"
    for uri, asked in ((where, False), ("app:latest", True)):
        found = look(aws_account, uri, asked=asked)
        assert isinstance(found, Unavailable)
        assert not found.applies
    assert aws_account.operations == []
