from __future__ import annotations

import shlex

import pytest

from tests.checks.refusing import NO_CODE, failed_state, failed_update, says_nothing_of_an_image_that_was_refused
from tests.factories import REGISTRY, URI, function_code, function_record
from troubleshooter.checks.ready.ecr_image_deleted import ecr_image_deleted as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import Blob, ImageManifest
from troubleshooter.model import Origin, Outcome, Rung

DIGEST = f"sha256:{'a' * 64}"
DENIED = Unavailable(Reason.DENIED, "ecr:BatchGetImage was denied")
UNREAD = Unavailable(Reason.DENIED, "ecr:DescribeImages was denied")
GONE = Unavailable(Reason.ABSENT, f"ECR answered ImageNotFound for {DIGEST} in demo of account 123456789012")


def image(digest: str = DIGEST) -> ImageManifest:
    return ImageManifest(
        reading=REGISTRY,
        reference=f"demo@{digest}",
        digest=digest,
        media_type="application/vnd.oci.image.manifest.v1+json",
        manifest_digest=digest,
        config=Blob(digest, "application/vnd.oci.image.config.v1+json", 10),
    )


@pytest.mark.parametrize(
    "record",
    [failed_state("ImageDeleted", state="Inactive"), failed_state("ImageDeleted"), failed_update("ImageDeleted")],
)
def test_the_reason_code_proves_it(record: FunctionRecord) -> None:
    for manifest in (GONE, DENIED, image()):
        verdict = the_check(record, function_code(), manifest, UNREAD)
        assert verdict.outcome is Outcome.FAIL
        assert "ImageDeleted" in [e.value for e in verdict.evidence]
    assert the_check(record, NO_CODE, DENIED, UNREAD).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        pytest.param(failed_state("ImageAccessDenied"), Outcome.NOT_APPLICABLE, id="another reason"),
        pytest.param(function_record(state="Inactive", state_reason_code="Idle"), Outcome.NOT_APPLICABLE, id="idle"),
        pytest.param(function_record(state=None, update_status=None), Outcome.NOT_APPLICABLE, id="a template"),
        pytest.param(function_record(package_type="Zip"), Outcome.NOT_APPLICABLE, id="a zip"),
    ],
)
def test_what_is_no_such_failure(record: FunctionRecord, outcome: Outcome) -> None:
    assert the_check(record, function_code(), GONE, UNREAD).outcome is outcome


def test_an_image_that_ecr_no_longer_holds_is_found_before_it_bites() -> None:
    verdict = the_check(function_record(), function_code(), GONE, UNREAD)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.rung is Rung.STALE, "the function still answers: nothing on its way to an answer is broken yet"
    assert {e.origin for e in verdict.evidence} == {Origin.RECORD, Origin.REGISTRY}
    assert verdict.remediation
    see, build, update = map(shlex.split, verdict.remediation.commands)
    assert see[see.index("--repository-name") + 1] == "demo"
    assert build[build.index("--tag") + 1] == update[update.index("--image-uri") + 1] == URI


@pytest.mark.parametrize(
    ("manifest", "code", "outcome"),
    [
        pytest.param(image(), function_code(), Outcome.PASS, id="there"),
        pytest.param(image(f"sha256:{'b' * 64}"), function_code(), Outcome.UNKNOWN, id="another image was read"),
        pytest.param(DENIED, function_code(), Outcome.UNKNOWN, id="denied"),
        pytest.param(
            Unavailable(Reason.ABSENT, "ECR answered ImageNotFound for latest"),
            function_code(),
            Outcome.UNKNOWN,
            id="a tag",
        ),
        pytest.param(GONE, NO_CODE, Outcome.UNKNOWN, id="digest not told"),
        pytest.param(GONE, function_code(resolved_image_uri=None), Outcome.UNKNOWN, id="no digest"),
    ],
)
def test_only_the_digest_that_runs_counts(manifest: object, code: object, outcome: Outcome) -> None:
    assert the_check(function_record(), code, manifest, UNREAD).outcome is outcome  # type: ignore[arg-type]


def test_an_image_that_was_refused_has_no_state() -> None:
    says_nothing_of_an_image_that_was_refused(the_check, "ImageDeleted", "", GONE, UNREAD)


def registry(*, there: bool, digest: str | None = DIGEST, status: str = "ACTIVE") -> RegistryRecord:
    running = StoredImage(DIGEST, status=status) if there else None
    return RegistryRecord(reading=REGISTRY, repository="demo", tag="latest", digest=digest, running=running)


@pytest.mark.parametrize("manifest", [DENIED, GONE])
def test_ecrs_own_record_tells_it_too(manifest: Unavailable) -> None:
    verdict = the_check(function_record(), function_code(), manifest, registry(there=False))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.rung is Rung.STALE
    assert {e.fact for e in verdict.evidence} == {"FunctionCode", "RegistryRecord"}


def test_what_ecr_lists_is_not_deleted() -> None:
    for status in ("ACTIVE", "ARCHIVED"):
        found = registry(there=True, status=status)
        assert the_check(function_record(), function_code(), GONE, found).outcome is Outcome.PASS
    unasked = registry(there=False, digest=None)
    assert the_check(function_record(), function_code(), DENIED, unasked).outcome is Outcome.UNKNOWN
    assert the_check(function_record(), function_code(), image(), registry(there=False)).outcome is Outcome.PASS
