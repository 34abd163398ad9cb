"""The CDK's bundling takes too long.

What it looks for
    A synthesis that runs the installer in Docker at each command and is ended by a limit, or seems to hang.

Why it breaks
    Bundling installs dependencies at every synthesis, for `cdk ls` too, and under emulation it takes ten times as
    long. CI steps and tools stop it.

How it is told apart
    Output that is missing is `cdk_bundling_environment`; no daemon is `ci_docker_unavailable`.

Fix
    Build the package before and give the CDK the folder, restrict bundling to the stacks deployed, build on a machine
    of the target's architecture.

References
    https://docs.aws.amazon.com/cdk/v2/guide/assets.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"(?:[Bb]undling asset|cdk synth|cdk deploy).{0,200}(?:timed out|timeout|killed|ETIMEDOUT|\bhangs?\b|stuck)",
        3,
    ),
    signature(r"spawnSync docker ETIMEDOUT", 3),
    signature(
        r"[Bb]undling asset[\s\S]{0,600}?(?:timed? ?out|ETIMEDOUT|canceled|cancelled|exceeded the maximum|SIGTERM|Killed)",
        3,
    ),
    signature(
        r"(?:timed out|did not finish|exceeded)[^\n]{0,80}cdk (?:synth|deploy|ls|diff)|cdk (?:synth|deploy|ls)[^\n]{0,40}did not finish",
        3,
    ),
)
ASK = "Does `cdk synth` end if it is given an hour, and how long does `docker run` of the same install take?"
