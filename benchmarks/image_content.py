"""Two images of realistic content, about 1 GB and about 3 GB, made once and kept in a cache folder.

The content comes from this machine (`/usr`, as the system base) and from packages, by pip and npm as this machine has them set
up. `TROUBLESHOOTER_BENCHMARKS` names another folder than the user's cache folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.images import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST

SCIENCE = ("numpy", "scipy", "pandas", "scikit-learn", "pyarrow", "matplotlib", "sympy")
LEARNING = ("tensorflow-cpu",)
WEB = ("webpack", "typescript", "aws-sdk", "date-fns", "lodash", "rxjs")
MORE_WEB = (
    *("next", "@angular/cli", "@mui/icons-material", "@mui/material", "react", "react-dom", "googleapis"),
    *("firebase-tools", "@babel/preset-env", "eslint", "jest"),
)
BASE = {"usr/bin": 100 << 20, "usr/lib": 200 << 20, "usr/share": 50 << 20}
"""Folders of this machine, and how many bytes of each."""
BUNDLE = 11 << 20
HANDLER = "import json\n\n\ndef handler(event, context):\n    return json.dumps(event)\n"
VERSION = "1"

Content = Iterable[tuple[str, Path | bytes]]
"""Names in the layer and what lies there."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One image in all its forms."""

    name: str
    folder: Path
    size: int
    """Bytes of its layers, uncompressed."""

    @property
    def docker_archive(self) -> Path:
        return self.folder / "docker.tar"

    def oci_archive(self, how: str) -> Path:
        return self.folder / f"oci-{how}.tar"

    def layout(self, how: str) -> Path:
        return self.folder / f"oci-{how}"

    @property
    def tag(self) -> str:
        """Its name in an engine."""
        return f"benchmark/{self.folder.name}:latest"

    def plain_layers(self) -> list[Path]:
        """Its layers as plain archives."""
        return [self.folder.parent / name / "plain" for name in json.loads((self.folder / "layers.json").read_text())]

    def digest(self, how: str) -> str:
        """Digest of its manifest."""
        return "sha256:" + hashlib.sha256((self.folder / f"manifest-{how}.json").read_bytes()).hexdigest()

    def blobs(self, how: str) -> list[Path]:
        """Its compressed layers, lowest first."""
        manifest = json.loads((self.folder / f"manifest-{how}.json").read_text())
        return [self.layout(how) / "blobs/sha256" / layer["digest"][7:] for layer in manifest["layers"]]


def cache_folder() -> Path:
    """Where what was prepared is kept."""
    import platformdirs

    named = os.environ.get("TROUBLESHOOTER_BENCHMARKS")
    return Path(named or platformdirs.user_cache_dir("troubleshooter-benchmarks", appauthor=False))


def prepare(name: str, say: Callable[[str], object]) -> Prepared:
    """The image `1` or `3` (about so many GB), or `1-next`: the first with another top layer."""
    cache = cache_folder()
    folder = cache / f"image-{name}-{VERSION}"
    mark = folder / "size"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        layers = [_layer(cache, each, say) for each in _layers(cache, name, say)]
        say(f"writing image {name}")
        _write(folder, layers)
        mark.write_text(str(sum(layer.size for layer in layers)))
    return Prepared(name, folder, int(mark.read_text()))


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer as a file, plain and compressed."""

    folder: Path
    size: int
    diff_id: str

    def packed(self, how: str) -> Path:
        return self.folder / how


def _layers(cache: Path, name: str, say: Callable[[str], object]) -> list[tuple[str, Callable[[], Content]]]:
    """Names and contents of an image's layers, lowest first."""

    def science() -> Content:
        return _tree("var/task/python", _pip(cache, "science", SCIENCE, say))

    def learning() -> Content:
        return _tree("var/task/python", _pip(cache, "learning", LEARNING, say))

    def web() -> Content:
        return _tree("var/task/node_modules", _npm(cache, "web", WEB, say))

    def more_web() -> Content:
        return _tree("var/task/node_modules", _npm(cache, "more-web", MORE_WEB, say))

    def bundle() -> Content:
        return _bundle(_npm(cache, "web", WEB, say))

    def another_bundle() -> Content:
        return [*bundle(), ("var/task/next.py", HANDLER.encode())]

    first = [("base", _base), ("science", science), ("web", web)]
    if name == "3":
        return [("base", _base), ("learning", learning), ("more-web", more_web), ("bundle", bundle)]
    if name == "1-next":
        return [*first, ("bundle-next", another_bundle)]
    return [*first, ("bundle", bundle)]


def _base() -> Content:
    yield "etc/os-release", b'ID=debian\nVERSION_ID="12"\n'
    for folder, room in BASE.items():
        for name, path in _tree(folder, Path("/") / folder):
            size = 0 if path.is_symlink() else path.lstat().st_size
            if size > room or not os.access(path, os.R_OK, follow_symlinks=False):
                continue
            room -= size
            yield name, path


def _tree(prefix: str, folder: Path) -> Iterator[tuple[str, Path]]:
    for inner, folders, files in os.walk(folder):
        folders.sort()
        for each in sorted([*folders, *files]):
            path = Path(inner, each)
            if path.is_symlink() or path.is_file() or path.is_dir():
                yield f"{prefix}/{path.relative_to(folder)}", path


