"""Which image a subject has, and the reading of it from ECR."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import RECORD
from tests.lab.aws import Account
from tests.lab.images import Built, Layer, compress, digest, image
from troubleshooter.collectors import aws_lambda, image_remote, images
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.engine import Engine
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.web import Web
from troubleshooter.facts import CallLog, Reason, Store, Unavailable, providers_in
from troubleshooter.facts.address import EcrAddress, address_in, ecr_address, taken_address
from troubleshooter.facts.base import Cost
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.given import GivenFunction, GivenImage, GivenOptions
from troubleshooter.facts.image import ImageConfig, ImageManifest, ImageTree
from troubleshooter.model import Origin, Role, Subject
from troubleshooter.redact import Secrets

FILES = {"/var/task/app.py": "def handler(e, c): ...\n"}


class Stage:
    """One subject's store over a stand-in account."""

    def __init__(self) -> None:
        self.calls, self.secrets = CallLog(), Secrets()
        self.aws, self.web = Aws(self.calls), Web(self.calls)

    def close(self) -> None:
        self.aws.close()
        self.web.close()

    def store(
        self, role: Role = Role.DEPLOYED, reference: str | None = None, *, transport: str = "", **seeds: object
    ) -> Store:
        given: list[object] = [
            GivenFunction(reading=RECORD, name="demo"),
            GivenOptions(reading=RECORD, offline=bool(seeds.get("offline"))),
        ]
        missing = {} if reference else {GivenImage: Unavailable(Reason.NOT_GIVEN, "no local image was given")}
        if reference:
            given.append(GivenImage(reading=RECORD, transport=transport, reference=reference))
        engine = Engine(self.calls, environment={"DOCKER_HOST": "unix:///nowhere.sock"})
        tools = [self.aws, self.web, engine, self.secrets, LayerCache(None), Subject(role)]
        return Store(providers_in([images, aws_lambda]), [*given, *tools], missing=missing)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def deploy(account: Account, built: Built, **configuration: Any) -> str:
    uri = account.add_image("team/demo", "latest", built)
    account.add_function("demo", image_uri=uri, **configuration)
    return uri


