"""Lambda's grant on the key still names a role that was deleted.

What it looks for
    Decryption that is denied since the execution role was deleted and created again under its old name.

Why it breaks
    Lambda's right to decrypt is a grant for the role's unique id. A new role of the same name has another id; policies
    look complete, the grant does not fit, and no start succeeds.

How it is told apart
    `no identity-based policy allows` is a missing permission (`kms_env`). The message of a stale grant speaks of no
    resource-based policy, or of a key that does not exist in this region.

Fix
    Assign another role to the function and then the right one again, which makes a new grant; or change the key and
    back.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
    https://github.com/serverless/examples/issues/279
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._readiness import aws_lambda, refusals
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.keys import KeyRecord, KeyTrouble
from troubleshooter.facts.permissions import RoleRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"no resource-based policy allows the kms:Decrypt", 3),
    signature(r"invalid for CreateGrant|ARN does not refer to a valid principal", 3),
    signature(
        r"unable to decrypt (?:the )?environment variables because KMS access was denied",
        3,
        unless=r"no identity-based policy",
    ),
    signature(r"ciphertext refers to a customer master key that does not exist", 2, unless=r"container image"),
    signature(r"KMSAccessDeniedException", 1, unless=r"container image"),
)
ASK = "Was the execution role deleted and created again since it was assigned to the function?"


@check(title="Lambda's grant on the key is for the role that is there", severity=Severity.ERROR, rung=Rung.INVOKE)
def kms_grant_stale(
    function: FunctionRecord, trouble: KeyTrouble, role: RoleRecord, key: KeyRecord | Unavailable
) -> Verdict:
    """Where decryption is denied, asks whether the role is younger than the last change that assigned it."""
    if not trouble.denied:
        return not_applicable("it is not access to the key that fails")
    if isinstance(key, KeyRecord) and not key.usable:
        return not_applicable("the key itself cannot be used, whoever asks")
    if not role.exists:
        return not_applicable("there is no such role any more")
    if role.created is None or function.last_modified is None:
        return unknown("when the role was made and assigned is not told", *trouble.evidence)
    times = (
        role.cite("created", label="execution role made at"),
        function.cite("last_modified", label="function last changed at"),
    )
    if role.created <= function.last_modified:
        return passed("the role is older than the function's last change, which assigned it anew", *times)
    message = "the role was made after it was assigned to the function: Lambda's grant names one that was deleted"
    return failed(message, *times, *trouble.evidence, remediation=_fix(function), rung=_rung(function))


def _rung(function: FunctionRecord) -> Rung:
    return Rung.READY if refusals(function) else Rung.SPAWN


def _fix(function: FunctionRecord) -> Remediation:
    text = (
        "Assign any other role to the function and then the right one again, which makes the grant anew. Deploying the "
        "function from scratch does too. In a template, let the function depend on the role, so that both are replaced."
    )
    name = (function.role or "").rpartition("/")[2]
    commands = (
        [shlex.join(["aws", "iam", "get-role", "--role-name", name, "--query", "Role.CreateDate"])] if name else []
    )
    commands.append(
        aws_lambda(function, "get-function-configuration", "--query", "[Role,LastModified,Environment.Error]")
    )
    return Remediation(
        text, tuple(commands), "The function's LastModified is later than the role's CreateDate, and it starts."
    )
