"""The base image's runtime is deprecated.

What it looks for
    A runtime identifier that may not be created or updated any more, or a base that gets no patches.

Why it breaks
    Managed runtimes are deprecated on a published date, and creating and updating functions on them is refused some
    time later. Images are never blocked from running; their base only stops receiving security patches and falls
    behind in libraries.

How it is told apart
    Errors of libraries that are too old have their own names (`native_glibc_too_new`, `system_lib_too_old`).

Fix
    Move the base and runtime to a supported version, and rebuild native packages for it.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"runtime parameter of \S+ is no longer supported", 3),
    signature(
        r"(?:runtime|nodejs\d+\.x|python3\.\d+|go1\.x|java8|ruby2\.\d).{0,80}(?:deprecated|no longer supported"
        r"|end[- ]of[- ](?:life|support))",
        2,
    ),
    signature(r"E2531|W2531|Deprecated runtime", 3),
    signature(r"Value \S+ at 'runtime' failed to satisfy constraint", 2),
)
