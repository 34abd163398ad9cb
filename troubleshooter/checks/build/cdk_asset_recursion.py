"""The CDK's output folder lies inside an asset.

What it looks for
    `ENAMETOOLONG` with `cdk.out/asset…` repeated in the path.

Why it breaks
    The asset is a folder that contains `cdk.out`. Each synthesis copies its own output into itself, deeper every time,
    until names are too long or the disk is full.

How it is told apart
    A long path of another kind is the project's own. A build that is only slow is `cdk_bundling_timeout`.

Fix
    Give the asset a folder of its own, or `exclude=["cdk.out", …]`; remove `cdk.out` once; or write the output
    elsewhere with `--output`.

References
    https://github.com/aws/aws-cdk/issues/3899
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"ENAMETOOLONG", 3),
    signature(r"cdk\.out/asset\.\S*cdk\.out", 3),
    signature(r"File name too long.*cdk\.out|name too long", 2),
    signature(r"cdk\.out/\S*cdk\.out/\S*cdk\.out", 3),
)
