"""The image lies in another account, whose repository lets in only half of what is needed.

What it looks for
    A denied `ecr:BatchGetImage` on a repository of another account, or a permission error for an image whose registry
    is not the function's account.

Why it breaks
    Two statements are needed: one for the consuming account's principal, one for the Lambda service with the functions
    of that account as `aws:sourceArn`; beside them the deploying identity's own permission. Without the second,
    creation works and an idle function fails later, when Lambda fetches the image again.

How it is told apart
    With registry and function in one account it is `ecr_repo_policy_missing`. Where the denied action is on Lambda and
    not ECR, it is `deployer_missing_permission`.

Fix
    Add both statements to the repository's policy, and `ecr:BatchGetImage` with `ecr:GetDownloadUrlForLayer` to the
    deploying role.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-xaccount-permissions
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"not authorized to perform: ecr:(?:BatchGetImage|GetDownloadUrlForLayer)", 3),
    signature(r"ecr:BatchGetImage on resource: arn:aws[\w-]*:ecr", 2),
    signature(r"cross[- ]account.{0,200}(?:ecr|image)|(?:ecr|image).{0,200}cross[- ]account", 2),
    signature(r"Lambda does not have permission to access the ECR image", 1),
)
ASK = "Is the account in the image's address the function's own?"
