"""A wrapper as entrypoint starts something else than the runtime client.

What it looks for
    An entrypoint such as `dumb-init`, `tini`, `docker-entrypoint.sh` or a supervisor that runs a server or a shell.

Why it breaks
    The entrypoint was copied from the service's image. It starts the service, ignores the handler given as CMD, and
    nobody asks Lambda for an event: the init times out, or the process ends.

How it is told apart
    Where no client is in the image, it is `ric_missing`. An entrypoint that does run the client as its last step is
    fine, whatever its name.

Fix
    Let the entrypoint end with `exec` of the runtime client and `"$@"`, or use AWS's own entrypoint; for web servers
    add the Lambda Web Adapter.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/awslabs/aws-lambda-web-adapter
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RUNTIME
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"(?:dumb-init|tini|supervisord|s6-overlay|docker-entrypoint\.sh|entrypoint\.sh)\b",
        1,
        unless=r"fork/exec|exec format error|not found|denied",
    ),
    signature(r"Entrypoint: \[[^\]]*(?:dumb-init|tini|docker-entrypoint)", 2, unless=r"fork/exec"),
    signature(
        r"Uvicorn running on|Listening (?:at|on):? (?:http|port)|Application startup complete"
        r"|Started server process",
        1,
    ),
)
ASK = "What does the entrypoint script start last: the runtime client, or a server?"
