"""The stand-in account, asked by real botocore: what it answers parses as AWS's, and what it promises it does."""

from __future__ import annotations

import datetime as dt
import json
import time
import urllib.error
import urllib.request
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.lab.aws import Account
from tests.lab.images import Built, Layer, digest, image
from troubleshooter.collectors.aws import Aws
from troubleshooter.facts import CallLog, SourceError

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def stored(layer: str = "0123456789") -> Built:
    return image({"/var/task/data": layer}, architecture="arm64", cmd=["app.handler"])


def client(service: str, region: str | None = None) -> Any:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=5)
    return botocore.session.Session().create_client(service, region_name=region, config=config)


def test_caller(aws_account: Account) -> None:
    answer = client("sts").get_caller_identity()
    assert (answer["Account"], answer["Arn"]) == (aws_account.account_id, aws_account.principal)
    assert answer["ResponseMetadata"]["RequestId"]


def test_image_function_resolves_to_the_pushed_digest_and_keeps_its_configuration(aws_account: Account) -> None:
    pushed = stored()
    uri = aws_account.add_image("team/demo", "v1", pushed)
    aws_account.add_function(
        "demo",
        image_uri=uri,
        Architectures=["arm64"],
        ImageConfig={"Command": ["app.handler"], "WorkingDirectory": "/var/task"},
        Environment={"A": "1"},
    )
    answer = client("lambda").get_function(FunctionName="demo")
    configuration = answer["Configuration"]
    assert answer["Code"]["ImageUri"] == uri
    assert answer["Code"]["ResolvedImageUri"] == uri.removesuffix(":v1") + "@" + pushed.digest
    assert configuration["CodeSha256"] == pushed.digest.removeprefix("sha256:")
    assert configuration["Architectures"] == ["arm64"]
    assert configuration["ImageConfigResponse"]["ImageConfig"] == {
        "Command": ["app.handler"],
        "WorkingDirectory": "/var/task",
    }
    assert configuration["Environment"] == {"Variables": {"A": "1"}}
    assert client("lambda").get_function_configuration(FunctionName=configuration["FunctionArn"])["State"] == "Active"


def test_versions_aliases_and_what_is_not_there(aws_account: Account) -> None:
    arn = aws_account.add_function("demo", package=b"zip")
    aws_account.add_function("demo", package=b"older", version="1", MemorySize=128)
    aws_account.add_alias("demo", "live", "1")
    functions = client("lambda")
    assert functions.get_function(FunctionName="demo", Qualifier="live")["Configuration"]["MemorySize"] == 128
    assert functions.get_function(FunctionName=f"{arn}:1")["Configuration"]["Version"] == "1"
    assert len(functions.list_versions_by_function(FunctionName="demo")["Versions"]) == 2
    with pytest.raises(ClientError) as caught:
        functions.get_function(FunctionName="none")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ClientError, match="us-east-1:123456789012:function:demo"):
        client("lambda", "us-east-1").get_function(FunctionName="demo")


def test_functions_come_in_pages(aws_account: Account) -> None:
    for index in range(5):
        aws_account.add_function(f"f{index}", package=b"")
    aws_account.page_size = 2
    pages = list(client("lambda").get_paginator("list_functions").paginate())
    assert [[f["FunctionName"] for f in p["Functions"]] for p in pages] == [["f0", "f1"], ["f2", "f3"], ["f4"]]


def test_blobs_and_packages_are_fetched_whole_and_in_ranges(aws_account: Account) -> None:
    pushed = stored()
    aws_account.add_image("demo", "v1", pushed)
    aws_account.add_function("demo", package=b"a zip")
    content = pushed.single.packed[0]
    layer, size = digest(content), len(content)
    url = client("ecr").get_download_url_for_layer(repositoryName="demo", layerDigest=layer)["downloadUrl"]
    assert _fetch(url) == (200, content)
    assert _fetch(url, "bytes=2-4") == (206, content[2:5])
    assert _fetch(url, "bytes=-3") == (206, content[-3:])
    assert _fetch(url, f"bytes={size - 2}-{size + 99}") == (206, content[-2:])
    assert _fetch(url, f"bytes={size}-") == (416, b"")
    assert aws_account.downloads[:2] == [(layer, None), (layer, "bytes=2-4")]
    assert _fetch(client("lambda").get_function(FunctionName="demo")["Code"]["Location"]) == (200, b"a zip")


