"""The network around a function in a VPC. Read only where something timed out in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.network import (
    EgressRule,
    EgressRules,
    Endpoint,
    Endpoints,
    Interface,
    Interfaces,
    NetworkWait,
    Route,
    RouteTable,
    RouteTables,
)

T = TypeVar("T")
PAGES = 4
_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "EgressOnlyInternetGatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
)
_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


@provides(cost=Cost.CALL, asks=("ec2:DescribeRouteTables",))
def describe_routes(function: FunctionRecord, wait: NetworkWait, aws: Aws) -> RouteTables:
    """`ec2:DescribeRouteTables` of the VPC: a subnet without a table of its own has the main one."""
    answer, tables = _every(aws, "DescribeRouteTables", "RouteTables", _table, {"vpc-id": [function.vpc or ""]})
    return RouteTables(reading=answer.reading(), tables=tuple(tables))


@provides(cost=Cost.CALL, asks=("ec2:DescribeVpcEndpoints",))
def describe_endpoints(function: FunctionRecord, wait: NetworkWait, aws: Aws) -> Endpoints:
    """`ec2:DescribeVpcEndpoints` of the VPC."""
    answer, found = _every(aws, "DescribeVpcEndpoints", "VpcEndpoints", _endpoint, {"vpc-id": [function.vpc or ""]})
    return Endpoints(reading=answer.reading(), endpoints=tuple(found))


@provides(cost=Cost.CALL, asks=("ec2:DescribeSecurityGroups",))
def describe_groups(function: FunctionRecord, wait: NetworkWait, aws: Aws) -> EgressRules | Unavailable:
    """`ec2:DescribeSecurityGroups` of the function's groups."""
    if not function.security_groups:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function's record names no security groups")
    wanted = list(function.security_groups)
    answer, rules = _every(aws, "DescribeSecurityGroups", "SecurityGroups", _rules, {"group-id": wanted})
    return EgressRules(reading=answer.reading(), groups=tuple(wanted), rules=tuple(r for each in rules for r in each))


@provides(cost=Cost.CALL, asks=("ec2:DescribeNetworkInterfaces",))
def describe_interfaces(function: FunctionRecord, wait: NetworkWait, aws: Aws) -> Interfaces:
    """`ec2:DescribeNetworkInterfaces`: those that Lambda made in the function's subnets."""
    wanted = {"subnet-id": list(function.subnets), "interface-type": ["lambda"]}
    answer, found = _every(aws, "DescribeNetworkInterfaces", "NetworkInterfaces", _interface, wanted)
    return Interfaces(reading=answer.reading(), interfaces=tuple(found))


def _every(
    aws: Aws, operation: str, key: str, read: Callable[[dict[str, Any]], T], filters: dict[str, list[str]]
) -> tuple[Answer, list[T]]:
    """The first answer and the entries of all pages; too many pages are too big, for what is missing may decide."""
    found: list[T] = []
    more: dict[str, Any] = {}
    first: Answer | None = None
    for _ in range(PAGES):
        answer = aws.call(
            "ec2",
            operation,
            required=(key,),
            Filters=[{"Name": name, "Values": values} for name, values in filters.items()],
            **more,
        )
        first = first or answer
        try:
            found += [read(entry) for entry in answer.data[key]]
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            detail = f"{answer.source} gave an answer that makes no sense ({type(error).__name__})"
            raise SourceError(Unavailable(Reason.MALFORMED, detail)) from error
        if not answer.data.get("NextToken"):
            return first, found
        more = {"NextToken": str(answer.data["NextToken"])}
    raise SourceError(Unavailable(Reason.TOO_BIG, f"ec2:{operation} has more than {PAGES} pages"))


def _table(data: dict[str, Any]) -> RouteTable:
    associations = data.get("Associations") or []
    return RouteTable(
        id=str(data["RouteTableId"]),
        main=any(a.get("Main") for a in associations),
        subnets=tuple(str(a["SubnetId"]) for a in associations if a.get("SubnetId")),
        routes=tuple(_route(route) for route in data.get("Routes") or []),
    )


def _route(data: dict[str, Any]) -> Route:
    target = next((str(data[key]) for key in _TARGETS if data.get(key)), "unknown target")
    destination = next((str(data[key]) for key in _DESTINATIONS if data.get(key)), "unknown destination")
    return Route(destination, target, data.get("State", "active") == "active")


def _endpoint(data: dict[str, Any]) -> Endpoint:
    state = str(data.get("State") or "available").lower()
    kind = str(data.get("VpcEndpointType") or "")
    return Endpoint(str(data.get("VpcEndpointId") or "endpoint"), str(data["ServiceName"]), kind, state == "available")


def _rules(data: dict[str, Any]) -> list[EgressRule]:
    return [
        EgressRule(
            group=str(data["GroupId"]),
            protocol=str(rule.get("IpProtocol", "-1")),
            first=rule.get("FromPort"),
            last=rule.get("ToPort"),
            blocks=(
                *(str(r["CidrIp"]) for r in rule.get("IpRanges") or []),
                *(str(r["CidrIpv6"]) for r in rule.get("Ipv6Ranges") or []),
            ),
            others=(
                *(str(r["PrefixListId"]) for r in rule.get("PrefixListIds") or []),
                *(str(r["GroupId"]) for r in rule.get("UserIdGroupPairs") or [] if r.get("GroupId")),
            ),
        )
        for rule in data.get("IpPermissionsEgress") or []
    ]


def _interface(data: dict[str, Any]) -> Interface:
    address = (data.get("Association") or {}).get("PublicIp")
    return Interface(str(data["NetworkInterfaceId"]), str(data.get("SubnetId") or ""), address)
