"""Credentials were baked into the image.

What it looks for
    Access keys in the image's `ENV` or an `.aws` folder in a layer, or a token that is refused as invalid in a local
    run.

Why it breaks
    On Lambda the platform supplies the role's credentials and overrides those of the image; locally the baked ones
    win. They leak with the image, expire, and make local runs behave unlike the deployed function.

How it is told apart
    A role that lacks a permission answers `is not authorized to perform` (`role_missing_permission`). Expired
    credentials of the person who deploys are no fault of the function.

Fix
    Remove them from the Dockerfile, rotate them, and pass credentials to local runs with `docker run -e` or a mounted
    profile.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"UnrecognizedClientException|The security token included in the request is (?:invalid|expired)", 2),
    signature(r"ENV\s+AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY)", 3),
    signature(r"InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken(?:Exception)?|InvalidClientTokenId", 2),
    signature(r"AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)", 1, unless=r"Reserved keys|reserved"),
)
