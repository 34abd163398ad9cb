"""Images with damage at every level: archive, blob, layer, header, manifest, configuration, ELF file, record of the cache.

Below the place of the damage every digest is made right again, so that it gets as far as a forger would.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fuzz.mutation import damaged, damaged_json, damaged_tar
from tests.lab.elf import elf
from tests.lab.images import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    OPAQUE,
    WHITEOUT,
    Content,
    Device,
    Directory,
    File,
    Hardlink,
    Symlink,
    archive,
    compress,
    digest,
    layer_tar,
)
from troubleshooter.collectors.image_files import open_path
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.layers import read_stream
from troubleshooter.facts import SourceError
from troubleshooter.facts.elf import identify, read_elf
from troubleshooter.facts.tree import FileTree, Kind
from troubleshooter.redact import Secrets

PROGRAM = elf(
    interpreter="/lib64/ld-linux-x86-64.so.2", needed=["libc.so.6", "libm.so.6"], versions={"libc.so.6": ["GLIBC_2.34"]}
)
LIBRARY = elf(needed=["libx.so"], shared=True, padding=9000)
BASE: dict[str, Content] = {
    "/etc/os-release": "ID=x\n",
    "/usr/bin/prog": File(PROGRAM, 0o755),
    "/usr/lib/libx.so": File(LIBRARY, 0o755),
    "/usr/lib/code.py": "print()\n" * 200,
    "/usr/lib/same.py": Hardlink("/usr/lib/code.py"),
    "/usr/lib/loop": Symlink("loop"),
    "/usr/lib/up": Symlink("../../../../.."),
    "/usr/lib/sticky": Directory(0o1777),
    "/usr/" + "long/" * 30 + "name": "x",
    "/gone": "x",
    "/dev/null": Device(),
}
TOP: dict[str, Content] = {
    "/gone": WHITEOUT,
    "/usr/lib/sticky": OPAQUE,
    "/usr/lib/loop/inner.py": "x",
    "/var/task/app.py": "def handler(e, c): ...\n",
    "/var/task/run.sh": File("#!/bin/sh\n", 0o755),
    "/var/task/package.json": "{}",
}


class Targets:
    """The targets, with what they start from."""

    def __init__(self) -> None:
        self.layers = [layer_tar(BASE), layer_tar(TOP, parents=False)]
        self.folder = tempfile.TemporaryDirectory(prefix="fuzz-")
        self.path = Path(self.folder.name) / "image.tar"
        cache = Path(self.folder.name) / "layers"
        cache.mkdir(mode=0o700)
        self.cache = LayerCache(cache)
        self.kept = read_stream([self.layers[0]], None, 0, "the layer", Budget(identify=True))
        self.cache.keep(self.kept)
        self.record = cache / f"{self.kept.diff_id[7:]}.layer"
        self.recorded = self.record.read_bytes()

    def close(self) -> None:
        self.folder.cleanup()

    def one(self, seed: int) -> bytes:
        """Runs one input; what it was. Anything but a SourceError that comes out is a finding."""
        dice = random.Random(seed)  # noqa: S311
        target = dice.choice((self.image, self.image, self.image, self.layer, self.elf, self.cached))
        return target(dice)

    def image(self, dice: random.Random) -> bytes:
        """A whole image, opened and read as the product does."""
        data = self._image(dice)
        if dice.random() < 0.1:
            data = compress(data, dice.choice(("gzip", "zstd")))
        self.path.write_bytes(data)
        try:
            found = open_path(dice.choice(("", "oci-archive", "docker-archive")), str(self.path), "amd64")
            found.config(Secrets())
            explored(found.tree(LayerCache(None)).tree)
        except SourceError as error:
            refused(error, "")
        return data

    def _image(self, dice: random.Random) -> bytes:
        level, how = dice.randrange(6), dice.choice(("gzip", "zstd", "none"))
        layers = list(self.layers)
        which = dice.randrange(2)
        if level in (0, 1):
            layers[which] = damaged_tar(layers[which], dice) if level else damaged(layers[which], dice)
        packed = [compress(layer, how) for layer in layers]
        if level == 2:
            packed[which] = damaged(packed[which], dice)
        config: Any = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["app.handler"], "Env": ["PATH=/usr/bin"], "Labels": {"a": "b"}},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
            "history": [{"created_by": "COPY"}, {"created_by": "RUN", "empty_layer": True}],
        }
        if level == 3:
            config = damaged_json(config, dice)
        encoded = _json(config)
        kind = OCI_LAYER + {"none": "", "gzip": "+gzip", "zstd": "+zstd"}[how]
        manifest: Any = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": digest(encoded), "size": len(encoded)},
            "layers": [{"mediaType": kind, "digest": digest(p), "size": len(p)} for p in packed],
        }
        if level == 4:
            manifest = damaged_json(manifest, dice)
        root = _json(manifest)
        index: Any = {
            "schemaVersion": 2,
            "manifests": [{"mediaType": OCI_MANIFEST, "digest": digest(root), "size": len(root)}],
        }
        listed: Any = [{"Config": _path(encoded), "RepoTags": ["lab/x:latest"], "Layers": [_path(p) for p in packed]}]
        if level == 5:
            index, listed = damaged_json(index, dice), damaged_json(listed, dice)
        names = {_path(blob): blob for blob in (*packed, encoded, root)}
        entries = {"index.json": _json(index), "manifest.json": _json(listed)}
        wanted = dice.choice((["index.json"], ["manifest.json"], ["index.json", "manifest.json"]))
        whole = archive({**names, **{name: entries[name] for name in wanted}})
        return (
            damaged_tar(whole, dice) if dice.random() < 0.1 else damaged(whole, dice) if dice.random() < 0.05 else whole
        )

    def layer(self, dice: random.Random) -> bytes:
        """One layer in pieces of any size."""
        data = damaged_tar(damaged_tar(dice.choice(self.layers), dice), dice)
        step = dice.choice((100, 511, 4096, 1 << 20))
        try:
            read_stream((data[at : at + step] for at in range(0, len(data), step)), None, 0, "the layer", Budget())
        except SourceError as error:
            refused(error, "the layer")
        return data

    def elf(self, dice: random.Random) -> bytes:
        """A program file, whole and by its beginning."""
        data = damaged(dice.choice((PROGRAM, LIBRARY)), dice)
        read_elf(data)
        read_elf(data[:4096], len(data) + dice.randrange(5000))
        identify(data[: dice.randrange(1, 5000)])
        return data

    def cached(self, dice: random.Random) -> bytes:
        """A record of the cache. What comes out is right, or nothing."""
        data = damaged(self.recorded, dice)
        self.record.write_bytes(data)
        found = self.cache.find(self.kept.diff_id, 0, Budget())
        if found is not None:
            for path in found.entries:
                assert found.read(path) in (None, self.kept.read(path))
        return data


def refused(error: SourceError, what: str) -> None:
    """An error says what is wrong, and with what."""
    assert error.unavailable.detail
    assert what in error.unavailable.detail


def explored(tree: FileTree) -> None:
    """Asks a tree everything that checks may ask."""
    for path in [*tree, "/", "/usr/lib/loop/x", "/usr/lib/up/up/etc/os-release", "relative/../../x"]:
        entry = tree.entry(path)
        found = tree.resolve(path)
        assert found.path.startswith("/")
        assert "/../" not in found.path
        tree.elf(path)
        content = tree.read(path)
        if entry is not None and entry.kind is Kind.FILE and content is not None and not found.links:
            assert len(content) == entry.size
    assert sum(1 for _ in tree.walk("/")) <= len(tree)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _path(blob: bytes) -> str:
    return f"blobs/{digest(blob).replace(':', '/')}"


def seeds(first: int) -> Iterator[int]:
    """Seeds without end."""
    while True:
        yield first
        first += 1
