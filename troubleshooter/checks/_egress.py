"""What the checks on a function that waits in its VPC share: whom it waits for, and that no way leads there."""

from __future__ import annotations

import ipaddress
import re
import shlex
from enum import Enum

from troubleshooter.checks import beside, failed, not_applicable, passed, unknown
from troubleshooter.checks._launch_fix import region
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.network import Egress, NetworkWait, Outbound, OutboundCalls, Wait
from troubleshooter.model import Evidence, Remediation, Rung, Unblock, Verdict

_INSIDE = re.compile(
    r"\.(?:internal|local|localdomain|lan|corp|private|intranet|home|test)\.?$"
    r"|\.(?:rds|cache|docdb|neptune|redshift|elb|efs|es|aoss|memorydb|dax|fsx|vpce|kafka|mq)[\w.-]*\.amazonaws\.com(?:\.cn)?$"
    r"|\.compute(?:-1)?\.amazonaws\.com(?:\.cn)?$|\bprivatelink\b"
    r"|\.(?:rds|redshift|redshift-serverless|elasticache|dax)\.",
    re.IGNORECASE,
)
"""Names of what commonly lies inside a VPC."""
_GLOBAL = re.compile(r"[a-z][a-z0-9-]*\.amazonaws\.com(?:\.cn)?")
_PUBLIC = re.compile(
    r"(?:^|\.)(?:googleapis\.com|github\.com|stripe\.com|slack\.com|openai\.com|anthropic\.com|twilio\.com|sendgrid\.com"
    r"|mailgun\.net|auth0\.com|okta\.com|microsoftonline\.com|graph\.microsoft\.com|datadoghq\.(?:com|eu)|newrelic\.com"
    r"|sentry\.io|paypal\.com|shopify\.com|telegram\.org|discord\.com|facebook\.com|hubapi\.com|zendesk\.com)$"
)
"""Programming interfaces of the internet that are known to everybody. Others may be names of a private hosted zone."""
_AWS = re.compile(
    r"(?:[\w.-]+\.)?(?P<service>[a-z][a-z0-9-]*(?:\.(?:ecr|s3|dkr))?)\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?"
)


def verdict(
    function: FunctionRecord,
    wait: NetworkWait,
    egress: Egress | Unavailable,
    outbound: OutboundCalls | Unavailable,
    rung: Rung,
) -> Verdict:
    """Fails where what the function waits for lies outside and nothing leads out."""
    symptom = (*wait.timed_out, *(w.evidence for w in wait.waits[:2]))
    network = function.cite("subnets", label="function's subnets")
    if isinstance(egress, Unavailable):
        text = "the function waits in its VPC; whether its subnets lead out could not be read"
        return unknown(text, *symptom, network, unblock=egress.unblock)
    exits = _exits(egress)
    if not egress.closed:
        if any(e.verdict == "unknown" for e in egress.exits) or not egress.exits:
            ask = Unblock("Look at what lies behind that route: whether it leads on to where the function calls.")
            return unknown(
                "whether the function's subnets lead out cannot be seen from here", *symptom, *exits, unblock=ask
            )
        if any(e.verdict == "none" for e in egress.exits):
            return _half(function, wait, egress, symptom)
        return passed("every subnet of the function leads out", *exits, network)
    named = _named(wait, egress)
    called = _called(outbound, egress) if not wait.waits else None
    if named is None and called is None:
        return _nobody(wait, egress, outbound, symptom, exits)
    if wait.passed and not wait.timed_out:
        ask = Unblock("Tell whether the function needs that connection.")
        return unknown(
            "a connection out of the VPC is not made; the code goes on without it", *symptom, *exits, unblock=ask
        )
    if named is not None:
        target, cited = named.host, named.evidence
        message = f"the function waits for {target}, and {_why(egress)}"
    elif called is not None and isinstance(outbound, OutboundCalls):
        target, cited = called.host, _at(outbound, called)
        message = f"the handler begins with a call to {target}, and {_why(egress)}"
    rest = beside(*(e for e in symptom if e != cited))
    return failed(
        message, cited, *exits, network, *rest, remediation=_fix(function, egress, target), rung=_rung(wait, rung)
    )


def _named(wait: NetworkWait, egress: Egress) -> Wait | None:
    return next((w for w in wait.waits if place(w.host, w.port, egress) is Place.OUTSIDE), None)


def _at(outbound: OutboundCalls, called: Outbound) -> Evidence:
    return outbound.cite(
        "calls", called.text, label=f"call to {called.host}", source=f"{outbound.reading.source} {called.place}"
    )


def _rung(wait: NetworkWait, rung: Rung) -> Rung:
    return Rung.COMPLETION if wait.passed else rung


def _half(function: FunctionRecord, wait: NetworkWait, egress: Egress, symptom: tuple[Evidence, ...]) -> Verdict:
    """Some subnets lead out and some do not: it depends on where an environment lands."""
    closed = [e.subnet for e in egress.exits if e.verdict == "none"]
    exits = _exits(egress)
    named = _named(wait, egress)
    if named is None or wait.passed:
        text = f"{', '.join(closed)} leads nowhere, the function's other subnets do: whether that is what it waits for is open"
        return unknown(text, *symptom, *exits, unblock=Unblock("Log whom the function connects to."))
    message = f"environments in {', '.join(closed)} do not reach {named.host}: no route leads out there"
    return failed(message, named.evidence, *exits, remediation=_fix(function, egress, named.host))


