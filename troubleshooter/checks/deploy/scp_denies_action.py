"""An organisation's policy denies what the role allows.

What it looks for
    `explicit deny in a service control policy`, or a permission that is denied although the role's policy has it.

Why it breaks
    Service control policies and permissions boundaries cap what a role may do, whatever its own policies say. Newer
    messages name the kind of policy; older ones only deny.

How it is told apart
    Proven for the execution role, where IAM's simulation says that the organisation's policies do not allow what its own
    policies do. A denial of somebody else, as of a pipeline, is only suspected by its words. Without the words
    `explicit deny`, a missing action in the role's policy is the usual reason (`role_missing_permission`). That it works in
    another account with the same role speaks for the cap.

Fix
    Ask whoever runs the organisation to exempt the action, or work within the cap.

References
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, _role, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.permissions import Decision, Denial, Denials, Rulings
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

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


@check(title="The organisation lets the role do it", severity=Severity.ERROR, rung=Rung.DEPLOY, narrow=True)
def scp_denies_action(function: FunctionRecord, denials: Denials, rulings: Rulings | Unavailable) -> Verdict:
    """Takes what the execution role was denied by name, and asks IAM's simulation whether the organisation allows it."""
    named = [d for d in denials.own if d.place != "record" and d.role is not None]
    if not named:
        return not_applicable("no denial names the function's execution role")
    found = [v for d in named if (v := _about(function, denials, d, rulings)) is not None]
    if not found:
        return not_applicable("nothing speaks of the organisation's policies")
    order = ("fail", "unknown", "pass")
    return min(found, key=lambda v: order.index(v.outcome.value))


def _about(
    function: FunctionRecord, denials: Denials, denial: Denial, rulings: Rulings | Unavailable
) -> Verdict | None:
    asked = denial.action + (f" on {denial.resource}" if denial.resource else "")
    ruling = rulings.of(*denial.question) if isinstance(rulings, Rulings) else None
    blamed = denial.policy.startswith(("service control", "resource control"))
    if ruling is None or ruling.organization is None or isinstance(rulings, Unavailable):
        if not blamed:
            return None
        text = f"{asked} was denied by the {denial.policy}, as the message says; no simulation shows it"
        ask = _role.unblock(rulings) or Unblock("Look at the policies of the organisation that apply to the account.")
        return unknown(text, denial.evidence, unblock=ask)
    cited = rulings.cite("rulings", f"IAM simulates {ruling.simulated}", label=f"execution role: {asked}")
    allowed = rulings.cite("rulings", ruling.organization, label="allowed by the organisation's policies")
    if ruling.organization or not _role.simulated_denial(ruling):
        return passed(f"the organisation's policies allow {asked}", cited, allowed) if ruling.organization else None
    if _role.went_on(denial):
        ask = Unblock("Tell whether the code needs what it was denied.")
        return unknown(f"the organisation denies {asked}; the code met that and went on", cited, unblock=ask)
    theirs = "the role's policies allow and the organisation's do not"
    which = theirs if ruling.decision is Decision.ALLOWED else "the organisation's policies do not allow"
    message = f"the code asks for {asked}, which {which}"
    role = function.cite("role", label="execution role")
    rung = (
        Rung.HANDLER if denial.place == "init" else Rung.COMPLETION if denials.newest_failed is False else Rung.INVOKE
    )
    return failed(message, denial.evidence, cited, allowed, role, remediation=_fix(function, denial), rung=rung)


def _fix(function: FunctionRecord, denial: Denial) -> Remediation:
    text = (
        f"No policy of the account mends it. Ask whoever runs the organisation to exempt {denial.action} for "
        f"{function.role}, or do the work in an account or region where it is allowed."
    )
    asked = _role.grant(function, [(denial.action, None)], text, "The simulation says allowed.")
    on = denial.question[1]
    if on is None or on == "*" or not asked.commands:
        return asked
    return Remediation(text, (f"{asked.commands[-1]} --resource-arns {shlex.quote(on)}",), asked.verify)
