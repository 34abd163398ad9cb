"""The fix that the modes of a wrong command share."""

from __future__ import annotations

import json

from troubleshooter.checks._launch_fix import deployed, image_config_command, rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Remediation

VERIFY = "The log no longer says `entrypoint requires the handler name to be the first argument`."


def with_command(
    handler: str | None,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
    more: str = "",
) -> Remediation:
    """One handler as command: in the override where that is what counts or is quickest, else in the Dockerfile."""
    shape = json.dumps([handler]) if handler else '["file.function"]'
    text = f"Write the handler as one JSON string in double quotes, `CMD {shape}`, in the Dockerfile.{more}"
    if not isinstance(function, FunctionRecord) or not deployed(function):
        return rebuilt(text, function, image, code, VERIFY)
    if function.override.command:
        text = f"Set Command in the function's ImageConfig to the handler alone, {shape}.{more}"
        commands = (image_config_command(function, command=(handler,)),) if handler else ()
        return Remediation(text, commands, VERIFY)
    rebuild = rebuilt(text, function, image, code, VERIFY)
    if not handler:
        return rebuild
    text = f"{text} Without a rebuild: the last command sets it on the function."
    return Remediation(text, (*rebuild.commands, image_config_command(function, command=(handler,))), VERIFY)
