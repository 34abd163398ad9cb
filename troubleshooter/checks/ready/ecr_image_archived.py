"""The image was moved to ECR's archive.

What it looks for
    An image status `ARCHIVED` or `ACTIVATING`, and pulls that are refused although the image is listed.

Why it breaks
    Lifecycle rules can archive images by the time of their last pull. Lambda pulls rarely, since it keeps a copy, so
    an image in use looks idle. An archived image cannot be pulled until it is restored, which takes up to some twenty
    minutes.

How it is told apart
    A deleted image is not listed any more (`ecr_image_deleted`). Which words Lambda uses for an archived image is not
    published.

Fix
    Restore the image, or push it again; exclude deployed tags from the archiving rule.

References
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._readiness import READY, refusals, repository
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"\bARCHIVED\b|\bACTIVATING\b", 2),
    signature(r"ImageArchivedException|image (?:is|has been) archived|archived image", 3),
)
ASK = "What is the image's imageStatus in `aws ecr describe-images`?"


@check(title="The image that runs is not in ECR's archive", severity=Severity.WARNING, rung=Rung.READY)
def ecr_image_archived(function: FunctionRecord, code: FunctionCode, registry: RegistryRecord) -> Verdict:
    """Reads the status of the image by the digest that runs. A function that is still ready lives on Lambda's copy."""
    if registry.running is None:
        return not_applicable("the repository does not hold the image that runs, or its digest is not known")
    status = registry.running.status
    shown = registry.cite("running", status, label="image status")
    if status is None:
        return unknown("ECR does not tell the status of the image that runs", shown)
    if status not in ("ARCHIVED", "ACTIVATING"):
        return passed("the image that runs can be pulled", shown)
    refused = [e for each in refusals(function) for e in each.evidence]
    if status == "ACTIVATING" and not refused:
        return not_applicable("the image is being restored from the archive")
    message = "the image that runs lies in ECR's archive and cannot be pulled"
    if not refused:
        message += "; Lambda's copy serves until it has to be fetched again"
    pinned = code.cite("resolved_image_uri", label="image that the function is pinned to")
    rung = None if refused else Rung.STALE
    return failed(message, pinned, shown, *refused, remediation=_fix(code, registry), rung=rung)


def _fix(code: FunctionCode, registry: RegistryRecord) -> Remediation:
    text = (
        "Restore the image, which takes up to some twenty minutes, and keep images that functions run out of the "
        "archiving rule. The first command shows the rule."
    )
    place = repository(code)
    if place is None or registry.digest is None:
        return Remediation(text, (), READY)
    named = ["--registry-id", place.account, "--repository-name", place.repository, "--region", place.region]
    restore = ["--image-id", f"imageDigest={registry.digest}", "--target-storage-class", "STANDARD"]
    commands = (
        shlex.join(["aws", "ecr", "get-lifecycle-policy", *named]),
        shlex.join(["aws", "ecr", "update-image-storage-class", *named, *restore]),
    )
    return Remediation(text, commands, f"`aws ecr describe-images` shows imageStatus ACTIVE. {READY}")