class Place(Enum):
    """Where a host lies."""

    OUTSIDE = "outside of any VPC, and no endpoint of this one stands for it"
    INSIDE = "inside"
    OPEN = "not known"
    """Any name may be one of a private hosted zone."""


def place(host: str, port: int, egress: Egress) -> Place:
    """Where a host lies that the function connects to."""
    try:
        return _of_address(ipaddress.ip_address(host), egress)
    except ValueError:
        pass
    if "." not in host or _INSIDE.search(host):
        return Place.INSIDE
    found = _AWS.fullmatch(host)
    if found is not None and any(_stands_for(service, found["service"]) for service in egress.services):
        return Place.INSIDE
    known = found is not None or _GLOBAL.fullmatch(host) or _PUBLIC.search(host)
    # Endpoints of a shared VPC are reached over its neighbours, by zones that cannot be seen from here.
    if not known or port not in (80, 443) or egress.neighbours or not egress.services_known:
        return Place.OPEN
    return Place.OUTSIDE


def _of_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address, egress: Egress) -> Place:
    if not address.is_global:
        return Place.INSIDE
    for block, _ in egress.private:
        try:
            if address in ipaddress.ip_network(block, strict=False):
                return Place.INSIDE
        except ValueError:  # a prefix list, whose addresses are not told
            return Place.OPEN
    return Place.OUTSIDE


def _stands_for(endpoint: str, service: str) -> bool:
    name = re.sub(r"^(?:com|cn\.com)\.amazonaws\.[a-z0-9-]+\.", "", endpoint)
    return name == service or name.startswith((f"{service}-", f"{service}.")) or service in name.split(".")


def _called(outbound: OutboundCalls | Unavailable, egress: Egress) -> Outbound | None:
    if isinstance(outbound, Unavailable):
        return None
    return next((c for c in outbound.calls if c.certain and place(c.host, 443, egress) is Place.OUTSIDE), None)


def _nobody(
    wait: NetworkWait,
    egress: Egress,
    outbound: OutboundCalls | Unavailable,
    symptom: tuple[Evidence, ...],
    exits: tuple[Evidence, ...],
) -> Verdict:
    doubtful = next((w for w in wait.waits if place(w.host, w.port, egress) is Place.OPEN), None)
    if doubtful is not None:
        text = (
            f"the function waits for {doubtful.host}, and {_why(egress)}; whether that host lies outside is not known"
        )
        ask = Unblock(f"Tell whether {doubtful.host} lies outside: a private hosted zone may have it inside.")
        return unknown(text, *symptom, *exits, unblock=ask)
    if wait.waits:
        return not_applicable(
            f"the function waits for {wait.waits[0].host}, which lies inside the VPC or has an endpoint there"
        )
    ask = Unblock("Tell whom the handler calls when its time is up; its last line before the end says how far it came.")
    text = f"the function's time was up, and {_why(egress)}; whether it waited for anything outside is not known"
    calls = outbound.calls if isinstance(outbound, OutboundCalls) else ()
    mentioned = next((c for c in calls if place(c.host, 443, egress) is not Place.INSIDE), None)
    if mentioned is not None and isinstance(outbound, OutboundCalls):
        symptom = (*symptom, _at(outbound, mentioned))
        text = f"the function's time was up, and {_why(egress)}; whether it waited for {mentioned.host} is not known"
    return unknown(text, *symptom, *exits, unblock=ask)


def _exits(egress: Egress) -> tuple[Evidence, ...]:
    found = [egress.cite("exits", f"{e.table}: {e.route}", label=f"way out of {e.subnet}") for e in egress.exits]
    if egress.blocked is not None:
        found.append(egress.cite("blocked", egress.blocked, label="security groups let out"))
    return tuple(found)


def _why(egress: Egress) -> str:
    if egress.blocked is not None:
        return "its security groups let nothing public pass"
    if any(" to igw-" in e.route for e in egress.exits):
        return "an internet gateway does not serve a function, whose interfaces have no public address"
    if any("0.0.0.0/0 to nat-" in e.route for e in egress.exits):
        return "the NAT gateway that its route leads to is gone"
    return "none of its subnets has a route out of the VPC"


def _fix(function: FunctionRecord, egress: Egress, target: str) -> Remediation:
    found = _AWS.fullmatch(target)
    service = f" (com.amazonaws.{found['region']}.{found['service']})" if found else ""
    endpoint = f", or make a VPC endpoint for the service{service}" if found else ""
    text = (
        f"Give the function private subnets whose route 0.0.0.0/0 leads to a NAT gateway{endpoint}, or take it out of the VPC "
        "where nothing in there is needed."
    )
    if egress.blocked is not None:
        text = f"Let the function's security groups out to TCP 443{endpoint}."
    where = region(function)
    commands = (
        [shlex.join(["aws", "ec2", "describe-route-tables", "--filters", f"Name=vpc-id,Values={function.vpc}", *where])]
        if function.vpc
        else []
    )
    if egress.blocked is not None and function.security_groups:
        commands = [
            shlex.join(["aws", "ec2", "describe-security-groups", "--group-ids", *function.security_groups, *where])
        ]
    return Remediation(text, tuple(commands), f"The next invocation ends without waiting for {target}.")
