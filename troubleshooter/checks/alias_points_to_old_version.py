"""Callers use an alias or version that is older than the correction.

What it looks for
    `START … Version: N` with an old number, while the code was corrected in $LATEST.

Why it breaks
    Published versions never change. An alias, a trigger or a URL bound to a version goes on running it until it is
    moved; changes in the console touch $LATEST only.

How it is told apart
    With callers on $LATEST and an old image it is `stale_digest`.

Fix
    Publish a version and point the alias to it; deploy through the tool that moves the alias.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.STALE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"alias.{0,80}(?:old|previous|wrong|version \d+)", 2),
    signature(r"provisioned concurrency.{0,80}alias", 1),
)
ASK = "Which version do the START lines show?"
