"""Images in files: OCI layouts and docker archives, as folder, archive or stream, opened by what they hold."""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from troubleshooter.collectors.image_json import (
    DEPTH,
    Manifest,
    choose,
    configuration,
    is_digest,
    manifest,
    parse,
    parse_object,
)
from troubleshooter.collectors.inflate import FileWindow, check_digest, compression, file_chunks, malformed
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.layers import Layer
from troubleshooter.collectors.merge import in_parallel, merge
from troubleshooter.collectors.packs import Descriptor, Folder, Pack, Passing, TarFile
from troubleshooter.facts import Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.image import Blob, ImageConfig, ImageManifest, ImageTree
from troubleshooter.model import Origin, Unblock
from troubleshooter.redact import Secrets

THREADS = 4
"""Layers that are read at once: each takes some memory."""


class OpenImage(Protocol):
    """One image of any source, its manifest read, the rest not yet."""

    @property
    def manifest(self) -> ImageManifest: ...

    @property
    def names(self) -> frozenset[str]:
        """Every digest that names it: of index, manifest, or in repositories."""
        ...

    def config(self, secrets: Secrets) -> ImageConfig:
        """Its configuration. Raises SourceError."""
        ...

    def tree(self, cache: LayerCache) -> ImageTree:
        """Its merged tree; layers that `cache` knows are not read, those read are kept in it. Raises SourceError."""
        ...


@dataclass(frozen=True, slots=True)
class LayerSource:
    """Where one layer comes from."""

    read: Callable[[int, Budget], Layer]
    """Reads it to its end, as layer of that index. Raises SourceError."""
    blob: str = ""
    """Verified digest of its compressed blob, where reading it means going through all of it."""


def tree_of(sources: Sequence[LayerSource], reading: Reading, cache: LayerCache) -> ImageTree:
    """Reads layers, lowest first in `sources`, in parallel, the highest being started first: it holds the function's code."""
    budget = Budget(identify=cache.on)

    def read(index: int) -> Layer:
        source = sources[index]
        found = cache.find(source.blob, index, budget) if source.blob else None
        if found is None:
            found = source.read(index, budget)
            cache.keep(found, source.blob)
        if found.window is None and source.blob:
            found.again = _Again(source, index)
        return found

    tasks = [functools.partial(read, index) for index in range(len(sources) - 1, -1, -1)]
    # Where nothing is decompressed there is nothing that runs beside Python.
    workers = min(os.cpu_count() or 2, THREADS) if any(source.blob for source in sources) else 1
    layers = in_parallel(tasks, workers)[::-1]
    return merged(layers, reading)


def merged(layers: Sequence[Layer], reading: Reading) -> ImageTree:
    """The tree of these layers, lowest first."""
    tree, size = merge(layers), sum(layer.size for layer in layers)
    gone = {path: index for index, layer in enumerate(layers) for path in layer.whiteouts if tree.entry(path) is None}
    return ImageTree(reading=reading, tree=tree, layers=len(layers), size=size, removed=gone)


class _Again:
    """Contents of a layer that were not kept: it is read once more, when the first of them is asked for."""

    def __init__(self, source: LayerSource, index: int) -> None:
        self._source, self._index = source, index
        self._lock = threading.Lock()
        self._layer: Layer | None = None

    def __call__(self, path: str) -> bytes | None:
        with self._lock:
            if self._layer is None:
                try:
                    self._layer = self._source.read(self._index, Budget())
                except SourceError:
                    self._layer = Layer()
        kept = self._layer.contents.get(path)
        return kept.read() if kept is not None else None


def layer_name(index: int, count: int, digest: str) -> str:
    """How a layer is named in errors."""
    return f"layer {index + 1} of {count} ({digest})" if digest else f"layer {index + 1} of {count}"


@dataclass(frozen=True)
class PackedImage:
    """An image in a pack."""

    pack: Pack
    place: str
    """How evidence names the pack: `oci-archive:image.tar`."""
    manifest: ImageManifest
    names: frozenset[str]
    config_bytes: bytes
    layer_names: tuple[str, ...]

    def config(self, secrets: Secrets) -> ImageConfig:
        what = f"image config {self.manifest.config.digest}"
        return configuration(self.config_bytes, Reading(f"{what} in {self.place}", Origin.IMAGE), what, secrets)

    def tree(self, cache: LayerCache) -> ImageTree:
        pairs = zip(self.layer_names, self.manifest.layers, strict=True)
        sources = [self._source(*pair) for pair in pairs]
        return tree_of(sources, Reading(f"layers in {self.place}", Origin.IMAGE), cache)

    def _source(self, name: str, blob: Blob) -> LayerSource:
        folder, _, rest = name.partition("/")
        digest = rest.replace("/", ":")
        stated = Blob(digest, "", blob.size) if folder == "blobs" and is_digest(digest) else None

        def read(index: int, budget: Budget) -> Layer:
            what = layer_name(index, len(self.layer_names), blob.digest)
            return self.pack.layer(name, stated, index, what, budget)

        return LayerSource(read, stated.digest if stated is not None and self.pack.streams(name) else "")


