"""The function stays failed although its image was corrected.

What it looks for
    State Failed with `InvalidImage` while the image now behind the address is sound.

Why it breaks
    The state speaks of the image of the last deployment. Correcting the tag changes nothing until the function's code
    is updated; some functions had to be created anew.

How it is told apart
    It is a companion of the first cause (manifest, layer, size), never a cause of its own.

Fix
    Update the function's code again with the corrected image; else delete and create it.

References
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.READY
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"InvalidImage\b", 1),
    signature(
        r"(?:function|resource).{0,60}(?:is|remains|stuck) in (?:the )?(?:a )?failed state"
        r"|current state of .{0,40}Failed|State: Failed",
        2,
    ),
    signature(r"Cannot (?:invoke|update).{0,60}state.{0,20}Failed", 2),
)
