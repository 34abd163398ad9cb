"""Overrides stand where the tool does not read them.

What it looks for
    A command or entrypoint in the template, and none in the deployed function.

Why it breaks
    Each tool has its own place for them: inside the image object, in `ImageConfig`, in `image_config`. Elsewhere they
    are ignored without a word, and the image's own values run.

How it is told apart
    Overrides that arrived and are wrong are `imageconfig_command_wrong` or `entrypoint_override_wrong`.

Fix
    Move them to the tool's place, and look at ImageConfigResponse afterwards.

References
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-imageconfig.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.STALE
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(
        r"(?:ImageConfig|image_config|entryPoint|command)\b.{0,60}(?:ignored|not applied|has no effect|not (?:set"
        r"|passed) on the function)",
        2,
    ),
    signature(
        r"(?:still|instead) (?:runs?|running|uses?|using) the (?:image.s|Dockerfile.s) (?:own )?(?:CMD|ENTRYPOINT)",
        2,
    ),
)
ASK = "Does `aws lambda get-function-configuration` show ImageConfigResponse with the values of the template?"
