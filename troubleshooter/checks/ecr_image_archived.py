"""The image was moved to ECR's archive.

What it looks for
    An image status `ARCHIVED` or `ACTIVATING`, and pulls that are refused although the image is listed.

Why it breaks
    Lifecycle rules can archive images by the time of their last pull. Lambda pulls rarely, since it keeps a copy, so
    an image in use looks idle. An archived image cannot be pulled until it is restored, which takes up to some twenty
    minutes.

How it is told apart
    A deleted image is not listed any more (`ecr_image_deleted`). Which words Lambda uses for an archived image is not
    published.

Fix
    Restore the image, or push it again; exclude deployed tags from the archiving rule.

References
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.READY
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"\bARCHIVED\b|\bACTIVATING\b", 2),
    signature(r"ImageArchivedException|image (?:is|has been) archived|archived image", 3),
)
ASK = "What is the image's imageStatus in `aws ecr describe-images`?"
