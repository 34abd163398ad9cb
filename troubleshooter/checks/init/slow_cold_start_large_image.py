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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INIT
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Init Duration: (?:[5-9]\d{3}|\d{5,})(?:\.\d+)? ms", 1, unless=r"Status: (?:error|timeout)"),
    signature(r"cold starts? .{0,60}(?:slow|takes?|long|seconds)|slow cold start", 2),
)
