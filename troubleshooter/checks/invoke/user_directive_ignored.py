"""The Dockerfile's USER has no effect on Lambda.

What it looks for
    Code that relies on the user or home folder that the Dockerfile sets.

Why it breaks
    Lambda honours ENTRYPOINT, CMD, WORKDIR and ENV. It runs the process as a user of its own, whatever `USER` says:
    ownership given to that user does not help.

How it is told apart
    What follows from it has its own names: `perm_files_unreadable`, `home_cache_unwritable`, `fs_read_only`.

Fix
    Make files readable for all and do not rely on a user name; set `HOME` if something needs it.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"sbx_user\d+", 1),
    signature(r"(?:KeyError: 'getpwuid|getpwuid\(\): uid not found|no such user|I have no name)", 3),
)
