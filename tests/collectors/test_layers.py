from __future__ import annotations

import io
import os
import random
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.elf import elf
from tests.lab.images import (
    OPAQUE,
    WHITEOUT,
    Content,
    Device,
    Directory,
    File,
    Hardlink,
    Symlink,
    Whiteout,
    compress,
    layer_tar,
)
from troubleshooter.collectors.inflate import StreamWindow, inflated
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layers import Layer, read_layer
from troubleshooter.collectors.merge import in_parallel, merge
from troubleshooter.collectors.packs import Descriptor
from troubleshooter.facts import Reason, SourceError, Unavailable
from troubleshooter.facts.tree import FileTree, Kind

Pairs = Sequence[tuple[str, Content]]


def streamed(data: bytes, index: int = 0, how: str = "gzip", budget: Budget | None = None) -> Layer:
    packed = compress(data, how)
    chunks = (packed[i : i + 700] for i in range(0, len(packed), 700))
    return read_layer(StreamWindow(inflated(chunks, "the layer"), "the layer"), index, "the layer", budget or Budget())


def sought(data: bytes, index: int = 0) -> Layer:
    number, name = tempfile.mkstemp()
    with os.fdopen(number, "wb") as file:
        file.write(data)
    opened = Descriptor(Path(name))
    Path(name).unlink()
    return read_layer(opened.window(0, len(data)), index, "the layer", Budget())


def tree(*layers: dict[str, Content]) -> FileTree:
    return merge([streamed(layer_tar(files), i) for i, files in enumerate(layers)])


def test_higher_layers_win() -> None:
    merged = tree({"/a/x.py": "low", "/a/y.py": "y"}, {"/a/x.py": File("high", 0o755)})
    assert merged.text("/a/x.py") == "high"
    assert merged.text("/a/y.py") == "y"
    entry = merged.entry("/a/x.py")
    assert entry
    assert (entry.mode, entry.layer, entry.size) == (0o755, 1, 4)


def test_whiteouts_remove_what_lower_layers_brought_and_nothing_else() -> None:
    merged = tree(
        {"/a/x.py": "x", "/a/y.py": "y", "/d/e/f": "f", "/d/g": "g"},
        {"/a/x.py": WHITEOUT, "/d/e": WHITEOUT, "/new": "n"},
        {"/d/e/again": "!"},
    )
    assert not merged.exists("/a/x.py")
    assert merged.text("/a/y.py") == "y"
    assert merged.children("/d/e") == ["again"]
    assert merged.children("/") == ["a", "d", "new"]


def test_an_opaque_folder_shows_only_what_its_own_layer_and_higher_ones_bring() -> None:
    merged = tree({"/t/old": "o", "/t/sub/old": "o"}, {"/t": OPAQUE, "/t/mine": "m"}, {"/t/later": "l"})
    assert merged.children("/t") == ["later", "mine"]


def test_a_file_over_a_folder_and_a_folder_over_a_link() -> None:
    merged = tree(
        {"/a.py/b/c": "c", "/lib": Symlink("/usr/lib"), "/usr/lib/x.py": "x"}, {"/a.py": "file", "/lib/y.py": "y"}
    )
    assert merged.text("/a.py") == "file"
    assert not merged.exists("/a.py/b")
    assert merged.children("/lib") == ["y.py"]
    again = tree({"/a/b/c": "c"}, {"/a": "file"}, {"/a/d": "d"})
    assert again.children("/a") == ["d"], "what the file replaced does not come back"


def test_a_folder_that_is_only_implied_keeps_the_lower_layers_mode() -> None:
    lower = layer_tar({"/tmp": Directory(0o1777)})
    upper = layer_tar({"/tmp/x": "x"}, parents=False)
    entry = merge([streamed(lower), streamed(upper, 1)]).entry("/tmp")
    assert entry
    assert entry.mode == 0o1777


def test_paths_through_a_link_of_the_same_layer_follow_it() -> None:
    data = layer_tar({"/usr/lib": Directory(), "/lib": Symlink("usr/lib"), "/lib/x.py": "x"}, parents=False)
    merged = merge([streamed(data)])
    assert merged.children("/usr/lib") == ["x.py"]
    assert merged.text("/lib/x.py") == "x"


