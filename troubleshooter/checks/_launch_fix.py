"""What the launch's failure modes share: a rebuilt image or another ImageConfig as fix, an image without architecture."""

from __future__ import annotations

import json
import shlex

from troubleshooter.checks import not_applicable, unknown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Evidence, Origin, Remediation, Verdict

OCI = {"x86_64": "amd64", "arm64": "arm64"}
VERIFY = "The next init takes more than 20 ms and its log has no Runtime.InvalidEntrypoint."


def rebuilt(
    text: str,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    verify: str = VERIFY,
) -> Remediation:
    """Change the Dockerfile as `text` says, build for the function's CPU, deploy. How zips are packed is unknown."""
    if isinstance(function, FunctionRecord) and not function.is_image:
        return Remediation(text, (), verify)
    build = ["docker", "buildx", "build", "--platform", f"linux/{_platform(function, image)}"]
    build += ["--provenance=false", "--sbom=false"]
    uri = code.image_uri if isinstance(code, FunctionCode) else None
    if uri is None or not isinstance(function, FunctionRecord) or not deployed(function):
        return Remediation(text, (shlex.join([*build, "."]),), verify)
    tagged = uri.partition("@")[0]
    tagged += "" if ":" in tagged.rpartition("/")[2] else ":latest"
    update = ["aws", "lambda", "update-function-code", "--function-name", function.name, "--image-uri", tagged]
    commands = (shlex.join([*build, "--tag", tagged, "--push", "."]), shlex.join([*update, *region(function)]))
    return Remediation(text, commands, verify)


def reconfigured(text: str, function: FunctionRecord, verify: str = VERIFY, **members: object) -> Remediation:
    """Another ImageConfig: the override's members stay as they are, but for `members` (None takes one out).

    The call replaces the whole object, so every member that was right is in it again.
    """
    if not deployed(function):
        return Remediation(text, (), verify)
    return Remediation(text, (image_config_command(function, **members),), verify)


def image_config_command(function: FunctionRecord, **members: object) -> str:
    """`aws lambda update-function-configuration --image-config …` with `entrypoint`, `command`, `workdir` as told."""
    now = function.override
    wanted: dict[str, object] = {
        "entrypoint": now.entrypoint,
        "command": now.command,
        "workdir": now.workdir,
        **members,
    }
    names = {"entrypoint": "EntryPoint", "command": "Command", "workdir": "WorkingDirectory"}
    document = {names[k]: list(v) if isinstance(v, tuple) else v for k, v in wanted.items() if v}
    command = ["aws", "lambda", "update-function-configuration", "--function-name", function.name]
    return shlex.join([*command, "--image-config", json.dumps(document), *region(function)])


def nameless(image: ImageConfig, *evidence: Evidence) -> Verdict:
    """An image without architecture. A Dockerfile has none: whoever builds it decides."""
    if image.reading.origin is Origin.SOURCE:
        return not_applicable("the Dockerfile names no platform: the command that builds it decides")
    return unknown("the image's configuration names no architecture", *evidence)


def where(function: FunctionRecord | Unavailable) -> str:
    """Where a file's bytes or mode are put right."""
    zipped = isinstance(function, FunctionRecord) and not function.is_image
    return "before the package is zipped" if zipped else "in the Dockerfile"


def region(function: FunctionRecord) -> list[str]:
    return ["--region", function.region] if function.region else []


def deployed(function: FunctionRecord) -> bool:
    """Whether AWS knows the function by this name: a template's resource has none yet."""
    return function.reading.origin is Origin.RECORD


def _platform(function: FunctionRecord | Unavailable, image: ImageConfig | Unavailable) -> str:
    if isinstance(function, FunctionRecord):
        return OCI.get(function.architecture, "amd64")
    known = isinstance(image, ImageConfig) and image.architecture in OCI.values()
    return image.architecture if isinstance(image, ImageConfig) and known else "amd64"
