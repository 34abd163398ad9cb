"""The fix that both carriage return modes share."""

from __future__ import annotations

import posixpath
import shlex

from troubleshooter.checks._launch_fix import rebuilt, where
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import SpawnResult
from troubleshooter.model import Remediation

_TASK_ROOT = "/var/task/"
"""Where a package is unpacked; before it is zipped its files lie in a folder of the engineer's."""


def converted(
    spawn: SpawnResult,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    """Unix line ends for the script that the first line belongs to."""
    # The interpreter is the file that decided; the script before it in the chain has the wrong line.
    script = spawn.chain[-2] if spawn.role == "interpreter" and len(spawn.chain) > 1 else spawn.path
    kind = posixpath.splitext(script)[1] or "/" + posixpath.basename(script)
    attribute = f"*{kind} text eol=lf" if kind.startswith(".") else f"{posixpath.basename(script)} text eol=lf"
    if isinstance(function, FunctionRecord) and not function.is_image:
        script = script.removeprefix(_TASK_ROOT)
    text = (
        f"Give {script} Unix line ends: `sed -i 's/\\r$//' {shlex.quote(script)}` {where(function)}, or convert it in "
        f"the repository and add the line `{attribute}` to .gitattributes."
    )
    verify = f"`head -1 {shlex.quote(script)} | od -c` shows no \\r before \\n."
    return rebuilt(text, function, image, code, verify)
