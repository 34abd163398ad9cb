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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
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
