"""The code package of a zip function: what it lists, and what it does not let in."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator

import pytest

from tests.factories import RECORD
from tests.lab.aws import Account
from tests.lab.images import image
from troubleshooter.collectors import aws_lambda, zip_package
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.web import Web
from troubleshooter.collectors.zip_package import zip_tree
from troubleshooter.facts import CallLog, Reason, SourceError, Store, Unavailable, providers_in
from troubleshooter.facts.base import Cost
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.image import CodeTree, PackageCode, ZipFunction
from troubleshooter.facts.tree import Kind
from troubleshooter.model import Origin, Role, Subject
from troubleshooter.redact import Secrets


def package(*members: tuple[str, bytes, int]) -> bytes:
    """A zip of (name, content, mode with its file type, 0 for none)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16 or WINDOWS
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


WINDOWS = 0x20
"""What programs of Windows write: an attribute of its own and no mode."""
PLAIN = stat.S_IFREG | 0o644
GOOD = package(
    ("app.py", b"def handler(e, c): ...\n", PLAIN),
    ("lib/run.sh", b"#!/bin/sh\n", stat.S_IFREG | 0o755),
    ("lib/empty/", b"", stat.S_IFDIR | 0o755),
    ("link.py", b"app.py", stat.S_IFLNK | 0o777),
    ("dos.py", b"x = 1\n", 0),
)


def test_files_lie_below_the_task_root_with_their_modes() -> None:
    tree = zip_tree(GOOD)
    assert sorted(tree.children("/var/task")) == ["app.py", "dos.py", "lib", "link.py"]
    assert tree.text("/var/task/app.py") == "def handler(e, c): ...\n"
    modes = {
        p: e.mode for p in ("/var/task/lib/run.sh", "/var/task/dos.py", "/var/task/app.py") if (e := tree.entry(p))
    }
    assert modes == {"/var/task/lib/run.sh": 0o755, "/var/task/dos.py": 0o644, "/var/task/app.py": 0o644}
    assert tree.is_dir("/var/task/lib/empty")
    assert tree.text("/var/task/link.py") == "def handler(e, c): ...\n"
    link = tree.entry("/var/task/link.py")
    assert link
    assert (link.kind, link.link) == (Kind.SYMLINK, "app.py")


def test_names_that_climb_lead_nowhere() -> None:
    tree = zip_tree(package(("../../etc/passwd", b"x", PLAIN), ("/abs.py", b"y", PLAIN), ("a/../b.py", b"z", PLAIN)))
    assert sorted(p for p in tree if tree.is_file(p)) == ["/var/task/abs.py", "/var/task/b.py"]


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100, GOOD[: len(GOOD) // 2]])
def test_what_is_no_zip(content: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        zip_tree(content)
    assert caught.value.unavailable.reason is Reason.MALFORMED


def test_a_bomb_meets_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = package(*((f"{i}.py", bytes(1 << 20), PLAIN) for i in range(8)))
    assert len(bomb) < 20_000
    monkeypatch.setattr(zip_package, "MAX_UNPACKED", 4 << 20)
    with pytest.raises(SourceError) as caught:
        zip_tree(bomb)
    assert caught.value.unavailable.reason is Reason.TOO_BIG
    monkeypatch.setattr(zip_package, "MAX_UNPACKED", 1 << 30)
    monkeypatch.setattr(zip_package, "MAX_MEMBERS", 3)
    with pytest.raises(SourceError):
        zip_tree(bomb)
    monkeypatch.setattr(zip_package, "MAX_MEMBERS", 300)
    monkeypatch.setattr(zip_package, "MAX_FILE", 1000)
    assert zip_tree(bomb).read("/var/task/0.py") is None


def test_a_member_that_lies_about_its_size_gives_no_more_than_it_states(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(package(("a.py", b"x" * 50_000, PLAIN)))
    real, small = (50_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    tree = zip_tree(bytes(data.replace(real, small)))
    content = tree.read("/var/task/a.py")
    assert content is None or len(content) <= 10


def test_damage_within_is_content_that_cannot_be_read() -> None:
    data = bytearray(package(("a.py", bytes(range(256)) * 200, PLAIN), ("b.py", b"fine", PLAIN)))
    start = data.index(b"a.py") + 4
    data[start : start + 40] = b"\xff" * 40
    tree = zip_tree(bytes(data))
    assert tree.read("/var/task/a.py") is None
    assert tree.text("/var/task/b.py") == "fine"


@pytest.fixture
def store() -> Iterator[Store]:
    calls = CallLog()
    aws, web = Aws(calls), Web(calls)
    given = GivenFunction(reading=RECORD, name="demo")
    yield Store(providers_in([aws_lambda, zip_package]), [given, aws, web, Secrets(), Subject(Role.DEPLOYED)])
    aws.close()
    web.close()


def test_the_package_of_what_runs_is_downloaded_once_asked_for(aws_account: Account, store: Store) -> None:
    aws_account.add_function("demo", package=GOOD)
    assert store.cost(CodeTree) is Cost.BYTES
    code = store.get(CodeTree)
    assert isinstance(code, CodeTree)
    assert (code.kind, code.root, code.reading.origin) == ("zip", "/var/task", Origin.PACKAGE)
    assert code.tree.is_file("/var/task/app.py")
    assert "Signature" not in repr(code)
    aws_account.assert_only_reads()


def test_an_image_function_has_no_package(aws_account: Account, store: Store) -> None:
    aws_account.add_function("demo", image_uri=aws_account.add_image("demo", "latest", image({})))
    assert isinstance(store.get(ZipFunction), Unavailable)
    assert store.cost(PackageCode) is Cost.THINK
    code = store.get(CodeTree)
    assert isinstance(code, Unavailable)
    assert code.reason is Reason.NOT_OF_THIS_KIND
