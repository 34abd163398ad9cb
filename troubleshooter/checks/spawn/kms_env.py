"""The environment variables cannot be decrypted.

What it looks for
    `KMSAccessDenied`, `KMSDisabled`, `KMSNotFound` or `KMSInvalidState` on invocation, or `kms:Decrypt` denied by no
    identity-based policy.

Why it breaks
    Variables encrypted with a key of your own are decrypted when an environment starts, with the role's permission or
    Lambda's grant. A disabled or deleted key, or a role without `kms:Decrypt`, stops every start; nothing is logged by
    the function.

How it is told apart
    `no resource-based policy allows` together with a role that was created anew is `kms_grant_stale`. `can't decrypt
    the container image` is the image's key (`kms_ecr_key`).

Fix
    Enable the key, give the role `kms:Decrypt` on it, or assign the key again so that Lambda makes a new grant.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
"""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks import Frequency, _role, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import region
from troubleshooter.checks._readiness import READY, Refusal, aws_lambda, refusals
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.keys import KeyRecord, KeyTrouble
from troubleshooter.facts.permissions import Denials, Rulings
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"no identity-based policy allows the kms:Decrypt", 3),
    signature(r"KMS(?:AccessDenied|Disabled|NotFound|InvalidState)Exception", 2, unless=r"container image"),
    signature(r"unable to decrypt (?:the )?environment variables|couldn.t decrypt the environment variables", 2),
    signature(r"KMS key used is (?:disabled|not valid)|KMS key was not found|state of the KMS key", 3),
    signature(r"KMS key is invalid for", 2),
    signature(r"not authorized to perform: kms:Decrypt", 2),
    signature(r"KMSKeyAccessDenied|DisabledKMSKey|InvalidStateKMSKey|KMSKeyNotFound", 3),
)
ASK = "Is the key enabled, and may the execution role call kms:Decrypt on it?"


_ENVIRONMENT = {
    "Disabled": "the key is disabled",
    "NotFound": "the key does not exist any more",
    "InvalidState": "the key is in a state in which it cannot be used, such as pending deletion",
}
_STATE = {"DisabledKMSKey": "Disabled", "KMSKeyNotFound": "NotFound", "InvalidStateKMSKey": "InvalidState"}
_KEY = re.compile(r"(?:KMS)?(Disabled|NotFound|InvalidState)(?:Exception)?")


@check(
    title="The environment variables can be decrypted",
    severity=Severity.ERROR,
    rung=Rung.SPAWN,
    explains=("role_missing_permission",),
)
def kms_env(
    function: FunctionRecord,
    key: KeyRecord | Unavailable,
    trouble: KeyTrouble | Unavailable,
    text: GivenText | Unavailable,
    denials: Denials | Unavailable,
    rulings: Rulings | Unavailable,
) -> Verdict:
    """Reads the environment's own error in AWS's answer, reason codes that speak of a key, and the key's own state.

    That access was denied may concern whoever asks just as well as the function: it proves nothing without the role's
    own policies.
    """
    refused_role = _of_the_role(function, text, denials, rulings)
    if refused_role is not None:
        return refused_role
    if isinstance(key, KeyRecord) and not key.usable and isinstance(trouble, KeyTrouble):
        return _unusable(function, key, trouble)
    refused = next((r for r in refusals(function) if "KMS" in r.code), None)
    if refused is not None:
        return _refused(function, refused)
    code = function.environment_error
    if code is None and function.state is None:
        return not_applicable("nothing is deployed yet that would have to be decrypted")
    cited = function.cite("environment_error", label="error of the environment's decryption")
    if code is None:
        return passed("AWS decrypts the environment without an error", cited)
    known = _KEY.fullmatch(code)
    if known is None:
        return unknown(
            f"AWS could not decrypt the environment for this reader ({code}); it may be able to for the function",
            cited,
            unblock=Unblock("Allow the reader to decrypt with the function's key, then ask again.", "kms:Decrypt"),
        )
    message = f"AWS cannot decrypt the function's environment variables: {_ENVIRONMENT[known[1]]}"
    return failed(message, cited, remediation=_fix(function, known[1]))


_WORDS = re.compile(r"decrypt (?:the )?environment variables", re.IGNORECASE)


def _of_the_role(
    function: FunctionRecord,
    text: GivenText | Unavailable,
    denials: Denials | Unavailable,
    rulings: Rulings | Unavailable,
) -> Verdict | None:
    """What Lambda says of decrypting the environment, where the role's policies do not allow it either."""
    if isinstance(text, Unavailable) or isinstance(denials, Unavailable) or isinstance(rulings, Unavailable):
        return None
    if not _WORDS.search(text.text):
        return None
    denied = next((d for d in denials.own if d.action == "kms:Decrypt" and d.role is not None), None)
    ruling = rulings.of(*denied.question) if denied is not None else None
    if denied is None or ruling is None or not _role.forbids(ruling):
        return None
    words = "Allow kms:Decrypt on the key in the execution role's policy, in the template where one owns the role."
    return failed(
        "Lambda decrypts the environment variables as the execution role, which may not kms:Decrypt with their key",
        denied.evidence,
        _role.cite(rulings, ruling),
        function.cite("role", label="execution role"),
        remediation=_role.grant(
            function, [denied.question], words, "The next invocation is answered, and the simulation says allowed."
        ),
    )


def _unusable(function: FunctionRecord, key: KeyRecord, trouble: KeyTrouble) -> Verdict:
    kind = "NotFound" if key.state is None else "Disabled" if key.state == "Disabled" else "InvalidState"
    state = key.cite("state", key.state or "there is no such key", label=f"state of {key.arn}")
    rung = Rung.READY if any("KMS" in r.code for r in refusals(function)) else Rung.SPAWN
    message = f"AWS cannot decrypt the function's environment variables: {_ENVIRONMENT[kind]}"
    return failed(message, state, *trouble.evidence, remediation=_fix(function, kind), rung=rung)


def _refused(function: FunctionRecord, refused: Refusal) -> Verdict:
    if re.search(r"container image|ECR", refused.text):
        return not_applicable("AWS's reason speaks of the image's key, not of the environment's")
    kind = _STATE.get(refused.code)
    if kind is None:
        text = f"{refused}: access to the key is denied, by a missing permission or by a grant that is stale"
        return unknown(text, *refused.evidence, unblock=Unblock("Ask whether the execution role was created anew."))
    message = f"the function's key cannot be used: {_ENVIRONMENT[kind]}"
    return failed(message, *refused.evidence, remediation=_fix(function, kind), rung=Rung.READY)


def _fix(function: FunctionRecord, kind: str) -> Remediation:
    text = {
        "Disabled": "Enable the key again",
        "NotFound": "Assign another key to the function, or none, and set the variables anew",
        "InvalidState": "Cancel the key's deletion and enable it",
    }[kind]
    see = aws_lambda(function, "get-function-configuration", "--query", "[KMSKeyArn,Environment.Error]")
    operation = {"Disabled": "enable-key", "InvalidState": "cancel-key-deletion"}.get(kind)
    if function.key and operation:
        text = f"{text}; where the key is wanted no longer, assign another and set the variables anew."
        mend = shlex.join(["aws", "kms", operation, "--key-id", function.key, *region(function)])
        return Remediation(text, (mend, see), f"The second command shows no error any more. {READY}")
    text = f"{text}; where the key is wanted no longer, assign another and set the variables anew. The command names the key."
    return Remediation(text, (see,), f"The command shows no error any more. {READY}")
