"""A packaging step removed files that a package needs at run time.

What it looks for
    A module that is sure to be loaded with the handler and that asks, outside any `try`, for the metadata of a
    distribution (`importlib.metadata.version`, `pkg_resources.get_distribution`) that no folder of the image or package has.
    In texts: a package that imports and then misses its own data, metadata or libraries.

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

import re

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.packages import LostMetadata
from troubleshooter.model import Rung, Severity, Verdict

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


@check(
    title="Metadata that packages read at load time is there",
    severity=Severity.ERROR,
    rung=Rung.INVOKE,
    explains=("init_exception_other",),
    narrow=True,
)
def packaging_drops_files(
    metadata: LostMetadata,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Asks whether loading the handler reads metadata of a distribution that has none."""
    if not metadata.uses:
        return passed("no module that is sure to be loaded asks for metadata that is not there")
    found = metadata.uses[0]
    place = metadata.reading.source
    evidence = [
        metadata.cite("uses", found.text, label="what asks for it", source=f"{place} {found.path}:{found.line}")
    ]
    if found.importer:
        shown = f"loads {found.path}"
        evidence.append(metadata.cite("uses", shown, label="imported at load time", source=f"{place} {found.importer}"))
    name = found.distribution
    text = (
        f"Keep the metadata of {name} (its .dist-info folder): take it out of what the build removes or leaves behind "
        f"(`slim`, exclude patterns, a COPY of single packages), or install {name} where it is not installed at all."
    )
    return failed(
        f"{found.path}:{found.line} asks for the metadata of `{name}` while it is loaded, and no folder holds it",
        *evidence,
        *said(timeline, rf"(?:No package metadata was found for|PackageNotFoundError:|The ')\W*{re.escape(name)}\b"),
        remediation=rebuilt(text, function, image, code, f"The next init finds the metadata of `{name}`."),
        rung=Rung.HANDLER,
    )
