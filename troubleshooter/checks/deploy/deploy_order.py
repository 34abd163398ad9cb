"""Something is deployed before what it needs.

What it looks for
    A function created before its image is pushed, or before its role or policy is there.

Why it breaks
    Tools work in parallel unless told of a dependency. The repository is made, the function wants an image from it
    that nobody has pushed; a role is not there yet; a permission is added after the trigger.

How it is told apart
    The direct message is that of what is missing: `ecr_image_absent`, `role_not_assumable`,
    `invoke_permission_missing`. That a second run succeeds speaks for the order.

Fix
    Declare the dependency, push a first image before the function is made, or split into two steps.

References
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Source image .* does not exist", 1),
    signature(r"(?:does not exist|cannot be found).{0,200}DependsOn|DependsOn", 2),
    signature(r"second (?:run|deploy|apply) (?:succeeds|works)|(?:re-?run|retry)\w* .{0,30}(?:succeeds|works)", 2),
    signature(r"role defined for the function cannot be assumed", 1),
    signature(r"repository with name .* does not exist", 1),
)
ASK = "Does a second deployment, with nothing changed, succeed?"
