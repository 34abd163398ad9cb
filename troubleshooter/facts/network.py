"""The network that a function is attached to, and what the function waited for in it."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.model import Evidence


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a table."""

    destination: str
    """CIDR block of either family, or a prefix list."""
    target: str
    """`local`, or the id of a gateway, interface, connection or endpoint."""
    active: bool = True
    """False: a black hole, whose target is gone."""


@dataclass(frozen=True, slots=True)
class RouteTable:
    """One route table."""

    id: str
    main: bool
    """Holds for the subnets of the VPC that have none of their own."""
    subnets: tuple[str, ...]
    """Subnets that are associated with it explicitly."""
    routes: tuple[Route, ...]


@dataclass(frozen=True, kw_only=True)
class RouteTables(Fact):
    """`ec2:DescribeRouteTables` of the function's VPC."""

    tables: tuple[RouteTable, ...] = ()

    def of(self, subnet: str) -> RouteTable | None:
        """The table that holds for a subnet."""
        own = next((t for t in self.tables if subnet in t.subnets), None)
        return own or next((t for t in self.tables if t.main), None)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One VPC endpoint."""

    id: str
    service: str
    """`com.amazonaws.eu-west-1.s3`"""
    kind: str
    """`Gateway`, `Interface`, …"""
    available: bool = True


@dataclass(frozen=True, kw_only=True)
class Endpoints(Fact):
    """`ec2:DescribeVpcEndpoints` of the function's VPC."""

    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class EgressRule:
    """One rule of a security group for what goes out."""

    group: str
    protocol: str
    """`-1` for all, `tcp`, …"""
    first: int | None = None
    last: int | None = None
    """Ports; None for all."""
    blocks: tuple[str, ...] = ()
    """CIDR blocks of both families."""
    others: tuple[str, ...] = ()
    """Prefix lists and security groups."""


@dataclass(frozen=True, kw_only=True)
class EgressRules(Fact):
    """`ec2:DescribeSecurityGroups` of the function's groups."""

    groups: tuple[str, ...] = ()
    rules: tuple[EgressRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface that Lambda made."""

    id: str
    subnet: str
    public_address: str | None = None
    """Elastic address that somebody associated with it."""


@dataclass(frozen=True, kw_only=True)
class Interfaces(Fact):
    """`ec2:DescribeNetworkInterfaces`: Lambda's interfaces in the function's subnets."""

    interfaces: tuple[Interface, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """A connection that was not made, as the application wrote it."""

    host: str
    """Host name or address."""
    port: int
    evidence: Evidence


@dataclass(frozen=True, kw_only=True)
class NetworkWait(Fact):
    """What a function in a VPC waited for in the attempts that failed; there is none where nothing timed out."""

    waits: tuple[Wait, ...] = ()
    """Connections that the log names."""
    timed_out: tuple[Evidence, ...] = ()
    """Platform lines about the attempt whose time was up; empty where only the application's own patience ended."""
    phase: str = "invoke"
    """`init`: while the handler was loaded; `invoke`."""
    raised: bool = False
    """The init did not run out of time: it ended with an error."""
    passed: bool = False
    """The newest invocation went well for the platform all the same."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """Something outside the VPC that the handler's own file calls."""

    host: str
    """Host name; of an AWS service, that of its regional endpoint."""
    place: str
    """`path:line`"""
    text: str
    """The source line, stripped."""
    certain: bool = False
    """The handler begins with this call, whatever its event."""


@dataclass(frozen=True, kw_only=True)
class OutboundCalls(Fact):
    """AWS clients and public addresses in the handler's own file."""

    calls: tuple[Outbound, ...] = ()


@dataclass(frozen=True, slots=True)
class SubnetExit:
    """How one of the function's subnets leads out."""

    subnet: str
    table: str
    verdict: str
    """`none`, `yes`, or `unknown`."""
    route: str
    """The deciding route in words."""


@dataclass(frozen=True, kw_only=True)
class Egress(Fact):
    """Whether the function's subnets lead out of the VPC at all."""

    exits: tuple[SubnetExit, ...] = ()
    blocked: str | None = None
    """In words: what the security groups let out, where nothing public is among it."""
    services: tuple[str, ...] = ()
    """Endpoint services of the VPC."""
    services_known: bool = True
    """False: its endpoints could not be read."""
    private: tuple[tuple[str, str], ...] = ()
    """Destination and target of the routes that stay inside, or lead to other private networks."""

    @property
    def neighbours(self) -> tuple[str, ...]:
        """Other networks that are routed to: what names resolve to may lie there."""
        return tuple(target for _, target in self.private if target != "local")

    @property
    def closed(self) -> bool:
        """No subnet leads out, or the security groups let nothing public pass."""
        return self.blocked is not None or bool(self.exits and all(e.verdict == "none" for e in self.exits))