def open_path(transport: str, reference: str, architecture: str | None) -> OpenImage:
    """The image in a file or folder: `path` or `path:name`, the name being a tag. Raises SourceError."""
    path, name = _split(reference)
    place = f"{transport}:{path.name}" if transport else path.name
    pack: Pack
    if path.is_dir():
        pack = Folder(path)
    else:
        file = Descriptor(path)
        if compression(FileWindow(file.number, 0, file.size).take(0, 8)):
            pack = Passing(file_chunks(file.number, 0, file.size), path.name)
        else:
            pack = TarFile(path)
    return open_pack(pack, place, reference, name, architecture)


def _split(reference: str) -> tuple[Path, str]:
    """The path and the name behind it. Either may have colons in it: the shortest path that is there counts."""
    parts = reference.split(":")
    for count in range(1, len(parts) + 1):
        path = ":".join(parts[:count])
        if path and Path(path).exists():
            return Path(path), ":".join(parts[count:])
    raise SourceError(Unavailable(Reason.ABSENT, f"{reference} does not exist"))


def open_pack(pack: Pack, place: str, reference: str, name: str, architecture: str | None) -> PackedImage:
    """The image in a pack. `name` is a tag, where the pack may hold several. Raises SourceError."""
    index, listed = pack.read("index.json"), pack.read("manifest.json")
    if index is not None:
        found = _open_layout(pack, place, reference, name, architecture, index)
        saved = (
            listed is not None and found.manifest.layers and all(_plain(b.media_type) for b in found.manifest.layers)
        )
        # `docker save` of an engine without the containerd store writes a manifest of its own with uncompressed layers.
        # It says nothing of the image as it was or will be pushed.
        return _without_manifest(found) if saved else found
    if listed is not None:
        return _open_listed(pack, place, reference, name, listed)
    hint = Unblock(
        "save the image with `docker save --output`, or export it with `docker buildx build --output type=oci`"
    )
    detail = f"{place} holds no image: neither index.json nor manifest.json is in it"
    raise SourceError(Unavailable(Reason.MALFORMED, detail, hint))


def _plain(media_type: str) -> bool:
    return media_type.endswith(".tar")


def _without_manifest(image: PackedImage) -> PackedImage:
    plain = tuple(replace(blob, media_type="") for blob in image.manifest.layers)
    bare = replace(
        image.manifest, digest=None, media_type="", is_index=False, platforms=(), manifest_digest=None, layers=plain
    )
    return replace(image, manifest=bare, names=frozenset())


def _open_layout(
    pack: Pack, place: str, reference: str, name: str, architecture: str | None, index: bytes
) -> PackedImage:
    """An OCI layout. Its index.json is a list of names; the image may itself be an index."""
    root, top = _root(index, place, name)
    names = [root.digest] if root else []
    if root is None:
        data, found = index, top
    else:
        data, found = _manifest_blob(pack, root.digest, place, root.media_type)
    outer, first = found, data
    for _ in range(DEPTH):
        if not found.is_index:
            break
        here = tuple(p for p in found.platforms if pack.has(_path(p.digest)))
        chosen = choose(here or found.platforms, architecture, place)
        names.append(chosen.digest)
        data, found = _manifest_blob(pack, chosen.digest, place, "")
    if found.config is None:
        raise malformed(place, f"holds indexes nested more than {DEPTH} deep")
    what = f"image config {found.config.digest}"
    config = pack.read(_path(found.config.digest))
    if config is None:
        raise malformed(place, f"lacks its {what}")
    check_digest(config, found.config.digest, what)
    fact = ImageManifest(
        reading=Reading(place, Origin.IMAGE),
        reference=reference,
        digest=_digest(first) if root else None,
        media_type=outer.media_type,
        is_index=outer.is_index,
        platforms=outer.platforms,
        manifest_digest=_digest(data),
        config=found.config,
        layers=found.layers,
    )
    layer_names = tuple(_path(blob.digest) for blob in found.layers)
    return PackedImage(pack, place, fact, frozenset(names), config, layer_names)


