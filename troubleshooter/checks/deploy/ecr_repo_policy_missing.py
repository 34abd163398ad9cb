"""Lambda may not pull from the repository.

What it looks for
    `Lambda does not have permission to access the ECR image` at deployment, or a function that later fails because it
    may not access the image.

Why it breaks
    The repository's policy must let `lambda.amazonaws.com` call `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer`.
    Lambda adds the statement itself when the caller may read and set the policy; tools that own the policy overwrite
    it later. The function then runs from Lambda's copy until that is fetched again, weeks after.

How it is told apart
    AWS's reason code says that access was denied, not by what: only a policy without the statement proves this. One that
    lets Lambda in points to the repository's key (`kms_ecr_key`), to an organisation's policy, or was mended since. An
    image of another account needs two statements (`ecr_cross_account_policy`). A repository in another region
    (`region_mismatch_ecr`) and an image that is not there (`ecr_image_absent`) can give the same words. A principal
    named in the message is the deployer (`deployer_missing_permission`).

Fix
    Declare the statement for `lambda.amazonaws.com` in the repository's policy, in the tool that owns it, with the
    functions' ARNs as `aws:sourceArn`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    https://github.com/aws-controllers-k8s/community/issues/1886
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, _pull, check, failed, not_applicable, signature
from troubleshooter.checks._readiness import READY, access_denied, let_lambda_in, refusal, sides
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.repository import RepositoryPolicy
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Lambda does not have permission to access the ECR image", 3),
    signature(r"(?:function )?does not have permission to access the specified image", 3),
    signature(r"ImageAccessDenied", 3),
    signature(r"Check the ECR permissions", 2),
    signature(r"Lambda cannot initialize the provided container image", 1),
    signature(r"ImageRetrievalError|ImageInaccessible|LambdaECRImageRetrievalPolicy", 2),
)
ASK = "Does `aws ecr get-repository-policy` show a statement for lambda.amazonaws.com?"


@check(
    title="Lambda may pull from the function's own repository", severity=Severity.ERROR, rung=Rung.DEPLOY, narrow=True
)
def ecr_repo_policy_missing(
    function: FunctionRecord, code: FunctionCode | Unavailable, policy: RepositoryPolicy | Unavailable
) -> Verdict:
    """Reads AWS's reason code, in whose account the image lies, and the repository's policy."""
    found = refusal(function, code, access_denied)
    if isinstance(found, Verdict):
        return found
    both = sides(function, code, found)
    if isinstance(both, Verdict):
        return both
    repository, cited = both
    if repository.account != function.account:
        return not_applicable("the image lies in another account, whose policy needs two statements")
    proof = _pull.doubt(found, policy, (_pull.SERVICE,), *cited)
    if isinstance(proof, Verdict):
        return proof
    fix = Remediation(
        f"Let lambda.amazonaws.com pull from the repository {repository.repository}: add the statement in the tool that owns "
        "the policy. The first command shows what the policy is now; the second replaces all of it, so keep other "
        "statements. Then update the function's code.",
        let_lambda_in(function, repository),
        READY,
    )
    message = f"Lambda may not pull the image: the policy of the repository {repository.repository} does not let it in"
    return failed(message, *found.evidence, *proof, *cited, remediation=fix, rung=Rung.READY)
