"""One measured job in a process of its own: `python -m benchmarks.inventory JOB ARGUMENTS`. Prints JSON.

Jobs: `ours REFERENCE` (transport and all), and what it is compared with: `isal`, `zlib`, `zstd` (bare decompression of blobs),
`tarfile ARCHIVE` (headers and the reads that an inventory needs), `tarfile-gzip BLOBS` (headers alone), and `named REFERENCE PATH`
and `save REFERENCE` of an engine.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

PIECE = 1 << 18


def ours(reference: str) -> dict[str, Any]:
    """The product's own reading: what the provider of a tree does."""
    from troubleshooter.collectors.engine import Engine
    from troubleshooter.collectors.image_engine import open_engine
    from troubleshooter.collectors.image_files import OpenImage, open_path
    from troubleshooter.collectors.layer_cache import LayerCache
    from troubleshooter.collectors.registry import open_registry, registry_name
    from troubleshooter.collectors.web import Web
    from troubleshooter.facts import CallLog
    from troubleshooter.redact import Secrets

    transport, _, rest = reference.partition(":")
    calls = CallLog()
    before = _clock()
    image: OpenImage
    if transport == "docker":
        name = registry_name(rest.removeprefix("//"))
        if name is None:
            raise ValueError(reference)
        image = open_registry(name, rest, "amd64", Web(calls), Secrets())
    elif transport == "docker-daemon":
        image = open_engine(rest, "amd64", Engine(calls))
    else:
        image = open_path(transport, rest, "amd64")
    tree = image.tree(LayerCache.of_user()).tree
    spent = _since(before)
    peak = _status("VmHWM")
    return {**spent, "peak": peak, "paths": len(tree), "list": _weight(tree)}


def _weight(tree: Any) -> int:
    """Bytes of the path list: names, entries, beginnings of files, and the facts of ELF files."""
    known: set[int] = set()

    def weight(value: Any) -> int:
        if id(value) in known or value is None or isinstance(value, bool | int):
            return 0
        known.add(id(value))
        inner: Iterator[Any] = iter(())
        if isinstance(value, tuple | list | set):
            inner = iter(value)
        elif isinstance(value, dict):
            inner = iter([*value.keys(), *value.values()])
        elif hasattr(value, "__dataclass_fields__"):
            inner = (getattr(value, each.name) for each in fields(value))
        return sys.getsizeof(value) + sum(map(weight, inner))

    facts = [tree.elf(path) for path in tree]
    return weight(tree._entries) + weight(facts)


def decompress(new: Callable[[], Any], names: list[str]) -> dict[str, Any]:
    """Bare decompression, the output dropped."""
    before, size = _clock(), 0
    for name in names:
        inflater = new()
        with Path(name).open("rb", buffering=0) as file:
            while piece := file.read(PIECE):
                size += len(inflater.decompress(piece))
    return {**_since(before), "size": size}


def isal(*names: str) -> dict[str, Any]:
    from isal import igzip_lib

    library: Any = igzip_lib
    return decompress(lambda: library.IgzipDecompressor(flag=library.DECOMP_GZIP), list(names))


def plain_zlib(*names: str) -> dict[str, Any]:
    return decompress(lambda: zlib.decompressobj(wbits=31), list(names))


def zstd(*names: str) -> dict[str, Any]:
    import zstandard

    before, size = _clock(), 0
    for name in names:
        with Path(name).open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
            while piece := reader.read(1 << 20):
                size += len(piece)
    return {**_since(before), "size": size}


def plain_tarfile(archive: str) -> dict[str, Any]:
    """Every layer of a docker archive: all headers, and the first 64 bytes of each file."""
    before, count = _clock(), 0
    with tarfile.open(archive) as outer:
        for layer in outer:
            if not layer.name.endswith("/layer.tar"):
                continue
            with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                for member in inner:
                    count += 1
                    if member.isreg() and member.size:
                        inner.extractfile(member).read(64)  # type: ignore[union-attr]
    return {**_since(before), "paths": count}


def tarfile_gzip(*names: str) -> dict[str, Any]:
    """Headers alone: less than an inventory."""
    before, count = _clock(), 0
    for name in names:
        with tarfile.open(name, "r|gz") as layer:
            count += sum(1 for _ in layer)
    return {**_since(before), "paths": count}


def named(reference: str, path: str) -> dict[str, Any]:
    """One file of an image in an engine."""
    from troubleshooter.collectors.engine import Engine
    from troubleshooter.collectors.image_engine import open_engine
    from troubleshooter.facts import CallLog

    before = _clock()
    content = open_engine(reference, "amd64", Engine(CallLog())).file(path)
    if not content:
        raise ValueError(f"{path} is not in {reference}")
    return {**_since(before), "size": len(content)}


def save(reference: str) -> dict[str, Any]:
    """`docker save`, the output dropped."""
    from troubleshooter.collectors.engine import Engine
    from troubleshooter.facts import CallLog

    before = _clock()
    size = sum(map(len, Engine(CallLog()).save(reference)))
    return {**_since(before), "size": size}


def _clock() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(before: tuple[float, float]) -> dict[str, Any]:
    seconds, cpu = _clock()
    return {"seconds": seconds - before[0], "cpu": cpu - before[1]}


def _status(name: str) -> int:
    """Bytes, from the kernel's account of this process; 0 where there is none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:")), 0)


JOBS: dict[str, Callable[..., dict[str, Any]]] = {
    **{"ours": ours, "isal": isal, "zlib": plain_zlib, "zstd": zstd, "tarfile": plain_tarfile},
    **{"tarfile-gzip": tarfile_gzip, "named": named, "save": save},
}

if __name__ == "__main__":
    # What the job itself needs is loaded before the clock starts: start-up is another benchmark.
    import docker  # noqa: F401
    import httpx  # noqa: F401

    import troubleshooter.world  # noqa: F401

    start = _status("VmRSS")
    print(json.dumps({"start": start, "pid": os.getpid(), **JOBS[sys.argv[1]](*sys.argv[2:])}))
