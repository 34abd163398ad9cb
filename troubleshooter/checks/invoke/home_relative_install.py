"""A tool was installed below the build user's home and is looked up below the sandbox user's.

What it looks for
    Playwright's browsers below a home folder of the image, where no variable names the place, no home is set, and the
    handler's own code imports Playwright without naming the browser itself. For other tools, the text: a browser or
    model that is said not to exist below a home folder.

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

import re
from collections.abc import Iterator

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.launch import SpawnResult
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
PLACES = ("PLAYWRIGHT_BROWSERS_PATH", "XDG_CACHE_HOME", "HOME")
PACKAGES = frozenset({"playwright", "playwright-core", "@playwright/test"})
_BROWSER = re.compile(r"^(?P<home>/root|/home/[^/]+)/\.cache/ms-playwright/(?:chromium|firefox|webkit)[\w]*-\d+$")
_OWN_WAY = re.compile(
    r"PLAYWRIGHT_BROWSERS_PATH|XDG_CACHE_HOME|executable_?[pP]ath|[\"']HOME[\"']|\bHOME=|connect_over_cdp|connectOverCDP|\bHOME\s*="
    r"|\.connect\(|\bchannel\b"
)
"""Code that names the browser, or the folder, itself."""
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


@check(
    title="Playwright finds its browsers as Lambda's user",
    severity=Severity.ERROR,
    rung=Rung.INVOKE,
)
def home_relative_install(
    tree: CodeTree,
    image: ImageConfig,
    closure: ImportClosure,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
    spawn: SpawnResult | Unavailable,
) -> Verdict:
    """Looks where the browsers lie and where they are looked for."""
    browsers = [path for path in tree.tree if _BROWSER.match(path)]
    if tree.kind != "image" or not browsers:
        return not_applicable("no browser of Playwright lies below a home folder of the image")
    own = function.environment if isinstance(function, FunctionRecord) else ()
    named = next((v.name for v in (*image.environment, *own) if v.name in PLACES), "")
    importer = next((each for each in closure.imports if each.module in PACKAGES and not each.guarded), None)
    if named or importer is None:
        return passed(f"{named} is set" if named else "own code does not import Playwright")
    if any(_OWN_WAY.search(text or "") for text in _texts(tree, closure, spawn)):
        return passed("own code or the start script names the browser, or its folder, itself")
    text = (
        "Set the place in the Dockerfile before the browsers are installed, and keep it at run time: `ENV "
        "PLAYWRIGHT_BROWSERS_PATH=/ms-playwright`, then `RUN playwright install chromium`; or move the folder there."
    )
    place = tree.reading.source
    return failed(
        f"Playwright's browsers lie in {browsers[0]}; Lambda's user has another home, and no variable names the place",
        tree.cite("tree", "installed here", label="browser", source=f"{place} {browsers[0]}"),
        image.cite("environment", "not set", label=", ".join(PLACES)),
        closure.cite("imports", importer.full, label="imported", source=f"{place} {importer.path}:{importer.line}"),
        *said(timeline, r"Executable doesn.t exist at"),
        remediation=rebuilt(text, function, image, code, "The next call launches the browser."),
    )


def _texts(tree: CodeTree, closure: ImportClosure, spawn: SpawnResult | Unavailable) -> Iterator[str | None]:
    """Own source files that import anything, and the scripts that the image is started with."""
    scripts = spawn.chain if isinstance(spawn, SpawnResult) else ()
    for path in dict.fromkeys([*(each.path for each in closure.imports), *scripts, "/var/runtime/bootstrap"]):
        yield None if tree.tree.elf(path) is not None else tree.tree.text(path)
