"""Container images in memory, from a dictionary of files, with no engine.

    built = image({"/var/task/app.py": "def handler(e, c): ...\\n"}, entrypoint=["/lambda-entrypoint.sh"])
    path.write_bytes(built.docker_archive())        # classic `docker save`: <id>/layer.tar
    path.write_bytes(built.hybrid_archive())        # `docker save` since engine 25: OCI layout and manifest.json
    path.write_bytes(built.oci_archive())
    built.write_oci_dir(folder)
    built.blobs[built.digest]                       # every blob by digest, as a registry holds it

A file is text or bytes (mode 0644), or one of `File`, `Symlink`, `Hardlink`, `Directory`, `Device`, `WHITEOUT` and
`OPAQUE`. Several `layers`, several `platforms` and `attestation=True` make what their names say. The same arguments make
the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import posixpath
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


@dataclass(frozen=True)
class File:
    content: bytes | str = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True)
class Symlink:
    target: str


@dataclass(frozen=True)
class Hardlink:
    target: str
    mode: int | None = None
    """The link's own, which an engine gives to the file; None for the target's, as builders write it."""


@dataclass(frozen=True)
class Directory:
    mode: int = 0o755


@dataclass(frozen=True)
class Device:
    pass


@dataclass(frozen=True)
class Whiteout:
    opaque: bool = False


WHITEOUT, OPAQUE = Whiteout(), Whiteout(opaque=True)

Content = str | bytes | File | Symlink | Hardlink | Directory | Device | Whiteout
Files = Mapping[str, Content]


@dataclass(frozen=True)
class Layer:
    """One layer. `raw` stands in place of the tar made of `files`."""

    files: Files = field(default_factory=dict)
    compression: str = "gzip"
    """`gzip`, `zstd` or `none`."""
    media_type: str | None = None
    raw: bytes | None = None

    def tar(self) -> bytes:
        return self.raw if self.raw is not None else layer_tar(self.files)

    def packed(self) -> bytes:
        return compress(self.tar(), self.compression)


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def compress(data: bytes, how: str) -> bytes:
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if how == "zstd":
        import zstandard

        return zstandard.ZstdCompressor(3).compress(data)
    return data


def layer_tar(files: Files, *, format: int = tarfile.PAX_FORMAT, parents: bool = True) -> bytes:
    """A layer's tar, missing parents made first unless `parents` is False."""
    buffer, made = io.BytesIO(), {""}
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for path, content in files.items():
            name = _member_name(path.lstrip("/"), content)
            folders = name.rstrip("/").split("/")[:-1]
            for depth in range(1, len(folders) + 1) if parents else ():
                folder = "/".join(folders[:depth])
                if folder not in made:
                    made.add(folder)
                    archive.addfile(_info(folder + "/", Directory()))
            if isinstance(content, Directory):
                made.add(name.rstrip("/"))
            data = _bytes(content)
            info = _info(name, content)
            target = files.get(content.target) if isinstance(content, Hardlink) else None
            if isinstance(content, Hardlink) and isinstance(target, File):
                info.mode, info.uid, info.gid = target.mode, target.uid, target.gid
            if isinstance(content, Hardlink) and content.mode is not None:
                info.mode = content.mode
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _member_name(path: str, content: Content) -> str:
    if not isinstance(content, Whiteout):
        return path
    if content.opaque:
        return posixpath.join(path, ".wh..wh..opq")
    return posixpath.join(posixpath.dirname(path), ".wh." + posixpath.basename(path))


def _bytes(content: Content) -> bytes:
    data = content.content if isinstance(content, File) else content
    return data.encode() if isinstance(data, str) else data if isinstance(data, bytes) else b""


def _info(name: str, content: Content) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    match content:
        case File():
            info.mode, info.uid, info.gid = content.mode, content.uid, content.gid
        case Symlink():
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, content.target, 0o777
        case Hardlink():
            info.type, info.linkname = tarfile.LNKTYPE, content.target.lstrip("/")
        case Directory():
            info.type, info.mode = tarfile.DIRTYPE, content.mode
        case Device():
            info.type = tarfile.CHRTYPE
        case _:
            pass
    return info


