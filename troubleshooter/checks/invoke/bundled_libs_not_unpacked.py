"""A package's own libraries were not unpacked for this runtime.

What it looks for
    A browser below `/tmp` that misses `libnss3.so`, `libnspr4.so` and their like.

Why it breaks
    Packages that bring a headless browser carry its libraries in an archive and unpack them only on runtimes that
    their release knows, told by environment variables. On a newer runtime the browser is unpacked, its libraries are
    not. It typically begins with the move to a newer Node.js.

How it is told apart
    Archives in the package's folder (`al2023.tar.br` and such) and no unpacked libraries: this. The archives are
    missing too: `packaging_drops_files`. A library of the system that no package carries is `dynamic_lib_missing`.

Fix
    Use a release that supports the runtime (check that it is really published), or install the libraries in the image.

References
    https://github.com/Sparticuz/chromium
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"lib(?:nss3|nspr4|nssutil3|smime3)\.so: cannot open shared object file", 3),
    signature(r"error while loading shared libraries: lib(?:nss3|nspr4|nssutil3|smime3)\.so", 3),
    signature(r"(?:/tmp)/(?:chromium|chrome|headless\S*): error while loading shared libraries", 2),
    signature(r"Failed to launch the browser process", 2, unless=r"Executable doesn't exist"),
    signature(r"lib(?:atk|cups|drm|gbm|xkbcommon|pango)[\w.-]*\.so\S*: cannot open", 1),
)
ASK = "Does the release of the browser package list this runtime as supported?"
