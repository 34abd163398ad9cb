"""Two pipelines push the same tag.

What it looks for
    A function that works after one deployment and fails after the next, with builds for different platforms or
    sources.

Why it breaks
    One builds on an amd64 runner, the other on a laptop or an arm64 one; both push `:latest`. Which of the two the
    function gets depends on who was last.

How it is told apart
    A single deployment with the wrong CPU is `arch_image_function_mismatch`. A base that changed is
    `base_image_broken_upstream`.

Fix
    Unique tags or digests, immutable tags in the repository, one pipeline.

References
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

import itertools
import re
import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, signature
from troubleshooter.checks._launch_fix import region
from troubleshooter.checks._readiness import repository
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.changes import Trail
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ForeignCpu, ImageConfig
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"ImageTagAlreadyExistsException|tag is immutable"
        r"|cannot be overwritten because the repository is immutable",
        3,
    ),
    signature(
        r"works? (?:on|after) one deploy\w*.{0,60}(?:next|other|fails)|every other (?:deploy|push)"
        r"|intermittent\w*.{0,60}(?:arch|platform|exec format)",
        2,
    ),
)
ASK = "Who else pushes the tag? (CloudTrail: PutImage)"


_SESSION = re.compile(r"^(arn:aws[\w-]*:sts::\d+:assumed-role/[^/]+)/.*$")


@check(title="One pipeline pushes the tag", severity=Severity.WARNING, rung=Rung.STALE, narrow=True)
def ci_overwrites_tag(
    function: FunctionRecord,
    code: FunctionCode,
    registry: RegistryRecord,
    image: ImageConfig,
    cpu: ForeignCpu,
    trail: Trail,
) -> Verdict:
    """Fails where the image is for the wrong CPU and several principals pushed it under one tag in turn: then the tag is
    what they fight for. Two people who push the same thing are no fault, and the trail is not waited for."""
    pushes = [e for e in trail.events if e.name == "PutImage" and ("imageTag", registry.tag) in e.details]
    who = [_SESSION.sub(r"\1", e.by) for e in pushes]
    if registry.tag is None or len(set(who)) < 2:
        return not_applicable("the trail does not show that several principals pushed the tag")
    turns = sum(a != b for a, b in itertools.pairwise(who))
    shown = tuple(
        trail.cite("events", f"{by} at {e.at:%Y-%m-%d %H:%M} UTC", label=f"push of {registry.tag}")
        for e, by in list(zip(pushes, who, strict=True))[:5]
    )
    mine = function.cite("architecture", label="function architecture")
    theirs = image.cite("architecture", cpu.built, label="architecture of the image that runs")
    many = f"{len(set(who))} principals push the tag {registry.tag}, {turns + 1} times in turn"
    message = f"{many}, and the image that runs is for the wrong CPU"
    return failed(message, mine, theirs, *shown, remediation=_fix(function, code, registry))


def _fix(function: FunctionRecord, code: FunctionCode, registry: RegistryRecord) -> Remediation:
    place = repository(code)
    where = ["--registry-id", place.account] if place is not None else []
    where += ["--repository-name", registry.repository, "--image-tag-mutability", "IMMUTABLE"]
    where += ["--region", place.region] if place is not None else region(function)
    return Remediation(
        "Let one pipeline push, with a tag or digest of its own for each build, and deploy by that. The command keeps a tag "
        "from being pushed twice.",
        (shlex.join(["aws", "ecr", "put-image-tag-mutability", *where]),),
        "Each tag has one PutImage event.",
    )
