"""Layers taken from the cache on disk instead of being read."""

from __future__ import annotations

import json
import os
import random
import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collectors.test_registry import opened, registry, web
from tests.lab.elf import elf
from tests.lab.images import OPAQUE, WHITEOUT, Content, Device, Directory, File, Hardlink, Layer, Symlink, digest, image
from tests.lab.registry import Registry
from troubleshooter.collectors import contents, keeping, layer_cache, layer_record
from troubleshooter.collectors.image_files import open_path
from troubleshooter.collectors.keeping import Budget, like_credentials, worth_keeping
from troubleshooter.collectors.layer_cache import SWITCH, LayerCache
from troubleshooter.collectors.layers import Layer as Read
from troubleshooter.collectors.layers import read_stream
from troubleshooter.collectors.web import Web
from troubleshooter.facts.elf import Elf
from troubleshooter.facts.tree import FileTree

__all__ = ["registry", "web"]

PROGRAM = elf(interpreter="/lib64/ld.so", needed=["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.34"]})
BASE: dict[str, Content] = {
    "/etc/os-release": "ID=x\n",
    "/usr/bin/prog": File(PROGRAM, 0o755, uid=3, gid=4),
    "/usr/lib/big.bin": b"\0" * 5000,
    "/usr/lib/code.py": "print()\n",
    "/usr/lib/same.py": Hardlink("/usr/lib/code.py"),
    "/usr/lib/link": Symlink("code.py"),
    "/usr/lib/sticky": Directory(0o1777),
    "/usr/lib/na\udcffme.py": "odd = 1\n",
    "/gone": "x",
    "/dev/null": Device(),
}
TOP: dict[str, Content] = {
    "/gone": WHITEOUT,
    "/usr/lib/sticky": OPAQUE,
    "/var/task/app.py": "def handler(e, c): ...\n",
    "/var/task/service-account.json": '{"type": "service_account"}',
    "/var/task/.npmrc": "//registry/:_authToken=canary",
    "/root/.ssh/id_ed25519": "-----BEGIN OPENSSH canary",
}


@pytest.fixture
def cache(isolated: Path) -> LayerCache:
    return LayerCache.of_user()


def files(home: Path) -> list[Path]:
    return sorted((home / ".cache/troubleshooter/layers").iterdir())


def read(data: bytes, **budget: int) -> Read:
    return read_stream([data], None, 0, "the layer", Budget(identify=True, **budget))


def seen(tree: FileTree) -> dict[str, object]:
    return {path: (tree.entry(path), tree.read(path), tree.elf(path)) for path in tree}


def test_a_new_tag_on_a_known_base_downloads_only_what_is_new(
    registry: Registry, web: Web, isolated: Path, cache: LayerCache
) -> None:
    registry.push(image(layers=[Layer(BASE), Layer({"/a": "old"})]), "old")
    opened(registry, web, "old").tree(cache)
    registry.push(image(layers=[Layer(BASE), Layer(TOP)]), "new")
    without = opened(registry, web, "new").tree(LayerCache(None))
    registry.asked.clear()
    found = opened(registry, web, "new").tree(cache)
    blobs = [path.rpartition("/")[2] for path, _ in registry.asked if "/blobs/" in path]
    assert blobs == [digest(Layer(TOP).packed())]
    public = [path for path in without.tree if not path.startswith(("/var/task/.", "/var/task/service", "/root/"))]
    assert {path: seen(found.tree)[path] for path in public} == {path: seen(without.tree)[path] for path in public}
    assert (found.layers, found.size) == (without.layers, without.size)
    registry.asked.clear()
    again = opened(registry, web, "new").tree(LayerCache.of_user())
    assert not [path for path, _ in registry.asked if "/blobs/" in path]
    assert again.tree.text("/var/task/app.py") == "def handler(e, c): ...\n"


