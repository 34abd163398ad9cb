"""The image was rebuilt from old or wrong content.

What it looks for
    A new push whose code layers are unchanged, a wrong Dockerfile or target, a stale compiled folder.

Why it breaks
    Docker reuses layers whose inputs look unchanged; `dist/` compiled yesterday, a `.dockerignore` that hides the new
    file, another target or context all give a fresh digest with old code.

How it is told apart
    A new image that was never deployed is `stale_digest`. A tool that does not rebuild at all is
    `asset_hash_unchanged`.

Fix
    Compare layer digests of two pushes; build with `--no-cache` once; compile inside the Dockerfile; name file and
    target.

References
    https://docs.docker.com/build/cache/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.STALE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"CACHED\b.*COPY|Using cache", 1),
    signature(r"--no-cache", 1),
    signature(r"old (?:code|version) .{0,60}(?:after|despite) .{0,30}(?:re)?build", 2),
)
