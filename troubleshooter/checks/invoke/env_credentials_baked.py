"""Credentials were baked into the image.

What it looks for
    Variables of the image's `ENV` that are named like access keys, passwords or tokens, by name, length and shape: no
    value is kept. Files such as `~/.aws` are not looked for. This is information: it hardly ever keeps a function from
    starting.

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

import re

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"UnrecognizedClientException|The security token included in the request is (?:invalid|expired)", 2),
    signature(r"ENV\s+AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY)", 3),
    signature(r"InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken(?:Exception)?|InvalidClientTokenId", 2),
    signature(r"AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)", 1, unless=r"reserved|Starting runtime without"),
)


_AWS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"})
_SECRET = re.compile(r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|SECRET_KEY|API_?KEY|ACCESS_KEY|PRIVATE_KEY|TOKEN)$")
_POINTS = frozenset({"arn", "path", "boolean", "integer", "empty"})
"""Shapes of values that name a secret's place or switch something, and are none."""
_SHORTEST = 8


@check(title="The image's ENV holds no credentials", severity=Severity.INFO, rung=Rung.INVOKE)
def env_credentials_baked(
    image: ImageConfig, function: FunctionRecord | Unavailable, code: FunctionCode | Unavailable
) -> Verdict:
    """Looks at names, lengths and shapes; values are never kept."""
    found = [
        v
        for v in image.environment
        if v.length >= _SHORTEST and v.shape not in _POINTS and (v.name in _AWS or _SECRET.search(v.name.upper()))
    ]
    label = "variables of the image"
    if not found:
        count = image.cite("environment", len(image.environment), label=label)
        return passed("no variable of the image is named like a credential", count)
    names = [v.name for v in found]
    shown = image.cite("environment", [f"{v.name} ({v.length} characters)" for v in found], label=label)
    aws = [name for name in names if name in _AWS]
    effect = f"; {' and '.join(aws)} have no effect on Lambda, which sets its own" if aws else ""
    fix = rebuilt(
        f"Take {', '.join(names)} out of the Dockerfile and revoke what they held: whoever can pull the image can read "
        "them, in its configuration and in its history. Give AWS permissions to the function's role, and other secrets by "
        "Secrets Manager or Parameter Store.",
        function,
        image,
        code,
        "`docker inspect` of the new image shows none of them.",
    )
    return failed(f"the image carries what looks like credentials: {', '.join(names)}{effect}", shown, remediation=fix)