def test_what_runs_is_read_from_ecr(aws_account: Account, stage: Stage) -> None:
    built = image(
        layers=[Layer(FILES), Layer({"/etc/x.sh": "x"})],
        cmd=["app.handler"],
        env=["SECRET_TOKEN=correct-horse-battery"],
    )
    uri = deploy(aws_account, built)
    store = stage.store()
    manifest, config = store.get(ImageManifest), store.get(ImageConfig)
    assert isinstance(manifest, ImageManifest)
    assert isinstance(config, ImageConfig)
    assert (manifest.digest, manifest.manifest_digest, manifest.reference) == (built.digest, built.digest, uri)
    assert manifest.reading.source == "ecr:BatchGetImage"
    assert manifest.reading.origin is Origin.REGISTRY
    assert manifest.reading.request_id
    assert config.command == ("app.handler",)
    assert config.reading.source == f"image config {digest(built.single.config)}"
    assert aws_account.operations == ["lambda:GetFunction", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    assert store.cost(ImageTree) is Cost.BYTES
    tree = store.get(ImageTree)
    assert isinstance(tree, ImageTree)
    assert tree.tree.text("/var/task/app.py") == FILES["/var/task/app.py"]
    assert tree.layers == 2
    shown = repr([manifest, config, tree, *stage.calls.since(0)])
    assert "Signature" not in shown
    assert "correct-horse" not in shown
    aws_account.assert_only_reads()


def test_presigned_addresses_are_scrubbed_from_whatever_is_said_later(aws_account: Account, stage: Stage) -> None:
    built = image(FILES)
    deploy(aws_account, built)
    stage.store().get(ImageConfig)
    address = f"{aws_account.url}/blobs/team/demo/{digest(built.single.config)}?X-Amz-Expires=3600&X-Amz-Signature=0"
    assert address not in stage.secrets.redact(f"see {address}")


def test_the_digest_is_asked_for_and_not_the_tag(aws_account: Account, stage: Stage) -> None:
    old, new = image(FILES, cmd=["old.handler"]), image(FILES, cmd=["new.handler"])
    deploy(aws_account, old)
    aws_account.add_image("team/demo", "latest", new)
    config = stage.store().get(ImageConfig)
    assert isinstance(config, ImageConfig)
    assert config.command == ("old.handler",)


def test_an_index_costs_one_more_call_and_gives_the_functions_platform(aws_account: Account, stage: Stage) -> None:
    platforms = {p: [Layer({"/arch": p})] for p in ("amd64", "arm64")}
    built = image(platforms=platforms, attestation=True)
    deploy(aws_account, built, Architectures=["arm64"])
    store = stage.store()
    manifest, config = store.get(ImageManifest), store.get(ImageConfig)
    assert isinstance(manifest, ImageManifest)
    assert isinstance(config, ImageConfig)
    assert manifest.is_index
    assert (manifest.digest, manifest.manifest_digest) == (built.digest, digest(built.singles[1].manifest))
    assert [p.attestation for p in manifest.platforms] == [False, False, True, True]
    assert config.architecture == "arm64"
    assert aws_account.operations.count("ecr:BatchGetImage") == 2


def test_a_repository_of_another_account_and_region() -> None:
    assert ecr_address("123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b@sha256:" + "0" * 64) == EcrAddress(
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012",
        "eu-west-1",
        "a/b",
        None,
        "sha256:" + "0" * 64,
    )
    cn = ecr_address("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a:1.0")
    assert cn
    assert (cn.tag, cn.arn) == ("1.0", "arn:aws-cn:ecr:cn-north-1:123456789012:repository/a")
    assert cn.untagged == "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a"
    for elsewhere in (
        "123456789012.dkr-ecr.us-east-1.on.aws/a:x",
        "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/a:x",
    ):
        assert ecr_address(elsewhere)
        assert taken_address(elsewhere) is None
    assert address_in("see 123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1.0. Then").endswith("/a:1.0")
    assert ecr_address("public.ecr.aws/lambda/python:3.12") is None
    assert ecr_address("python:3.12") is None
    assert ecr_address("123456789012.dkr.ecr.eu-west-1.amazonaws.com/a b") is None


def test_a_repository_elsewhere_is_asked_there(aws_account: Account, stage: Stage) -> None:
    built = image(FILES)
    uri = aws_account.add_image("demo", "latest", built)
    aws_account.add_function("demo", image_uri=uri)
    aws_account.functions["demo", "$LATEST"]["Code"]["ResolvedImageUri"] = (
        f"{aws_account.account_id}.dkr.ecr.us-east-2.amazonaws.com/demo@{built.digest}"
    )
    found = stage.store().get(ImageManifest)
    assert isinstance(found, Unavailable), "the stand-in's repository is not in that region"
    assert found.reason is Reason.ABSENT
    asked = [c for c in aws_account.calls if c.operation == "BatchGetImage"]
    assert [c.parameters["registryId"] for c in asked] == [aws_account.account_id]
    assert [r.region for r in stage.calls.since(0) if r.service == "ecr"] == ["us-east-2"]


# -- an image at hand


def local(built: Built, folder: Path, *, classic: bool = False) -> str:
    path = folder / "image.tar"
    path.write_bytes(built.docker_archive() if classic else built.oci_archive())
    return str(path)


def test_a_local_image_of_equal_digest_speaks_for_what_runs(aws_account: Account, stage: Stage, tmp_path: Path) -> None:
    built = image(FILES, cmd=["app.handler"])
    deploy(aws_account, built)
    aws_account.deny("ecr")
    store = stage.store(reference=local(built, tmp_path))
    manifest, config, tree = store.get(ImageManifest), store.get(ImageConfig), store.get(ImageTree)
    assert isinstance(manifest, ImageManifest)
    assert isinstance(config, ImageConfig)
    assert isinstance(tree, ImageTree)
    for fact in (manifest, config, tree):
        assert f"equal digest {built.digest}" in fact.reading.source
        assert "image.tar" in fact.reading.source


def test_a_docker_archive_is_known_by_its_configuration(aws_account: Account, stage: Stage, tmp_path: Path) -> None:
    built = image(FILES, cmd=["app.handler"])
    deploy(aws_account, built)
    aws_account.deny("ecr", "GetDownloadUrlForLayer")
    config = stage.store(reference=local(built, tmp_path, classic=True)).get(ImageConfig)
    assert isinstance(config, ImageConfig)
    assert "equal image config" in config.reading.source


def test_a_tree_is_read_from_the_equal_local_image_and_nothing_downloaded(
    aws_account: Account, stage: Stage, tmp_path: Path
) -> None:
    built = image(FILES)
    deploy(aws_account, built)
    tree = stage.store(reference=local(built, tmp_path)).get(ImageTree)
    assert isinstance(tree, ImageTree)
    assert not aws_account.downloads


def test_another_local_image_never_speaks_for_what_runs(aws_account: Account, stage: Stage, tmp_path: Path) -> None:
    deploy(aws_account, image(FILES, cmd=["runs.handler"]))
    other = local(image(FILES, cmd=["other.handler"]), tmp_path)
    config = stage.store(reference=other).get(ImageConfig)
    assert isinstance(config, ImageConfig)
    assert config.command == ("runs.handler",)
    aws_account.deny("ecr")
    for kind in (ImageManifest, ImageConfig, ImageTree):
        found = stage.store(reference=other).get(kind)
        assert isinstance(found, Unavailable)
        assert found.reason is Reason.DENIED, "the reason that can be mended wins"
        assert found.unblock
        assert found.unblock.action == "ecr:BatchGetImage"
        assert found.unblock.resource == f"arn:aws:ecr:eu-west-1:{aws_account.account_id}:repository/team/demo"


def test_what_is_proposed_is_the_image_at_hand_and_nothing_is_called(
    aws_account: Account, stage: Stage, tmp_path: Path
) -> None:
    store = stage.store(Role.PROPOSED, local(image(FILES, cmd=["mine.handler"]), tmp_path))
    config = store.get(ImageConfig)
    assert isinstance(config, ImageConfig)
    assert config.command == ("mine.handler",)
    assert config.reading.origin is Origin.IMAGE
    assert isinstance(store.get(ImageTree), ImageTree)
    assert aws_account.operations == []


def test_nothing_is_proposed_without_an_image(aws_account: Account, stage: Stage) -> None:
    found = stage.store(Role.PROPOSED).get(ImageConfig)
    assert isinstance(found, Unavailable)
    assert not found.applies
    assert aws_account.operations == []


def test_a_zip_function_has_no_image(aws_account: Account, stage: Stage) -> None:
    aws_account.add_function("demo", package=b"zip")
    found = stage.store().get(ImageManifest)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND


@pytest.mark.parametrize("transport", ["docker", ""])
def test_an_ecr_reference_is_read_from_ecr(aws_account: Account, stage: Stage, transport: str) -> None:
    uri = aws_account.add_image("demo", "v1", image(FILES, cmd=["v1.handler"]))
    store = stage.store(Role.PROPOSED, uri, transport=transport)
    config = store.get(ImageConfig)
    assert isinstance(config, ImageConfig)
    assert config.command == ("v1.handler",)
    assert isinstance(store.get(ImageTree), ImageTree)
    offline = stage.store(Role.PROPOSED, uri, transport=transport, offline=True).get(ImageConfig)
    assert isinstance(offline, Unavailable)
    assert offline.reason is Reason.REFUSED


@pytest.mark.parametrize("reference", ["demo:latest", "team/demo", "no such reference"])
def test_a_name_without_a_registry_is_not_looked_for_in_one(stage: Stage, reference: str) -> None:
    found = stage.store(Role.PROPOSED, reference).get(ImageConfig)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.UNREACHABLE
    assert [c.service for c in stage.calls.since(0)] == ["engine"]


def test_both_places_are_named_where_neither_has_it(stage: Stage) -> None:
    found = stage.store(Role.PROPOSED, "127.0.0.1:1/demo").get(ImageConfig)
    assert isinstance(found, Unavailable)
    assert "DOCKER_HOST" in found.detail
    assert "127.0.0.1:1" in found.detail
    bad = stage.store(Role.PROPOSED, "Not A Reference", transport="docker").get(ImageConfig)
    assert isinstance(bad, Unavailable)
    assert bad.reason is Reason.MALFORMED


def test_an_engine_that_is_not_there(stage: Stage) -> None:
    found = stage.store(Role.PROPOSED, "demo:latest").get(ImageConfig)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.UNREACHABLE
    assert "DOCKER_HOST" in found.detail


# -- what ECR may answer


def test_an_image_that_is_gone_is_an_answer(aws_account: Account, stage: Stage) -> None:
    uri = deploy(aws_account, image(FILES))
    aws_account.repositories["team/demo"].manifests.clear()
    found = stage.store().get(ImageManifest)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.ABSENT
    assert "ImageNotFound" in found.detail
    assert uri.partition("/")[2].partition(":")[0] in found.detail
    del aws_account.repositories["team/demo"]
    gone = stage.store().get(ImageManifest)
    assert isinstance(gone, Unavailable)
    assert gone.reason is Reason.ABSENT


def test_get_function_denied_is_the_reason_that_is_told(aws_account: Account, stage: Stage) -> None:
    deploy(aws_account, image(FILES))
    aws_account.deny("lambda", "GetFunction")
    found = stage.store().get(ImageManifest)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.DENIED
    assert "lambda:GetFunction" in found.detail
    assert isinstance(stage.store().get(FunctionCode), Unavailable)


@pytest.mark.parametrize(
    "answer",
    [
        {"images": [{}], "failures": []},
        {"images": [{"imageManifest": "{}", "imageId": {}}], "failures": []},
        {"images": [{"imageManifest": "[1]", "imageId": {"imageDigest": "sha256:1"}}], "failures": []},
    ],
)
def test_answers_that_make_no_sense(aws_account: Account, stage: Stage, answer: dict[str, object]) -> None:
    deploy(aws_account, image(FILES))
    aws_account.answer("ecr", "BatchGetImage", answer)
    found = stage.store().get(ImageManifest)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.MALFORMED


def test_blobs_that_are_not_what_their_digest_says(aws_account: Account, stage: Stage) -> None:
    built = image(FILES)
    deploy(aws_account, built)
    repository = aws_account.repositories["team/demo"]
    config, layer = digest(built.single.config), digest(built.single.packed[0])
    repository.blobs[config] = json.dumps({"architecture": "arm64"}).encode()
    repository.blobs[layer] = compress(Layer({"/evil": "x"}).tar(), "gzip")
    store = stage.store()
    for kind, name in ((ImageConfig, config), (ImageTree, layer)):
        found = store.get(kind)
        assert isinstance(found, Unavailable)
        assert found.reason is Reason.MALFORMED
        assert name in found.detail


def test_a_refused_download_is_told_without_its_address(aws_account: Account, stage: Stage) -> None:
    built = image(FILES)
    deploy(aws_account, built)
    repository = aws_account.repositories["team/demo"]
    url = f"{aws_account.url}/packages/nothing?X-Amz-Signature=abc"
    for each in (built.single.config, built.single.packed[0]):
        aws_account.answer("ecr", "GetDownloadUrlForLayer", {"downloadUrl": url, "layerDigest": digest(each)})
    assert repository.blobs
    store = stage.store()
    for kind in (ImageConfig, ImageTree):
        found = store.get(kind)
        assert isinstance(found, Unavailable)
        assert found.reason is Reason.REFUSED
        assert "HTTP 403" in found.detail
        assert "abc" not in repr(found)


def test_a_layer_that_cannot_be_downloaded_at_all(aws_account: Account, stage: Stage) -> None:
    deploy(aws_account, image(FILES))
    answer = {"downloadUrl": "http://127.0.0.1:1/layer?X-Amz-Signature=abc", "layerDigest": "x"}
    aws_account.answer("ecr", "GetDownloadUrlForLayer", answer)
    found = stage.store().get(ImageTree)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.UNREACHABLE
    assert "abc" not in repr(found)
    assert [c.operation for c in stage.calls.since(0)].count("GetDownloadUrlForLayer") == image_remote.ATTEMPTS


def test_a_manifest_is_compared_with_the_digest_that_was_asked_for(aws_account: Account, stage: Stage) -> None:
    built, other = image(FILES), image(FILES, cmd=["evil"])
    deploy(aws_account, built)
    aws_account.repositories["team/demo"].manifests[built.digest] = (other.media_type, other.root)
    found = stage.store().get(ImageManifest)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.MALFORMED


def test_an_attempted_update_is_read_by_its_own_reference(aws_account: Account, stage: Stage) -> None:
    uri = aws_account.add_image("demo", "next", image(FILES, cmd=["next.handler"]))
    deploy(aws_account, image(FILES))
    record = stage.store().get(FunctionRecord)
    assert isinstance(record, FunctionRecord)
    code = FunctionCode(reading=RECORD, image_uri=uri)
    seeds = [record, code, stage.aws, stage.web, stage.secrets, LayerCache(None), Subject(Role.ATTEMPTED)]
    missing = {GivenImage: Unavailable(Reason.NOT_GIVEN, "none")}
    config = Store(providers_in([images]), seeds, missing=missing).get(ImageConfig)
    assert isinstance(config, ImageConfig)
    assert config.command == ("next.handler",)
