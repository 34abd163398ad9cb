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

from troubleshooter.checks import Frequency, check, failed, missing, not_applicable, passed, signature, unknown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord, ImageOverride
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.template import DeclaredResource, DeployedDeclaration
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Verdict

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
def imageconfig_not_applied(
    resource: DeclaredResource | Unavailable,
    declaration: DeployedDeclaration | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
) -> Verdict:
    """Looks beside the image of a function in serverless.yml; other templates are refused for what they do not know. Of what
    is deployed, the record and the image show whether it took effect."""
    declared = declaration.resource if isinstance(declaration, DeployedDeclaration) else resource
    if isinstance(declared, Unavailable):
        return missing(declared)
    if declared.format != "serverless" or declared.package_type != "Image":
        return not_applicable("only serverless.yml has a second place for an image's overrides")
    metadata = declared.function.metadata
    lost = [name for name, path in _PLACES.items() if name in metadata and not declared.declares(f"ImageConfig.{path}")]
    if not lost:
        return passed("no override stands beside the image")
    runs: tuple[Evidence, ...] = ()
    if isinstance(declaration, DeployedDeclaration):
        if isinstance(function, Unavailable):
            return missing(function)
        lost = [name for name in lost if not _members(function.override)[name]]
        if not lost:
            return passed("the function has overrides all the same", function.cite("override"))
        if isinstance(image, Unavailable):
            return unknown(
                f"whether the image itself says the same was not read: {image.detail}", unblock=image.unblock
            )
        own = _members(image)
        lost = [name for name in lost if _plain(own[name]) != _plain(metadata[name])]
        if not lost:
            return passed("the image itself says the same")
        runs = (function.cite("override", "none", label="overrides of the deployed function"),)
        runs += tuple(image.cite(_FIELDS[name], own[name], label=f"the image's own {name}") for name in lost)
    return _lost(declared, lost, runs)


_FIELDS = {"command": "command", "entryPoint": "entrypoint", "workingDirectory": "workdir"}


def _members(settings: ImageOverride | ImageConfig) -> dict[str, object]:
    return {name: getattr(settings, field) for name, field in _FIELDS.items()}


def _plain(value: object) -> object:
    return tuple(map(str, value)) if isinstance(value, tuple | list) else value


def _lost(resource: DeclaredResource, lost: list[str], runs: tuple[Evidence, ...]) -> Verdict:
    key = resource.function.logical_id
    evidence = [resource.cite_property(f"Metadata.{name}", resource.function.metadata[name]) for name in lost]
    evidence += [resource.cite_property(f"ImageConfig.{_PLACES[name]}", "not set") for name in lost]
    names = " and ".join(lost)
    return failed(
        f"{key} sets {names} beside `image`, where the Serverless Framework does not read it: the image's own counts",
        *evidence,
        *runs,
        remediation=Remediation(
            f"Move {names} ({evidence[0].source}) into `image` of {key}, beside its `uri` or `name`.",
            verify=f"After the deployment the record of {key} shows ImageConfigResponse.",
        ),
    )