def _root(index: bytes, place: str, name: str) -> tuple[Blob | None, Manifest]:
    """What index.json names: one image; or nothing, where it is itself the index of one image for several platforms."""
    body = parse_object(index, f"index.json of {place}")
    top = manifest(index, f"index.json of {place}")
    entries = [e for e in body.get("manifests", []) if isinstance(e, dict)]
    named = [e for e in entries if name in _names(e)] if name else entries
    if not named:
        known = sorted({n for e in entries for n in _names(e)})
        raise SourceError(
            Unavailable(Reason.ABSENT, f"{place} holds no {name!r}, but {', '.join(known)[:300] or 'nothing'}")
        )
    digests = {str(e.get("digest")): str(e.get("mediaType") or "") for e in named}
    if len(digests) == 1:
        digest, media_type = next(iter(digests.items()))
        return Blob(digest, media_type, 0), top
    if all(isinstance(e.get("platform"), dict) for e in named) and not any(_names(e) for e in named):
        return None, top
    raise SourceError(_several(place, sorted({n for e in named for n in _names(e)})))


def _names(entry: dict[str, Any]) -> set[str]:
    """Tags and full names of one entry of index.json."""
    annotations = entry.get("annotations")
    if not isinstance(annotations, dict):
        return set()
    keys = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
    return {str(annotations[key])[:256] for key in keys if isinstance(annotations.get(key), str)}


def _several(place: str, names: list[str]) -> Unavailable:
    text = f"name one of them behind the file: {place}:{names[0]}" if names else "save one image alone"
    return Unavailable(Reason.UNSUPPORTED, f"{place} holds several images: {', '.join(names)[:300]}", Unblock(text))


def _path(digest: str) -> str:
    if not is_digest(digest):
        raise malformed("the image", "names a blob by something that is no digest")
    return f"blobs/{digest.replace(':', '/')}"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _manifest_blob(pack: Pack, digest: str, place: str, media_type: str) -> tuple[bytes, Manifest]:
    data = pack.read(_path(digest))
    if data is None:
        raise malformed(place, f"lacks the manifest {digest}")
    check_digest(data, digest, f"manifest {digest}")
    return data, manifest(data, f"manifest {digest}", media_type)


def _open_listed(pack: Pack, place: str, reference: str, name: str, listed: bytes) -> PackedImage:
    """A docker archive without an OCI layout: manifest.json names a configuration and layers."""
    body = parse(listed, f"manifest.json of {place}")
    entries = [e for e in body if isinstance(e, dict)] if isinstance(body, list) else []
    entry = _listed_entry(entries, place, name)
    config_name, layer_names = entry.get("Config"), entry.get("Layers")
    if not isinstance(config_name, str) or not isinstance(layer_names, list):
        raise malformed(f"manifest.json of {place}", "makes no sense")
    if not all(isinstance(n, str) for n in layer_names) or len(layer_names) > 1000:
        raise malformed(f"manifest.json of {place}", "makes no sense")
    config = pack.read(config_name)
    if config is None:
        raise malformed(place, f"lacks its configuration {config_name[:100]}")
    digest = _digest(config)
    stated = config_name.rpartition("/")[2].removesuffix(".json")
    if len(stated) == 64 and digest != f"sha256:{stated}":
        raise malformed(f"image config {stated}", "does not have the digest that its name states")
    diff_ids = parse_object(config, f"image config {digest}").get("rootfs")
    known = diff_ids.get("diff_ids") if isinstance(diff_ids, dict) else None
    ids = [str(d) if is_digest(d) else "" for d in known] if isinstance(known, list) else []
    ids += [""] * len(layer_names)
    fact = ImageManifest(
        reading=Reading(place, Origin.IMAGE),
        reference=reference,
        digest=None,
        media_type="",
        config=Blob(digest, "", len(config)),
        layers=tuple(Blob(i, "", pack.size(n)) for i, n in zip(ids, layer_names, strict=False)),
    )
    return PackedImage(pack, place, fact, frozenset(), config, tuple(layer_names))


def _listed_entry(entries: list[dict[str, Any]], place: str, name: str) -> dict[str, Any]:
    def tags(entry: dict[str, Any]) -> list[str]:
        found = entry.get("RepoTags")
        return [str(tag) for tag in found] if isinstance(found, list) else []

    named = [e for e in entries if any(name in (t, t.rpartition(":")[2]) for t in tags(e))] if name else entries
    if len(named) == 1 or (named and all(e.get("Config") == named[0].get("Config") for e in named)):
        return named[0]
    known = sorted({t for e in entries for t in tags(e)})
    if named:
        raise SourceError(_several(place, known))
    raise SourceError(
        Unavailable(Reason.ABSENT, f"{place} holds no {name!r}, but {', '.join(known)[:300] or 'nothing'}")
    )