def test_hard_links_share_content_and_keep_it() -> None:
    for read in (streamed, sought):
        merged = merge(
            [
                read(
                    layer_tar(
                        {"/a.py": "one", "/b.py": Hardlink("/a.py"), "/a": Directory(), "/a/c.py": Hardlink("b.py")}
                    )
                ),
                read(layer_tar({"/a.py": "two", "/d.py": Hardlink("/nowhere")}), 1),
            ]
        )
        assert [merged.text(p) for p in ("/a.py", "/b.py", "/a/c.py")] == ["two", "one", "one"]
        assert not merged.exists("/d.py")


def test_a_hard_link_to_a_lower_layer() -> None:
    merged = merge([sought(layer_tar({"/a.py": "one"})), sought(layer_tar({"/b.py": Hardlink("/a.py")}), 1)])
    assert merged.text("/b.py") == "one"


@pytest.mark.parametrize("how", ["gzip", "zstd", "none"])
def test_contents_and_heads(how: str) -> None:
    program = elf(interpreter="/lib64/ld.so", needed=["libGL.so.1"], padding=9000)
    files: dict[str, Content] = {
        "/app.py": "print()\n" * 4000,
        "/secrets.env": "KEY=value\n" * 100,
        "/run": File("#!/bin/sh\n" + "x" * 400, 0o755),
        "/notes.md": "z" * 500,
        "/prog": File(program, 0o755),
        "/etc/os-release": "ID=x\n",
        "/empty.py": "",
        "/dev": Device(),
    }
    for data in (streamed(layer_tar(files), how=how), sought(layer_tar(files))):
        merged = merge([data])
        assert merged.text("/app.py") == "print()\n" * 4000
        assert merged.text("/run") == "#!/bin/sh\n" + "x" * 400
        assert merged.text("/etc/os-release") == "ID=x\n"
        assert merged.read("/empty.py") == b""
        heads = {p: len(e.head) for p in ("/prog", "/run", "/notes.md") if (e := merged.entry(p))}
        assert heads == {"/prog": 4096, "/run": 256, "/notes.md": 64}
        found = merged.elf("/prog")
        assert found
        assert (found.machine, found.needed, found.complete) == ("amd64", ("libGL.so.1",), True)
        device = merged.entry("/dev")
        assert device
        assert device.kind is Kind.OTHER
    kept = streamed(layer_tar(files)).contents
    assert "/secrets.env" not in kept
    assert "/prog" not in kept


def test_what_is_not_kept_reads_as_none() -> None:
    merged = merge([streamed(layer_tar({"/data.bin": b"\0" * 100}))])
    assert merged.is_file("/data.bin")
    assert merged.read("/data.bin") is None


def test_a_large_program_is_read_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from troubleshooter.collectors import layers

    monkeypatch.setattr(layers, "_WHOLE_ELF", 1000)
    monkeypatch.setattr(layers, "_ELF_HEAD", 1000)
    monkeypatch.setattr(layers, "_ELF_TAIL", 1000)
    for padding in (50, 20_000):
        program = elf(needed=["libx.so"], versions={"libc.so.6": ["GLIBC_2.38"]}, shared=True, padding=padding)
        found = streamed(layer_tar({"/x.so": program})).elf("/x.so")
        assert found
        assert found.needed == ("libx.so",)
        assert found.versions == (("libc.so.6", "GLIBC_2.38"),)


def test_the_content_of_an_image_is_capped() -> None:
    files: dict[str, Content] = {f"/{i}.py": "x" * 1000 for i in range(10)}
    assert len(streamed(layer_tar(files), budget=Budget(content=3500)).contents) == 3


@pytest.mark.parametrize(
    ("budget", "files"),
    [
        (Budget(members=50), {f"/{i}": "" for i in range(60)}),
        (Budget(names=2000), {"/" + "/".join("a" * 200) + "/x": ""}),
    ],
)
def test_the_paths_of_an_image_are_capped(budget: Budget, files: dict[str, Content]) -> None:
    with pytest.raises(SourceError) as caught:
        streamed(layer_tar(files, parents=False), budget=budget)
    assert caught.value.unavailable.reason is Reason.TOO_BIG
    assert "the layer" in caught.value.unavailable.detail


def raw(*members: tuple[str, bytes, str]) -> bytes:
    """A tar of (name, type, link) whose names are left as they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, link in members:
            made = tarfile.TarInfo(name)
            made.type, made.linkname = kind, link
            archive.addfile(made)
    return buffer.getvalue()


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_layer_that_ends_behind_a_header_is_malformed(size: int) -> None:
    """The file's first bytes are asked for before the archive turns out to end there."""
    made = tarfile.TarInfo("a.py")
    made.size = size
    for read in (streamed, sought):
        reason = None
        try:
            read(made.tobuf())
        except SourceError as error:
            reason = error.unavailable.reason
        assert reason is Reason.MALFORMED


