"""The execution role lacks a permission that the code needs.

What it looks for
    `AccessDenied` and `is not authorized to perform` with the function's role as principal.

Why it breaks
    Every call of the code to AWS is made with the execution role. Actions, resources and conditions of its policies
    must cover the call; resource policies and key policies come on top.

How it is told apart
    The principal in the message decides: a pipeline's role is `deployer_missing_permission`. `kms:Decrypt` for the
    environment is `kms_env` or `kms_grant_stale`. A wrong region can look like a missing permission
    (`region_mismatch_service`), and an explicit deny may come from a service control policy (`scp_denies_action`).

Fix
    Add the action named in the message on the resource named there to the role's policy; simulate with `aws iam
    simulate-principal-policy`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(
        r"is not authorized to perform:? (?!lambda:(?:Create|Update|Add|Delete|Publish|Put|Get|Tag|List)|ecr:"
        r"|kms:Decrypt|iam:PassRole|cloudformation:|sts:TagSession)[\w-]+:\w+",
        3,
        unless=r"explicit deny",
    ),
    signature(r"not authorized to perform:? (?!lambda:(?:Create|Update|Add|Get)|ecr:|kms:)", 2),
    signature(
        r"AccessDenied(?:Exception)?\b.{0,60}when calling the (?!UpdateFunction|CreateFunction|PublishVersion"
        r"|AddPermission)\w+ operation",
        2,
    ),
    signature(
        r"AccessDeniedException|\bAccess Denied\b|UnauthorizedOperation",
        1,
        unless=r"UpdateFunctionCode|CreateFunction|ecr:|KMS",
    ),
    signature(r"S3 Error Code: AccessDenied|s3:GetObject|HeadObject operation: Forbidden", 1),
)
ASK = "Is the principal in the message the function's own execution role?"
