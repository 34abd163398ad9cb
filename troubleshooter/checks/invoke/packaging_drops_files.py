"""A packaging step removed files that a package needs at run time.

What it looks for
    A package that imports and then misses its own data, metadata or libraries.

Why it breaks
    Slimming removes `*.dist-info`, tests, data files or archives to save space. Packages read them at run time: entry
    points (OpenTelemetry), versions through `importlib.metadata`, archives with libraries.

How it is told apart
    In JavaScript bundles it is `bundler_drops_native`. A module that cannot be imported at all is `py_dep_missing`. A
    browser's libraries whose archive is there are `bundled_libs_not_unpacked`.

Fix
    Keep metadata and data files: switch the slimming option off for these packages (`slim: false`, `noDeploy` lists,
    exclude patterns), or install the package itself instead of a stripped layer.

References
    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"importlib[._]metadata\.PackageNotFoundError|No package metadata was found for", 3),
    signature(r"DistributionNotFound: The '", 3),
    signature(r"\bStopIteration\b", 2),
    signature(r"Failed to load (?:context|propagator|distro|configurator)|entry[_ ]points? .* not found", 2),
    signature(r"(?:/tmp)/\S+: error while loading shared libraries: \S+", 2),
    signature(r"FileNotFoundError: .*(?:site-packages|/var/task/[\w-]+/\S+\.(?:json|dat|txt|pem|csv|yaml))", 2),
    signature(
        r"The input directory \"\S+\" does not exist|brotli files? (?:directory )?(?:does not exist|not found)",
        2,
    ),
)
ASK = "Does the deployed package hold the dist-info folder and data files that the original distribution lists?"
