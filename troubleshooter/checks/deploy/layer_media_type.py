"""A layer is compressed or typed in a way that Lambda may not take.

What it looks for
    Layers of type `+zstd`, uncompressed tar, foreign layers, or artefacts that are no file systems.

Why it breaks
    Lambda flattens layers itself. gzip is what it surely takes; for zstd and uncompressed layers no statement is
    published, and its refusal names the layer media type among others.

How it is told apart
    An index in place of a manifest gives the same sentence and is the usual reason (`manifest_index_or_attestation`).
    A layer that was accepted and could not be unpacked is `layer_unsupported`.

Fix
    Build with `--output type=image,push=true,compression=gzip,force-compression=true,oci-mediatypes=false`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.docker.com/build/exporters/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"tar\+zstd|zstd[- ]compress|compression=zstd", 3),
    signature(r"image manifest(?:, config)? or layer media type for the source image", 2),
    signature(r"nondistributable|foreign layer", 2),
    signature(r"layer media type", 1),
)
ASK = "Which mediaType do the layers have in the manifest?"
