"""Overrides stand where the tool does not read them.

What it looks for
    In serverless.yml: a command, entrypoint or working directory beside `image` instead of inside it.

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

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Remediation, Rung, Severity, Verdict

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
_PLACES = {"command": "Command", "entryPoint": "EntryPoint", "workingDirectory": "WorkingDirectory"}


@check(title="Overrides stand where the tool reads them", severity=Severity.WARNING, rung=Rung.STALE, narrow=True)
def imageconfig_not_applied(resource: DeclaredResource) -> Verdict:
    """Looks beside the image of a function in serverless.yml; other templates are refused for what they do not know."""
    if resource.format != "serverless" or resource.package_type != "Image":
        return not_applicable("only serverless.yml has a second place for an image's overrides")
    beside = [name for name in _PLACES if name in resource.function.metadata]
    lost = [name for name in beside if not resource.declares(f"ImageConfig.{_PLACES[name]}")]
    if not lost:
        return passed("no override stands beside the image")
    key = resource.function.logical_id
    evidence = [resource.cite_property(f"Metadata.{name}", resource.function.metadata[name]) for name in lost]
    evidence += [resource.cite_property(f"ImageConfig.{_PLACES[name]}", "not set") for name in lost]
    names = " and ".join(lost)
    return failed(
        f"{key} sets {names} beside `image`, where the Serverless Framework does not read it: the image's own counts",
        *evidence,
        remediation=Remediation(
            f"Move {names} ({evidence[0].source}) into `image` of {key}, beside its `uri` or `name`.",
            verify=f"After the deployment the record of {key} shows ImageConfigResponse.",
        ),
    )