def test_what_looks_like_credentials_is_read_anew(
    registry: Registry, web: Web, isolated: Path, cache: LayerCache
) -> None:
    registry.push(image(layers=[Layer(TOP)]))
    opened(registry, web).tree(cache)
    for path in files(isolated):
        assert b'"type"' not in path.read_bytes()
        assert b"canary" not in path.read_bytes()
    registry.asked.clear()
    tree = opened(registry, web).tree(cache).tree
    assert tree.text("/var/task/app.py")
    assert not [path for path, _ in registry.asked if "/blobs/" in path]
    assert tree.text("/var/task/service-account.json") == '{"type": "service_account"}'
    assert len([path for path, _ in registry.asked if "/blobs/" in path]) == 1
    registry.blobs.clear()
    assert tree.text("/var/task/service-account.json") == '{"type": "service_account"}', "read once, then known"


def test_what_was_too_much_to_keep_is_read_anew(registry: Registry, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.push(image({"/a.py": "a" * 300, "/b.py": "b" * 300}))
    narrow = {**(Budget.__init__.__kwdefaults__ or {}), "content": 400}
    monkeypatch.setattr(Budget.__init__, "__kwdefaults__", narrow)
    tree = opened(registry, web).tree(LayerCache(None)).tree
    narrow["content"] = 4000
    assert (tree.text("/a.py"), tree.text("/b.py")) == ("a" * 300, "b" * 300)


def test_every_way_of_packing_finds_the_same_layer(isolated: Path, tmp_path: Path, cache: LayerCache) -> None:
    for number, how in enumerate(("gzip", "zstd")):
        path = tmp_path / f"{how}.tar"
        path.write_bytes(image(layers=[Layer(BASE, how)]).oci_archive())
        open_path("oci-archive", str(path), None).tree(cache)
        kinds = [p.suffix for p in files(isolated)]
        assert kinds.count(".layer") == 1
        assert kinds.count(".blob") == number + 1
    found = cache.find(digest(Layer(BASE).tar()), 0, Budget())
    assert found
    assert found.size == read(Layer(BASE).tar()).size


def test_nobody_else_can_read_it(isolated: Path, cache: LayerCache) -> None:
    cache.keep(read(Layer(BASE).packed()), "sha256:" + "a" * 64)
    assert len(files(isolated)) == 2
    for path in files(isolated):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (isolated / ".cache/troubleshooter", isolated / ".cache/troubleshooter/layers"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_can_be_switched_off(isolated: Path) -> None:
    off = LayerCache.of_user({SWITCH: "1"})
    assert not off.on
    off.keep(read(Layer(BASE).packed()))
    assert off.find(digest(Layer(BASE).tar()), 0, Budget()) is None
    assert not (isolated / ".cache/troubleshooter").exists()


@pytest.mark.parametrize("spoil", ["symlink", "others", "file"])
def test_a_folder_that_is_not_the_users_own_is_not_used(spoil: str, isolated: Path, tmp_path: Path) -> None:
    folder = isolated / ".cache/troubleshooter/layers"
    folder.parent.mkdir(parents=True)
    if spoil == "symlink":
        folder.symlink_to(tmp_path)
    elif spoil == "file":
        folder.write_text("x")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    assert not LayerCache.of_user().on


def test_only_what_was_hashed_is_kept(isolated: Path, cache: LayerCache) -> None:
    cache.keep(read_stream([Layer(BASE).packed()], None, 0, "the layer", Budget()))
    assert files(isolated) == []


def test_what_was_not_used_for_longest_goes_first(isolated: Path) -> None:
    made = [read(Layer({f"/{n}.py": os.urandom(30_000)}).packed()) for n in range(4)]
    LayerCache.of_user().keep(made[0])
    size = files(isolated)[0].stat().st_size
    small = LayerCache(isolated / ".cache/troubleshooter/layers", size=size * 3 + 200)
    for number, layer in enumerate(made[:3]):
        small.keep(layer)
        path = isolated / f".cache/troubleshooter/layers/{layer.diff_id[7:]}.layer"
        os.utime(path, (number + 1, number + 1))
    assert small.find(made[0].diff_id, 0, Budget()), "using it makes it the newest"
    small.keep(made[3])
    assert [small.knows([layer.diff_id]) for layer in made] == [True, False, True, True]


def test_a_layer_larger_than_the_cache_is_not_kept(isolated: Path, cache: LayerCache) -> None:
    LayerCache(isolated / ".cache/troubleshooter/layers", size=1000).keep(read(Layer(BASE).packed()))
    assert files(isolated) == []


def test_what_a_killed_process_left_goes(isolated: Path, cache: LayerCache) -> None:
    left = isolated / ".cache/troubleshooter/layers/.x.part"
    left.write_text("x")
    os.utime(left, (1, 1))
    cache.keep(read(Layer(BASE).packed()))
    assert not left.exists()


def damaged(path: Path) -> Iterator[bytes]:
    """The record with every kind of damage."""
    whole = path.read_bytes()
    yield b""
    yield whole[:-1]
    yield whole + b"x"
    yield whole[:40]
    dice = random.Random(1)  # noqa: S311
    for _ in range(300):
        changed = bytearray(whole)
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        yield bytes(changed)


def test_damage_is_dropped_and_read_anew(isolated: Path, cache: LayerCache) -> None:
    original = read(Layer(BASE).packed())
    cache.keep(original)
    path = files(isolated)[0]
    for data in damaged(path):
        cache.keep(original)
        path.write_bytes(data)
        found = cache.find(original.diff_id, 0, Budget())
        if found is None:
            assert not path.exists()
            continue
        assert found.entries == original.entries
        wrong = [p for p in found.contents if found.read(p) not in (None, original.read(p))]
        assert not wrong, "damage in a content is noticed when it is read"


def forged(body: dict[str, object], heads: bytes = b"", length: int = 0) -> bytes:
    columns = "\n".join(json.dumps(body[name]) for name in layer_record.COLUMNS).encode()
    check = layer_record._digest(columns, heads)
    return (
        struct.pack("<8sQQQ32s", b"TSLAYER1", length, len(columns), len(heads), check) + bytes(length) + columns + heads
    )


def plain(diff_id: str) -> dict[str, object]:
    return {
        **{"reader": layer_record.reader(), "diff_id": diff_id, "size": 9, "paths": ["/a"], "kinds": "f"},
        **{name: [1] for name in ("modes", "uids", "gids", "sizes")},
        **{"heads": [0], "targets": {}, "implied": [], "whiteouts": [], "opaque": [], "links": {}},
        **{"elves": [], "contents": [[], [], [], []]},
    }


FACTS = Elf("amd64", 64, "shared", None, True, ("a",), versions=(("a", "b"),), addon=(1, 2))
ELF: list[object] = [0, *json.loads(json.dumps(astuple(FACTS)))]


def test_every_fact_of_an_elf_file_comes_back() -> None:
    assert layer_record._elf(ELF[1:]) == FACTS


@pytest.mark.parametrize(
    "change",
    [
        {"paths": [["/a"]]},
        {"paths": {"/a": 1}, "modes": [{}]},
        {"paths": ["/a", "/a"], "kinds": "ff"},
        {"paths": None},
        {"kinds": "x"},
        {"kinds": [["f"]]},
        {"kinds": "ff"},
        {"modes": ["1"]},
        {"modes": [True]},
        {"sizes": [-1]},
        {"sizes": [1 << 70]},
        {"sizes": [1.5]},
        {"uids": []},
        {"heads": [1 << 40]},
        {"targets": []},
        {"targets": {"/a": 3}},
        {"implied": 3},
        {"links": {"/b": None}},
        {"links": []},
        {"elves": [[9, *ELF[1:]]]},
        {"elves": [["x", *ELF[1:]]]},
        {"elves": [ELF[:5]]},
        {"elves": [[*ELF[:6], [3], *ELF[7:]]]},
        {"elves": [[*ELF[:10], [["a"]], *ELF[11:]]]},
        {"elves": [[*ELF[:5], 1, *ELF[6:]]]},
        {"elves": 3},
        {"contents": [[0], [0], [9], [0]]},
        {"contents": [[-1], [0], [0], [0]]},
        {"contents": [[0], [0]]},
        {"contents": [[0], [0], [0], []]},
        {"contents": [[5], [0], [0], [0]]},
        {"reader": "another"},
        {"diff_id": "sha256:" + "0" * 64},
        {"diff_id": 3},
        {"size": None},
    ],
)
def test_forged_records_are_dropped(change: dict[str, object], isolated: Path, cache: LayerCache) -> None:
    diff_id = "sha256:" + "b" * 64
    path = isolated / f".cache/troubleshooter/layers/{'b' * 64}.layer"
    path.write_bytes(forged(plain(diff_id)))
    path.chmod(0o600)
    assert cache.find(diff_id, 0, Budget()), "the forger's craft"
    path.write_bytes(forged({**plain(diff_id), "elves": [ELF]}))
    assert cache.find(diff_id, 0, Budget())
    path.write_bytes(forged({**plain(diff_id), **change}))
    assert cache.find(diff_id, 0, Budget()) is None
    assert not path.exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(struct.pack("<8sQQQ32s", b"TSLAYER1", 0, 1 << 60, 1 << 60, bytes(32))),
        lambda path: path.write_bytes(forged(dict.fromkeys(layer_record.COLUMNS))),
        lambda path: path.symlink_to("/etc/passwd"),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
    ],
)
def test_what_is_no_record_is_not_used(make: Callable[[Path], object], isolated: Path, cache: LayerCache) -> None:
    make(isolated / f".cache/troubleshooter/layers/{'c' * 64}.layer")
    assert cache.find("sha256:" + "c" * 64, 0, Budget()) is None


