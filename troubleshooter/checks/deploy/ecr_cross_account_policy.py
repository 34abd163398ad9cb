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

from troubleshooter.checks import Frequency, _pull, check, failed, not_applicable, signature
from troubleshooter.checks._readiness import READY, access_denied, let_lambda_in, refusal, sides
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.repository import RepositoryPolicy
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"not authorized to perform: ecr:(?:BatchGetImage|GetDownloadUrlForLayer)", 3),
    signature(r"ecr:BatchGetImage on resource: arn:aws[\w-]*:ecr", 2),
    signature(r"cross[- ]account.{0,200}(?:ecr|image)|(?:ecr|image).{0,200}cross[- ]account", 2),
    signature(r"(?:image|repository).{0,120}must be in the same (?:AWS )?account", 3),
    signature(r"Lambda does not have permission to access the ECR image", 1),
)
ASK = "Is the account in the image's address the function's own?"


@check(
    title="Lambda may pull from the other account's repository", severity=Severity.ERROR, rung=Rung.DEPLOY, narrow=True
)
def ecr_cross_account_policy(
    function: FunctionRecord, code: FunctionCode | Unavailable, policy: RepositoryPolicy | Unavailable
) -> Verdict:
    """Reads AWS's reason code, in whose account the image lies, and what can be read of that repository's policy."""
    found = refusal(function, code, access_denied)
    if isinstance(found, Verdict):
        return found
    both = sides(function, code, found)
    if isinstance(both, Verdict):
        return both
    repository, cited = both
    if repository.account == function.account:
        return not_applicable("the image lies in the function's own account")
    # Lambda alone is asked about: the deploying identity was let in, or there would be no function.
    proof = _pull.doubt(found, policy, (_pull.SERVICE,), *cited)
    if isinstance(proof, Verdict):
        return proof
    fix = Remediation(
        f"In account {repository.account}, let both lambda.amazonaws.com, for functions of account {function.account}, "
        f"and that account itself pull from the repository {repository.repository}. The first command shows what the policy is "
        "now; the second replaces all of it, so keep other statements. Then update the function's code.",
        let_lambda_in(function, repository),
        READY,
    )
    message = (
        f"Lambda may not pull the image: the repository lies in account {repository.account} and does not let it in"
    )
    return failed(message, *found.evidence, *proof, *cited, remediation=fix, rung=Rung.READY)
