"""Images in a container engine: the record tells manifest and configuration, the layers come as `docker save` streams them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troubleshooter.collectors.engine import Engine
from troubleshooter.collectors.image_files import merged, open_pack
from troubleshooter.collectors.image_json import INDEXES, build_step, is_digest, runtime_settings
from troubleshooter.collectors.inflate import StreamWindow
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.layers import Layer
from troubleshooter.collectors.packs import Passing
from troubleshooter.collectors.tar import FILE, members
from troubleshooter.facts import Reading, SourceError
from troubleshooter.facts.image import Blob, ImageConfig, ImageManifest, ImageTree
from troubleshooter.model import Origin
from troubleshooter.redact import Secrets

_REPOSITORY_DIGEST = re.compile(r"[^@\s]+@(sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class EngineImage:
    """One image of an engine."""

    manifest: ImageManifest
    names: frozenset[str]
    record: Mapping[str, Any]
    engine: Engine
    architecture: str | None

    def config(self, secrets: Secrets) -> ImageConfig:
        record, what = self.record, f"image {self.record['Id']} of the engine"
        inner = record.get("Config")
        rootfs = record.get("RootFS")
        diff_ids = rootfs.get("Layers") if isinstance(rootfs, dict) else None
        known = tuple(d for d in diff_ids if is_digest(d)) if isinstance(diff_ids, list) else ()
        settings = runtime_settings(inner if isinstance(inner, dict) else {}, what, secrets)
        return ImageConfig(
            reading=Reading(f"image config in the engine, {record['Id']}", Origin.IMAGE),
            architecture=str(record.get("Architecture") or ""),
            os=str(record.get("Os") or ""),
            variant=str(record.get("Variant") or ""),
            history=self._history(len(known), secrets),
            diff_ids=known,
            **settings,
        )

    def _history(self, layers: int, secrets: Secrets) -> tuple[str, ...]:
        """The steps that made layers. The engine does not say which those are; without size they made none."""
        steps = self.engine.history(str(self.record["Id"]))
        made = [s for s in reversed(steps) if s.get("Size")]
        steps_by_layer = made if len(made) == layers else list(reversed(steps)) if len(steps) == layers else []
        return tuple(build_step(s.get("CreatedBy"), secrets) for s in steps_by_layer)

    def tree(self, cache: LayerCache) -> ImageTree:
        place = f"docker-daemon:{self.manifest.reference}"
        known = self._known(cache)
        if known is not None:
            return merged(known, Reading(f"layers in {place}", Origin.IMAGE))
        pack = Passing(self.engine.save(self.manifest.reference), place)
        return open_pack(pack, place, self.manifest.reference, "", self.architecture).tree(cache)

    def _known(self, cache: LayerCache) -> list[Layer] | None:
        """All layers from the cache; None where it lacks one. The engine gives its layers all or none."""
        rootfs = self.record.get("RootFS")
        diff_ids = rootfs.get("Layers") if isinstance(rootfs, dict) else None
        if not isinstance(diff_ids, list) or not cache.knows(map(str, diff_ids)):
            return None
        budget = Budget()
        found: list[Layer] = []
        for index, diff_id in enumerate(diff_ids):
            layer = cache.find(str(diff_id), index, budget)
            if layer is None:
                return None
            layer.again = self.file
            found.append(layer)
        return found

    def file(self, path: str) -> bytes | None:
        """Content of one regular file; None where the engine does not give it."""
        what = f"{path} of {self.manifest.reference}"
        try:
            window = StreamWindow([self.engine.archive(self.manifest.reference, path)], what)
            for member in members(window, what):
                return window.take(member.offset, member.size) if member.kind == FILE and not member.sparse else None
        except SourceError:
            return None
        return None


def open_engine(reference: str, architecture: str | None, engine: Engine) -> EngineImage:
    """The image that an engine knows by `reference`. Raises SourceError."""
    record = engine.inspect(reference)
    identity = str(record["Id"])
    held = record.get("RepoDigests")
    named = [m[1] for r in (held if isinstance(held, list) else []) if (m := _REPOSITORY_DIGEST.fullmatch(str(r)))]
    descriptor = record.get("Descriptor")
    described = descriptor if isinstance(descriptor, dict) else {}
    # With the containerd store an image's id is the digest of its index or manifest; else it is that of its configuration.
    contained = bool(described) or identity in named
    digest = identity if contained else named[0] if len(set(named)) == 1 else None
    media_type = str(described.get("mediaType") or "")[:256]
    fact = ImageManifest(
        reading=Reading(f"docker-daemon:{reference}", Origin.IMAGE),
        reference=reference,
        digest=digest if is_digest(digest) else None,
        media_type=media_type,
        is_index=media_type in INDEXES,
        config=Blob("" if contained else identity, "", 0),
    )
    return EngineImage(fact, frozenset([*named, *([identity] if contained else [])]), record, engine, architecture)
