"""The image's address is not one that Lambda takes.

What it looks for
    `Source image … is not valid. Provide a valid source image`.

Why it breaks
    Lambda takes private ECR addresses with a tag or digest: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`. A bare
    repository name, a missing tag, a public registry (Docker Hub, ECR Public), a FIPS host or a blank is refused.

How it is told apart
    An address of the right form for an image that is not there says `does not exist` (`ecr_image_absent`). The
    manifest's kind has a message of its own (`manifest_index_or_attestation`).

Fix
    Give the full address, from a private repository in the function's region; copy public images there first.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Source image .* is not valid", 3),
    signature(r"Provide a valid source image", 2),
    signature(r"failed to satisfy constraint: .*(?:imageUri|dkr\.ecr)|'imageUri' .*failed to satisfy", 3),
    signature(r"dkr\.ecr-fips", 3),
    signature(r"public\.ecr\.aws/\S+ is not (?:valid|supported)", 3),
)
ASK = "Is the address of the form ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG?"