def test_deep_json_is_dropped(isolated: Path, cache: LayerCache) -> None:
    columns = b"[" * 200_000
    check = layer_record._digest(columns, b"")
    path = isolated / f".cache/troubleshooter/layers/{'d' * 64}.layer"
    path.write_bytes(struct.pack("<8sQQQ32s", b"TSLAYER1", 0, len(columns), 0, check) + columns)
    assert cache.find("sha256:" + "d" * 64, 0, Budget()) is None


def test_a_blob_that_points_nowhere(isolated: Path, cache: LayerCache) -> None:
    for text in ("", "../../etc/passwd", "sha256:" + "e" * 64, "\udcff"):
        path = isolated / f".cache/troubleshooter/layers/{'f' * 64}.blob"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert cache.find("sha256:" + "f" * 64, 0, Budget()) is None
    assert cache.find("sha256:../../../x", 0, Budget()) is None


def test_the_caps_hold_for_what_is_found(isolated: Path, cache: LayerCache) -> None:
    layer = read(Layer({f"/{n}": "" for n in range(60)}).packed())
    cache.keep(layer)
    assert cache.find(layer.diff_id, 0, Budget(members=50)) is None


def test_a_full_disk_costs_nothing_but_the_cache(
    isolated: Path, cache: LayerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layer_cache, "write", full)
    cache.keep(read(Layer(BASE).packed()))
    assert files(isolated) == []


