"""The image's encryption key cannot be used.

What it looks for
    `Lambda can't decrypt the container image`, for a repository or function with a key of its own.

Why it breaks
    Lambda keeps its copy of the image encrypted, and the repository may be encrypted with your key. A disabled key, a
    changed key policy or a lost grant leaves the image unreadable; an update from another account can break the grant.

How it is told apart
    Where the message speaks of environment variables, it is `kms_env` or `kms_grant_stale`. A missing image or
    permission has its own words.

Fix
    Enable the key or restore its policy, then update the function's code so that the grant is made again.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.READY
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"decrypt the container image", 3),
    signature(r"KMS.{0,200}container image|container image.{0,200}KMS", 3),
    signature(r"Lambda cannot initialize the provided container image", 1),
    signature(r"KmsException|ecr.{0,100}KMS key", 2),
)
