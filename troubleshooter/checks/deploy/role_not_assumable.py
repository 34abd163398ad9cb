"""Lambda cannot assume the execution role.

What it looks for
    `The role defined for the function cannot be assumed by Lambda`.

Why it breaks
    The role was created a moment ago and has not spread yet; its ARN lacks a path such as `service-role/`; or its
    trust policy does not name `lambda.amazonaws.com`.

How it is told apart
    A role that is assumed and lacks an action is `role_missing_permission`. A deployer who may not pass the role is
    told so (`deployer_missing_permission`).

Fix
    Compare the ARN with `aws iam get-role`, correct the trust policy, or wait some seconds between creating role and
    function.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

import json
import re
import shlex
from fnmatch import fnmatchcase

from troubleshooter.checks import Frequency, check, failed, passed, signature, unknown
from troubleshooter.checks._readiness import aws_lambda, update_configuration
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.permissions import RoleRecord, Statement
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"role defined for the function cannot be assumed by Lambda", 3),
    signature(r"cannot be assumed by Lambda", 3),
    signature(
        r"cannot assume (?:the )?(?:execution )?role|InvalidRole|role .* is not (?:authorized"
        r"|allowed) to (?:be )?assume",
        2,
    ),
    signature(r"lambda\.amazonaws\.com.{0,80}sts:AssumeRole", 2),
)
ASK = "Was the role created seconds before the function, and does its trust policy name lambda.amazonaws.com?"


_LAMBDA = re.compile(r"lambda\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?")


@check(title="Lambda can assume the execution role", severity=Severity.ERROR, rung=Rung.DEPLOY)
def role_not_assumable(function: FunctionRecord, role: RoleRecord) -> Verdict:
    """Reads the role by the name in the function's record: whether it is there, under that ARN, and whom it trusts."""
    named = function.cite("role", label="execution role")
    if not role.exists:
        message = f"there is no role {role.name} in the account, so Lambda cannot assume it"
        return failed(
            message,
            role.cite("exists", "no such role", label=role.name),
            named,
            remediation=_absent(function),
            rung=Rung.SPAWN,
        )
    if role.actual_arn and role.actual_arn != role.arn:
        message = "the role's ARN is another than the function's record names: its path differs"
        return failed(
            message,
            role.cite("actual_arn", label="role's ARN"),
            named,
            remediation=_path(function, role),
            rung=Rung.SPAWN,
        )
    about = [s for s in role.trust if _speaks(s)]
    shown = role.cite("trust", _trusted(role), label="who may assume the role")
    if any(s.effect == "Deny" or s.conditional or s.negated_principals for s in about):
        ask = Unblock("Compare the conditions of the trust policy with a call by lambda.amazonaws.com.")
        return unknown(
            "whether Lambda may assume the role depends on conditions of its trust policy", shown, unblock=ask
        )
    if about:
        return passed("the role exists and trusts Lambda", shown, named)
    message = "the role's trust policy does not let lambda.amazonaws.com assume it"
    return failed(message, shown, named, remediation=_trust(role), rung=Rung.SPAWN)


def _speaks(statement: Statement) -> bool:
    """Whether it may be about Lambda's assuming the role."""
    acts = bool(statement.not_actions) or any(fnmatchcase("sts:assumerole", a.lower()) for a in statement.actions)
    everyone = statement.negated_principals or "*" in statement.principals
    return acts and (everyone or any(_LAMBDA.fullmatch(p) for p in statement.principals))


def _trusted(role: RoleRecord) -> str:
    return ", ".join(p for s in role.trust for p in s.principals) or "nobody"


def _absent(function: FunctionRecord) -> Remediation:
    text = "Make the role again, with the trust and the policies that it had, or give the function another one."
    return Remediation(text, (aws_lambda(function, "get-function-configuration", "--query", "Role"),), _VERIFY)


def _path(function: FunctionRecord, role: RoleRecord) -> Remediation:
    text = "Give the function the role's ARN as IAM has it."
    return Remediation(text, update_configuration(function, "--role", role.actual_arn or role.arn), _VERIFY)


def _trust(role: RoleRecord) -> Remediation:
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    show = ["aws", "iam", "get-role", "--role-name", role.name, "--query", "Role.AssumeRolePolicyDocument"]
    update = ["aws", "iam", "update-assume-role-policy", "--role-name", role.name, "--policy-document", document]
    text = "Let Lambda assume the role. The second command replaces the trust policy: keep what else is in it (first command)."
    return Remediation(text, (shlex.join(show), shlex.join(update)), _VERIFY)


_VERIFY = "The next invocation starts; an update of the function is not refused because of its role."
