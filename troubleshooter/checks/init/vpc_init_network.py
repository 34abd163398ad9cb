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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INIT
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Phase: init\s+Status: timeout[\s\S]{0,2000}(?:ETIMEDOUT|timed out|ConnectTimeout)", 2),
    signature(r"Status: timeout", 1),
)
