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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.READY
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"MissingParentDirectory", 3),
    signature(r"Parent directory does not exist for file", 3),
)
