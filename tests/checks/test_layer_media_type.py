from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.factories import IMAGE, REGISTRY, URI, function_code, function_record
from tests.launching import NO_FUNCTION
from troubleshooter.checks.deploy.layer_media_type import layer_media_type as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.address import ImageAddress
from troubleshooter.facts.image import Blob, ImageManifest
from troubleshooter.model import Origin, Outcome

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
PLAIN = "application/vnd.oci.image.layer.v1.tar"
NO_CODE = Unavailable(Reason.NOT_GIVEN, "no function was given")
NO_ADDRESS = Unavailable(Reason.NOT_GIVEN, "nothing names it")
REFUSED = ImageAddress(reading=Reading("pasted text", Origin.PASTED), uri=URI, said="is not supported")


def manifest(*types: str, **changes: Any) -> ImageManifest:
    digest = "sha256:" + "9" * 64
    defaults: dict[str, Any] = {
        "reading": REGISTRY,
        "reference": URI,
        "digest": digest,
        "media_type": "application/vnd.oci.image.manifest.v1+json",
        "manifest_digest": digest,
        "config": Blob("sha256:" + "4" * 64, "application/vnd.oci.image.config.v1+json", 1),
        "layers": tuple(Blob(f"sha256:{i:064}", kind, 10) for i, kind in enumerate(types)),
    }
    return ImageManifest(**{**defaults, **changes})


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.in-toto+json",
        "application/vnd.dev.cosign.simplesigning.v1+json",
    ],
)
def test_what_is_never_a_layer_of_lambdas(kind: str) -> None:
    found = the_check(manifest(GZIP, kind), NO_CODE, NO_ADDRESS, function_record(architecture="arm64"))
    assert found.outcome is Outcome.FAIL
    assert kind in found.message
    assert found.remediation
    assert "linux/arm64" in shlex.split(found.remediation.commands[0])


def test_gzip_of_either_family() -> None:
    assert the_check(manifest(GZIP, DOCKER), NO_CODE, NO_ADDRESS, NO_FUNCTION).outcome is Outcome.PASS


def test_whether_zstd_is_taken_is_not_published() -> None:
    for kind in (ZSTD, PLAIN):
        found = the_check(manifest(GZIP, kind), NO_CODE, NO_ADDRESS, NO_FUNCTION)
        assert found.outcome is Outcome.UNKNOWN
        assert found.unblock


def test_aws_refused_just_this_image() -> None:
    found = the_check(manifest(GZIP, ZSTD), NO_CODE, REFUSED, function_record())
    assert found.outcome is Outcome.FAIL
    assert "only the layers are unusual" in found.message


def test_an_index_is_refused_for_what_it_is() -> None:
    found = the_check(manifest(GZIP, ZSTD, is_index=True), NO_CODE, REFUSED, function_record())
    assert found.outcome is Outcome.UNKNOWN


def test_aws_took_it() -> None:
    taken = manifest(ZSTD)
    code = function_code(resolved_image_uri=f"{URI}@{taken.digest}")
    assert the_check(taken, code, NO_ADDRESS, function_record()).outcome is Outcome.PASS


def test_saved_images_lie_uncompressed() -> None:
    saved = manifest(PLAIN, reading=IMAGE)
    assert the_check(saved, NO_CODE, NO_ADDRESS, NO_FUNCTION).outcome is Outcome.NOT_APPLICABLE
    engine = manifest("", reading=IMAGE)
    assert the_check(engine, NO_CODE, NO_ADDRESS, NO_FUNCTION).outcome is Outcome.NOT_APPLICABLE
