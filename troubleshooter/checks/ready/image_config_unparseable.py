"""The image's configuration cannot be read.

What it looks for
    `Invalid task config`, `Runtime.InvalidTaskConfig`, or a registry client that finds history and layers disagreeing.

Why it breaks
    Images put together without Docker may have a configuration that breaks the specification: fields of another type,
    a number of diff ids unlike that of the layers, an empty history. Some engines are lenient, Lambda is not.

How it is told apart
    A manifest of a kind that Lambda does not take is refused at deployment (`manifest_index_or_attestation`). A base
    image that came broken from its publisher is `base_image_broken_upstream`.

Fix
    Rebuild with docker buildx, or `docker load` and push what the other tool made; update the tool.

References
    https://specs.opencontainers.org/image-spec/config/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.READY
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"Invalid task config", 3),
    signature(r"Runtime\.InvalidTaskConfig", 3),
    signature(r"history lists \d+ non-empty layers, but we have \d+ layers", 2),
    signature(r"invalid image config|could not parse image config|cannot unmarshal .* of type (?:v1|specs)\.", 3),
)
