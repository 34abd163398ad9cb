"""Whether a function's subnets lead out of their VPC. Pure.

Interfaces of functions have no public address, so an internet gateway is of no use to them; a NAT gateway is. What lies
behind a transit gateway, a peering, a VPN, an instance or a firewall endpoint cannot be seen from here: then it is unknown.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.network import (
    Egress,
    EgressRules,
    Endpoints,
    Interfaces,
    NetworkWait,
    Route,
    RouteTables,
    SubnetExit,
)


@provides()
def egress(
    function: FunctionRecord,
    wait: NetworkWait,
    routes: RouteTables,
    endpoints: Endpoints | Unavailable,
    rules: EgressRules | Unavailable,
    interfaces: Interfaces | Unavailable,
) -> Egress:
    """The way out of each of the function's subnets; what could not be read closes nothing."""
    exits = tuple(_exit(function, routes, interfaces, subnet) for subnet in function.subnets)
    services = tuple(e.service for e in endpoints.endpoints) if isinstance(endpoints, Endpoints) else ()
    blocked = _blocked(rules) if isinstance(rules, EgressRules) else None
    return Egress(
        reading=routes.reading,
        exits=exits,
        blocked=blocked,
        services=services,
        services_known=isinstance(endpoints, Endpoints),
        private=tuple(dict.fromkeys(_private(function, routes))),
    )


def _private(function: FunctionRecord, routes: RouteTables) -> Iterator[tuple[str, str]]:
    """Routes to networks that are not the internet; a gateway endpoint's are told by its service."""
    for subnet in function.subnets:
        table = routes.of(subnet)
        for route in table.routes if table is not None else ():
            endpoint = route.target.startswith("vpce-") and route.destination.startswith("pl-")
            if route.active and not endpoint and not route.target.startswith(("igw-", "nat-", "eigw-")):
                yield route.destination, route.target


def _exit(
    function: FunctionRecord, routes: RouteTables, interfaces: Interfaces | Unavailable, subnet: str
) -> SubnetExit:
    table = routes.of(subnet)
    if table is None:
        return SubnetExit(subnet, "no route table", "unknown", "its route table is not told")
    outward = [r for r in table.routes if _leads_out(r)]
    if not outward:
        return SubnetExit(subnet, table.id, "none", "no route leads out of the VPC")
    judged = [(_judge(function, interfaces, subnet, r), f"{r.destination} to {r.target}") for r in outward]
    for wanted in ("yes", "unknown", "none"):
        for verdict, words in judged:
            if verdict == wanted:
                return SubnetExit(subnet, table.id, verdict, words)
    return SubnetExit(subnet, table.id, "unknown", "its routes are not understood")


def _leads_out(route: Route) -> bool:
    """Routes that lead to public addresses in general; those for single private networks and prefix lists do not."""
    if route.target == "local" or (route.target.startswith("vpce-") and route.destination.startswith("pl-")):
        return False
    return _public(route.destination)


def _public(block: str) -> bool:
    """Whether a block holds public addresses; what is no block, as a prefix list, may."""
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return True
    # Halves of the address space begin and end in reserved blocks, which makes them "private" for Python.
    return network.prefixlen < (8 if network.version == 4 else 7) or not network.is_private


def _judge(function: FunctionRecord, interfaces: Interfaces | Unavailable, subnet: str, route: Route) -> str:
    if not route.active:
        return "none"
    six = ":" in route.destination
    if six and not function.ipv6:
        return "none"
    if route.target.startswith(("nat-", "eigw-")):
        return "yes"
    if route.target.startswith("igw-") and not six:
        # Somebody may have given Lambda's interface an elastic address by hand: it lasts until Lambda makes another.
        if isinstance(interfaces, Unavailable):
            return "unknown"
        return "unknown" if any(i.public_address for i in interfaces.interfaces if i.subnet == subnet) else "none"
    return "unknown"


def _blocked(rules: EgressRules) -> str | None:
    """What the groups let out, where nothing public is among it; None where something may pass."""
    if not rules.groups:
        return None
    for rule in rules.rules:
        if rule.others or any(_public(block) for block in rule.blocks):
            return None
    shown = [f"{r.protocol} to {', '.join(r.blocks)}" for r in rules.rules if r.blocks]
    return "; ".join(shown[:4]) or "nothing"
