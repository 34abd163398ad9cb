"""Files lie at the wrong depth of the zip or layer.

What it looks for
    A handler module or library that is in the package, one folder away from where the runtime looks.

Why it breaks
    A zip made of a folder instead of its content puts everything one level down. A layer's Python code must lie below
    `python/`, Node.js modules below `nodejs/node_modules/`; at the root of the layer they land in `/opt` and are not
    searched.

How it is told apart
    Where the file is not in the package at all, it is `handler_module_missing` or a missing dependency; the package's
    listing decides.

Fix
    Zip the content (`cd build && zip -r ../package.zip .`), and give layers their prefix. `unzip -l` shows what the
    runtime will see.

References
    https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Unable to import module '[\w./-]+': No module named '(?:lambda_function|index|app|main|handler)'", 1),
    signature(r"Cannot find module '(?:index|app|main|handler|lambda)'", 1),
    signature(r"No module named '\w+'[^\n]*layer|/opt/(?:python|nodejs)\b.*not found", 2),
)
ASK = "Does `unzip -l` show the handler's file at the root of the zip, and layer code below `python/` or `nodejs/`?"
