"""Functions that wait in a VPC, and the network around them, for the tests of the checks on that."""

from __future__ import annotations

from typing import Any

from tests.checks.happened import NOT_GIVEN
from tests.factories import AT, IMAGE, function_record
from troubleshooter.analysis.network.egress import egress
from troubleshooter.analysis.network.wait import network_wait
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.network import (
    Egress,
    EgressRule,
    EgressRules,
    Endpoint,
    Endpoints,
    Interface,
    Interfaces,
    NetworkWait,
    Outbound,
    OutboundCalls,
    Route,
    RouteTable,
    RouteTables,
)
from troubleshooter.model import Origin

EC2 = Reading("ec2:DescribeRouteTables", Origin.RECORD, AT)
SUBNET = "subnet-1"
FUNCTION = function_record(vpc_attached=True, vpc="vpc-1", subnets=(SUBNET,), security_groups=("sg-1",), timeout_s=30)
LOCAL = Route("10.0.0.0/16", "local")
DENIED = Unavailable(Reason.DENIED, "ec2:DescribeRouteTables was denied")
MONITORING = "https://monitoring.eu-west-1.amazonaws.com/"
CONNECT = f'botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: "{MONITORING}"'
OPEN = EgressRule("sg-1", "-1", blocks=("0.0.0.0/0",))


def waited(timeline: Timeline | Unavailable, text: str | None = None, **record: Any) -> NetworkWait | Unavailable:
    """What the real analysis makes of a log and a pasted text."""
    pasted = GivenText(reading=Reading("pasted text", Origin.PASTED), text=text) if text else NOT_GIVEN
    members = {"vpc_attached": True, "vpc": "vpc-1", "subnets": (SUBNET,), **record}
    return network_wait(function_record(**members), timeline, pasted)


def way_out(
    wait: NetworkWait,
    *routes: Route,
    services: tuple[str, ...] = (),
    rules: tuple[EgressRule, ...] | Unavailable = (OPEN,),
    address: str | None = None,
    interfaces: bool = True,
    others: dict[str, tuple[Route, ...]] | None = None,
    ipv6: bool = False,
) -> Egress:
    """The ways out of a network with these routes in its main table, and `others` by subnet."""
    tables = [RouteTable("rtb-main", True, (), (LOCAL, *routes))]
    tables += [RouteTable(f"rtb-{s}", False, (s,), (LOCAL, *r)) for s, r in (others or {}).items()]
    return egress(
        function_record(vpc_attached=True, subnets=(SUBNET, *(others or {})), ipv6=ipv6),
        wait,
        RouteTables(reading=EC2, tables=tuple(tables)),
        Endpoints(reading=EC2, endpoints=tuple(Endpoint("vpce-1", s, "Interface") for s in services)),
        rules if isinstance(rules, Unavailable) else EgressRules(reading=EC2, groups=("sg-1",), rules=rules),
        Interfaces(reading=EC2, interfaces=(Interface("eni-1", SUBNET, address),)) if interfaces else DENIED,
    )


def calling(*hosts: str, certain: bool = False) -> OutboundCalls:
    """Code in which calls of these hosts stand; `certain`: the handler begins with them."""
    calls = tuple(Outbound(h, "/var/task/app.py:3", "client = …", certain) for h in hosts)
    return OutboundCalls(reading=IMAGE, calls=calls)