def _fetch(url: str, wanted: str | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Range": wanted} if wanted else {})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_images_by_tag_and_digest_and_the_missing_one(aws_account: Account) -> None:
    pushed = stored()
    aws_account.add_image("demo", "v1", pushed)
    registry = client("ecr")
    wanted = [{"imageTag": "v1"}, {"imageDigest": pushed.digest}, {"imageTag": "v2"}]
    answer = registry.batch_get_image(repositoryName="demo", imageIds=wanted)
    assert [i["imageManifest"].encode() for i in answer["images"]] == [pushed.root] * 2
    assert answer["failures"][0]["failureCode"] == "ImageNotFound"
    assert registry.describe_images(repositoryName="demo")["imageDetails"][0]["imageTags"] == ["v1"]


@pytest.mark.parametrize(
    ("method", "asked", "code"),
    [
        ("describe_images", {"repositoryName": "demo", "imageIds": [{"imageTag": "v2"}]}, "ImageNotFoundException"),
        (
            "batch_get_image",
            {"repositoryName": "none", "imageIds": [{"imageTag": "v1"}]},
            "RepositoryNotFoundException",
        ),
        ("get_repository_policy", {"repositoryName": "demo"}, "RepositoryPolicyNotFoundException"),
        (
            "get_download_url_for_layer",
            {"repositoryName": "demo", "layerDigest": "sha256:" + "0" * 64},
            "LayersNotFoundException",
        ),
    ],
)
def test_what_the_registry_lacks(aws_account: Account, method: str, asked: dict[str, Any], code: str) -> None:
    aws_account.add_image("demo", "v1", stored())
    with pytest.raises(ClientError) as caught:
        getattr(client("ecr"), method)(**asked)
    assert caught.value.response["Error"]["Code"] == code


def test_an_index_is_kept_with_its_manifests(aws_account: Account) -> None:
    both = image(platforms={"amd64": [Layer({"/a": "x"})], "arm64": [Layer({"/a": "y"})]})
    aws_account.add_image("demo", "both", both)
    registry = client("ecr")
    root = registry.batch_get_image(repositoryName="demo", imageIds=[{"imageTag": "both"}])["images"][0]
    assert root["imageManifestMediaType"] == both.media_type
    asked = [{"imageDigest": d["digest"]} for d in json.loads(root["imageManifest"])["manifests"]]
    children = registry.batch_get_image(repositoryName="demo", imageIds=asked)["images"]
    assert [c["imageManifest"].encode() for c in children] == [s.manifest for s in both.singles]


def test_log_events_by_time_pattern_and_page(aws_account: Account) -> None:
    group = "/aws/lambda/demo"
    aws_account.log(group, "START a", "INIT_REPORT b", "ERROR c", "END a", at=AT)
    aws_account.page_size = 2
    began = int(AT.timestamp() * 1000)
    logs = client("logs")

    def messages(**asked: Any) -> list[str]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **asked)
        return [e["message"] for p in pages for e in p["events"]]

    assert messages() == ["START a", "INIT_REPORT b", "ERROR c", "END a"]
    assert messages(startTime=began + 1, endTime=began + 2) == ["INIT_REPORT b", "ERROR c"]
    assert messages(filterPattern="?INIT_REPORT ?END") == ["INIT_REPORT b", "END a"]
    assert messages(filterPattern='" a" -START') == ["END a"]
    assert messages(filterPattern="?INIT_REPORT ERROR") == ["ERROR c"]
    aws_account.empty_first_page = True
    assert messages(filterPattern="ERROR") == ["ERROR c"]
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.filter_log_events(logGroupName="/aws/lambda/none")
    stream = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"][0]
    assert stream["lastEventTimestamp"] == began + 3


