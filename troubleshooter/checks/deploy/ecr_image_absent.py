"""The image is not in the repository.

What it looks for
    `Source image … does not exist`, or a tag that the registry does not have.

Why it breaks
    The tag was never pushed, pushed to another account or region, or the function is created before the push. A tag
    with a typo looks the same.

How it is told apart
    `Source image … is not valid` is the address itself (`imageuri_malformed`). An image that was there and was removed
    is `ecr_image_deleted`.

Fix
    Push first, then deploy; name the image by the digest that the push printed.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Source image .* does not exist", 3),
    signature(r"ImageNotFound(?:Exception)?|RepositoryNotFoundException", 3),
    signature(r"The image with imageId .* does not exist within the repository", 3),
    signature(r"repository with name .* does not exist", 3),
    signature(r"manifest (?:for \S+ not found|unknown)|name unknown: The repository", 2),
    signature(r"Lambda does not have permission to access the ECR image", 1),
)
ASK = "Does `aws ecr describe-images --image-ids imageTag=TAG` find the image in the function's region?"
