"""The tool takes the asset for unchanged and does not rebuild it.

What it looks for
    A correction outside the hashed files that never reaches AWS: base image, platform from the environment,
    attestation switch.

Why it breaks
    Assets are named by a hash of their folder and options. What is not hashed changes nothing: the old asset is found
    in the registry or bucket and used again. The right correction seems useless.

How it is told apart
    Compare the asset's age with the correction's. A mutable tag that moved is `stale_digest`, a rebuilt image with old
    content `build_cache_or_wrong_context`.

Fix
    `extraHash`, the platform as a property, or delete the stored asset once.

References
    https://docs.aws.amazon.com/cdk/v2/guide/assets.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.STALE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"\(no changes\)|No changes to deploy|Stack .{0,80}is up to date|no changes to deploy", 2),
    signature(r"asset .{0,60}already (?:exists|published)", 1),
    signature(r"asset hash (?:is |was )?(?:unchanged|the same|did(?: not|n.t) change)", 3),
)
ASK = "Is the asset in the registry or bucket older than the correction?"
