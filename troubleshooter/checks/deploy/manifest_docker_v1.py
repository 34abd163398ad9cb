"""The image's manifest is of Docker's first schema.

What it looks for
    A manifest media type `manifest.v1+json` or `v1+prettyjws`.

Why it breaks
    Lambda takes manifests of Docker schema 2 and OCI. Very old clients, mirrors and copies still write schema 1; the
    message is the same as for an index.

How it is told apart
    An index (several platforms or an attestation) is far more common: `manifest_index_or_attestation`. The media type
    in ECR decides.

Fix
    Push again with a current client, or copy with `skopeo copy --format v2s2`.

References
    https://docs.docker.com/engine/deprecated/#pushing-and-pulling-with-image-manifest-v2-schema-1
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"manifest\.v1\+(?:json|prettyjws)", 3),
    signature(r"schemaVersion\"?\s*:\s*1\b", 3),
    signature(r"image manifest(?:, config)? or layer media type for the source image", 1),
)
ASK = "What is imageManifestMediaType of the tag in `aws ecr describe-images`?"
