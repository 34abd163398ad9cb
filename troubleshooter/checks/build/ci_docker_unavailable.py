"""The build has no Docker daemon.

What it looks for
    `Cannot connect to the Docker daemon`, or a docker command that does not exist.

Why it breaks
    CI steps that build or bundle need a daemon: CodeBuild in privileged mode, on the project that really runs the
    step; a service or socket elsewhere. On a laptop it is simply not running, or another context is selected.

How it is told apart
    An image that cannot be pulled is `registry_pull_refused`. A container whose mounts are empty is
    `cdk_bundling_environment`.

Fix
    Switch privileged mode on, start the daemon and wait for it, or choose the right context.

References
    https://docs.aws.amazon.com/codebuild/latest/userguide/sample-docker.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Cannot connect to the Docker daemon", 3),
    signature(r"Is the docker daemon running\??", 3),
    signature(r"dial unix \S*docker\.sock|docker\.sock: connect|error during connect: .*docker", 3),
    signature(
        r"spawn(?:Sync)? docker ENOENT|docker:? (?:command )?not found|Unable to find Docker"
        r"|is Docker (?:installed|running)|(?:Building image|Building functions?).*(?:requires Docker|Docker is)",
        3,
    ),
    signature(r"privileged ?mode|Running PythonPipBuilder.*Docker is unreachable|Docker is unreachable", 3),
    signature(
        r"requires? a (?:container runtime|running docker)|Do you have Docker (?:or Finch )?installed and running", 3
    ),
    signature(r"docker: .?\w+.? is not a docker command|unknown command: docker buildx", 2),
    signature(r"failed to connect to the docker API|docker daemon is not running|open //\./pipe/docker", 3),
    signature(
        r"Unable to execute 'docker'|Could not find Docker executable|checking if Docker is available|no valid drivers found"
        r"|ensure that (?:you have )?Docker (?:is running|installed)|Docker(?: Desktop| Engine)? is not (?:running|installed)",
        3,
    ),
    signature(
        r"requires Docker\. Have you got it|make sure (?:that )?(?:the )?docker (?:daemon |engine |desktop )?is (?:running"
        r"|installed|started)",
        3,
    ),
    signature(r"(?:permission denied|connect).{0,120}docker(?:\.sock| daemon socket)", 3),
    signature(
        r"(?:finch|podman|nerdctl): (?:command )?not found|cannot connect to (?:the )?podman|Is buildkitd? running", 2
    ),
    signature(r"lookup docker on|cannot connect to docker\b|DOCKER_HOST.{0,60}(?:unreachable|refused|no such host)", 3),
    signature(r"(?:connect|contact|ping|reach)\w* (?:to )?(?:the )?docker (?:daemon|server|engine|host)", 3),
)
ASK = "Does `docker version` show a server in the same step?"
