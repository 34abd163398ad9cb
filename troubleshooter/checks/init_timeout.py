"""Init takes longer than ten seconds.

What it looks for
    INIT_REPORT with Status timeout at about 10000 ms, then a second init inside the first invocation.

Why it breaks
    Imports, model downloads and connections at the top level have ten seconds. After that the init is stopped and run
    again within the invocation, against the function's own timeout: either every cold start takes twice as long, or
    the invocation times out too.

How it is told apart
    A server's banner and no error says that nothing asks for events (`ric_missing`). Little memory makes imports many
    times slower (`memory_too_small_cpu`). A large image loads its first files over the network
    (`slow_cold_start_large_image`).

Fix
    Import lazily, bake models into the image, give more memory (CPU follows), raise the timeout so that the second
    init can finish, or use provisioned concurrency.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INIT
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(
        r"INIT_REPORT Init Duration: (?:9[89]\d\d|10\d\d\d)(?:\.\d+)? ms",
        3,
        unless=r"Uvicorn running|Started server process|Application startup complete|Listening (?:at|on)|server (?:listening|running)",
    ),
    signature(
        r"Phase: (?:init|invoke)\s+Status: timeout",
        3,
        unless=r"Uvicorn running|Started server process|Application startup complete|Listening (?:at|on)|server (?:listening|running)",
    ),
    signature(r"Init Duration: (?:9[89]\d\d|10\d\d\d)(?:\.\d+)? ms", 2),
    signature(r"FunctionError\.InitTimeout|InitTimeout\b", 3),
    signature(r"init(?:ialization)? (?:phase )?(?:timed out|took longer than|exceeded)", 2),
)
ASK = "How long does the import take locally: `python -X importtime`, or the same for Node.js?"
