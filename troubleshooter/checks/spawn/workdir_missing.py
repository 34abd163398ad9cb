"""The working directory of the launch does not exist in the image.

What it looks for
    A WorkingDirectory of the function's override, or a WORKDIR of the image, at which the merged layers have no
    directory.

Why it breaks
    Lambda changes there before it starts the process and does not create it: `Runtime.InvalidWorkingDir`, `the
    working directory doesn't exist`. A Dockerfile's WORKDIR is made by the builder, so nearly always it is the
    override that names a folder of another image.

How it is told apart
    A path that is not absolute is `workdir_relative`. A folder that Lambda's user may not enter is
    `perm_entrypoint_path_unreadable`.

Fix
    Take WorkingDirectory out of the override, or name a folder of the image.

References
    https://docs.aws.amazon.com/lambda/latest/api/API_ImageConfig.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, missing, not_applicable, passed, signature
from troubleshooter.checks._launch_fix import rebuilt, reconfigured
from troubleshooter.checks._platform_said import newest
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SAID = r"working directory doesn't exist"
SIGNATURES = (
    signature(SAID, 3),
    signature(r"Runtime\.InvalidWorkingDir", 2),
    signature(r"chdir to cwd \(\"[^\"]*\"\).*no such file or directory", 3),
)
VERIFY = "The next init's log has no Runtime.InvalidWorkingDir."


@check(title="The working directory exists", severity=Severity.ERROR, rung=Rung.SPAWN)
def workdir_missing(
    launch: EffectiveLaunch | Unavailable,
    files: ImageTree | Unavailable,
    timeline: Timeline | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks for the folder in the merged layers; without them, the platform's own words."""
    if isinstance(launch, EffectiveLaunch) and launch.workdir == "/":
        return passed("the process starts in /", launch.evidence[2])
    if isinstance(launch, EffectiveLaunch) and not launch.workdir.startswith("/"):
        return not_applicable("the working directory is not an absolute path")
    if isinstance(launch, EffectiveLaunch) and isinstance(files, ImageTree):
        found = files.tree.resolve(launch.workdir)
        what = found.entry.kind.value if found.entry else "nothing there"
        cited = files.cite("tree", what, label=f"image {launch.workdir}", source=f"image {found.path}")
        if files.tree.is_dir(launch.workdir):
            return passed(f"{launch.workdir} is a directory of the image", launch.evidence[2], cited)
        whose = "the function's override" if launch.workdir_origin == "override" else "the image's WORKDIR"
        is_what = "is no directory there" if found.entry else "does not exist in the image"
        message = f"{whose} names the working directory {launch.workdir}, which {is_what}"
        fix = _fix(launch.workdir, function, image, code)
        return failed(message, launch.evidence[2], cited, remediation=fix)
    said = newest(timeline, SAID)
    if said is None:
        return next(missing(fact) for fact in (launch, files) if isinstance(fact, Unavailable))
    fix = _fix(said[0].workdir, function, image, code)
    return failed(f"the platform found no working directory {said[0].workdir}", said[1], remediation=fix)


def _fix(
    workdir: str,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    if isinstance(function, FunctionRecord) and function.override.workdir:
        own = image.workdir if isinstance(image, ImageConfig) and image.workdir else None
        text = f"Take WorkingDirectory out of the function's ImageConfig; the image then starts in {own or 'its own'}."
        return reconfigured(text, function, VERIFY, workdir=None)
    text = (
        f"Create the folder in the image (`RUN mkdir -p {workdir}`) or let WORKDIR name one that exists, as /var/task."
    )
    return rebuilt(text, function, image, code, VERIFY)
