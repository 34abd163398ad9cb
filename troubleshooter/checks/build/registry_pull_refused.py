"""A base or tool image cannot be pulled.

What it looks for
    An expired token, `pull access denied`, 403 or `toomanyrequests` for a public image.

Why it breaks
    Public registries answer stale logins with a refusal, even for what anybody may pull, and limit anonymous pulls. A
    token of ECR Public lasts twelve hours and stays in Docker's configuration.

How it is told apart
    It happens while building and says nothing of the function. Lambda's own access to your image is
    `ecr_repo_policy_missing`.

Fix
    `docker logout public.ecr.aws`, or log in again; authenticate to Docker Hub, or pull the same images from ECR
    Public.

References
    https://docs.aws.amazon.com/AmazonECR/latest/public/public-registries.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"toomanyrequests|TooManyRequests.*pull|pull rate limit", 3),
    signature(r"authorization token has expired", 3),
    signature(r"pull access denied", 3, unless=r"pull access denied for cdk-|Build result will only remain"),
    signature(
        r"(?:pull|HEAD|resolve|fetch|load metadata|docker\.io|public\.ecr\.aws"
        r"|auth\.docker\.io).{0,200}(?:403 Forbidden|401 Unauthorized|denied: )",
        3,
    ),
    signature(r"no basic auth credentials", 3),
    signature(
        r"failed to (?:authorize|fetch (?:anonymous|oauth) token)|unauthorized: (?:authentication required"
        r"|incorrect username)|docker login",
        2,
    ),
    signature(r"Rate exceeded.*public\.ecr|Data limit exceeded", 3),
    signature(
        r"error (?:getting|saving|storing) credentials|docker-credential-[\w-]+.{0,40}(?:executable file )?not found", 3
    ),
    signature(
        r"Not Authorized for pulling|authorization (?:token )?(?:has )?(?:expired|failed).{0,80}(?:pull|login|registry)",
        3,
    ),
    signature(r"(?:pull|fetch|resolve)\S* .{0,120}(?:429 Too Many Requests|TLS handshake timeout|i/o timeout)", 2),
    signature(
        r"public\.ecr\.aws.{0,120}(?:denied|unauthorized|403|429)|(?:denied|unauthorized).{0,80}public\.ecr\.aws", 2
    ),
    signature(
        r"(?:registry-1\.docker\.io|auth\.docker\.io|production\.cloudflare\.docker\.com|public\.ecr\.aws)"
        r".{0,200}(?:time-?out|refused|\bEOF\b|Forbidden|denied|reset by peer)",
        3,
    ),
)
ASK = "Does `docker pull` of that image succeed after `docker logout` of its registry?"
