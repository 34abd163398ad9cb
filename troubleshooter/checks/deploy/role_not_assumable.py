"""Lambda cannot assume the execution role.

What it looks for
    `The role defined for the function cannot be assumed by Lambda`.

Why it breaks
    The role was created a moment ago and has not spread yet; its ARN lacks a path such as `service-role/`; or its
    trust policy does not name `lambda.amazonaws.com`.

How it is told apart
    A role that is assumed and lacks an action is `role_missing_permission`. A deployer who may not pass the role is
    told so (`deployer_missing_permission`).

Fix
    Compare the ARN with `aws iam get-role`, correct the trust policy, or wait some seconds between creating role and
    function.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"role defined for the function cannot be assumed by Lambda", 3),
    signature(r"cannot be assumed by Lambda", 3),
    signature(
        r"cannot assume (?:the )?(?:execution )?role|InvalidRole|role .* is not (?:authorized"
        r"|allowed) to (?:be )?assume",
        2,
    ),
    signature(r"lambda\.amazonaws\.com.{0,80}sts:AssumeRole", 2),
)
ASK = "Was the role created seconds before the function, and does its trust policy name lambda.amazonaws.com?"
