"""Init waits for the network.

What it looks for
    A slow or timed-out init of a function in a VPC, with connections or look-ups at import.

Why it breaks
    Connecting at import is common and fine while the network answers. In a VPC without the route, endpoint or resolver
    it waits: the init's ten seconds pass, and it begins again at the function's expense.

How it is told apart
    Without network calls at the top level it is `init_timeout`. The same lack met in the handler is `vpc_no_egress`.

Fix
    Repair the route, set short timeouts on clients, and connect at the first use.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, _egress, check, signature
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.network import Egress, NetworkWait
from troubleshooter.model import Outcome, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Phase: init\s+Status: timeout[\s\S]{0,2000}(?:ETIMEDOUT|timed out|ConnectTimeout)", 2),
    signature(r"Status: timeout", 1),
)


_NO_CODE = Unavailable(Reason.NOT_OF_THIS_KIND, "a client that code makes need not be called while it is loaded")


@check(
    title="Init reaches what it calls from the VPC",
    severity=Severity.ERROR,
    rung=Rung.INIT,
    explains=("init_timeout", "function_timeout"),
)
def vpc_init_network(function: FunctionRecord, wait: NetworkWait, egress: Egress | Unavailable) -> Verdict:
    """Holds the connections that an init's own lines name against the ways out of the function's subnets."""
    if wait.phase != "init":
        # A text may tell of an init that the log does not show.
        return Verdict(Outcome.NOT_APPLICABLE, "no init waited for the network", ungiven=True)
    return _egress.verdict(function, wait, egress, _NO_CODE, Rung.HANDLER if wait.raised else Rung.INIT)
