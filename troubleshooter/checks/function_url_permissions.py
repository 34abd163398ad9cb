"""The function URL refuses the caller.

What it looks for
    HTTP 403 `Forbidden` from a function URL, or a statement for URLs that Lambda refuses.

Why it breaks
    A URL without authentication needs a resource policy all the same. URLs made since October 2025 need two
    statements: `lambda:InvokeFunctionUrl` with the condition on the auth type, and `lambda:InvokeFunction` with the
    condition `lambda:InvokedViaFunctionUrl`. With IAM authentication the request must be signed. The function itself
    is not called: it logs nothing.

How it is told apart
    403 from API Gateway or CloudFront has other bodies. An error of the function is a 502.

Fix
    Add both statements, each with its own condition only; or sign requests; check the organisation's policies.

References
    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RESPONSE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Forbidden\. For troubleshooting Function URL authorization issues", 3),
    signature(r"FunctionUrlAuthType is only supported for", 3),
    signature(r"lambda:InvokeFunctionUrl|InvokedViaFunctionUrl", 2),
    signature(
        r"lambda-url\.[\w-]+\.on\.aws.{0,200}(?:403|Forbidden|AccessDenied)|(?:403|Forbidden).{0,200}lambda-url\.",
        3,
    ),
    signature(r"\{\"Message\":\s?(?:null|\"Forbidden\")", 2),
)
ASK = "Are there two statements, for lambda:InvokeFunctionUrl and lambda:InvokeFunction, in the function's policy?"
