from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories import REGISTRY, URI, function_code, function_record, image_config
from tests.launching import NO_FUNCTION
from troubleshooter.checks.ready.image_config_unparseable import image_config_unparseable as the_check
from troubleshooter.collectors.image_json import configuration
from troubleshooter.facts import Reason, SourceError, Unavailable
from troubleshooter.facts.image import Blob, BrokenConfig, ImageConfig, ImageManifest
from troubleshooter.model import Outcome
from troubleshooter.redact import Secrets

NO_CODE = Unavailable(Reason.NOT_GIVEN, "no function was given")
IDS = tuple(f"sha256:{i:064}" for i in range(5))


def manifest(layers: int) -> ImageManifest:
    digest = "sha256:" + "9" * 64
    return ImageManifest(
        reading=REGISTRY,
        reference=URI,
        digest=digest,
        media_type="application/vnd.oci.image.manifest.v1+json",
        manifest_digest=digest,
        config=Blob("sha256:" + "4" * 64, "application/vnd.oci.image.config.v1+json", 1),
        layers=tuple(Blob(each, "", 1) for each in IDS[:layers]),
    )


def read(body: Any) -> ImageConfig | Unavailable:
    """What the real reader makes of a configuration."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        return configuration(data, REGISTRY, "image config", Secrets())
    except SourceError as error:
        return error.unavailable


@pytest.mark.parametrize("body", [b"{", b"[]", {"config": {"Entrypoint": {"a": 1}}}, {"config": {"Cmd": [1]}}])
def test_what_is_no_configuration(body: Any) -> None:
    image = read(body)
    assert isinstance(image, BrokenConfig)
    found = the_check(manifest(2), image, function_record(), function_code())
    assert found.outcome is Outcome.FAIL
    assert found.remediation


def test_diff_ids_that_do_not_fit() -> None:
    found = the_check(manifest(3), image_config(diff_ids=IDS[:2]), NO_FUNCTION, NO_CODE)
    assert found.outcome is Outcome.FAIL
    assert "3 layers" in found.message


def test_a_history_is_optional_and_a_wrong_one_is_left_open() -> None:
    whole = image_config(diff_ids=IDS[:3])
    assert the_check(manifest(3), whole, NO_FUNCTION, NO_CODE).outcome is Outcome.PASS
    right = image_config(diff_ids=IDS[:3], history=("a", "b", "c"))
    assert the_check(manifest(3), right, NO_FUNCTION, NO_CODE).outcome is Outcome.PASS
    wrong = image_config(diff_ids=IDS[:3], history=("a",))
    assert the_check(manifest(3), wrong, NO_FUNCTION, NO_CODE).outcome is Outcome.UNKNOWN


def test_engines_do_not_tell_layers() -> None:
    assert the_check(manifest(0), image_config(), NO_FUNCTION, NO_CODE).outcome is Outcome.PASS


def test_bytes_that_were_damaged_on_the_way_accuse_nobody() -> None:
    damaged = Unavailable(Reason.MALFORMED, "image config has another digest")
    assert the_check(manifest(3), damaged, NO_FUNCTION, NO_CODE).outcome is Outcome.UNKNOWN