def test_one_operation_is_denied_and_its_neighbours_are_not(aws_account: Account) -> None:
    aws_account.add_function("demo", package=b"")
    aws_account.deny("lambda", "GetFunction")
    aws_account.deny("sts", "GetCallerIdentity")
    functions = client("lambda")
    with pytest.raises(ClientError) as caught:
        functions.get_function(FunctionName="demo")
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert functions.get_function_configuration(FunctionName="demo")["State"] == "Active"
    with pytest.raises(ClientError) as caught:
        client("sts").get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert [c.status for c in aws_account.calls] == ["AccessDeniedException", "ok", "AccessDenied"]


def test_what_has_no_answer_is_denied_and_a_test_may_give_it_one(aws_account: Account) -> None:
    stacks = client("cloudformation")
    with pytest.raises(ClientError):
        client("lambda").get_policy(FunctionName="demo")
    aws_account.answer(
        "cloudformation",
        "DescribeStackEvents",
        {"StackEvents": [{"StackId": "s", "EventId": "e", "StackName": "n", "Timestamp": AT}]},
    )
    aws_account.answer("lambda", "GetPolicy", lambda account, request: {"Policy": request.parameters["FunctionName"]})
    assert stacks.describe_stack_events(StackName="n")["StackEvents"][0]["Timestamp"] == AT
    assert client("lambda").get_policy(FunctionName="demo")["Policy"] == "demo"


def test_failures_delays_garbage_and_dropped_connections(aws_account: Account) -> None:
    caller = client("sts")
    aws_account.fail("sts", "GetCallerIdentity", "Throttling", "Rate exceeded", times=1)
    with pytest.raises(ClientError, match="Rate exceeded"):
        caller.get_caller_identity()
    aws_account.delay(0.05, "sts")
    began = time.monotonic()
    caller.get_caller_identity()
    assert time.monotonic() - began >= 0.05
    aws_account.drop("sts", "GetCallerIdentity", times=1)
    with pytest.raises(ConnectionClosedError):
        caller.get_caller_identity()
    aws_account.reply_raw("lambda", "GetFunction", b"<html>log in</html>")
    with pytest.raises(SourceError, match="not AWS's"):
        Aws(CallLog()).call("lambda", "GetFunction", FunctionName="demo", required=("Configuration",))


def test_writes_are_noticed(aws_account: Account) -> None:
    client("sts").get_caller_identity()
    aws_account.assert_only_reads()
    with pytest.raises(ClientError):
        client("lambda").delete_function(FunctionName="demo")
    assert aws_account.operations == ["sts:GetCallerIdentity", "lambda:DeleteFunction"]
    with pytest.raises(AssertionError, match="DeleteFunction"):
        aws_account.assert_only_reads()


def test_an_answer_that_aws_could_not_give_is_a_fault() -> None:
    with Account() as account:
        account.answer("lambda", "GetPolicy", {"Polcy": "typo"})
        config = Config(retries={"total_max_attempts": 1})
        session = botocore.session.Session()
        session.set_credentials("AKIAIOSFODNN7EXAMPLE", "secret")
        functions: Any = session.create_client(
            "lambda", region_name="eu-west-1", endpoint_url=account.url, config=config
        )
        with pytest.raises(ClientError):
            functions.get_policy(FunctionName="demo")
        assert "no member Polcy" in account.faults[0]


def test_calls_carry_region_and_parameters(aws_account: Account) -> None:
    aws_account.add_function("demo", package=b"")
    client("lambda").get_function(FunctionName="demo", Qualifier="$LATEST")
    call = aws_account.calls[0]
    assert (call.region, dict(call.parameters)) == ("eu-west-1", {"FunctionName": "demo", "Qualifier": "$LATEST"})
