"""Work meant for the background delays the response.

What it looks for
    Slow answers or 500s from tasks that were to run after the response.

Why it breaks
    Under adapters such as Mangum an ASGI application's background tasks are part of the invocation: the response waits
    for them, and an exception in one fails the request.

How it is told apart
    Under the Web Adapter the response leaves first, and the task is frozen: `background_python_task`. The adapter
    decides.

Fix
    Send the work to a queue or invoke another function asynchronously.

References
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
    https://github.com/awslabs/aws-lambda-web-adapter
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RESPONSE
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"BackgroundTasks?\b", 2),
    signature(r"starlette/background\.py", 3),
    signature(r"\bmangum[/.(]", 1),
)
