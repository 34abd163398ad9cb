"""A layer is compressed or typed in a way that Lambda may not take.

What it looks for
    The media type of every layer in the manifest. Foreign layers and artefacts that are no file systems fail; zstd and
    uncompressed layers do where AWS refused just this image, and are left open where it did not.

Why it breaks
    Lambda flattens layers itself. gzip is what it surely takes; for zstd and uncompressed layers no statement is
    published, and its refusal names the layer media type among others.

How it is told apart
    An index in place of a manifest gives the same sentence and is the usual reason (`manifest_index_or_attestation`).
    A layer that was accepted and could not be unpacked is `layer_unsupported`. Archives that engines save hold layers
    uncompressed; the push compresses them.

Fix
    Build with `--output type=image,push=true,compression=gzip,force-compression=true,oci-mediatypes=false`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.docker.com/build/exporters/
"""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import OCI
from troubleshooter.checks._readiness import refuses_media_type
from troubleshooter.facts import Unavailable
from troubleshooter.facts.address import ImageAddress
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageManifest
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"tar\+zstd|zstd[- ]compress|compression=zstd", 3),
    signature(r"image manifest(?:, config)? or layer media type for the source image", 2),
    signature(r"nondistributable|foreign layer", 2),
    signature(r"layer media type", 1),
)
ASK = "Which mediaType do the layers have in the manifest?"


_TAKEN = frozenset(
    {
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.oci.image.layer.v1.tar+gzip",
    }
)
_PLAIN = frozenset({"application/vnd.docker.image.rootfs.diff.tar", "application/vnd.oci.image.layer.v1.tar"})
_FOREIGN = re.compile(r"foreign|nondistributable", re.IGNORECASE)


@check(title="The layers are of types that Lambda takes", severity=Severity.ERROR, rung=Rung.DEPLOY)
def layer_media_type(
    manifest: ImageManifest,
    code: FunctionCode | Unavailable,
    address: ImageAddress | Unavailable,
    function: FunctionRecord | Unavailable,
) -> Verdict:
    """Reads the media type of every layer."""
    types = tuple(dict.fromkeys(layer.media_type for layer in manifest.layers if layer.media_type))
    if not types:
        return not_applicable("what holds the image does not tell how its layers are stored")
    cited = manifest.cite("layers", types, label="media types of the layers")
    taken = code.digest if isinstance(code, FunctionCode) and not refuses_media_type(function) else None
    if taken is not None and taken in (manifest.digest, manifest.manifest_digest):
        return passed("AWS has taken this image", cited)
    odd = tuple(kind for kind in types if kind not in _TAKEN)
    if not odd:
        return passed("every layer is a gzipped file system", cited)
    if set(odd) <= _PLAIN and manifest.reading.origin is not Origin.REGISTRY:
        return not_applicable("the layers lie here uncompressed; how they are stored is decided by the push")
    return _judged(odd, cited, manifest, address, function)


def _judged(
    odd: tuple[str, ...],
    cited: Evidence,
    manifest: ImageManifest,
    address: ImageAddress | Unavailable,
    function: FunctionRecord | Unavailable,
) -> Verdict:
    foreign = [kind for kind in odd if _FOREIGN.search(kind)]
    strange = [kind for kind in odd if kind not in _PLAIN and not kind.endswith("+zstd") and kind not in foreign]
    if foreign:
        text = f"a layer is of type {foreign[0]}: its bytes are not in the repository, and Lambda fetches them nowhere else"
        return failed(text, cited, remediation=_fix(function))
    if strange:
        return failed(f"a layer of type {strange[0]} is no file system of an image", cited, remediation=_fix(function))
    refused = isinstance(address, ImageAddress) and address.said == "is not supported" and not manifest.is_index
    if isinstance(address, ImageAddress) and refused:
        said = address.cite("said", f"{address.uri} {address.said}", label="AWS on manifest, config and layers")
        text = f"AWS refused manifest, config or layers, and only the layers are unusual: {', '.join(odd)}"
        return failed(text, cited, said, remediation=_fix(function))
    unblock = Unblock("Build with `compression=gzip,force-compression=true`: gzip is what Lambda surely takes.")
    return unknown(f"whether Lambda takes layers of type {', '.join(odd)} is not published", cited, unblock=unblock)


def _fix(function: FunctionRecord | Unavailable) -> Remediation:
    platform = OCI.get(function.architecture, "amd64") if isinstance(function, FunctionRecord) else "amd64"
    output = "type=image,push=true,compression=gzip,force-compression=true,oci-mediatypes=false"
    build = ["docker", "buildx", "build", "--platform", f"linux/{platform}", "--provenance=false", "--sbom=false"]
    text = "Build with gzipped layers of Docker's media types; take what is no file system out of the image."
    return Remediation(
        text,
        (shlex.join([*build, "--output", output, "."]),),
        "Every layer's media type ends in gzip, and the update is taken.",
    )
