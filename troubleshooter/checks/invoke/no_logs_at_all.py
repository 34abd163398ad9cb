"""There are no logs to be found.

What it looks for
    Errors or invocations in the metrics, and no log group, stream or line.

Why it breaks
    The role lacks `logs:CreateLogGroup`, `CreateLogStream` or `PutLogEvents`; logs go to a group of another name
    (LoggingConfig), another account or region; retention removed them; or the function never started because its image
    or key could not be read.

How it is told apart
    No line at all is no proof that the process was not spawned: rule this out first. With a stream that has platform
    lines and nothing of yours, look at the spawn.

Fix
    Attach AWSLambdaBasicExecutionRole, look at the group that LoggingConfig names, and invoke again.

References
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"specified log group does not exist|Log group does not exist", 3),
    signature(r"There was an error loading Log Streams", 3),
    signature(r"logs:(?:CreateLogGroup|CreateLogStream|PutLogEvents)", 2),
    signature(
        r"no (?:CloudWatch )?(?:log(?:s| streams?| group)?) (?:at all|appear|found|are)|nothing (?:in"
        r"|appears in) (?:the )?(?:CloudWatch|logs?)",
        2,
    ),
)
ASK = "Which log group does the function's LoggingConfig name, and may its role write there?"
