"""The function is in a VPC and does not reach what it calls.

What it looks for
    Connection timeouts to public addresses or AWS services, or a timeout of the function with a call under way.

Why it breaks
    Interfaces of functions have no public address. An internet gateway alone does not help, not even in a public
    subnet: the route must lead to a NAT gateway, or the service needs a VPC endpoint. Security groups and resolvers
    can block too.

How it is told apart
    Asked only where the log tells of a connection that was not made, or of an invocation whose time was up: the
    function's routes, endpoints and security groups then tell whether it could have been made. What lies behind a
    transit gateway, a peering or an instance cannot be seen from here. Only a line that names the host, or a handler that
    begins with the call, says what it waits for; a client that stands in the code does not. A name that is neither
    AWS's nor a known public one may be that of a private hosted zone. Hosts inside the VPC are another matter, and a
    refused connection reaches its host. Errors before the timeout that name a permission are
    `role_missing_permission`. A handler that computes until the end is `function_timeout`.

Fix
    Private subnets with a route to a NAT gateway, or endpoints for the services used; or take the function out of the
    VPC.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, _egress, check, not_applicable, signature
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.network import Egress, NetworkWait, OutboundCalls
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"(?<!docker )ETIMEDOUT|ENETUNREACH|EHOSTUNREACH", 3),
    signature(
        r"ConnectTimeoutError|ConnectTimeout\b|Connect timeout on endpoint URL|ReadTimeoutError"
        r"|EndpointConnectionError|Could not connect to the endpoint URL|Net::(?:Open|Read)Timeout"
        r"|timed out without establishing a connection",
        3,
    ),
    signature(r"(?:connection|connect|dial tcp \S+:?).{0,40}(?:timed out|timeout|i/o timeout)", 2),
    signature(r"EAI_AGAIN|Temporary failure in name resolution|getaddrinfo (?:ENOTFOUND|failed)", 2),
    signature(r"Task timed out after [\d.]+ seconds", 1),
    signature(r"Sandbox\.Timedout", 1),
    signature(r"Task timed out after (?:[3-9]\d|\d{3})\.\d+ seconds", 2),
    signature(r"Server selection timed out|Can't reach database server|Timeout connecting to server", 2),
    signature(r"HttpClient\.Timeout of [\d.]+ seconds elapsing|HttpConnectTimeoutException", 2),
    signature(r"Network is unreachable|socket hang up|UND_ERR_CONNECT_TIMEOUT|Max retries exceeded with url", 2),
)
ASK = "Is the function attached to a VPC, and do its subnets' routes lead to a NAT gateway or endpoints?"


@check(
    title="The function reaches what it calls from its VPC",
    severity=Severity.ERROR,
    rung=Rung.INVOKE,
    explains=("function_timeout",),
)
def vpc_no_egress(
    function: FunctionRecord, wait: NetworkWait, egress: Egress | Unavailable, outbound: OutboundCalls | Unavailable
) -> Verdict:
    """Holds what the function waited for against the ways out of its subnets."""
    if wait.phase == "init":
        return not_applicable("it is the init that waits, not the handler")
    return _egress.verdict(function, wait, egress, outbound, Rung.INVOKE)
