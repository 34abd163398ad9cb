"""Small writes of a stream are held back.

What it looks for
    Chunks that arrive late or together although the invoke mode is right.

Why it breaks
    Small writes may wait until some kilobytes have gathered. It was measured once; no threshold is documented.

How it is told apart
    Check InvokeMode first: `streaming_invoke_mode` is far more common.

Fix
    Begin with a larger or padded chunk, or write less often and more.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RESPONSE
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"chunk.{0,80}(?:delayed|held back|buffered|together)|(?:first|small) chunks?.{0,60}(?:late|delay)", 2),
)
