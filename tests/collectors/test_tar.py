from __future__ import annotations

import io
import random
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troubleshooter.collectors.inflate import FileWindow, StreamWindow, Window
from troubleshooter.collectors.tar import LONGEST_RECORD, Member, members
from troubleshooter.facts import Reason, SourceError

KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.CHRTYPE: "other",
    tarfile.FIFOTYPE: "other",
}


@contextmanager
def file_window(data: bytes, *, ahead: int = 16 << 10) -> Iterator[FileWindow]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield FileWindow(file.fileno(), 0, len(data), ahead=ahead)


def stream(data: bytes, size: int = 1000) -> StreamWindow:
    return StreamWindow((data[i : i + size] for i in range(0, len(data), size)), "the layer")


def read(window: Window) -> list[tuple[Member, bytes]]:
    return [(m, window.take(m.offset, m.stored)) for m in members(window, "the layer")]


def tar(*infos: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for info, data in infos:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def info(name: str, **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(made, key, value)
    return made


def fixed(header: bytearray) -> bytes:
    """A header with its checksum put right."""
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header)


def name(dice: random.Random) -> str:
    alphabet = "abcXYZ019 ._-+é€😀"
    if dice.random() < 0.2:
        return "d/" + "x" * dice.randrange(90, 300)
    return "/".join(
        "".join(dice.choices(alphabet, k=dice.randrange(1, 40))).strip(".") or "p" for _ in range(dice.randrange(1, 8))
    )


def generated(seed: int) -> bytes:
    """An archive as other programs write them."""
    dice, infos = random.Random(seed), []  # noqa: S311
    for _ in range(dice.randrange(9)):
        kind = dice.choice(list(KINDS))
        made = info(
            name(dice),
            type=kind,
            mode=dice.randrange(0o10000),
            uid=dice.choice([0, 993, 2097151, 2097152, 70000000]),
            gid=dice.choice([0, 990, 2**31]),
            mtime=dice.choice([0, 1700000000, 2**34]),
            linkname=name(dice) if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else "",
        )
        infos.append((made, dice.randbytes(dice.randrange(2000)) if kind == tarfile.REGTYPE else b""))
    return tar(*infos, format=dice.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))


