"""awslambda exists only inside Lambda's runtime client.

What it looks for
    `awslambda is not defined`, or `streamifyResponse` that is no function, when the file is loaded outside Lambda.

Why it breaks
    The runtime client defines the global `awslambda` before it loads the handler. Plain `node`, unit tests and
    bundlers do not. On Lambda it is missing only where `AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA` is set.

How it is told apart
    The same text in Lambda's own log, without that variable, is a client that is too old for streaming. It is no
    reason for a failed spawn.

Fix
    Test inside the image with the interface emulator, or define a stand-in in tests.

References
    https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"awslambda is not defined", 3),
    signature(r"streamifyResponse is not a function", 3),
    signature(r"reading 'streamifyResponse'\)", 3),
    signature(r"awslambda\.\w+ is not", 2),
)
ASK = "Does the text come from Lambda's log, or from loading the file on your own machine?"
