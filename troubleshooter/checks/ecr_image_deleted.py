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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.READY
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"trying to use a deleted image", 3),
    signature(r"\bImageDeleted\b", 3),
    signature(r"CodeArtifactUserDeletedException", 3),
    signature(r"Lambda cannot initialize the provided container image", 2),
    signature(r"Failed to restore the function", 1),
)
ASK = "Does the repository still hold the digest that the function is pinned to?"
