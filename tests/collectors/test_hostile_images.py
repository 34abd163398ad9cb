"""Images made to hurt: whatever comes in, a typed error or a result comes out, nothing is written outside, memory is capped."""

from __future__ import annotations

import json
import tarfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.image import Targets
from tests.lab.elf import elf
from tests.lab.images import Content, Layer, layer_tar
from troubleshooter.collectors.image_json import configuration, manifest, parse
from troubleshooter.collectors.inflate import StreamWindow, inflated
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layers import read_layer, read_stream
from troubleshooter.collectors.merge import merge
from troubleshooter.facts import Reading, Reason, SourceError
from troubleshooter.model import Origin
from troubleshooter.redact import Secrets

WORDS = st.sampled_from(
    [
        "mediaType",
        "config",
        "layers",
        "manifests",
        "digest",
        "size",
        "platform",
        "os",
        "rootfs",
        "diff_ids",
        "history",
        "Env",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("sha256:" + "a" * 64),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner, max_size=6),
    max_leaves=30,
)


@given(value=VALUES)
@settings(max_examples=200, deadline=None)
def test_any_json_is_a_manifest_or_a_typed_error(value: Any) -> None:
    data = json.dumps(value).encode("utf-8", "surrogatepass")
    for read in (
        lambda: manifest(data, "the manifest"),
        lambda: configuration(data, Reading("x", Origin.IMAGE), "the configuration", Secrets()),
    ):
        try:
            read()
        except SourceError as error:
            named = "the " in error.unavailable.detail
        else:
            named = True
        assert named


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"\xff\xfe", b"NaN", b'{"a": 1e999}', b'"\\ud800"']
)
def test_json_that_breaks_readers(text: bytes) -> None:
    reason = Reason.MALFORMED
    try:
        parse(text, "the manifest")
    except SourceError as error:
        reason = error.unavailable.reason
    assert reason is Reason.MALFORMED


@given(data=st.binary(max_size=3000), how=st.sampled_from([b"", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd"]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_layer_or_a_typed_error(data: bytes, how: bytes) -> None:
    detail = "layer 1 of 1"
    try:
        read_stream([how + data], None, 0, "layer 1 of 1", Budget(identify=True))
    except SourceError as error:
        detail = error.unavailable.detail
    assert "layer 1 of 1" in detail


def test_damage_at_every_level(isolated: Path) -> None:
    targets = Targets()
    before = sorted(isolated.rglob("*"))
    try:
        for seed in range(250):
            targets.one(seed)
    finally:
        targets.close()
    cache = isolated / ".cache"
    assert [path for path in isolated.rglob("*") if path not in before and cache not in (path, *path.parents)] == []


def test_names_in_program_files_are_capped() -> None:
    program = elf(needed=["x" * 3000] * 100, shared=True)
    files: dict[str, Content] = {f"/{number}.so": program for number in range(5)}
    layer = read_stream([Layer(files).packed()], None, 0, "the layer", Budget(named=700_000))
    assert [len(layer.elves[path].needed) for path in files] == [100, 100, 0, 0, 0]
    assert not layer.elves["/4.so"].complete


def test_beginnings_of_files_are_capped() -> None:
    files: dict[str, Content] = {f"/{number}.so": elf(padding=9000) for number in range(5)}
    layer = read_stream([Layer(files).packed()], None, 0, "the layer", Budget(heads=9000))
    assert [len(layer.entries[path].head) for path in files] == [4096, 4096, 64, 64, 64]


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_contents_do_not_wait_in_memory(how: str) -> None:
    files: dict[str, Content] = {f"/{number}.py": bytes([number]) * (3 << 20) for number in range(20)}
    packed = Layer(files, how).packed()
    tracemalloc.start()
    try:
        layer = read_stream([packed], None, 0, "the layer", Budget(identify=True))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20, "60 MiB are kept"
    assert layer.read("/19.py") == bytes([19]) * (3 << 20)


def test_a_layer_of_zeros_costs_no_memory() -> None:
    class Zeros:
        def __init__(self) -> None:
            self.left = 300

        def __iter__(self) -> Zeros:
            return self

        def __next__(self) -> bytes:
            self.left -= 1
            if not self.left:
                raise StopIteration
            return bytes(header) if self.left == 299 else bytes(1 << 20)

    header = bytearray(layer_tar({"/big.bin": ""})[:512])
    header[124:136] = b"%011o\0" % (298 << 20)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    tracemalloc.start()
    try:
        window = StreamWindow(inflated(Zeros(), "the layer"), "the layer")
        layer = read_layer(window, 0, "the layer", Budget())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert layer.entries["/big.bin"].size == 298 << 20
    assert peak < 8 << 20


def _member(kind: str, number: int) -> tarfile.TarInfo:
    names = {"whiteout": f"d/.wh.{number}", "same": "same", "deep": f"d{number % 100}/e{number % 97}/{number}.py"}
    made = tarfile.TarInfo(names.get(kind, str(number)))
    types = {"folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE}
    made.type = types.get(kind, tarfile.REGTYPE)
    made.linkname = {"link": str(number + 1), "hard link": "0"}.get(kind, "")
    if kind == "hard link" and not number:
        made.type, made.linkname = tarfile.REGTYPE, ""
    return made


@pytest.mark.parametrize("kind", ["file", "deep", "folder", "whiteout", "link", "hard link", "same"])
def test_very_many_members_cost_a_little_each(kind: str) -> None:
    data = b"".join(_member(kind, number).tobuf() for number in range(20_000)) + b"\0" * 1024
    began = time.process_time()
    layer = read_stream([data], None, 0, "layer 1 of 1", Budget())
    tree = merge([layer])
    assert len(tree) <= 40_000
    assert time.process_time() - began < 8, "a million of them would be minutes"
    with pytest.raises(SourceError, match="layer 1 of 1 brings the image to more than") as caught:
        read_stream([data], None, 0, "layer 1 of 1", Budget(members=5000))
    assert caught.value.unavailable.reason is Reason.TOO_BIG
