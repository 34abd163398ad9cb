"""Evidence and fixes that the modes of a wrong handler share, for every language and way of deployment."""

from __future__ import annotations

import json
import shlex

from troubleshooter.checks._launch_fix import deployed, image_config_command, rebuilt, region
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Evidence, Remediation

SHOWN = 8
"""Most paths listed in one piece of evidence."""


def configured(
    resolution: HandlerResolution, launch: EffectiveLaunch | Unavailable, function: FunctionRecord | Unavailable
) -> Evidence:
    """Where the handler is set: the function's or the image's command, or a zip function's record."""
    if isinstance(launch, EffectiveLaunch):
        for evidence in (launch.evidence[1:2], launch.evidence[:1]):
            if evidence and resolution.handler in evidence[0].value:
                return evidence[0]
    elif isinstance(function, FunctionRecord) and function.handler == resolution.handler:
        return function.cite("handler")
    return resolution.cite("handler")


def overridden(launch: EffectiveLaunch | Unavailable) -> bool:
    """Whether the function's ImageConfig, not the image, gives the handler."""
    return isinstance(launch, EffectiveLaunch) and launch.command_origin == "override"


def images_own(
    resolution: HandlerResolution, launch: EffectiveLaunch | Unavailable, image: ImageConfig | Unavailable
) -> str:
    """The image's own handler, where the function's ImageConfig replaces it and it would have been found; else empty."""
    own = image.command if isinstance(image, ImageConfig) else None
    return own[-1] if own and overridden(launch) and own[-1] in resolution.alternatives else ""


def looked_for(resolution: HandlerResolution) -> tuple[Evidence, ...]:
    """The paths that the runtime client looks at, as far as they are few."""
    if not resolution.tried:
        return ()
    more = len(resolution.tried) - SHOWN
    shown = (*resolution.tried[:SHOWN], *((f"and {more} more",) if more > 0 else ()))
    place = f"{resolution.reading.source} {resolution.tried[0]}"
    return (resolution.cite("tried", shown, label="looked for, and not there", source=place),)


def would_work(resolution: HandlerResolution) -> tuple[Evidence, ...]:
    if not resolution.alternatives:
        return ()
    return (resolution.cite("alternatives", label="handlers that would be found"),)


def with_handler(
    resolution: HandlerResolution,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    otherwise: str,
) -> Remediation:
    """Sets the best handler that would be found, where the handler is set now; `otherwise` says what to do without one."""
    wanted = resolution.alternatives[0] if resolution.alternatives else None
    verify = "The next init ends without an error of type Runtime.ImportModuleError or Runtime.HandlerNotFound."
    if wanted is None:
        return rebuilt(otherwise, function, image, code, verify)
    known = isinstance(function, FunctionRecord) and deployed(function)
    if isinstance(function, FunctionRecord) and not function.is_image:
        text = f"Set the function's handler to `{wanted}`; or {_lowered(otherwise)}"
        words = ["aws", "lambda", "update-function-configuration", "--function-name", function.name]
        command = shlex.join([*words, "--handler", wanted, *region(function)])
        return Remediation(text, (command,) if known else (), verify)
    if overridden(launch) and isinstance(function, FunctionRecord):
        text = f"Set Command in the function's ImageConfig to {json.dumps([wanted])}; or {_lowered(otherwise)}"
        commands = (image_config_command(function, command=(wanted,)),) if known else ()
        return Remediation(text, commands, verify)
    text = f"Write `CMD {json.dumps([wanted])}` in the Dockerfile; or {_lowered(otherwise)}"
    return rebuilt(text, function, image, code, verify)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
