"""A lifecycle rule is about to remove the image that the function runs.

What it looks for
    A lifecycle rule of the repository that is certain to act on the digest that the function is pinned to: images without
    a tag after some days, images older than some days, or more images than are kept.

Why it breaks
    The function is pinned to a digest. When a mutable tag moves on, that digest loses its tag, and a rule for untagged
    images counts its days. Once ECR has removed it, Lambda's copy serves for a while; then every invocation answers 502.

How it is told apart
    An image that is gone already is `ecr_image_deleted`. That the tag points to a newer image is `stale_digest`. Where
    deployments replace the image long before its days are over, the rule is harmless: it is spoken of only when most of
    them have passed without one, the last third for an image without a tag, the last fifth for one that has its tag.

Fix
    Give what is deployed a tag of its own that no rule selects, or update the function with a current image; let rules
    count images instead of days.

References
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-lifecycle
"""

from __future__ import annotations

import datetime as dt
import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._readiness import repository
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.lifecycle import ImageFate, LifecycleRule
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (signature(r"lifecycle (?:policy|rule).{0,80}(?:expire|delet|remov)\w*", 1),)
ASK = "Would `aws ecr start-lifecycle-policy-preview` remove the digest that the function is pinned to?"

SOON = dt.timedelta(days=14)
"""What lies further ahead is likely to be settled by a deployment."""
UNTAGGED, TAGGED = 1 / 3, 1 / 5
"""Last part of a rule's days, in which an image that is still there is not being replaced by deployments that are usual."""
GRACE = dt.timedelta(minutes=10)
"""A deployment that pushes first and updates then may take so long."""
ACTS_WITHIN = dt.timedelta(days=1)


@check(title="No lifecycle rule is about to remove the image that runs", severity=Severity.WARNING, rung=Rung.STALE)
def ecr_image_deleted__expiring(
    function: FunctionRecord, code: FunctionCode, registry: RegistryRecord, fate: ImageFate
) -> Verdict:
    """Fails where the rule is certain to act; a rule that depends on what comes later, or on pulls, only may."""
    rule, running = fate.rule, registry.running
    if not function.is_image or running is None:
        return not_applicable("the repository holds no image that a rule could take away")
    if rule is None:
        return passed(
            "no lifecycle rule selects the image that runs", fate.cite("rule", "none", label="lifecycle rule")
        )
    shown = fate.cite("rule", _words(rule), label=f"lifecycle rule {rule.priority}")
    tags = registry.cite("running", running.tags or "none", label="tags of the image that runs")
    pushed = registry.cite("running", running.pushed_at, label="pushed at")
    if fate.due is None:
        if rule.count_type == "imageCountMoreThan" and fate.newer is not None:
            return passed(
                f"the rule keeps {rule.count} images, and {fate.newer} are newer than the one that runs", shown, tags
            )
        return unknown(
            "whether the rule will remove the image that runs depends on what comes", shown, tags, unblock=_PREVIEW
        )
    now = dt.datetime.fromisoformat(fate.reading.at)
    if fate.evaluated is not None and fate.evaluated > fate.due + ACTS_WITHIN:
        when = fate.cite("evaluated", label="rules last evaluated")
        return unknown("the rule would have removed the image by now, and has not", shown, tags, when, unblock=_PREVIEW)
    if rule.count_type != "imageCountMoreThan" and fate.due - now > _worth_a_word(running, fate.due):
        return passed(f"the rule spares the image that runs until {fate.due:%Y-%m-%d}", shown, tags)
    newest = registry.tagged.pushed_at if registry.tagged is not None else None
    if newest is not None and newest + GRACE > now and newest != running.pushed_at:
        said = f"the rule will remove the image that runs, but a newer one was pushed at {newest:%H:%M} UTC"
        return unknown(f"{said}: the function may be about to be updated", shown, tags, unblock=_AGAIN)
    said = "is due to be removed within a day" if fate.due <= now else f"will be removed on {fate.due:%Y-%m-%d}"
    verb = said if rule.action == "expire" else said.replace("removed", "archived")
    message = f"the image that the function runs {verb} by a lifecycle rule of its repository; Lambda's copy then "
    message += "serves until it has to be fetched again"
    pinned = code.cite("resolved_image_uri", label="image that the function is pinned to")
    due = fate.cite("due", label="the rule applies from")
    return failed(message, pinned, tags, pushed, shown, due, remediation=_fix(function, code))


def _worth_a_word(running: StoredImage, due: dt.datetime) -> dt.timedelta:
    """How long before the rule applies it is worth speaking of."""
    whole = due - running.pushed_at if running.pushed_at is not None else SOON
    return min(SOON, whole * (TAGGED if running.tags else UNTAGGED))


_AGAIN = Unblock("Diagnose again when the deployment is done.")
_PREVIEW = Unblock("Let ECR preview the rules: `aws ecr start-lifecycle-policy-preview`.")


def _words(rule: LifecycleRule) -> str:
    """The rule as a sentence."""
    which = {"any": "any image", "untagged": "images without a tag"}.get(rule.tag_status)
    if which is None:
        which = f"images with a tag like {', '.join([*(f'{p}*' for p in rule.prefixes), *rule.patterns])}"
    how = (
        f"more than {rule.count}"
        if rule.count_type == "imageCountMoreThan"
        else f"{rule.count_type} {rule.count} {rule.unit}"
    )
    said = f" ({rule.description})" if rule.description else ""
    return f"{rule.action} {which}: {how}{said}"


def _fix(function: FunctionRecord, code: FunctionCode) -> Remediation:
    text = (
        "Give the image that runs a tag of its own that no rule selects: the command does. Better still, deploy a current "
        "image by its digest or a unique tag, and let the rules count images instead of days."
    )
    verify = "`aws ecr start-lifecycle-policy-preview` no longer lists the digest that the function is pinned to."
    place = repository(code)
    if place is None or place.digest is None:
        return Remediation(text, (), verify)
    where = ["--registry-id", place.account, "--repository-name", place.repository, "--region", place.region]
    get = ["aws", "ecr", "batch-get-image", *where, "--image-ids", f"imageDigest={place.digest}"]
    get += ["--query", "images[0].imageManifest", "--output", "text"]
    put = ["aws", "ecr", "put-image", *where, "--image-tag", f"deployed-{function.name}"]
    return Remediation(text, (f'{shlex.join(put)} --image-manifest "$({shlex.join(get)})"',), verify)
