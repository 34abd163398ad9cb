"""Whoever deploys lacks a permission.

What it looks for
    `is not authorized to perform` with a person's or pipeline's principal, on actions of Lambda, ECR, IAM or
    CloudFormation.

Why it breaks
    The deploying identity, not the function's role, needs `lambda:UpdateFunctionCode` and its like, `iam:PassRole` for
    the role, and for images `ecr:GetRepositoryPolicy` and `ecr:SetRepositoryPolicy` where Lambda is to add its
    statement.

How it is told apart
    With the execution role as principal it is `role_missing_permission`. An image of another account needs its
    repository's policy too (`ecr_cross_account_policy`).

Fix
    Grant the action named in the message to the principal named there.

References
    https://docs.aws.amazon.com/lambda/latest/dg/access-control-identity-based.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"(?:is )?not authorized to perform:? lambda:(?:Create|Update|Add|Delete|Publish|Put|Get|Tag|List)\w+",
        3,
        unless=r"explicit deny in an? (?:service control|permissions boundary|resource control)",
    ),
    signature(
        r"is not authorized to perform: (?:iam:PassRole|ecr:(?:Get|Set)RepositoryPolicy"
        r"|ecr:(?:GetAuthorizationToken|InitiateLayerUpload|PutImage|CompleteLayerUpload"
        r"|BatchCheckLayerAvailability|UploadLayerPart)|cloudformation:\w+|sts:TagSession"
        r"|ssm:GetParameters? on resource: .*cdk-bootstrap)",
        3,
    ),
    signature(r"AccessDenied\w*.{0,60}when calling the (?:Update|Create)Function\w* operation", 2),
    signature(r"not authorized to perform: ecr:", 2),
    signature(
        r"assumed-role/[\w+=,.@-]*(?:deploy|github|gitlab|ci|cd|pipeline|codebuild|jenkins|terraform|cfn-exec"
        r"|cdk)[\w+=,.@-]*/",
        2,
    ),
    signature(r"Could not (?:assume role|load credentials)|no credentials .*(?:deploy|assume)", 1),
    signature(r"not authorized to perform: sts:AssumeRole on resource: \S*:role/cdk-", 3),
    signature(r"could not be used to assume .?arn:\S*:role/cdk-|current credentials could not be used to assume", 3),
    signature(r"not authorized to perform: iam:(?:Create|Attach|Put|Delete|Detach|Tag|Update)\w*", 3),
    signature(r"not authorized to perform: s3:\w+ on resource: [^\n]{0,60}\bcdk-\w+-assets", 3),
    signature(r"not authorized to perform:? sts:AssumeRoleWithWebIdentity", 3),
    signature(r"AccessDenied\w*: Resource is not in the state function", 3),
    signature(
        r"provider credentials not found|no credentials have been configured|Unable to locate credentials"
        r"|No valid credential sources",
        2,
    ),
    signature(r"iam::[^:\s]*:(?:user/\S+|root) is not authorized to perform: (?!lambda:Invoke)", 2),
)
ASK = "Is the principal in the message the pipeline's or a person's, and not the execution role?"
