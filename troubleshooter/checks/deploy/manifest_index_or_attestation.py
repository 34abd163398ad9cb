"""The image reference names an index instead of a single image.

What it looks for
    A reference whose manifest is an OCI index or Docker manifest list: a multi-platform image, or a single one
    beside the attestation (`unknown/unknown`) that BuildKit adds by default.

Why it breaks
    Lambda takes a plain image manifest only. CreateFunction and UpdateFunctionCode refuse the rest: `The image
    manifest, config or layer media type for the source image … is not supported.` A container engine resolves
    indexes by itself, so locally nothing shows.

How it is told apart
    A single OCI manifest is fine. Layers that Lambda cannot unpack fail later, with State Failed
    (`layer_unsupported`); compressed in another way they give the same text (`layer_media_type`).

Fix
    Build one platform without attestations; or, without a rebuild, deploy the platform's own manifest by its
    digest.

References
    https://docs.docker.com/build/metadata/attestations/
    https://github.com/aws/aws-lambda-roadmap/issues/82
    https://github.com/docker/buildx/issues/1533
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._launch_fix import OCI, deployed, region
from troubleshooter.checks._readiness import refuses_media_type
from troubleshooter.facts import Unavailable
from troubleshooter.facts.address import ecr_address
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageManifest, Platform
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"image manifest(?:, config)? or layer media type for the source image.*is not supported", 3),
    signature(r"unsupported (?:image )?media ?type:? [\x22']?application/vnd\.\S*(?:image\.index|manifest\.list)", 3),
    signature(
        r"exporting (?:attestation manifest|manifest list)[\s\S]{0,6000}(?:media type|not supported|InvalidParameter)",
        1,
    ),
)
ASK = "Does `docker buildx imagetools inspect` of the address print several manifests?"


@check(title="The image reference names a single image", severity=Severity.ERROR, rung=Rung.DEPLOY)
def manifest_index_or_attestation(
    manifest: ImageManifest, code: FunctionCode | Unavailable, function: FunctionRecord | Unavailable
) -> Verdict:
    """Reads the media type of what the reference names."""
    cited = manifest.cite("media_type", label=f"media type of {manifest.reference}")
    refused = refuses_media_type(function)
    taken = code.digest if isinstance(code, FunctionCode) and not refused else None
    if taken is not None and taken in (manifest.digest, manifest.manifest_digest):
        return not_applicable("AWS has already resolved this image to a single manifest")
    if not manifest.is_index:
        return passed("the reference names a single image", cited)
    images = [p for p in manifest.platforms if not p.attestation]
    listed = manifest.cite("platforms", [_name(p) for p in manifest.platforms], label="entries of the index")
    attested = len(images) < len(manifest.platforms)
    kind = "an index that BuildKit made for its attestation" if attested and len(images) == 1 else "an index"
    message = f"{manifest.reference} is {kind}, {len(images)} platform(s); Lambda takes a single image manifest only"
    # Where AWS took the reference first and refused the image later, deploying it had gone well.
    rung = Rung.READY if refused else None
    return failed(message, cited, listed, remediation=_fix(manifest, images, function), rung=rung)


def _name(platform: Platform) -> str:
    text = f"{platform.os}/{platform.architecture}{f'/{platform.variant}' if platform.variant else ''}"
    return f"{text} (attestation)" if platform.attestation else text


def _fix(manifest: ImageManifest, images: list[Platform], function: FunctionRecord | Unavailable) -> Remediation:
    wanted = OCI.get(function.architecture) if isinstance(function, FunctionRecord) else None
    fitting = [p for p in images if p.architecture == wanted] if wanted else images
    platform = fitting[0] if len(fitting) == 1 else None
    architecture = platform.architecture if platform else wanted or "amd64"
    build = ["docker", "buildx", "build", "--platform", f"linux/{architecture}", "--provenance=false", "--sbom=false"]
    repository = ecr_address(manifest.reference)
    text = f"Build for linux/{architecture} alone and without attestations (`--provenance=false --sbom=false`)."
    verify = "The pushed tag's media type is a plain image manifest, and the update is accepted."
    if repository is None:
        return Remediation(text, (shlex.join([*build, "."]),), verify)
    tagged = manifest.reference.partition("@")[0]
    commands = [shlex.join([*build, "--tag", tagged, "--push", "."])]
    if platform is not None and isinstance(function, FunctionRecord) and deployed(function):
        text += " Without a rebuild, the last command deploys the platform's own manifest by its digest."
        update = ["aws", "lambda", "update-function-code", "--function-name", function.name, *region(function)]
        commands.append(shlex.join([*update, "--image-uri", f"{repository.untagged}@{platform.digest}"]))
    return Remediation(text, tuple(commands), verify)
