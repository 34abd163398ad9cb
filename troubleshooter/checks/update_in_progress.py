"""Another update of the function is still running.

What it looks for
    `ResourceConflictException`: an update is in progress, or the function is Pending.

Why it breaks
    Code and configuration updates run for seconds to minutes. A second call meanwhile is refused: scripts that update
    code and then configuration, two pipelines, a tool that publishes a version at once.

How it is told apart
    An idle function that wakes up is `function_inactive_reactivating`. A Pending that lasts longer than some minutes
    is a failed deployment.

Fix
    Wait between calls: `aws lambda wait function-updated-v2 --function-name NAME`; retry with back-off; let one
    pipeline deploy.

References
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"An update is in progress for resource", 3),
    signature(r"operation cannot be performed at this time", 3),
    signature(r"ResourceConflictException", 2, unless=r"already exist"),
    signature(r"function is currently in the following state: ['\x22]?Pending", 3),
    signature(r"CodeArtifactUserPendingException", 1),
    signature(r"LastUpdateStatus.{0,10}InProgress", 2),
    signature(r"not in the state function(?:Updated|Active)|ResourceNotReady", 3),
)
ASK = "Is LastUpdateStatus InProgress?"
