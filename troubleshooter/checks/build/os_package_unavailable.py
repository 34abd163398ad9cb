"""The package does not exist for this release of the operating system.

What it looks for
    A package manager that runs and finds no such package, or a repository that answers 403 or 404.

Why it breaks
    Amazon Linux 2023 has other packages than 2: no Chromium, no extras, no EPEL. Repository addresses contain the
    release, and a changed or removed `releasever` leads nowhere. Images of old Debian releases point at archived
    mirrors.

How it is told apart
    A package manager that is not there is `pkg_manager_mismatch`. One that fails on its own libraries is
    `ld_library_path_shadowing` or a broken base (`base_image_broken_upstream`).

Fix
    Take the binary from elsewhere, keep the older base on purpose, keep `releasever`, use the new name of the package.

References
    https://docs.aws.amazon.com/linux/al2023/release-notes/all-packages.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"No package matches '|Unable to find a match: |No match for argument|No package \S+ available"
        r"|Nothing to do",
        3,
    ),
    signature(r"Unable to locate package|has no installation candidate|E: Package '", 3),
    signature(r"Status code: 40[34] for https?://\S+(?:repomd|mirror\.list|amazonlinux)", 3),
    signature(r"One of the configured repositories failed|doesn.t have enough cached data to continue", 3),
    signature(
        r"Failed to download metadata for repo|Cannot find a valid baseurl for repo|Could not retrieve mirrorlist",
        3,
    ),
    signature(r"404 +Not Found \[IP|does not have a Release file|repository .* no longer has a Release file", 3),
    signature(r"unable to select packages:|\(no such package\):", 3, unless=r"libexecinfo"),
    signature(r"amazon-linux-extras.*(?:not found|Topic|does not)|Topic \S+ is not found", 3),
)
ASK = "Does `dnf list PACKAGE`, or the same for this system, find it inside the base image?"
