"""The function runs an older image than the tag points to.

What it looks for
    A function whose digest is not that of the tag it was deployed with, although the newer image was pushed after the
    function's last change, while calls fail, the log shows errors or someone complains. A tag that merely moved is no fault.

Why it breaks
    A tag is resolved to a digest when the function is created or its code updated. Moving the tag changes nothing;
    infrastructure tools see the same text `…:latest` and do nothing either.

How it is told apart
    An alias or version that stays behind is `alias_points_to_old_version`. Equal digests with old content are
    `build_cache_or_wrong_context` or `asset_hash_unchanged`.

Fix
    `aws lambda update-function-code --image-uri …`, best with the digest or a unique tag; in Terraform and CDK refer
    to the digest or to the built asset.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

import datetime as dt

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts import Unavailable
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(
        r"old (?:code|version|image)|same (?:old )?(?:error|behaviou?r) (?:after|despite)|(?:still"
        r"|keeps) (?:runs?|running|using|shows?) .{0,20}(?:old|previous)",
        2,
    ),
    signature(
        r"(?:redeploy|re-?push|rebuil[dt]).{0,80}(?:no effect|nothing changes|not (?:updated|picked up)|same)",
        2,
    ),
    signature(r"No changes\. (?:Your infrastructure|Infrastructure is up-to-date)", 2),
    signature(r"\btag (?:has not|hasn't|did not|didn't|does not|doesn't) change", 2),
)
ASK = "Is the digest in Code.ResolvedImageUri that of the tag in ECR?"

GRACE = dt.timedelta(minutes=10)
"""A deployment that pushes first and updates then may take so long."""


@check(title="The tag's newest image is the one that runs", severity=Severity.WARNING, rung=Rung.STALE)
def stale_digest(
    function: FunctionRecord,
    code: FunctionCode,
    registry: RegistryRecord,
    timeline: Timeline | Unavailable,
    text: GivenText | Unavailable,
) -> Verdict:
    """Compares the digest that runs with the tag's. It fails only where something is wrong besides: a tag may move."""
    if registry.tag is None:
        return not_applicable("the function was deployed by digest, not by a tag")
    if registry.tagged is None or registry.digest is None:
        return not_applicable(f"the repository has no tag {registry.tag} to compare with")
    pinned = code.cite("resolved_image_uri", label="image that runs")
    pointed = registry.cite("tagged", registry.tagged.digest, label=f"image that the tag {registry.tag} points to")
    if registry.tagged.digest == registry.digest:
        return passed("the tag points to the image that runs", pinned, pointed)
    pushed, changed = registry.tagged.pushed_at, function.last_modified
    if pushed is None or changed is None or pushed < changed + GRACE:
        said = f"the tag {registry.tag} points to another image, but not to one that was pushed after the last change"
        return unknown(said, pinned, pointed, unblock=_ASKED)
    times = (function.cite("last_modified"), registry.cite("tagged", pushed, label="pushed at"))
    said = f"a newer image was pushed under the tag {registry.tag}; the function still runs the one from before"
    if pushed + GRACE > dt.datetime.fromisoformat(registry.reading.at):
        return unknown(f"{said}, which may be about to change", pinned, pointed, *times, unblock=_ASKED)
    trouble = _trouble(timeline, text, pushed)
    if not trouble:
        return unknown(f"{said}, and nothing shows that this is not wanted", pinned, pointed, *times, unblock=_ASKED)
    return failed(said, pinned, pointed, *times, *trouble, remediation=_fix(function, code, registry))


_ASKED = Unblock("Tell whether the image that the tag points to now was meant to run; then update the function's code.")


def _trouble(
    timeline: Timeline | Unavailable, text: GivenText | Unavailable, since: dt.datetime
) -> tuple[Evidence, ...]:
    """What shows that something is wrong with what runs: errors since the push, or a complaint."""
    if isinstance(text, GivenText):
        return (text.cite("text", one_line(text.text, 200), label="what was told"),)
    if isinstance(timeline, Unavailable):
        return ()
    bad = [i for i in timeline.invocations[-1:] if i.status in ("error", "timeout") and i.end and i.end > since]
    if bad:
        return (timeline.cite("invocations", f"{bad[0].request_id}: {bad[0].status}", label="newest invocation"),)
    told = [e for e in timeline.errors if e.at is not None and e.at > since]
    return tuple(timeline.cite("errors", one_line(e.message, 200), label="error after the push") for e in told[-1:])


def _fix(function: FunctionRecord, code: FunctionCode, registry: RegistryRecord) -> Remediation:
    text = (
        "Update the function's code with the image that the tag points to now. In Terraform refer to the image's digest, "
        "in CDK to the built asset: an unchanged tag is no change to them."
    )
    newer = registry.tagged.digest if registry.tagged else ""
    commands: tuple[str, ...] = ()
    if code.image_uri and newer:
        repository = code.image_uri.removesuffix(f":{registry.tag}")
        commands = (aws_lambda(function, "update-function-code", "--image-uri", f"{repository}@{newer}"),)
    return Remediation(text, commands, f"Code.ResolvedImageUri ends with {newer}.")