@dataclass(frozen=True)
class Single:
    """One platform's image: configuration, manifest and layers as bytes."""

    architecture: str
    os: str
    media_type: str
    manifest: bytes
    config: bytes
    layers: tuple[Layer, ...]
    packed: tuple[bytes, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def descriptor(self) -> dict[str, Any]:
        platform = {"architecture": self.architecture, "os": self.os}
        described = {"mediaType": self.media_type, "digest": digest(self.manifest), "size": len(self.manifest)}
        annotations = {"annotations": dict(self.annotations)} if self.annotations else {}
        return {**described, "platform": platform, **annotations}


@dataclass(frozen=True)
class Built:
    """An image as bytes. `digest` is what a tag would point to: the index where there is one."""

    name: str
    singles: tuple[Single, ...]
    root: bytes
    media_type: str
    blobs: Mapping[str, bytes]
    """Every blob by digest: manifests, configurations, layers."""

    @property
    def digest(self) -> str:
        return digest(self.root)

    @property
    def manifests(self) -> dict[str, tuple[str, bytes]]:
        """Digest → media type and bytes, of the index and of each image."""
        return {
            self.digest: (self.media_type, self.root),
            **{digest(s.manifest): (s.media_type, s.manifest) for s in self.singles},
        }

    @property
    def single(self) -> Single:
        return self.singles[0]

    def docker_archive(self) -> bytes:
        """What `docker save` wrote before engine 25; the first platform only, layers uncompressed."""
        files: dict[str, bytes] = {}
        names = []
        for layer in self.single.layers:
            name = f"{digest(layer.tar())[7:]}/layer.tar"
            files[name] = layer.tar()
            names.append(name)
        config = f"{digest(self.single.config)[7:]}.json"
        files[config] = self.single.config
        listed = [{"Config": config, "RepoTags": [self.name], "Layers": names}]
        return archive({**files, "manifest.json": json.dumps(listed).encode()})

    def hybrid_archive(self) -> bytes:
        """What `docker save` writes since engine 25."""
        layers = [f"blobs/sha256/{digest(p)[7:]}" for p in self.single.packed]
        config = f"blobs/sha256/{digest(self.single.config)[7:]}"
        listed = [{"Config": config, "RepoTags": [self.name], "Layers": layers}]
        return archive({**self.oci_files(), "manifest.json": json.dumps(listed).encode()})

    def oci_archive(self) -> bytes:
        return archive(self.oci_files())

    def write_oci_dir(self, folder: Path) -> Path:
        for name, data in self.oci_files().items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    def oci_files(self) -> dict[str, bytes]:
        tag = self.name.rpartition(":")[2]
        entry = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.root)}
        entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
        blobs = {f"blobs/sha256/{name[7:]}": data for name, data in self.blobs.items()}
        return {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index).encode(), **blobs}


def archive(files: Mapping[str, bytes]) -> bytes:
    """A plain tar of whole files, as image archives are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def image(
    files: Files | None = None,
    *,
    layers: Sequence[Layer] | None = None,
    architecture: str = "amd64",
    os: str = "linux",
    platforms: Mapping[str, Sequence[Layer]] | None = None,
    attestation: bool = False,
    docker: bool = False,
    name: str = "lab/image:latest",
    history: Iterable[str] | None = None,
    **config: Any,
) -> Built:
    """An image of `files`, or of `layers`; `platforms` maps architectures to their layers and makes an index.

    `attestation` adds BuildKit's provenance beside each image and makes an index too. `docker` takes Docker's media types.
    `config` is the image configuration in lower case with underscores: entrypoint, cmd, env, working_dir, user, labels.
    """
    parts = tuple(layers) if layers is not None else (Layer(files or {}),)
    every = {a: tuple(p) for a, p in platforms.items()} if platforms else {architecture: parts}
    singles = tuple(_single(a, os, p, docker, config, history) for a, p in every.items())
    listed = [*singles, *(_attestation(s) for s in singles)] if attestation else list(singles)
    blobs: dict[str, bytes] = {}
    for each in listed:
        for data in (each.config, each.manifest, *each.packed):
            blobs[digest(data)] = data
    root, media_type = singles[0].manifest, singles[0].media_type
    if attestation or platforms:
        media_type = DOCKER_LIST if docker else OCI_INDEX
        body = {"schemaVersion": 2, "mediaType": media_type, "manifests": [s.descriptor() for s in listed]}
        root = json.dumps(body).encode()
        blobs[digest(root)] = root
    return Built(name, singles, root, media_type, blobs)


def _single(
    architecture: str,
    os: str,
    layers: tuple[Layer, ...],
    docker: bool,
    config: Mapping[str, Any],
    history: Iterable[str] | None,
) -> Single:
    body = {
        "architecture": architecture,
        "os": os,
        "config": {"".join(w.capitalize() for w in k.split("_")): v for k, v in config.items()},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer.tar()) for layer in layers]},
        "history": [{"created_by": h} for h in (history or [f"COPY {i}" for i in range(len(layers))])],
    }
    encoded = json.dumps(body).encode()
    packed = tuple(layer.packed() for layer in layers)
    kind = DOCKER_LAYER if docker else OCI_LAYER
    suffix = {"none": "", "gzip": ".gzip" if docker else "+gzip", "zstd": "+zstd"}
    types = [layer.media_type or kind + suffix[layer.compression] for layer in layers]
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    manifest = _manifest(media_type, DOCKER_CONFIG if docker else OCI_CONFIG, encoded, types, packed)
    return Single(architecture, os, media_type, manifest, encoded, layers, packed)


def _manifest(media_type: str, kind: str, config: bytes, types: Sequence[str], packed: Sequence[bytes]) -> bytes:
    layers = [{"mediaType": t, "digest": digest(p), "size": len(p)} for t, p in zip(types, packed, strict=True)]
    described = {"mediaType": kind, "digest": digest(config), "size": len(config)}
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, "config": described, "layers": layers}).encode()


def _attestation(subject: Single) -> Single:
    statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "subject": []}).encode()
    diff_ids = [digest(statement)]
    body = {"architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    config = json.dumps(body).encode()
    manifest = _manifest(OCI_MANIFEST, OCI_CONFIG, config, ["application/vnd.in-toto+json"], [statement])
    marks = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": digest(subject.manifest),
    }
    return Single("unknown", "unknown", OCI_MANIFEST, manifest, config, (), (statement,), marks)
