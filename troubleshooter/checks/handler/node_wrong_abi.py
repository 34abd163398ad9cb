"""A native Node.js module was compiled for another Node.js version.

What it looks for
    `NODE_MODULE_VERSION` of the module and of the runtime that differ.

Why it breaks
    Modules that do not use Node-API are compiled for one ABI: 108 for Node.js 18, 115 for 20, 127 for 22, 137 for 24.
    After a change of the base image, or an install with the laptop's version, the module does not load.

How it is told apart
    `invalid ELF header` is another system (`native_mac_binary`); a module missing for the platform is
    `node_optional_platform_package`.

Fix
    `npm rebuild` inside the image, with the Node.js version that runs; or a release of the module that uses Node-API.

References
    https://nodejs.org/en/about/previous-releases
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"NODE_MODULE_VERSION \d+", 3),
    signature(r"was compiled against a different Node\.js version", 3),
    signature(r"Module did not self-register", 3),
)
