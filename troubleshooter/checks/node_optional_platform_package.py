"""npm's platform package for Lambda's CPU and C library is not installed.

What it looks for
    `Cannot find module '@scope/name-linux-arm64-gnu'` and the like, or a package that says it could not load itself
    for `linux-x64`.

Why it breaks
    Native npm packages put each platform's binary into an optional package of its own. A lock file written on macOS,
    `--omit=optional`, `supportedArchitectures` of another CPU or C library, or an install on the laptop leaves the one
    for Lambda out.

How it is told apart
    The name of a platform in the missing module tells it from a package that was not installed (`node_dep_missing`). A
    binary that is there and for another ABI is `node_wrong_abi`.

Fix
    Install inside the image without the host's `node_modules`, or name the target to the package manager: `npm install
    --os=linux --cpu=arm64 --libc=glibc`, in pnpm `supportedArchitectures`, matching the function's architecture.

References
    https://github.com/npm/cli/issues/4828
    https://github.com/lovell/sharp/issues/2197
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"(?:Cannot find (?:module|package)|Could not resolve) ['\x22](?:@[\w.-]+/)?[\w./-]*(?:linux"
        r"|linuxmusl)-(?:x64|arm64)[\w-]*",
        3,
    ),
    signature(r"Could not load the \"?sharp\"? module using the linux", 3),
    signature(r"Something went wrong installing the \"?sharp\"? module", 3),
    signature(r"npm has a bug related to optional dependencies", 3),
    signature(r"(?:You installed esbuild for another platform|@esbuild/(?:linux|darwin)-)", 3),
    signature(r"--(?:os|cpu|libc)=\w+.*sharp|--include=optional", 2),
    signature(r"Unsupported (?:platform|architecture).*linux", 1),
)
ASK = "Which platform packages are in node_modules: `ls node_modules/@SCOPE | grep linux`?"
