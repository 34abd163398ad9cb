"""Images in registries: one manifest of an index chosen, configuration and layers streamed. How blobs are fetched is the registry's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from troubleshooter.collectors.image_files import LayerSource, layer_name, tree_of
from troubleshooter.collectors.image_json import DEPTH, LARGEST, Manifest, choose, configuration
from troubleshooter.collectors.inflate import check_digest, malformed
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.layers import Layer, read_stream
from troubleshooter.facts import Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.image import Blob, ImageConfig, ImageManifest, ImageTree
from troubleshooter.model import Origin, Unblock
from troubleshooter.redact import Secrets

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 2
"""Times that one layer is started: a connection may break in the midst of a gigabyte."""
DEADLINE_S = 900
IDENTITY = {"accept-encoding": "identity"}
"""Header of a request for a blob: its bytes are hashed as they come."""

Fetch = Callable[[str, str], "AbstractContextManager[httpx.Response]"]
"""(digest, what) → the open response that carries a blob."""
Get = Callable[[str | None], tuple[Reading, str, Manifest]]
"""Digest, or None for what the reference names → where it was read, its digest, the verified manifest."""


@dataclass(frozen=True)
class RemoteImage:
    """One image in a registry, its manifest read."""

    manifest: ImageManifest
    names: frozenset[str]
    fetch: Fetch

    def config(self, secrets: Secrets) -> ImageConfig:
        blob = self.manifest.config
        what = f"image config {blob.digest}"
        if blob.size > LARGEST:
            raise SourceError(Unavailable(Reason.TOO_BIG, f"{what} has {blob.size} bytes"))
        data = b""
        for piece in self._pieces(blob.digest, what):
            data += piece
            if len(data) > LARGEST:
                raise SourceError(Unavailable(Reason.TOO_BIG, f"{what} has more than {LARGEST} bytes"))
        check_digest(data, blob.digest, what)
        return configuration(data, Reading(what, Origin.REGISTRY), what, secrets)

    def tree(self, cache: LayerCache) -> ImageTree:
        sources = [LayerSource(self._reader(blob), blob.digest) for blob in self.manifest.layers]
        place = f"layers of {self.manifest.reference.partition('@')[0]}, manifest {self.manifest.manifest_digest}"
        return tree_of(sources, Reading(place, Origin.IMAGE), cache)

    def _reader(self, blob: Blob) -> Callable[[int, Budget], Layer]:
        def read(index: int, budget: Budget) -> Layer:
            what = layer_name(index, len(self.manifest.layers), blob.digest)
            for attempt in range(ATTEMPTS):
                try:
                    return read_stream(self._pieces(blob.digest, what), blob, index, what, budget)
                except SourceError as error:
                    if error.unavailable.reason is not Reason.UNREACHABLE or attempt + 1 == ATTEMPTS:
                        raise
            raise AssertionError("the last attempt returns or raises")

        return read

    def _pieces(self, digest: str, what: str) -> Iterator[bytes]:
        """The bytes of a blob as they arrive. Raises SourceError while read."""
        end = time.monotonic() + DEADLINE_S
        with self.fetch(digest, what) as response:
            if response.status_code != 200:
                raise SourceError(_refused(what, response.status_code))
            try:
                for piece in response.iter_raw(1 << 18):
                    yield piece
                    if time.monotonic() > end:
                        raise SourceError(Unavailable(Reason.TOO_BIG, f"{what} did not arrive in {DEADLINE_S} s"))
            except SourceError:
                raise
            except Exception as error:
                detail = f"{what} broke off while it was read ({type(error).__name__})"
                unblock = Unblock("check the network and try again")
                raise SourceError(Unavailable(Reason.UNREACHABLE, detail, unblock)) from error


def open_remote(get: Get, fetch: Fetch, reference: str, architecture: str | None) -> RemoteImage:
    """The image that `get` gives for the reference; of an index, the one for `architecture`. Raises SourceError."""
    reading, digest, found = get(None)
    outer, first, names = found, digest, [digest]
    for _ in range(DEPTH):
        if not found.is_index:
            break
        _, digest, found = get(choose(found.platforms, architecture, reference).digest)
        names.append(digest)
    if found.config is None:
        raise malformed(reference, f"holds indexes nested more than {DEPTH} deep")
    fact = ImageManifest(
        reading=reading,
        reference=reference,
        digest=first,
        media_type=outer.media_type,
        is_index=outer.is_index,
        platforms=outer.platforms,
        manifest_digest=digest,
        config=found.config,
        layers=found.layers,
    )
    return RemoteImage(fact, frozenset(names), fetch)


def _refused(what: str, status: int) -> Unavailable:
    detail = f"the download of {what} answered HTTP {status}"
    if status == 404:
        return Unavailable(Reason.ABSENT, detail)
    return Unavailable(Reason.REFUSED, detail, Unblock("try again: addresses of blobs are good for a few minutes only"))
