"""The execution role lacks a permission that the code needs.

What it looks for
    `AccessDenied` and `is not authorized to perform` with the function's role as principal, in the newest invocations;
    and whether the role's own policies allow that action on that resource. The log alone proves nothing.

Why it breaks
    Every call of the code to AWS is made with the execution role. Actions, resources and conditions of its policies
    must cover the call; resource policies and key policies come on top.

How it is told apart
    The principal in the message decides: a pipeline's role is `deployer_missing_permission`. `kms:Decrypt` for the
    environment is `kms_env` or `kms_grant_stale`. A wrong region can look like a missing permission
    (`region_mismatch_service`). A message that names nobody counts only where the code uses no other credentials than
    the role's. An explicit deny may come from a service control policy (`scp_denies_action`) or from the resource's own
    policy. Code that expects the denial and goes on says so as a warning at most: such an invocation is not held
    against the function.

Fix
    Add the action named in the message on the resource named there to the role's policy; simulate with `aws iam
    simulate-principal-policy`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, _role, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.permissions import Decision, Denial, Denials, OtherCredentials, Ruling, Rulings
from troubleshooter.model import Evidence, Outcome, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
_OTHERS = (
    r"sts:AssumeRoleWithWebIdentity|on resource: [^\n]{0,60}\bcdk-\w+-assets|User: (?:anonymous|[\w.-]+\.amazonaws\.com)\b"
    r"|iam::[^:\s]*:(?:user/\S+|root) is not authorized"
)
"""Another principal than an execution role, or what only a deployment does."""
SIGNATURES = (
    signature(
        r"is not authorized to perform:? (?!lambda:(?:Create|Update|Add|Delete|Publish|Put|Get|Tag|List)|ecr:"
        r"|kms:Decrypt|iam:(?:PassRole|Create|Attach|Put|Delete)|cloudformation:|sts:TagSession)[\w-]+:\w+",
        3,
        unless=rf"explicit deny|{_OTHERS}",
    ),
    signature(
        r"not authorized to perform:? (?!lambda:(?:Create|Update|Add|Get)|ecr:|kms:|iam:(?:Create|Attach|Put|Delete|Pass)"
        r"|sts:AssumeRole on resource: \S*:role/cdk-)",
        2,
        unless=_OTHERS,
    ),
    signature(r"execution role does not have permissions? to call (?!\w+NetworkInterface)\w+", 3),
    signature(r"ensure (?:that )?the role can perform the", 3),
    signature(r"no identity-based policy allows the (?!kms:Decrypt|lambda:|iam:|cloudformation:|ecr:)[\w-]+:\w+", 2),
    signature(
        r"AccessDenied(?:Exception)?\b.{0,60}when calling the (?!UpdateFunction|CreateFunction|PublishVersion"
        r"|AddPermission)\w+ operation",
        2,
    ),
    signature(
        r"AccessDeniedException|\bAccess Denied\b|UnauthorizedOperation",
        1,
        unless=r"UpdateFunctionCode|CreateFunction|ecr:|KMS",
    ),
    signature(r"S3 Error Code: AccessDenied|(?<!\x22)s3:GetObject|HeadObject operation: Forbidden", 1),
)
ASK = "Is the principal in the message the function's own execution role?"


_OURS = ("", "identity-based policy", "permissions boundary")
"""Kinds of policy by which a message blames the role, or nobody."""


@check(title="The execution role may do what the code asks for", severity=Severity.ERROR, rung=Rung.INVOKE)
def role_missing_permission(
    function: FunctionRecord,
    denials: Denials,
    rulings: Rulings | Unavailable,
    others: OtherCredentials | Unavailable,
) -> Verdict:
    """Takes denials of the newest invocations and asks the role's policies whether they allow it."""
    mine = [d for d in denials.own if d.place != "record" and d.role_decides]
    if not mine:
        return _nothing_ours(denials)
    verdicts = [_who(each, others) or _about(function, denials, each, rulings) for each in mine]
    return min(verdicts, key=lambda v: _ORDER.index(v.outcome.value))


_ORDER = ("fail", "unknown", "pass", "not_applicable")


def _nothing_ours(denials: Denials) -> Verdict:
    unnamed = next((d for d in denials.own if not d.role_decides), None)
    if unnamed is not None:
        ask = Unblock("Give the whole message: it names the principal that was denied.")
        return unknown("an action is denied to somebody whom the text does not name", unnamed.evidence, unblock=ask)
    if denials.vague is not None:
        ask = Unblock("Log the whole error: newer messages name the principal, the action and the resource.")
        return unknown("something was denied, without a word of what and to whom", denials.vague, unblock=ask)
    if denials.others:
        return not_applicable("what was denied was asked by another principal than the function's role")
    # Denials have more wordings than are read.
    return Verdict(Outcome.NOT_APPLICABLE, "no denied call is told of", ungiven=True)


