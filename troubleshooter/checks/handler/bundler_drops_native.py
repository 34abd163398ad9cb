"""The bundler left out a native or data file.

What it looks for
    A `.node`, `.wasm` or data file that is missing below the bundle's folder.

Why it breaks
    esbuild and webpack put JavaScript into one file, but not what it opens at run time: native modules, WebAssembly,
    templates, protocol files. Paths that were relative to the package now start at the bundle.

How it is told apart
    A whole package that cannot be found is `node_dep_missing`, one for the platform `node_optional_platform_package`.
    In Python, files lost by slimming are `packaging_drops_files`.

Fix
    Mark the package external and install it beside the bundle, or copy the files (`loader: {'.node': 'copy'}`, a copy
    step), and build paths from where the files end up.

References
    https://esbuild.github.io/content-types/
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-typescript.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Cannot find module '[^']*\.(?:node|wasm)'", 3),
    signature(r"ENOENT[^\n]*\.(?:wasm|node|proto|hbs|ejs|pem|graphql|sql|html|ttf|afm|br)\b", 3),
    signature(r"No loader is configured for \"?\.(?:node|html|wasm)", 3),
    signature(
        r"Could not find (?:the )?(?:native )?(?:binding|addon)|Could not locate the bindings file"
        r"|No native build was found",
        3,
    ),
    signature(r"\.node: cannot open shared object file", 2),
    signature(r"Dynamic require of \"[\w./-]+\.node\"", 3),
    signature(r"ENOENT: no such file or directory, open '/var/task/", 2),
    signature(r"spawn /var/task/\S+ ENOENT", 2),
)
ASK = "Is the file that the message names in the deployed package at that path?"
