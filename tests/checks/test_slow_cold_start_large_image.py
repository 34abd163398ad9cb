from __future__ import annotations

from tests.factories import REGISTRY, URI
from troubleshooter.checks import all_checks
from troubleshooter.checks.init.slow_cold_start_large_image import slow_cold_start_large_image as the_check
from troubleshooter.facts.image import Blob, ImageManifest
from troubleshooter.model import Outcome, Severity

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"


def manifest(*sizes: int, media_type: str = GZIP) -> ImageManifest:
    return ImageManifest(
        reading=REGISTRY,
        reference=URI,
        digest=None,
        media_type="",
        config=Blob("sha256:" + "4" * 64, "", 1),
        layers=tuple(Blob(f"sha256:{i:064}", media_type, size) for i, size in enumerate(sizes)),
    )


def test_a_large_image() -> None:
    found = the_check(manifest(5, 3 << 30, 7))
    assert found.outcome is Outcome.FAIL
    assert "3.0 GiB" in found.message
    assert f"sha256:{1:064}" in found.evidence[1].value
    assert all_checks()["slow_cold_start_large_image"].severity is Severity.INFO


def test_a_moderate_one() -> None:
    assert the_check(manifest(1 << 29)).outcome is Outcome.PASS


def test_archives_do_not_tell_how_layers_are_stored() -> None:
    assert the_check(manifest(3 << 30, media_type="")).outcome is Outcome.NOT_APPLICABLE
    assert the_check(manifest()).outcome is Outcome.NOT_APPLICABLE
