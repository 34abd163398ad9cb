"""Messages go to a WebSocket connection that is gone, or to the wrong endpoint.

What it looks for
    `GoneException` or 410 from `post_to_connection`.

Why it breaks
    Clients leave, connections end after ten idle minutes or two hours, and a client with the wrong endpoint knows no
    such connection. Messages larger than 128 KB are refused, and the role needs `execute-api:ManageConnections`.

How it is told apart
    `not authorized to perform: execute-api:ManageConnections` is `role_missing_permission`. Work that stops after the
    answer is a background task.

Fix
    Forget connections that answer 410, build the endpoint from domain and stage of the event, and cut messages.

References
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"GoneException", 3),
    signature(r"PostToConnection", 2),
    signature(r"\b410\b.{0,20}Gone", 2),
    signature(r"execute-api:ManageConnections", 2),
)
ASK = "Had the client disconnected, and is the endpoint that of the connection's own API and stage?"
