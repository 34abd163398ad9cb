"""The function's override carries an empty EntryPoint, and the platform took it at its word.

What it looks for
    `ImageConfig.EntryPoint` set to an empty list in the function's record, together with the platform's launch
    error that shows `Entrypoint: []`.

Why it breaks
    All members of ImageConfig are optional, and an empty one is meant to fall back to the image's. Some tools sent
    explicit empty lists or null at a time when the service took them as "no entrypoint": then the first word of the
    command is executed, `Couldn't find valid bootstrap(s): [app.handler]  Entrypoint: []`.

How it is told apart
    Without an override the image has no entrypoint (`entrypoint_none`). An empty list alone breaks nothing; only
    the platform's own line shows that it did. A Command alone, or a WorkingDirectory alone, is a complete and valid
    override.

Fix
    Send the override without the member, or with the image's own entrypoint in it.

References
    https://docs.aws.amazon.com/lambda/latest/api/API_ImageConfig.html
    https://github.com/aws/aws-cli/issues/5785
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import reconfigured
from troubleshooter.checks._platform_said import line
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"valid bootstrap\(s\): \[[^\]]*\]\s+Entrypoint: \[\]", 3),
    signature(r"(?:IMAGE|SUPERNOVA)\s+Launch error: .*Entrypoint: \[\]", 2),
)


@check(
    title="The override does not blank out the entrypoint",
    severity=Severity.ERROR,
    rung=Rung.SPAWN,
    explains=("entrypoint_none", "entrypoint_missing_file", "entrypoint_relative_path"),
)
def imageconfig_empty_entrypoint(
    function: FunctionRecord, image: ImageConfig | Unavailable, timeline: Timeline | Unavailable
) -> Verdict:
    """Holds the record's empty list against what the platform says it launched."""
    if not function.is_image:
        return not_applicable("the function is deployed from a zip package, not an image")
    cited = function.cite("override", function.override.entrypoint, label="ImageConfig.EntryPoint")
    if function.override.entrypoint != ():
        return passed("the function's override carries no empty EntryPoint", cited)
    if isinstance(timeline, Unavailable):
        if not timeline.applies or function.reading.origin is not Origin.RECORD:
            return passed("an empty EntryPoint falls back to the image's own", cited)
        text = "The platform's launch error in the log shows which entrypoint it took."
        return unknown(
            f"the override carries an empty EntryPoint, which falls back to the image's; {timeline.detail}",
            cited,
            unblock=timeline.unblock or Unblock(text),
        )
    errors = timeline.launch_errors
    if not errors or errors[-1].entrypoint.strip():
        return passed("the override's empty EntryPoint falls back to the image's own", cited)
    own = image.entrypoint if isinstance(image, ImageConfig) else None
    text = "Send the ImageConfig without EntryPoint, so that the image's own entrypoint is used"
    text += f", or with {list(own)} spelled out if the tool cannot leave it out." if own else "."
    fix = reconfigured(text, function, "The platform's launch error no longer shows Entrypoint: [].", entrypoint=None)
    message = "the override's EntryPoint is an empty list, and the platform launched without any entrypoint"
    return failed(message, cited, line(timeline, errors[-1]), remediation=fix)
