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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.STALE
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
