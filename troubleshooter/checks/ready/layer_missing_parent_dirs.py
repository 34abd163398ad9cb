"""A layer holds files whose folders have no entry.

What it looks for
    `MissingParentDirectory: Parent directory does not exist for file`.

Why it breaks
    Docker and others make missing folders as they unpack. Lambda does not: each parent needs an entry in this layer or
    one below. Build rules that write tars themselves leave them out. The file named is only the first.

How it is told apart
    Other layers that cannot be unpacked are `layer_unsupported`.

Fix
    Make the tool emit folders, or pass the image through `docker load` and `docker push`.

References
    https://github.com/bazel-contrib/rules_oci/issues/777
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._readiness import READY, deploy_again, invalid_image
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"MissingParentDirectory", 3),
    signature(r"Parent directory does not exist for file", 3),
)


_FILE = re.compile(r"does not exist for file:? *([^\s'\"]+)")


@check(title="Every folder in the image's layers has an entry", severity=Severity.ERROR, rung=Rung.READY)
def layer_missing_parent_dirs(function: FunctionRecord, code: FunctionCode | Unavailable) -> Verdict:
    """Reads AWS's reason for an image that it could not unpack."""
    found = invalid_image(function, code, r"MissingParentDirectory")
    if isinstance(found, Verdict):
        return found
    named = _FILE.search(found.text)
    which = f" for {one_line(named[1], 120)}" if named else ""
    fix = Remediation(
        "Make the tool that writes the layers emit an entry for every folder, or load its output with "
        "`docker load` and push that; a build from a Dockerfile always writes them. Then deploy the image again.",
        deploy_again(function, code),
        READY,
    )
    message = f"AWS could not unpack the image: a layer has no entry of a parent folder{which}"
    return failed(message, *found.evidence, remediation=fix)
