"""The folder /tmp is full.

What it looks for
    `No space left on device` or ENOSPC at run time.

Why it breaks
    `/tmp` has 512 MB unless configured otherwise, and keeps its content for as long as the environment lives: files of
    earlier invocations add up.

How it is told apart
    During a build the same words speak of the build machine. A read-only path is `fs_read_only`.

Fix
    Delete what was written, stream instead of storing, or raise the ephemeral storage up to 10 GB.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"No space left on device", 3, unless=r"docker build|ERROR: failed to solve|RUN |pip install"),
    signature(r"\bENOSPC\b", 3, unless=r"cdk\.out|asset-output|copyfile"),
    signature(r"\[Errno 28\]", 3),
    signature(r"disk (?:is )?full|database or disk is full", 2),
)
ASK = "How much does /tmp hold after several invocations, against the configured ephemeral storage?"
