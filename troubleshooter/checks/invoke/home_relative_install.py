"""A tool was installed below the build user's home and is looked up below the sandbox user's.

What it looks for
    A browser or model that is said not to exist at a path below a home folder.

Why it breaks
    At build time, as root, the tool stores its download below `/root`. Lambda runs as another user, for whom `HOME` is
    not set and falls back to a folder that does not exist; the tool looks there. The file is in the image, at a path
    that the lookup never tries (and that the user could not read).

How it is told apart
    A cache that cannot be written is `home_cache_unwritable`. A folder that is found and cannot be read is
    `perm_files_unreadable`. A browser that starts and misses libraries is `bundled_libs_not_unpacked` or
    `dynamic_lib_missing`.

Fix
    Give the tool a fixed place before it installs (`ENV PLAYWRIGHT_BROWSERS_PATH=/ms-playwright`,
    `PUPPETEER_CACHE_DIR`, `NLTK_DATA`, `HF_HOME`), readable by all, and keep the same variable at run time.

References
    https://playwright.dev/docs/browsers
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Executable doesn.t exist at", 3),
    signature(r"BrowserType\.launch", 2),
    signature(r"Looks like Playwright|playwright install", 2),
    signature(
        r"Could not find (?:Chrome|Chromium|expected browser)"
        r"|Browser was not found at the configured executablePath",
        3,
    ),
    signature(
        r"(?:/root|/home/\w+)/\.(?:cache|local|nvm|pyenv|cargo)/\S*.{0,40}(?:not found|doesn.t exist|No such file)",
        2,
    ),
    signature(r"Resource \S*punkt\S* not found|Please use the NLTK Downloader", 3),
    signature(r"Can't find model '\w+'", 2),
)
