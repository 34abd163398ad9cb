"""The image that the function runs was deleted from the repository.

What it looks for
    `The function is trying to use a deleted image`, the reason code ImageDeleted, or a digest that the repository no
    longer holds.

Why it breaks
    The function is pinned to a digest. When a mutable tag moves on, the old image is untagged, and a lifecycle rule
    removes it. Lambda goes on with its copy for a while, fetches again after idling or optimising, and then every
    invocation answers 502.

How it is told apart
    A tag that never existed is `ecr_image_absent`. A policy that no longer lets Lambda in has other words
    (`ecr_repo_policy_missing`). An archived image is `ecr_image_archived`.

Fix
    Push the image again and update the function; let the lifecycle rule count images instead of days, and keep a tag
    on what is deployed.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-lifecycle
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._readiness import NO_IMAGE, READY, Refusal, refusal, repository
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageManifest
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"trying to use a deleted image", 3),
    signature(r"\bImageDeleted\b", 3),
    signature(r"CodeArtifactUserDeletedException", 3),
    signature(r"Lambda cannot initialize the provided container image", 2),
    signature(r"Failed to restore the function", 1),
)
ASK = "Does the repository still hold the digest that the function is pinned to?"


@check(title="The repository still holds the image that runs", severity=Severity.ERROR, rung=Rung.READY)
def ecr_image_deleted(
    function: FunctionRecord,
    code: FunctionCode | Unavailable,
    manifest: ImageManifest | Unavailable,
    registry: RegistryRecord | Unavailable,
) -> Verdict:
    """Reads AWS's reason code; while the function is still ready, whether ECR holds the digest that it is pinned to."""
    if not function.is_image:
        return not_applicable("the function is deployed from a zip package, not an image")
    found = refusal(function, code, _ours)
    if isinstance(found, Refusal):
        message = "the image that the function runs was deleted from its repository"
        return failed(message, *found.evidence, remediation=_fix(function, code))
    if function.state != "Active" or found.ungiven:
        return found
    digest = code.digest if isinstance(code, FunctionCode) else None
    if (
        isinstance(manifest, ImageManifest)
        and digest is not None
        and digest in (manifest.digest, manifest.manifest_digest)
    ):
        return passed("the image that the function runs can be read", manifest.cite("digest"))
    if isinstance(code, FunctionCode) and isinstance(registry, RegistryRecord) and registry.digest == digest:
        if registry.running is not None:
            return passed("the repository holds the image that runs", registry.cite("digest"))
        if registry.running_gone:
            gone = registry.cite("running", "not there", label="image in the repository")
            return _time_bomb(function, code, gone)
    if isinstance(code, Unavailable) or isinstance(manifest, ImageManifest) or digest is None:
        return unknown("whether the repository still holds the image that runs was not read")
    if manifest.reason is not Reason.ABSENT or digest not in manifest.detail:
        return unknown(manifest.detail, unblock=manifest.unblock)
    gone = Evidence("image in the repository", "not there", "ecr:BatchGetImage", code.reading.at, Origin.REGISTRY)
    return _time_bomb(function, code, gone)


def _time_bomb(function: FunctionRecord, code: FunctionCode, gone: Evidence) -> Verdict:
    pinned = code.cite("resolved_image_uri", label="image that the function is pinned to")
    message = (
        "the image that the function runs is no longer in its repository; Lambda's copy serves until it has to be "
        "fetched again"
    )
    return failed(message, pinned, gone, remediation=_fix(function, code), rung=Rung.STALE)


def _ours(refused: Refusal) -> bool:
    return refused.code == "ImageDeleted"


def _fix(function: FunctionRecord, code: FunctionCode | Unavailable) -> Remediation:
    text = (
        "Push the image again and update the function's code with it. Keep a tag on what is deployed that no lifecycle "
        "rule selects: one that counts days or images removes it in time, however it is used. The first command shows "
        "the rules."
    )
    fix = rebuilt(text, function, NO_IMAGE, code, verify=READY)
    place = repository(code) if isinstance(code, FunctionCode) else None
    if place is None:
        return fix
    see = ["aws", "ecr", "get-lifecycle-policy", "--registry-id", place.account, "--repository-name", place.repository]
    return Remediation(text, (shlex.join([*see, "--region", place.region]), *fix.commands), READY)
