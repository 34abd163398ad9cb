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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
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
