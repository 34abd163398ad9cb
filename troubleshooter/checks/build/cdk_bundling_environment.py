"""The CDK's bundling container cannot see or write what it needs.

What it looks for
    `Bundling did not produce any output`, or npm that may not make its cache folder while bundling.

Why it breaks
    The CDK mounts folders into the container. With a remote daemon or Docker in Docker the paths are those of another
    machine, so the output is empty. The container runs under the host's user id, which has no home inside: npm and pip
    cannot write their caches.

How it is told apart
    No daemon at all is `ci_docker_unavailable`. A command that fails by itself shows its own error first.

Fix
    `bundlingFileAccess: VOLUME_COPY`, caches below `/tmp` (`npm_config_cache`), or another `user` in the bundling
    options.

References
    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.BundlingFileAccess.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Bundling did not produce any output", 3),
    signature(r"/asset-(?:output|input)", 2),
    signature(
        r"correctMkdir failed|failed to make directory /\.npm|mkdir '/\.npm"
        r"|Your cache folder contains root-owned files",
        3,
    ),
    signature(r"Failed to (?:bundle asset|run bundling)", 2),
    signature(r"docker exited with status \d+", 2),
    signature(
        r"(?:Permission denied|EACCES|EROFS|Read-only).{0,60}/asset-(?:input|output)"
        r"|/asset-(?:input|output)\S*.{0,20}(?:Permission denied|No such file)",
        3,
    ),
)
ASK = 'Does `docker run --rm -v "$PWD":/x alpine ls /x` in the same step list the project?'
