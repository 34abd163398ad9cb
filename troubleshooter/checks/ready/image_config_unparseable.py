"""The image's configuration cannot be read.

What it looks for
    A configuration that is no JSON object or has members of another type, or whose number of diff ids is not that of the
    layers. A history that tells of another number of layers is left open. Lambda says `Invalid task config`.

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

from troubleshooter.checks import Frequency, check, failed, missing, passed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import BrokenConfig, ImageConfig, ImageManifest
from troubleshooter.model import Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"Invalid task config", 3),
    signature(r"Runtime\.InvalidTaskConfig", 3),
    signature(r"history lists \d+ non-empty layers, but we have \d+ layers", 2),
    signature(r"invalid image config|could not parse image config|cannot unmarshal .* of type (?:v1|specs)\.", 3),
)


@check(title="The image's configuration can be read", severity=Severity.ERROR, rung=Rung.READY)
def image_config_unparseable(
    manifest: ImageManifest,
    image: ImageConfig | Unavailable,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Reads the configuration, and counts its diff ids and history against the layers."""
    text = (
        "Build the image with docker buildx, or load what the other tool made with `docker load` and push that: it writes "
        "the configuration anew. Then update the tool."
    )
    fix = rebuilt(text, function, image, code, "Runtime.InvalidTaskConfig is gone, and the function answers.")
    if isinstance(image, BrokenConfig):
        shown = manifest.cite("config", image.detail, label="image configuration")
        return failed(f"the image's configuration breaks the specification: {image.detail}", shown, remediation=fix)
    if isinstance(image, Unavailable):
        return missing(image)
    layers, ids, steps = len(manifest.layers), len(image.diff_ids), len(image.history)
    if not layers:
        return passed("an engine has read the configuration", image.cite("architecture"))
    cited = (
        manifest.cite("layers", layers, label="layers in the manifest"),
        image.cite("diff_ids", ids, label="diff ids in the configuration"),
        image.cite("history", steps, label="history entries that made a layer"),
    )
    if ids != layers:
        return failed(f"the image has {layers} layers and its configuration {ids} diff ids", *cited, remediation=fix)
    if steps not in (0, layers):
        unblock = Unblock("Build the image with docker buildx, whose history agrees with the layers.")
        doubt = f"the history tells of {steps} layers and there are {layers}; whether Lambda minds is not published"
        return unknown(doubt, *cited, unblock=unblock)
    return passed("the configuration agrees with the layers", *cited)
