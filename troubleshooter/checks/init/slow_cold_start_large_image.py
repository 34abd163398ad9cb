"""A large image makes cold starts slow.

What it looks for
    High init durations without a timeout, on an image of gigabytes or very many files.

Why it breaks
    Lambda loads images in pieces when they are first read. The first import of a large library reads over the network;
    thousands of small files cost more than few large ones.

How it is told apart
    Init that times out is `init_timeout`, little CPU is `memory_too_small_cpu`; this only costs time.

Fix
    Remove what is not used, import lazily, use CPU-only builds, provisioned concurrency where latency matters.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.facts.image import ImageManifest
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Init Duration: (?:[5-9]\d{3}|\d{5,})(?:\.\d+)? ms", 1, unless=r"Status: (?:error|timeout)"),
    signature(r"cold starts? .{0,60}(?:slow|takes?|long|seconds)|slow cold start", 2),
)


LARGE = 1 << 30
"""Bytes of compressed layers above which this is worth saying."""


@check(title="The image is of moderate size", severity=Severity.INFO, rung=Rung.INIT)
def slow_cold_start_large_image(manifest: ImageManifest) -> Verdict:
    """Adds up the layers as the registry stores them."""
    sized = [layer for layer in manifest.layers if layer.media_type]
    if not sized:
        return not_applicable("what holds the image does not tell how its layers are stored")
    total = sum(layer.size for layer in sized)
    cited = manifest.cite("layers", f"{total / (1 << 30):.2f} GiB in {len(sized)} layers", label="stored size")
    if total < LARGE:
        return passed("the image is not large", cited)
    largest = max(sized, key=lambda layer: layer.size)
    biggest = manifest.cite("layers", f"{largest.digest}, {largest.size / (1 << 30):.2f} GiB", label="largest layer")
    fix = Remediation(
        "Take out of the image what is not needed at run time, import large libraries when they are used, and raise "
        "MemorySize, which brings CPU; provisioned concurrency keeps environments ready.",
        verify="Init Duration in the REPORT lines of cold starts has fallen.",
    )
    text = f"the layers hold {total / (1 << 30):.1f} GiB; a cold start reads what it touches of them over the network"
    return failed(text, cited, biggest, remediation=fix)
