"""The image was rebuilt from old or wrong content.

What it looks for
    A new push whose layers and launch settings are unchanged, a wrong Dockerfile or target, a stale compiled folder.

Why it breaks
    Docker reuses layers whose inputs look unchanged; `dist/` compiled yesterday, a `.dockerignore` that hides the new
    file, another target or context all give a fresh digest with old code.

How it is told apart
    A new image that was never deployed is `stale_digest`. A tool that does not rebuild at all is
    `asset_hash_unchanged`.

Fix
    Compare layer digests of two pushes; build with `--no-cache` once; compile inside the Dockerfile; name file and
    target.

References
    https://docs.docker.com/build/cache/
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import OCI
from troubleshooter.facts import Unavailable
from troubleshooter.facts.changes import Unchanged
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import ImageConfig, ImageManifest, PreviousImage
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.COMMON
_CACHED = r"(?:\bCACHED\b.*\bCOPY\b|Using cache|--no-cache(?!-dir))"
_OLD = r"\b(?:old|older|stale|outdated|previous|unchanged|not updated|not picked up)\b"
"""A build that takes steps from its cache is ordinary; what tells is that the result is an old one."""
SIGNATURES = (
    signature(rf"{_CACHED}[\s\S]{{0,1500}}{_OLD}|{_OLD}[\s\S]{{0,1500}}{_CACHED}", 1),
    signature(r"old (?:code|version) .{0,60}(?:after|despite) .{0,30}(?:re)?build", 2),
)


@check(title="A new image has new content", severity=Severity.WARNING, rung=Rung.STALE, narrow=True)
def build_cache_or_wrong_context(
    function: FunctionRecord,
    manifest: ImageManifest,
    config: ImageConfig | Unavailable,
    missed: Unchanged,
    previous: PreviousImage,
    text: GivenText,
) -> Verdict:
    """Holds the image that runs against the one before, where someone misses a change: its layers, and the settings that
    a Dockerfile may change without one."""
    if previous.digest in (manifest.digest, manifest.manifest_digest):
        return not_applicable("the image before is the one that runs")
    now = tuple(blob.digest for blob in manifest.layers)
    if not now or not previous.layers:
        return unknown("which layers the images have was not told", unblock=Unblock("Give the images' manifests."))
    runs = manifest.cite("digest", label="image that runs")
    before = previous.cite("digest", label=f"image before ({previous.how})")
    if now != previous.layers:
        shared = sum(a == b for a, b in zip(now, previous.layers, strict=False))
        return passed(f"{len(now) - shared} of {len(now)} layers are new", runs, before)
    said = "both images have the same layers; whether ENV, ENTRYPOINT, CMD, WORKDIR or USER differ is open"
    had = previous.config
    if isinstance(config, Unavailable):
        return unknown(f"{said}: {config.detail}", runs, before, unblock=config.unblock)
    if isinstance(had, Unavailable):
        return unknown(f"{said}: {had.detail}", runs, before, unblock=had.unblock)
    changed = _changed(config, had)
    if changed:
        return passed(f"the layers are the same, as a change of {', '.join(changed)} alone leaves them", runs, before)
    same = manifest.cite("layers", [blob[:19] for blob in now], label="layers of both")
    told = text.cite("text", one_line(text.text, 200), label="what was told")
    message = "the image that runs has another digest than the one before, and exactly its layers and settings: nothing was changed"
    build = ["docker", "buildx", "build", "--no-cache", "--pull", "--platform"]
    build += [f"linux/{OCI.get(function.architecture, 'amd64')}", "--provenance=false", "."]
    fix = Remediation(
        "The build took its files from a cache, another folder or a stale build output: build without cache, from the "
        "folder that holds the change, and look whether `.dockerignore` or an old `dist` hides it.",
        (shlex.join(build),),
        "The new image's topmost layers have other digests than before.",
    )
    return failed(message, runs, before, same, *beside(told), remediation=fix)


def _changed(now: ImageConfig, before: ImageConfig) -> list[str]:
    """Instructions of the Dockerfile whose change arrived."""
    pairs = {
        "ENTRYPOINT": (now.entrypoint, before.entrypoint),
        "CMD": (now.command, before.command),
        "WORKDIR": (now.workdir, before.workdir),
        "USER": (now.user, before.user),
        "ENV": tuple(frozenset((v.name, v.digest) for v in each.environment) for each in (now, before)),
    }
    return [word for word, (one, other) in pairs.items() if one != other]
