"""The container runs a program that ends, not a handler.

What it looks for
    `Runtime exited without providing a reason`, after output of a program that did its work.

Why it breaks
    Lambda starts the image's process and expects it to ask for events for as long as the environment lives. A batch
    job, a command-line tool or a script of a cron image does its work during init, ends with status 0, and is counted
    as a failed runtime; the work is then done twice.

How it is told apart
    Code that calls `sys.exit()` or `process.exit()` inside a handler is `sys_exit_in_code`. A runtime client that is
    missing ends with an error text (`ric_missing`). A status other than 0 is a failure of the program.

Fix
    Put the work into a handler, started by the runtime client, or wrap the program: a handler that runs it as a child
    process and returns. Jobs that need no function fit AWS Batch, ECS tasks or CodeBuild.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    https://github.com/rebuy-de/aws-nuke/issues/806
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RUNTIME
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Runtime exited without providing a reason", 3),
    signature(r"Runtime exited with error: exit status 0", 3),
    signature(r"Process exited before completing request", 2),
)
ASK = "Is the image's command a program that ends by itself, such as a script or a batch job?"