def test_another_version_of_the_reader_reads_anew(
    isolated: Path, cache: LayerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = read(Layer(BASE).packed())
    cache.keep(layer)
    monkeypatch.setattr(layer_record, "reader", lambda: "another")
    assert cache.find(layer.diff_id, 0, Budget()) is None


@pytest.mark.parametrize("memory", [0, 100, 1 << 20])
def test_a_spool_gives_back_what_it_took(memory: int) -> None:
    spool = contents.Spool(memory=memory)
    dice = random.Random(2)  # noqa: S311
    pieces = [dice.randbytes(dice.randrange(90)) for _ in range(50)]
    places = []
    for piece in pieces:
        place = spool.reserve(len(piece))
        assert place is not None
        assert spool.write(place, piece)
        places.append(place)
    for place, piece in zip(places, pieces, strict=True):
        assert spool.read(place, len(piece)) == piece
    assert spool.read(1 << 30, 5) == b""


@pytest.mark.parametrize("memory", [0, 100, 1 << 20])
def test_a_spool_gives_back_what_is_appended_between_reserved_room(
    memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "PIECE", 200)
    spool = contents.Spool(memory=memory)
    dice = random.Random(3)  # noqa: S311
    kept: list[tuple[int, bytes]] = []
    for _ in range(200):
        piece = dice.randbytes(dice.randrange(90))
        if dice.random() < 0.7:
            place = spool.append(piece)
            assert place is not None
        else:
            place = spool.reserve(len(piece))
            assert place is not None
            assert spool.write(place, piece)
        kept.append((place, piece))
        earlier, content = dice.choice(kept)
        assert spool.read(earlier, len(content)) == content
    assert all(spool.read(place, len(piece)) == piece for place, piece in kept)


def test_a_spool_on_a_disk_that_is_full_gives_nothing_for_what_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    spool = contents.Spool(memory=0)
    first = spool.append(b"first")
    assert first == 0
    assert spool.read(first, 5) == b"first"

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", refuse)
    lost = spool.append(b"second")
    assert lost == 5
    assert spool.read(lost, 6) == b""
    assert spool.read(first, 5) == b"first"
    monkeypatch.undo()
    assert spool.append(b"third") is None
    assert spool.reserve(5) is None
    assert contents.Slice(spool, lost, 6).read() is None


def test_a_spool_without_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    spool = contents.Spool(memory=10)
    assert spool.reserve(8) == 0
    assert spool.reserve(8) is None
    assert spool.read(0, 8) == bytes(8)


@pytest.mark.parametrize(
    ("path", "content", "kept_out"),
    [
        ("/var/task/credentials.json", b"{}", True),
        ("/root/.aws/config.json", b"{}", True),
        ("/root/.docker/config.json", b"{}", True),
        ("/var/task/my-service-account.json", b"{}", True),
        ("/var/task/config/secrets.toml", b"", True),
        ("/var/task/data.json", b'{"private_key": "x"}', True),
        ("/usr/lib/python3.11/secrets.py", b"", False),
        ("/var/task/botocore/credentials.py", b"", False),
        ("/var/task/package.json", b'{"name": "tokens"}', False),
        ("/var/task/node_modules/token-types/package.json", b"{}", False),
        ("/etc/os-release", b"ID=x", False),
        ("/opt/collector-config/config.yaml", b"exporters: {}", True),
    ],
)
def test_what_looks_like_credentials(path: str, content: bytes, kept_out: bool) -> None:
    assert like_credentials(path, content) is kept_out


_PARTS = (
    *(
        "credential",
        "credentials",
        "Secrets",
        "service",
        "account",
        "toKen",
        "token\u017f",
        "PASSWORD",
        "private",
        "key",
    ),
    *("auth.json", ".env", ".envrc", ".aws", ".docker", ".kube", ".\u017fsh", ".azure", ".gnupg", ".config", "gcloud"),
    *("otel", "collector", "adot", "opentelemetry", ".yaml", ".yml", "x", "-", "_", ".", "/", "/"),
)


@settings(max_examples=2000)
@given(st.lists(st.sampled_from(_PARTS), max_size=6).map("".join))
def test_the_quick_look_at_a_path_misses_nothing_that_the_patterns_find(path: str) -> None:
    slowly = any(each.search(f"/{path}") for each in (keeping._CREDENTIALS, keeping._COLLECTOR))
    assert keeping._named_like_credentials(f"/{path}") is slowly


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/opt/collector-config/config.yaml", True),
        ("/var/task/otel-collector.yml", True),
        ("/var/task/adot.yaml", True),
        ("/var/task/config.yaml", False),
        ("/var/task/secrets/values.yaml", False),
    ],
)
def test_of_yaml_only_a_collectors_settings_are_kept(path: str, kept: bool) -> None:
    assert worth_keeping(path, b"exporters:", 0o644, 90) is kept
    assert not worth_keeping(path, b"exporters:", 0o644, 1 << 20)