def _who(denial: Denial, others: OtherCredentials | Unavailable) -> Verdict | None:
    """The verdict where the message names nobody, and not only the execution role can be meant."""
    if denial.principal is not None:
        return None
    if isinstance(others, OtherCredentials) and others.evidence is None:
        return None
    ask = Unblock("Log the caller's identity at that call, or tell with which credentials the client is made.")
    text = f"{denial.action} was denied to somebody whom the message does not name"
    if isinstance(others, Unavailable):
        return unknown(f"{text}; {others.detail}", denial.evidence, unblock=others.unblock or ask)
    text += ", and the code may use other credentials than the execution role's"
    return unknown(text, denial.evidence, *((others.evidence,) if others.evidence else ()), unblock=ask)


def _about(function: FunctionRecord, denials: Denials, denial: Denial, rulings: Rulings | Unavailable) -> Verdict:
    asked = denial.action + (f" on {denial.resource}" if denial.resource else "")
    if denial.policy not in _OURS:
        text = f"{asked} was denied, but the message blames the {denial.policy}, not the role's own policies"
        return unknown(text, denial.evidence, unblock=Unblock(f"Look at the {denial.policy} that applies."))
    ruling = rulings.of(*denial.question) if isinstance(rulings, Rulings) else None
    if ruling is None or isinstance(rulings, Unavailable):
        text = f"{asked} was denied to the role; whether its policies allow it could not be read"
        return unknown(text, denial.evidence, unblock=_role.unblock(rulings) or _READ)
    cited = (denial.evidence, _role.cite(rulings, ruling), function.cite("role", label="execution role"))
    if _role.forbids(ruling):
        return _forbidden(function, denials, denial, ruling, cited)
    if ruling.decision is Decision.ALLOWED and ruling.simulated in ("allowed", ""):
        text = f"the role's policies allow {asked} by now, or the denial came from another policy than its own"
        return passed(text, *cited) if ruling.simulated else unknown(text, *cited, unblock=_role.unblock(rulings))
    text = f"{asked} was denied; the role's policies do not settle it: {ruling.decision.value}"
    return unknown(text, *cited, unblock=_role.unblock(rulings) or _CONDITIONS)


_READ = Unblock("Allow reading the role's policies.", "iam:SimulatePrincipalPolicy", "*")
_CONDITIONS = Unblock("Compare the conditions of the statements with the call that was denied.")


def _forbidden(
    function: FunctionRecord, denials: Denials, denial: Denial, ruling: Ruling, cited: tuple[Evidence, ...]
) -> Verdict:
    asked = denial.action + (f" on {denial.resource}" if denial.resource else "")
    if _role.went_on(denial):
        text = f"the role may not {asked}; the code met that and went on, so it may be meant"
        return unknown(text, *cited, unblock=Unblock("Tell whether the code needs what it was denied."))
    message = f"the code asks for {asked}, which the execution role may not do"
    return failed(message, *cited, remediation=_fix(function, denial, ruling), rung=_rung(denials, denial))


def _rung(denials: Denials, denial: Denial) -> Rung:
    """Where it bites: while the handler is loaded, in the handler, or only in the work that it was to do."""
    if denial.place == "init":
        return Rung.HANDLER
    return Rung.COMPLETION if denials.newest_failed is False else Rung.INVOKE


def _fix(function: FunctionRecord, denial: Denial, ruling: Ruling) -> Remediation:
    verify = "The next invocation logs no denial, and the simulation says allowed."
    if ruling.boundary:
        text = f"The role's permissions boundary does not let it do {denial.action}: widen the boundary, or give the role another."
        return _role.grant(function, [(denial.action, None)], text, verify)
    if ruling.decision is Decision.DENIED and ruling.by:
        sid = f" (statement {ruling.by[0].sid})" if ruling.by[0].sid else ""
        text = f"The policy {ruling.by[0].policy}{sid} denies it, and a deny outweighs what allows: narrow or remove that statement."
        return _role.grant(function, [(denial.action, None)], text, verify)
    text = (
        f"Allow {denial.action} in the execution role's policy, in the template where one owns the role. "
        "The first command adds it on the resource that the message names."
    )
    if denial.question[1] is None:
        text = f"Allow {denial.action} in the execution role's policy, on the resource that the code uses."
    return _role.grant(function, [denial.question], text, verify)
