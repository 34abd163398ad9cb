"""A library or tool wants to write below a home folder that is not there.

What it looks for
    A path below `/home/sbx_user…` or `.cache` that cannot be made, npm's cache, a library that asks for a writable
    cache folder.

Why it breaks
    Lambda sets no `HOME`. Libraries fall back to the user's entry, `/home/sbx_user1051`, which does not exist and
    cannot be made. `npx`, which starts a Node.js client in some images, wants its cache there and ends the runtime
    with status 226, 243 or 254.

How it is told apart
    Paths of the application's own are `fs_read_only`. A tool that looks for what was installed below `/root` is
    `home_relative_install`.

Fix
    `ENV HOME=/tmp`, or the library's own variable (`XDG_CACHE_HOME`, `HF_HOME`, `MPLCONFIGDIR`, `NUMBA_CACHE_DIR`,
    `npm_config_cache`) below `/tmp`; call the client's binary directly instead of `npx`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/aws/aws-lambda-nodejs-runtime-interface-client
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"/home/sbx_user\d*", 3),
    signature(r"exit status (?:226|254|243)\b", 3),
    signature(r"npm (?:ERR!|error) .*(?:EROFS|/home/|read-only)", 3),
    signature(
        r"not a writable directory|is not writable|set the environment variable \w*(?:CACHE|HOME"
        r"|DIR)\w* to a writable",
        3,
    ),
    signature(r"TRANSFORMERS_CACHE|HF_HOME|MPLCONFIGDIR|NUMBA_CACHE_DIR|XDG_CACHE_HOME|PYTHON_EGG_CACHE|NLTK_DATA", 2),
    signature(r"cannot cache function .*: no locator available", 3),
    signature(r"(?:trying to write in|could not create|unable to create|can't create).{0,40}cache", 2),
    signature(r"(?:mkdir|makedirs|open)\b.{0,20}'?/(?:root|home|nonexistent)/", 2),
    signature(r"(?:Errno 30|EROFS).*/home/", 3),
    signature(r"HOME (?:is not|environment variable not|not) (?:set|defined)|\$HOME is not defined", 3),
)
ASK = "Does it work with HOME=/tmp?"