def test_paths_that_climb_stay_inside() -> None:
    merged = merge(
        [streamed(raw(("../../etc/x", b"0", ""), ("/abs//y/./z", b"0", ""), ("./", b"5", ""), ("..", b"5", "")))]
    )
    assert sorted(merged) == ["/abs", "/abs/y", "/abs/y/z", "/etc", "/etc/x"]


def test_loops_of_links_end() -> None:
    data = raw(("a", b"2", "b"), ("b", b"2", "a"), ("a/x", b"0", ""))
    with pytest.raises(SourceError, match="loop"):
        streamed(data)
    hard = merge([streamed(raw(("a", b"1", "b"), ("b", b"1", "a"), ("c", b"1", "c")))])
    assert list(hard) == []
    soft = merge([streamed(raw(("a", b"2", "b"), ("b", b"2", "a")))])
    assert soft.resolve("/a").problem == "too many links"


def test_very_long_and_very_deep_paths() -> None:
    deep = "/".join(["d"] * 1500) + "/x"
    merged = merge([streamed(raw(("x" * 5000, b"0", ""), (deep, b"0", "")))])
    assert len(merged) == 1501
    assert sum(1 for _ in merged.walk("/")) == 1501


def test_folders_replaced_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from troubleshooter.collectors import layers

    monkeypatch.setattr(layers, "REMOVALS", 200)
    data = raw(*[member for i in range(100) for member in (("a", b"5", ""), (f"a/{i}", b"0", ""), ("a", b"0", ""))])
    with pytest.raises(SourceError, match="again and again"):
        streamed(data)


def linked(count: int, modes: tuple[int, ...]) -> bytes:
    """A file and hard links to it, which state these modes in turn."""
    parts = [tarfile.TarInfo("a").tobuf()]
    for number in range(count):
        made = tarfile.TarInfo(f"h{number}")
        made.type, made.linkname, made.mode = tarfile.LNKTYPE, "a", modes[number % len(modes)]
        parts.append(made.tobuf())
    return b"".join(parts) + b"\0" * 1024


