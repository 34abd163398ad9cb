"""API Gateway gives up before the function ends.

What it looks for
    504 `Endpoint request timed out` at the client, while the function goes on and succeeds.

Why it breaks
    REST APIs wait 29 seconds unless the quota was raised, HTTP APIs 30, WebSocket integrations 29, whatever the
    function's timeout is. The function is not stopped: its result is dropped.

How it is told apart
    A function that itself times out is `function_timeout`. 502 is a malformed answer (`apigw_bad_proxy_response`) or a
    failed function.

Fix
    Answer at once and work asynchronously, stream the response, use a function URL, or raise the quota of a regional
    REST API.

References
    https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RESPONSE
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Endpoint request timed ?out", 3),
    signature(r"\b504\b.{0,60}(?:Gateway Time-?out|API ?Gateway|Endpoint)", 3),
    signature(r"Execution failed due to a timeout error", 3),
    signature(r"\b504\b", 1),
    signature(r"29 seconds|INTEGRATION_TIMEOUT|after 2[89](?:\.\d+)? ?s", 2),
    signature(r"Network error communicating with endpoint", 2),
)
ASK = "Is the function's Duration above 29 seconds while its own status is success?"
