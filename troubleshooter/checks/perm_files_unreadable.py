"""Files of the image cannot be read by Lambda's user.

What it looks for
    `Permission denied` or `EACCES` for a file of the application.

Why it breaks
    Lambda runs the image as a user that owns nothing in it. Files of mode 0600 or 0640, folders without `x` for others
    (a strict umask, `COPY --chown`, a zip tool) are closed to it; as root, in Docker, all is open. Python may even say
    that the module does not exist.

How it is told apart
    The launched program itself is `entrypoint_not_executable` or `perm_entrypoint_path_unreadable`. Writing to a
    read-only place is `fs_read_only`.

Fix
    `RUN chmod -R o+rX /var/task` (capital X), `COPY --chmod=0755`, a umask of 022 on the build machine; zip packages:
    `chmod -R 755` before packing.

References
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"PermissionError: \[Errno 13\] Permission denied: '/(?:var/task|opt|function|app|var/lang|usr|root)\b",
        3,
    ),
    signature(
        r"EACCES:? ?,? ?permission denied,? (?:open |stat |scandir |access )?'/(?:var/task|opt|function|app|usr"
        r"|root|home)",
        3,
    ),
    signature(r"\[Errno 13\] Permission denied", 2, unless=r"docker\.sock"),
    signature(r"\bEACCES\b", 2, unless=r"npm (?:ERR|error)|listen EACCES|docker\.sock|/\.npm"),
    signature(r"Permission denied: '/?\S+\.(?:py|js|json|so|mjs|cjs)'|/var/task\S*: Permission denied", 3),
    signature(r"spawn \S+ EACCES", 3),
    signature(r"exit status 126", 1),
    signature(r"module initialization error: Error", 1),
    signature(r"do not currently have sufficient capacity", 2),
)
ASK = "Which mode has the file named: is it readable for others, and every folder above it searchable?"
