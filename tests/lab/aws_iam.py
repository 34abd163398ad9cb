"""IAM of the stand-in account: roles with their policies, and a simulation that a test may decide."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.lab.aws_wire import AwsError, Request

if TYPE_CHECKING:
    from tests.lab.aws import Account, Handler

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def allow(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement that denies."""
    return {**allow(actions, resources, **more), "Effect": "Deny"}


@dataclass(slots=True)
class Role:
    """One role."""

    attached: list[str] = field(default_factory=lambda: [BASIC])
    inline: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    trust: list[dict[str, Any]] = field(default_factory=lambda: [TRUST])
    created: dt.datetime = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    path: str = "/"
    boundary: str | None = None


@dataclass(slots=True)
class Iam:
    """What IAM knows. Without any role, the account answers nothing here: denied, as for a reader without the permission."""

    roles: dict[str, Role] = field(default_factory=dict)
    policies: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {BASIC: [allow(LOGS)]})
    """Managed policies by ARN."""
    simulated: dict[str, dict[str, Any]] = field(default_factory=dict)
    """action → members of its evaluation result; `allowed` for others."""


def _document(statements: list[dict[str, Any]]) -> str:
    return quote(json.dumps({"Version": "2012-10-17", "Statement": statements}))


def _role(account: Account, request: Request) -> tuple[str, Role]:
    if not account.iam.roles:
        raise AwsError(
            "AccessDenied", f"User: {account.principal} is not authorized to perform: iam:{request.operation}", 403
        )
    name = request.parameters.get("RoleName") or request.parameters["PolicySourceArn"].rpartition("/")[2]
    if name not in account.iam.roles:
        raise AwsError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    return name, account.iam.roles[name]


def get_role(account: Account, request: Request) -> Mapping[str, Any]:
    name, role = _role(account, request)
    shown: dict[str, Any] = {
        "Path": role.path,
        "RoleName": name,
        "RoleId": "AROAEXAMPLE",
        "Arn": f"arn:aws:iam::{account.account_id}:role{role.path}{name}",
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": _document(role.trust),
    }
    if role.boundary:
        shown["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": role.boundary}
    return {"Role": shown}


def list_attached(account: Account, request: Request) -> Mapping[str, Any]:
    _, role = _role(account, request)
    start = int(request.parameters.get("Marker") or 0)
    page = role.attached[start : start + account.page_size]
    more = start + account.page_size < len(role.attached)
    found = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in page]
    marker = {"Marker": str(start + account.page_size)} if more else {}
    return {"AttachedPolicies": found, "IsTruncated": more, **marker}


def list_inline(account: Account, request: Request) -> Mapping[str, Any]:
    return {"PolicyNames": list(_role(account, request)[1].inline), "IsTruncated": False}


def get_role_policy(account: Account, request: Request) -> Mapping[str, Any]:
    name, role = _role(account, request)
    policy = request.parameters["PolicyName"]
    return {"RoleName": name, "PolicyName": policy, "PolicyDocument": _document(role.inline[policy])}


def _policy(account: Account, request: Request) -> tuple[str, list[dict[str, Any]]]:
    arn = request.parameters["PolicyArn"]
    if arn not in account.iam.policies:
        raise AwsError("NoSuchEntity", f"Policy {arn} was not found.", 404)
    return arn, account.iam.policies[arn]


def get_policy(account: Account, request: Request) -> Mapping[str, Any]:
    arn, _ = _policy(account, request)
    return {"Policy": {"PolicyName": arn.rpartition("/")[2], "Arn": arn, "DefaultVersionId": "v3"}}


def get_policy_version(account: Account, request: Request) -> Mapping[str, Any]:
    if request.parameters["VersionId"] != "v3":
        raise AwsError("NoSuchEntity", "Policy version was not found.", 404)
    return {"PolicyVersion": {"Document": _document(_policy(account, request)[1]), "VersionId": "v3"}}


def simulate(account: Account, request: Request) -> Mapping[str, Any]:
    _role(account, request)
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": "allowed",
            **account.iam.simulated.get(action, {}),
        }
        for action in request.parameters["ActionNames"]
        for resource in request.parameters.get("ResourceArns", ["*"])
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


HANDLERS: dict[tuple[str, str], Handler] = {
    ("iam", "GetRole"): get_role,
    ("iam", "ListAttachedRolePolicies"): list_attached,
    ("iam", "ListRolePolicies"): list_inline,
    ("iam", "GetRolePolicy"): get_role_policy,
    ("iam", "GetPolicy"): get_policy,
    ("iam", "GetPolicyVersion"): get_policy_version,
    ("iam", "SimulatePrincipalPolicy"): simulate,
}
