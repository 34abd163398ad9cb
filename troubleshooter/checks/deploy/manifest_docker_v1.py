"""The image's manifest is of Docker's first schema.

What it looks for
    A manifest media type `manifest.v1+json` or `v1+prettyjws` in ECR, for the address that AWS refused or that the
    template names.

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

import re

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._image_address import push_here
from troubleshooter.facts import Unavailable
from troubleshooter.facts.address import ImageAddress, ImageLookup
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"docker\.distribution\.manifest\.v1\+(?:json|prettyjws)", 3),
    signature(r"schemaVersion\"?\s*:\s*1\b", 3),
    signature(r"image manifest(?:, config)? or layer media type for the source image", 1),
)
ASK = "What is imageManifestMediaType of the tag in `aws ecr describe-images`?"


@check(title="The manifest is of a schema that Lambda takes", severity=Severity.ERROR, rung=Rung.DEPLOY)
def manifest_docker_v1(address: ImageAddress, lookup: ImageLookup, function: FunctionRecord | Unavailable) -> Verdict:
    """Reads the manifest's media type in ECR."""
    if not lookup.media_type:
        return not_applicable(
            "ECR holds no such image" if not lookup.found else "ECR does not tell the manifest's kind"
        )
    cited = (address.cite("uri", label="image address"), lookup.cite("media_type", label="manifest's media type"))
    if not re.search(r"docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$", lookup.media_type):
        return passed("the manifest is not of Docker's first schema", *cited)
    text = (
        "Push the image again with a current client; `skopeo copy --format v2s2` rewrites one that cannot be rebuilt."
    )
    fix = push_here(
        text, address.uri, function, "ECR shows a manifest of Docker schema 2 or OCI, and the update is taken."
    )
    return failed(
        "the image's manifest is of Docker's first schema, which Lambda does not take", *cited, remediation=fix
    )
