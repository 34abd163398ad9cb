"""The base image was republished in a broken form under the same tag.

What it looks for
    A build or start that fails without any change, since the base was published anew.

Why it breaks
    Tags such as `python:3.12` move. New versions came for one CPU only, with libraries that the package manager cannot
    use, without an expected tool, or with a history that other tools refuse. Mirrors on Docker Hub lag or differ.

How it is told apart
    Without a known last good digest it cannot be proven, and the direct cause is the honest answer:
    `arch_image_function_mismatch`, `pkg_manager_mismatch`, `ld_library_path_shadowing`. Your own change of tag is not
    this.

Fix
    Pin a dated tag or a digest of `public.ecr.aws/lambda/…`, and move it on purpose.

References
    https://github.com/aws/aws-lambda-base-images/issues
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"/var/lang/lib/liblzma\S*: version .?XZ_", 3),
    signature(
        r"\b(?:dnf|yum|microdnf|rpm): .*(?:/var/lang/lib|symbol lookup error|version .?\w+_[\d.]+.? not found)",
        3,
    ),
    signature(r"history lists \d+ non-empty layers, but we have \d+ layers", 3),
    signature(r"no match for platform in manifest|no matching manifest for linux/", 3),
    signature(r"exec: \"(?:yum|dnf|microdnf)\": executable file not found", 3),
    signature(r"(?:error: rpmdb|rpmts_?\w+|librpm|sqlite3?: undefined symbol).{0,80}", 2),
    signature(r"exec /bin/(?:ba)?sh: exec format error|exec format error", 1, unless=r"fork/exec|Runtime\."),
)
ASK = "Does a build from the previous dated tag of the base succeed, with nothing else changed?"
