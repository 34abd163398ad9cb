"""The repository is in another region than the function.

What it looks for
    A region in the image's address that is not the function's.

Why it breaks
    Lambda pulls only from private ECR in its own region. Whether the image is elsewhere too does not matter: the
    message speaks of permissions, of an image that does not exist or is not valid, and seldom of the region.

How it is told apart
    Compare the region in the address with the function's ARN before looking at policies (`ecr_repo_policy_missing`) or
    tags (`ecr_image_absent`).

Fix
    Push to a repository of the function's region, or replicate the repository there, and deploy that address.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"(?:image|repository|ECR).{0,120}(?:must be|is not|isn't) in the same (?:AWS )?region", 3),
    signature(r"Source image .* (?:does not exist|is not valid)", 1),
    signature(r"Lambda does not have permission to access the ECR image", 1),
    signature(r"cross[- ]region.{0,80}(?:ecr|image)|(?:ecr|image).{0,80}cross[- ]region", 2),
)
ASK = "Is the region in the image's address the function's region?"