def test_many_hard_links_to_one_file_cost_a_look_each() -> None:
    began = time.process_time()
    found = sought(linked(30_000, (0o644,)))
    assert len(found.entries) == 30_001
    assert time.process_time() - began < 10, "with all names set anew for each link it is minutes"
    with pytest.raises(SourceError, match="again and again"):
        sought(linked(30_000, (0o644, 0o600)))


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_bombs_meet_the_cap(how: str) -> None:
    packed = compress(bytes(30 << 20), how)
    window = StreamWindow(inflated([packed], "the layer"), "the layer", cap=10 << 20)
    with pytest.raises(SourceError) as caught:
        window.take(29 << 20, 1)
    assert caught.value.unavailable.reason is Reason.TOO_BIG


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_damaged_compression_is_malformed(how: str) -> None:
    packed = bytearray(compress(layer_tar({"/a": random.Random(1).randbytes(50_000)}), how))  # noqa: S311
    for broken in (packed[: len(packed) // 2], packed[:4] + b"\xff" * 12 + packed[16:]):
        with pytest.raises(SourceError) as caught:
            list(
                read_layer(
                    StreamWindow(inflated([bytes(broken)], "the layer"), "the layer"), 0, "the layer", Budget()
                ).entries
            )
        assert caught.value.unavailable.reason is Reason.MALFORMED
        assert "the layer" in caught.value.unavailable.detail


def test_gzip_in_several_members_with_padding_behind() -> None:
    data = layer_tar({"/a.py": "a" * 5000})
    packed = compress(data[:3000], "gzip") + compress(data[3000:], "gzip") + bytes(700)
    for size in (1, 100, 100_000):
        chunks = (packed[i : i + size] for i in range(0, len(packed), size))
        assert b"".join(inflated(chunks, "x")) == data


def test_other_compressions_are_named() -> None:
    with pytest.raises(SourceError, match="compressed with xz") as caught:
        inflated([b"\xfd7zXZ\x00rest"], "the layer")
    assert caught.value.unavailable.reason is Reason.UNSUPPORTED


def test_zlib_stands_in_for_isal(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "isal", None)
    data = layer_tar({"/a.py": "a" * 3_000_000})
    packed = compress(data, "gzip")
    assert b"".join(inflated([packed, packed], "x")) == data * 2
    with pytest.raises(SourceError, match="gzip"):
        b"".join(inflated([packed[:-9]], "x"))


def test_parallel_work_keeps_order_and_hands_errors_on() -> None:
    assert in_parallel([lambda i=i: i * i for i in range(20)], 3) == [i * i for i in range(20)]  # type: ignore[misc]

    def fail() -> int:
        raise SourceError(Unavailable(Reason.MALFORMED, "broken"))

    with pytest.raises(SourceError):
        in_parallel([lambda: 1, fail, lambda: 2], 2)


# -- against a plain model: each layer unpacked in turn over the one before, as overlay file systems do


@dataclass
class Node:
    kind: str
    content: str = ""


Model = dict[str, Node]
PATHS = (
    [f"/{a}" for a in "abc"]
    + [f"/{a}/{b}" for a in "abc" for b in "abc"]
    + [f"/{a}/{b}/{c}" for a in "ab" for b in "ab" for c in "ab"]
)


def below(path: str, model: Model) -> list[str]:
    return [p for p in model if p.startswith(path + "/")]


def drop(path: str, model: Model) -> None:
    for each in [path, *below(path, model)]:
        model.pop(each, None)


def parents(path: str) -> list[str]:
    pieces = path.split("/")[1:-1]
    return ["/" + "/".join(pieces[: i + 1]) for i in range(len(pieces))]


def unpack(pairs: Pairs) -> Model:
    """One layer alone."""
    model: Model = {}
    for path, content in pairs:
        if isinstance(content, Whiteout):
            for each in parents(path) + ([path] if content.opaque else []):
                model.setdefault(each, Node("implied"))
            continue
        for each in parents(path):
            model.setdefault(each, Node("implied"))
        if isinstance(content, Directory):
            if path in model and model[path].kind == "implied":
                model[path].kind = "directory"
            elif path not in model or model[path].kind != "directory":
                drop(path, model)
                model[path] = Node("directory")
        else:
            drop(path, model)
            model[path] = Node("symlink") if isinstance(content, Symlink) else Node("file", str(content))
    return model


def overlay(lower: Model, pairs: Pairs) -> Model:
    result = dict(lower)
    for path, content in pairs:
        if isinstance(content, Whiteout):
            for each in below(path, result):
                result.pop(each)
            if not content.opaque:
                result.pop(path, None)
    upper = unpack(pairs)
    for path in sorted(upper, key=lambda p: p.count("/")):
        node, there = upper[path], result.get(path)
        folder = ("directory", "implied")
        if there is None or (there.kind not in folder) or (node.kind not in folder):
            drop(path, result)
            result[path] = node
        elif node.kind == "directory":
            result[path] = node
    return result


def drawn(dice: random.Random) -> list[Pairs]:
    """Layers whose entries do not contradict one another within one layer: no path below a file or link of its own."""
    layers: list[Pairs] = []
    for number in range(dice.randrange(1, 5)):
        pairs: list[tuple[str, Content]] = []
        closed: set[str] = set()
        for _ in range(dice.randrange(1, 7)):
            path = dice.choice(PATHS)
            taken = {p for p, _ in pairs}
            if path in taken or closed & set(parents(path)):
                continue
            kind = dice.randrange(10)
            content: Content = f"{number}{path}"
            if kind == 0:
                content = Symlink("/c")
            elif kind in (1, 2):
                content = Directory()
            elif kind in (3, 4):
                content = WHITEOUT
            elif kind == 5:
                content = OPAQUE
            leaf = not isinstance(content, Directory) and content is not OPAQUE
            if leaf and content is not WHITEOUT:
                if any(path in parents(p) for p in taken):
                    continue
                closed.add(path)
            pairs.append((path, content))
        layers.append(pairs)
    return layers


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**32))
def test_agrees_with_layers_unpacked_in_turn(seed: int) -> None:
    layers = drawn(random.Random(seed))  # noqa: S311
    model: Model = {}
    for pairs in layers:
        model = overlay(model, pairs)
    for how in (streamed, sought):
        merged = merge([how(layer_tar(dict(pairs), parents=False), i) for i, pairs in enumerate(layers)])
        found = {
            path: (entry.kind.value, merged.read(path) if entry.kind is Kind.FILE else None)
            for path in merged
            if (entry := merged.entry(path))
        }
        assert {p: k for p, (k, _) in found.items()} == {
            p: "directory" if n.kind == "implied" else n.kind for p, n in model.items()
        }
        if how is sought:
            for path, node in model.items():
                if node.kind == "file":
                    assert found[path][1] == node.content.encode()
