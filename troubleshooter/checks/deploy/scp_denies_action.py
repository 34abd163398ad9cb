"""An organisation's policy denies what the role allows.

What it looks for
    `explicit deny in a service control policy`, or a permission that is denied although the role's policy has it.

Why it breaks
    Service control policies and permissions boundaries cap what a role may do, whatever its own policies say. Newer
    messages name the kind of policy; older ones only deny.

How it is told apart
    Without the words `explicit deny`, a missing action in the role's policy is the usual reason
    (`role_missing_permission`). That it works in another account with the same role speaks for the cap.

Fix
    Ask whoever runs the organisation to exempt the action, or work within the cap.

References
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(
        r"explicit deny in an? (?:service control policy|permissions boundary|identity-based policy"
        r"|resource control policy|VPC endpoint policy)",
        3,
    ),
    signature(r"service control polic(?:y|ies)", 2),
    signature(r"because no (?:service control policy|permissions boundary) allows", 3),
)
ASK = "Does the same action work with the same policy in another account?"
