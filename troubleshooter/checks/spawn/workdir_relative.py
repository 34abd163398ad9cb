"""The working directory of the launch is not an absolute path.

What it looks for
    A WorkingDirectory in the function's override (or, in a hand-made image, a WORKDIR) that does not begin with
    `/`. The function's record alone proves it.

Why it breaks
    Lambda takes the text as it stands and refuses it: `the working directory 'app' is invalid, it needs to be an
    absolute path`, `Runtime.InvalidWorkingDir`. A Dockerfile's relative WORKDIR is made absolute by the builder.

How it is told apart
    An absolute path at which nothing lies is `workdir_missing`.

Fix
    Write the whole path, or take WorkingDirectory out of the override.

References
    https://docs.aws.amazon.com/lambda/latest/api/API_ImageConfig.html
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, missing, not_applicable, passed, signature
from troubleshooter.checks._launch_fix import rebuilt, reconfigured
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"working directory '[^']*' is invalid, it needs to be an absolute path", 3),
    signature(r"Runtime\.InvalidWorkingDir", 1, unless=r"doesn't exist"),
)


@check(title="The working directory is an absolute path", severity=Severity.ERROR, rung=Rung.SPAWN)
def workdir_relative(
    function: FunctionRecord | Unavailable, image: ImageConfig | Unavailable, code: FunctionCode | Unavailable
) -> Verdict:
    """Reads the override; the image only where the override says nothing."""
    if isinstance(function, FunctionRecord):
        if not function.is_image:
            return not_applicable("the function is deployed from a zip package, not an image")
        workdir = function.override.workdir
        if workdir:
            cited = function.cite("override", workdir, label="ImageConfig.WorkingDirectory")
            if workdir.startswith("/"):
                return passed("the override's working directory is an absolute path", cited)
            own = image.workdir if isinstance(image, ImageConfig) else None
            whole = own if own == f"/{workdir}" else posixpath.join(own or "/var/task", workdir)
            text = (
                "Take WorkingDirectory out of the function's ImageConfig (the image then starts in its own WORKDIR), "
                f"or write the whole path, as {whole}, if that folder exists in the image."
            )
            message = f"the override's working directory {workdir} is not an absolute path"
            return failed(message, cited, remediation=reconfigured(text, function, workdir=None))
    elif function.applies:
        return missing(function)
    if isinstance(image, Unavailable):
        return missing(image)
    cited = image.cite("workdir", label="image WORKDIR")
    if not image.workdir or image.workdir.startswith("/"):
        return passed("the image's working directory is an absolute path", cited)
    text = f"Let WORKDIR name an absolute path, as {posixpath.join('/', image.workdir)}."
    message = f"the image's working directory {image.workdir} is not an absolute path"
    return failed(message, cited, remediation=rebuilt(text, function, image, code))
