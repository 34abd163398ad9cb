"""The event source may not call the function.

What it looks for
    An integration that is refused, or no invocation at all although events occur.

Why it breaks
    S3, SNS, EventBridge, API Gateway and others call by the function's resource policy. Without `lambda:AddPermission`
    for their service, ARN and qualifier, they get no further; API Gateway answers 500 and logs it, S3 refuses the
    notification.

How it is told apart
    A function URL's 403 is `function_url_permissions`. A caller of your own with a role lacks `lambda:InvokeFunction`
    in that role's policy. Invocations that fail are another matter: here there are none.

Fix
    Add the permission with the source's ARN, for the alias or version that the source calls.

References
    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Invalid permissions on Lambda function", 3),
    signature(r"Unable to validate the following destination configurations", 3),
    signature(r"not authorized to perform: lambda:Invoke(?:Function|Async)", 3),
    signature(r"(?:API Gateway|EventBridge|SNS|S3) does not have permission to (?:invoke|call)", 3),
    signature(r"lambda:InvokeFunction", 1),
    signature(r"Execution failed due to configuration error: Invalid permissions", 3),
    signature(r"AccessDenied.{0,60}when calling the Invoke operation", 3),
)
ASK = "Does `aws lambda get-policy` have a statement for this source and qualifier?"
