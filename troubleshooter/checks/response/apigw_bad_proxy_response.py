"""The answer is not what the proxy integration expects.

What it looks for
    502 `Internal server error` with `Malformed Lambda proxy response` in API Gateway's log, after a successful
    invocation.

Why it breaks
    A proxy integration needs an object with `statusCode` and a `body` that is a string. A body that is an object, a
    missing status code, headers that are no strings, or a base64 flag that does not fit is refused.

How it is told apart
    A function that fails gives 502 too: its own log shows an error then. 504 is `apigw_29s`.

Fix
    Return `{"statusCode": 200, "body": json.dumps(…)}`, and bytes as base64 with `isBase64Encoded`.

References
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RESPONSE
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Malformed Lambda proxy response", 3),
    signature(r"(?:status code|body).{0,60}(?:integer|string|missing).{0,60}proxy|proxy response", 2),
    signature(r"\{\"message\":\s?\"Internal server error\"\}", 2),
    signature(r"\b502\b.{0,40}Bad Gateway", 2),
    signature(r"(?:ALB|target group).{0,120}(?:502|malformed)|LambdaInvalidResponse", 3),
)
ASK = "Did the function's own invocation succeed, with statusCode and a string body in what it returned?"
