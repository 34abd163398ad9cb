"""The Dockerfile's USER has no effect on Lambda.

What it looks for
    A user in the image's configuration. This is information: what goes wrong because of it has names of its own.

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

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"sbx_user\d+", 1),
    signature(r"(?:KeyError: 'getpwuid|getpwuid\(\): uid not found|no such user|I have no name)", 3),
)


@check(title="The image does not rely on a user", severity=Severity.INFO, rung=Rung.INVOKE)
def user_directive_ignored(image: ImageConfig, function: FunctionRecord | Unavailable) -> Verdict:
    """Reads USER of the image's configuration."""
    if isinstance(function, FunctionRecord) and not function.is_image:
        return not_applicable("the function is deployed from a zip package, not an image")
    cited = image.cite("user", label="image USER")
    if not image.user:
        return passed("the image names no user", cited)
    fix = Remediation(
        "Nothing has to change as long as every file is readable for all and nothing needs the user's name or home folder; "
        "set HOME if something does.",
        verify="The function's files have their read bit for others.",
    )
    return failed(f"the image says USER {image.user}; Lambda runs it as a user of its own", cited, remediation=fix)
