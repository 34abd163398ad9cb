from __future__ import annotations

import shlex
from typing import Any

from tests.factories import REGISTRY, URI, function_code, function_record
from tests.launching import NO_FUNCTION
from troubleshooter.checks.deploy.manifest_index_or_attestation import manifest_index_or_attestation as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.image import Blob, ImageManifest, Platform
from troubleshooter.model import Outcome

INDEX = "application/vnd.oci.image.index.v1+json"
SINGLE = "application/vnd.oci.image.manifest.v1+json"
AMD = Platform("sha256:" + "1" * 64, "linux", "amd64")
ARM = Platform("sha256:" + "2" * 64, "linux", "arm64")
ATTESTATION = Platform("sha256:" + "3" * 64, "unknown", "unknown", attestation=True)
NO_CODE = Unavailable(Reason.NOT_GIVEN, "no function was given")


def manifest(*platforms: Platform, **changes: Any) -> ImageManifest:
    defaults: dict[str, Any] = {
        "reading": REGISTRY,
        "reference": URI,
        "digest": "sha256:" + "9" * 64,
        "media_type": INDEX if platforms else SINGLE,
        "is_index": bool(platforms),
        "platforms": platforms,
        "manifest_digest": platforms[0].digest if platforms else "sha256:" + "9" * 64,
        "config": Blob("sha256:" + "4" * 64, "application/vnd.oci.image.config.v1+json", 1),
    }
    return ImageManifest(**{**defaults, **changes})


def test_an_index_for_the_sake_of_an_attestation() -> None:
    found = the_check(manifest(AMD, ATTESTATION), NO_CODE, NO_FUNCTION)
    assert found.outcome is Outcome.FAIL
    assert "attestation" in found.message
    assert [e.value for e in found.evidence] == [INDEX, '["linux/amd64", "unknown/unknown (attestation)"]']
    assert found.remediation
    build = shlex.split(found.remediation.commands[0])
    assert {"--provenance=false", "--sbom=false"} <= set(build)
    assert build[build.index("--platform") + 1] == "linux/amd64"


def test_several_platforms() -> None:
    found = the_check(manifest(AMD, ARM), NO_CODE, NO_FUNCTION)
    assert found.outcome is Outcome.FAIL
    assert "2 platform(s)" in found.message


def test_the_functions_own_platform_can_be_deployed_by_digest() -> None:
    found = the_check(manifest(AMD, ARM), function_code(), function_record(architecture="arm64"))
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    deploy = shlex.split(found.remediation.commands[-1])
    assert deploy[deploy.index("--image-uri") + 1] == f"{URI.rpartition(':')[0]}@{ARM.digest}"


def test_an_archive_has_no_repository_to_push_to() -> None:
    found = the_check(manifest(AMD, ATTESTATION, reference="oci-archive:image.tar"), NO_CODE, function_record())
    assert found.remediation
    assert len(found.remediation.commands) == 1
    assert "--push" not in found.remediation.commands[0]


def test_a_single_image_of_either_schema() -> None:
    for media_type in (SINGLE, "application/vnd.docker.distribution.manifest.v2+json"):
        assert the_check(manifest(media_type=media_type), NO_CODE, NO_FUNCTION).outcome is Outcome.PASS


def test_what_aws_runs_was_resolved_by_aws() -> None:
    running = function_code(resolved_image_uri=f"{URI}@{AMD.digest}")
    assert the_check(manifest(AMD, ATTESTATION), running, function_record()).outcome is Outcome.NOT_APPLICABLE


def test_an_index_that_aws_resolved_and_then_refused() -> None:
    index = manifest(AMD, ATTESTATION)
    code = function_code(resolved_image_uri=f"{URI}@{index.digest}")
    reason = f"The image manifest, config or layer media type for the source image {URI} is not supported."
    refused = function_record(state="Failed", state_reason_code="InvalidImage", state_reason=reason)
    assert the_check(index, code, refused).outcome is Outcome.FAIL
    assert the_check(index, code, function_record()).outcome is Outcome.NOT_APPLICABLE
