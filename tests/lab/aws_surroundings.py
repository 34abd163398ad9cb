"""What lies around a function in the stand-in account: its network (EC2), keys (KMS) and event sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.lab.aws_wire import AwsError, Request

if TYPE_CHECKING:
    from tests.lab.aws import Account, Handler

_FILTERS = {"vpc-id": "VpcId", "subnet-id": "SubnetId", "interface-type": "InterfaceType", "group-id": "GroupId"}


@dataclass(slots=True)
class Surroundings:
    """None or nothing: the account does not answer there, as for a reader without the permission."""

    network: dict[str, list[dict[str, Any]]] | None = None
    """`Subnets`, `RouteTables`, … in the API's form."""
    sources: list[dict[str, Any]] = field(default_factory=list)
    """Event source mappings of whatever function is asked about."""
    keys: dict[str, str] = field(default_factory=dict)
    """KMS key id or ARN → KeyState."""


def _denied(account: Account, request: Request, code: str = "AccessDeniedException", status: int = 400) -> AwsError:
    what = f"{request.service}:{request.operation}"
    return AwsError(code, f"User: {account.principal} is not authorized to perform: {what}", status)


def describe(account: Account, request: Request) -> Mapping[str, Any]:
    """`ec2:Describe…` with filters on plain members."""
    kind = request.operation.removeprefix("Describe")
    if account.around.network is None:
        raise _denied(account, request, "UnauthorizedOperation", 403)
    rows = account.around.network.get(kind, [])
    for each in request.parameters.get("Filter", []):
        rows = [r for r in rows if r.get(_FILTERS[each["Name"]]) in each["Value"]]
    for key in ("SubnetId", "GroupId"):
        wanted = request.parameters.get(key)
        if wanted is not None:
            rows = [r for r in rows if r.get(key) in wanted]
            lost = set(wanted) - {r[key] for r in rows}
            if lost:
                raise AwsError(f"Invalid{key.removesuffix('Id')}ID.NotFound", f"The ID '{lost.pop()}' does not exist")
    return {kind: rows}


def describe_key(account: Account, request: Request) -> Mapping[str, Any]:
    if not account.around.keys:
        raise _denied(account, request)
    asked = request.parameters["KeyId"]
    state = account.around.keys.get(asked)
    if state is None:
        raise AwsError("NotFoundException", f"Key '{asked}' does not exist")
    return {
        "KeyMetadata": {
            "KeyId": asked.rpartition("/")[2],
            "Arn": asked,
            "KeyState": state,
            "Enabled": state == "Enabled",
        }
    }


def list_sources(account: Account, request: Request) -> Mapping[str, Any]:
    return {"EventSourceMappings": account.around.sources}


HANDLERS: dict[tuple[str, str], Handler] = {
    **{
        ("ec2", f"Describe{kind}"): describe
        for kind in ("Subnets", "RouteTables", "SecurityGroups", "VpcEndpoints", "NetworkInterfaces", "NatGateways")
    },
    ("kms", "DescribeKey"): describe_key,
    ("lambda", "ListEventSourceMappings"): list_sources,
}
