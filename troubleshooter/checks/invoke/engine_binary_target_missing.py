"""A client's engine was not generated for this operating system or CPU.

What it looks for
    A client that could not locate its engine for the runtime's target.

Why it breaks
    Some database clients generate one native engine for each operating system, OpenSSL version and CPU. The one for
    the build machine was generated; the target of the Lambda runtime (`rhel-openssl-1.0.x` on Amazon Linux 2,
    `rhel-openssl-3.0.x` on 2023, with `linux-arm64-` in front on arm64) was not, or the bundler left the file behind.

How it is told apart
    A package of npm's optional dependencies for the platform is `node_optional_platform_package`: that one is
    installed, this one is generated. A file that the bundler dropped although it was generated is
    `bundler_drops_native`.

Fix
    Add the target that the message names to `binaryTargets`, generate again, and copy the engine with the bundle.

References
    https://www.prisma.io/docs/orm/prisma-client/deployment/serverless/deploy-to-aws-lambda
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"could not locate the (?:Query )?Engine", 3),
    signature(r"Query engine (?:library|binary) for current platform .* could not be found", 3),
    signature(r"(?:rhel|debian|linux-arm64|linux-musl)-openssl-[\d.]+\w*", 2),
    signature(r"PrismaClientInitializationError", 2),
    signature(r"binaryTargets", 2),
    signature(r"libquery_engine|query-engine-\w+", 2),
)
