"""A zip package or its layers are larger than Lambda takes.

What it looks for
    The size in the message: 262144000 unzipped, 52428800 zipped and uploaded directly, 70167211 for the request.

Why it breaks
    Code and all layers together may be 250 MB unzipped. Directly uploaded, the zip may be 50 MB; through S3 only the
    unzipped size counts. Layers do not raise the total.

How it is told apart
    The limit of images is another one, 10 GB (`image_too_large`). A request of 5120 bytes or a 4 KB environment is
    `env_too_large`.

Fix
    Upload through S3 where only the upload is too big; else remove what is not needed (boto3, tests, debug symbols),
    or deploy as a container image.

References
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Unzipped size must be smaller than \d+ bytes", 3),
    signature(r"Zipped size must be smaller than \d+ bytes", 3),
    signature(r"Request must be smaller than (?:69905067|70167211) bytes", 3),
    signature(r"RequestEntityTooLargeException|Request Entity Too Large", 2, unless=r"5120 bytes"),
    signature(r"Layers consume more than the available size", 3),
    signature(
        r"(?:deployment|zip) package (?:of your \w+ function )?is (?:likely to be )?too large"
        r"|deployment packages that are [\d.]+ MB or less",
        3,
    ),
    signature(r"\b(?:un)?(?:zipped|compressed) (?:maximum |max(?:imum)? )?(?:size|limit)(?: limit)? of \d+ ?MB", 3),
    signature(r"CodeStorageExceededException|Code storage limit exceeded", 3),
    signature(r"Function code combined with layers exceeds the maximum allowed size", 3),
    signature(r"CodeSizeExceeded|exceeds? (?:the )?(?:maximum )?(?:allowed )?(?:unzipped|deployment package) size", 2),
    signature(
        r"(?:uncompressed|unzipped|zipped|code) (?:size|package).{0,30}(?:greater than|exceeds?|larger than|smaller than).{0,40}\d{7,}",
        3,
    ),
)
ASK = "How large is the package zipped and unzipped, and is it uploaded through S3?"
