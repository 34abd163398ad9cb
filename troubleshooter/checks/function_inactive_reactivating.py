"""An idle function is being made ready again.

What it looks for
    State Inactive with reason Idle, or `CodeArtifactUserPendingException` at the first call after weeks.

Why it breaks
    Lambda gives back the resources of functions that were not called for weeks. The first call is refused and starts
    the way back over Pending to Active; an image is optimised anew.

How it is told apart
    Inactive with another reason than Idle is a real failure (`ecr_image_deleted`, `ecr_repo_policy_missing`). During a
    deployment the same Pending is `update_in_progress`.

Fix
    Call again after a minute; for functions that must answer at once, call them from time to time or use provisioned
    concurrency.

References
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.READY
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"CodeArtifactUserPendingException", 3),
    signature(r"Lambda is (?:initializing|optimizing) (?:the|your) (?:function|container)", 3),
    signature(r"state: ['\x22]?Inactive|StateReasonCode\W+Idle|The function is (?:inactive|idle)", 3),
    signature(r"function is being (?:initialized|restored|activated)|Lambda is re-?creating", 2),
)