def _bundle(modules: Path) -> Content:
    code = bytearray()
    for _, path in _tree("", modules):
        if len(code) >= BUNDLE:
            break
        if path.suffix == ".js" and path.is_file():
            code += path.read_bytes()
    yield "var/task/index.js", bytes(code[:BUNDLE])
    yield "var/task/app.py", HANDLER.encode()


def _pip(cache: Path, name: str, packages: Sequence[str], say: Callable[[str], object]) -> Path:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", "."]
    return _installed(cache / name, [*command, *packages], say)


def _npm(cache: Path, name: str, packages: Sequence[str], say: Callable[[str], object]) -> Path:
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", "."]
    return _installed(cache / name, [*command, *packages], say) / "node_modules"


def _installed(folder: Path, command: Sequence[str], say: Callable[[str], object]) -> Path:
    """A folder that a package client filled; what an interrupted run left is removed."""
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        say(f"installing {folder.name}")
        subprocess.run(command, cwd=part, check=True, stdout=subprocess.DEVNULL)
        part.replace(folder)
    return folder


def _layer(cache: Path, made: tuple[str, Callable[[], Content]], say: Callable[[str], object]) -> _Layer:
    name, content = made
    folder = cache / f"layer-{name}-{VERSION}"
    mark = folder / "done"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        say(f"packing layer {name}")
        with (
            (folder / "plain").open("wb") as made_of,
            tarfile.open(fileobj=made_of, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path, source in content():
                _add(tar, path, source)
        _compress(folder)
        mark.touch()
    plain = folder / "plain"
    with plain.open("rb") as file:
        return _Layer(folder, plain.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _add(tar: tarfile.TarFile, name: str, source: Path | bytes) -> None:
    info = tarfile.TarInfo(name)
    if isinstance(source, bytes):
        info.size = len(source)
        tar.addfile(info, io.BytesIO(source))
        return
    info = tar.gettarinfo(source, name)
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = 0
    if info.isreg():
        with source.open("rb") as file:
            tar.addfile(info, file)
    elif info.isdir() or info.issym() or info.islnk():
        tar.addfile(info)


def _compress(folder: Path) -> None:
    """gzip -6, as docker and BuildKit push it, and zstd -3."""
    import zstandard

    squeeze = zlib.compressobj(6, wbits=31)
    with (folder / "plain").open("rb") as plain, (folder / "gzip").open("wb") as packed:
        while piece := plain.read(1 << 20):
            packed.write(squeeze.compress(piece))
        packed.write(squeeze.flush())
    with (folder / "plain").open("rb") as plain, (folder / "zstd").open("wb") as packed:
        zstandard.ZstdCompressor(3).copy_stream(plain, packed)


def _write(folder: Path, layers: Sequence[_Layer]) -> None:
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["app.handler"], "WorkingDir": "/var/task"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.diff_id}" for layer in layers]},
            "history": [{"created_by": f"COPY {layer.folder.name} ."} for layer in layers],
        }
    ).encode()
    (folder / "layers.json").write_text(json.dumps([layer.folder.name for layer in layers]))
    for how in ("gzip", "zstd"):
        _write_layout(folder, how, config, layers)
    name, tag = f"{hashlib.sha256(config).hexdigest()}.json", f"benchmark/{folder.name}:latest"
    paths = [f"{layer.diff_id}/layer.tar" for layer in layers]
    listed = [{"Config": name, "RepoTags": [tag], "Layers": paths}]
    with tarfile.open(folder / "docker.tar", "w") as tar:
        for layer, path in zip(layers, paths, strict=True):
            tar.add(layer.packed("plain"), path, filter=_plain)
        _add(tar, name, config)
        _add(tar, "manifest.json", json.dumps(listed).encode())


def _write_layout(folder: Path, how: str, config: bytes, layers: Sequence[_Layer]) -> None:
    layout = folder / f"oci-{how}"
    blobs = layout / "blobs/sha256"
    blobs.mkdir(parents=True)
    described = []
    for layer in layers:
        packed = layer.packed(how)
        with packed.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.link(packed, blobs / digest)
        described.append(_descriptor(f"{OCI_LAYER}+{how}", f"sha256:{digest}", packed.stat().st_size))
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": _blob(blobs, OCI_CONFIG, config)}
    data = json.dumps({**manifest, "layers": described}).encode()
    (folder / f"manifest-{how}.json").write_bytes(data)
    entry = {**_blob(blobs, OCI_MANIFEST, data), "annotations": {"org.opencontainers.image.ref.name": "latest"}}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    with tarfile.open(folder / f"oci-{how}.tar", "w") as tar:
        for path in sorted(layout.rglob("*")):
            if path.is_file():
                tar.add(path, str(path.relative_to(layout)), filter=_plain)


def _descriptor(kind: str, digest: str, size: int) -> dict[str, str | int]:
    return {"mediaType": kind, "digest": digest, "size": size}


def _blob(folder: Path, kind: str, data: bytes) -> dict[str, object]:
    digest = hashlib.sha256(data).hexdigest()
    (folder / digest).write_bytes(data)
    return {**_descriptor(kind, f"sha256:{digest}", len(data))}


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.type, info.linkname = tarfile.REGTYPE, ""
    return info
