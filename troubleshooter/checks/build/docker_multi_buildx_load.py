"""A multi-platform build cannot be loaded, or the wrong image is taken.

What it looks for
    An exporter or driver that says it does not support several platforms or manifest lists.

Why it breaks
    The classic image store holds one platform for a tag. `--load` of several platforms fails; without `--push` or
    `--load` the result stays in the build cache, and an older local image of the same name is pushed.

How it is told apart
    An index that was pushed and refused by Lambda is `manifest_index_or_attestation`. Steps that crash are
    `emulated_build_corruption`.

Fix
    Build one platform for Lambda (`--platform linux/arm64 --push --provenance=false`), with a builder of the container
    driver where several are needed.

References
    https://docs.docker.com/build/building/multi-platform/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"docker exporter does not currently support exporting manifest lists", 3),
    signature(
        r"[Mm]ulti(?:ple|-)? ?platform(?:s)?(?: feature"
        r"| build)? is (?:currently )?not supported for the docker driver"
        r"|multiple platforms feature is currently not supported",
        3,
    ),
    signature(r"No output specified (?:for|with) \S+ driver|Build result will only remain in the build cache", 3),
    signature(r"was found but (?:does not match the specified platform|its platform)", 2),
    signature(r"(?:exporter|feature|build) is (?:currently )?not supported for the docker driver", 3),
    signature(r"(?:docker|oci) exporter (?:feature )?(?:is|does) (?:currently )?not|Switch to a different driver", 2),
    signature(r"not supported for (?:the )?docker driver", 3),
)
ASK = "How many platforms does the build command name, and does it say --push or --load?"