def expected(data: bytes) -> list[tuple[object, ...]]:
    """What the standard library reads."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [
            (
                m.name,
                KINDS[m.type],
                m.mode,
                m.uid,
                m.gid,
                m.linkname,
                content.read() if (content := archive.extractfile(m)) and m.isreg() else b"",
            )
            for m in archive.getmembers()
            if not (m.islnk() or m.issym())
        ]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5000))
def test_agrees_with_tarfile(seed: int, size: int) -> None:
    data = generated(seed)
    with file_window(data, ahead=size) as window:
        for each in (window, stream(data, size)):
            found = [(m.name.rstrip("/"), m.kind, m.mode, m.uid, m.gid, m.link, body) for m, body in read(each)]
            assert [f for f in found if f[1] not in ("hardlink", "symlink")] == expected(data)
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                links = [(m.name, m.linkname) for m in archive.getmembers() if m.islnk() or m.issym()]
            assert [(f[0], f[5]) for f in found if f[1] in ("hardlink", "symlink")] == links


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_damage_is_a_typed_error_or_goes_unseen(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    broken = bytearray(generated(seed))
    for _ in range(dice.randrange(1, 6)):
        broken[dice.randrange(len(broken))] = dice.randrange(256)
    cut = bytes(broken[: dice.randrange(len(broken))])
    for size in (512, 7777):
        problem = None
        try:
            read(stream(cut, size))
        except SourceError as error:
            problem = error.unavailable
        assert problem is None or problem.reason in (Reason.MALFORMED, Reason.TOO_BIG)
        assert problem is None or "the layer" in problem.detail


def test_ustar_prefix_and_names_without_magic() -> None:
    long = "a" * 80 + "/" + "b" * 90
    ustar = tar((info(long), b"x"), format=tarfile.USTAR_FORMAT)
    assert read(stream(ustar))[0][0].name == long
    old = bytearray(tar((info("plain"), b"x"))[:512])
    old[257:265] = bytes(8)
    old[345:350] = b"noise"
    assert read(stream(fixed(old) + b"x" + bytes(511)))[0][0].name == "plain"


def test_a_global_pax_header_changes_nothing() -> None:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "other", "comment": "x"}
    ) as t:
        t.addfile(info("mine", size=1), io.BytesIO(b"x"))
    assert [m.name for m, _ in read(stream(buffer.getvalue()))] == ["mine"]


def test_old_names_with_a_slash_are_folders() -> None:
    header = bytearray(tar((info("folder/"), b""))[:512])
    header[156] = 0
    assert read(stream(fixed(header)))[0][0].kind == "directory"


def test_signed_checksums_of_old_programs() -> None:
    header = bytearray(tar((info("x" * 10), b""), format=tarfile.GNU_FORMAT)[:512])
    header[0] = 0xE9
    header[148:156] = b" " * 8
    signed = sum(b - 256 if b > 127 else b for b in header)
    header[148:156] = f"{signed:06o}\0 ".encode()
    assert len(read(stream(bytes(header)))) == 1


def test_a_sparse_file_has_its_real_size_and_no_content() -> None:
    header = bytearray(tar((info("sparse"), b"abc"), format=tarfile.GNU_FORMAT)[:512])
    header[156] = ord("S")
    header[482] = 1
    header[483:495] = b"00000100000\0"
    extension = bytearray(512)
    after = tar((info("next"), b"y"))
    found = read(stream(fixed(header) + bytes(extension) + b"abc" + bytes(509) + after))
    assert [(m.name, m.size, m.sparse) for m, _ in found] == [("sparse", 0o100000, True), ("next", 1, False)]
    pax = tar((info("GNUSparseFile.0/x", pax_headers={"GNU.sparse.name": "x", "GNU.sparse.realsize": "999"}), b"map"))
    (member, _), *_ = read(stream(pax))
    assert (member.name, member.size, member.sparse) == ("x", 999, True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"\x7fELF" + bytes(1000), Reason.MALFORMED, id="no tar"),
        pytest.param(tar((info("x"), b"y" * 2000))[:1500], Reason.MALFORMED, id="cut within a body"),
        pytest.param(tar((info("x"), b"y" * 2000))[:512], Reason.MALFORMED, id="cut behind a header"),
        pytest.param(tar((info("x"), b""))[:300], Reason.MALFORMED, id="cut within a header"),
        pytest.param(tar((info("n" * (LONGEST_RECORD + 5)), b"")), Reason.TOO_BIG, id="PAX bomb"),
        pytest.param(
            tar((info("n" * (LONGEST_RECORD + 5)), b""), format=tarfile.GNU_FORMAT), Reason.TOO_BIG, id="long name bomb"
        ),
        pytest.param(tar((info("x", pax_headers={"size": "-1"}), b"")), Reason.MALFORMED, id="negative size"),
        pytest.param(tar((info("x", pax_headers={"size": "9" * 30}), b"")), Reason.MALFORMED, id="endless size"),
        pytest.param(tar((info("x", pax_headers={"path": "a\0b"}), b"")), Reason.MALFORMED, id="zero byte in a name"),
    ],
)
def test_hostile_archives(data: bytes, reason: Reason) -> None:
    with file_window(data) as window:
        for each in (window, stream(data)):
            with pytest.raises(SourceError) as caught:
                read(each)
            assert caught.value.unavailable.reason is reason


@pytest.mark.parametrize("field", [b"\x80" + bytes(3) + b"\xff" * 8, b"\xff" * 12, b"7777777777x\0", b"-0000000001\0"])
def test_numbers_that_lie(field: bytes) -> None:
    header = bytearray(tar((info("x"), b"abc"))[:512])
    header[124:136] = field
    with pytest.raises(SourceError):
        read(stream(fixed(header) + bytes(2048)))


def test_a_missing_end_is_no_damage() -> None:
    data = tar((info("x"), b"abc"))
    assert len(read(stream(data[:1024]))) == 1
    assert read(stream(b"")) == []
