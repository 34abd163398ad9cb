"""The CDK's output folder lies inside an asset.

What it looks for
    `ENAMETOOLONG` with `cdk.out/asset…` repeated in the path. In CDK code: `Code.from_asset(".")` or `".."`, without
    `exclude`, while cdk.json leaves the output in the app's own folder.

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

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.facts.template import CdkAssets
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"ENAMETOOLONG", 3),
    signature(r"cdk\.out/asset\.\S*cdk\.out", 3),
    signature(r"File name too long.*cdk\.out|name too long", 2),
    signature(r"cdk\.out/\S*cdk\.out/\S*cdk\.out", 3),
)
ASK = "Does `find cdk.out -name cdk.out` print anything?"


@check(title="No asset holds the CDK's own output", severity=Severity.WARNING, rung=Rung.BUILD, narrow=True)
def cdk_asset_recursion(assets: CdkAssets) -> Verdict:
    """Reads the assets that are the app's folder, or the one above it."""
    if not assets.whole:
        return passed("no asset is the folder of the app itself")
    first = assets.whole[0]
    output = f"{first.app}/cdk.out" if first.app else "cdk.out"
    return failed(
        f"{first.place} makes an asset of the folder that {output} lies in, so that each synthesis copies its output into itself",
        *(assets.cite("whole", each.text, label="asset", source=each.place) for each in assets.whole),
        remediation=Remediation(
            f"At {first.place}, name a folder of the function's own, or add `exclude` with cdk.out, .git, .venv and node_modules "
            f"to the call. Remove {output} once.",
            verify="`cdk synth` ends, and no path below cdk.out holds a second cdk.out.",
        ),
    )
