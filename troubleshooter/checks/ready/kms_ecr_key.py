"""The image's encryption key cannot be used.

What it looks for
    `Lambda can't decrypt the container image`, for a repository or function with a key of its own.

Why it breaks
    Lambda keeps its copy of the image encrypted, and the repository may be encrypted with your key. A disabled key, a
    changed key policy or a lost grant leaves the image unreadable; an update from another account can break the grant.

How it is told apart
    AWS's reason is the same as for a repository's policy (`ecr_repo_policy_missing`): the state of the key that the
    repository names tells them apart. A key whose policy or grant is lost looks well. Where the message speaks of
    environment variables, it is `kms_env` or `kms_grant_stale`. A missing image or permission has its own words.

Fix
    Enable the key or restore its policy, then update the function's code so that the grant is made again.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._readiness import READY, Refusal, access_denied, refusal
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.repository import RepositoryKey
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"decrypt the container image", 3),
    signature(r"KMS.{0,200}container image|container image.{0,200}KMS", 3),
    signature(r"Lambda cannot initialize the provided container image", 1),
    signature(r"KmsException|ecr.{0,100}KMS key", 2),
)


@check(title="The image's key can be used", severity=Severity.ERROR, rung=Rung.READY, narrow=True)
def kms_ecr_key(function: FunctionRecord, code: FunctionCode, key: RepositoryKey) -> Verdict:
    """Reads AWS's reason, and the state of the key that encrypts the repository."""
    found = refusal(function, code, lambda r: access_denied(r) or _speaks_of_key(r))
    if isinstance(found, Verdict):
        return found
    shown = key.cite("state", key.state or "there is no such key", label=f"key of the repository {key.repository}")
    if key.usable:
        return passed("the repository's key is enabled; its policy and grants were not read", shown)
    message = f"Lambda cannot decrypt the image: the key of the repository {key.repository} is {key.state or 'gone'}"
    return failed(message, shown, *found.evidence, remediation=_fix(key))


def _speaks_of_key(refused: Refusal) -> bool:
    return "decrypt the container image" in refused.text


def _fix(key: RepositoryKey) -> Remediation:
    region = key.arn.split(":")[3] if key.arn.count(":") >= 5 else ""
    where = ["--key-id", key.arn, *(["--region", region] if region else [])]
    commands = [shlex.join(["aws", "kms", "describe-key", *where])]
    text = "Push the image to a repository with a key that exists: what the lost one encrypted cannot be read again."
    if key.state == "PendingDeletion":
        commands += [shlex.join(["aws", "kms", verb, *where]) for verb in ("cancel-key-deletion", "enable-key")]
        text = "Take the key's deletion back and enable it, then update the function's code."
    elif key.state == "Disabled":
        commands.append(shlex.join(["aws", "kms", "enable-key", *where]))
        text = "Enable the key, then update the function's code."
    elif key.state is not None:
        text = "Make the key usable again (its state is in the evidence), then update the function's code."
    return Remediation(text, tuple(commands), READY)
