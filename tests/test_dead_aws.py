"""AWS that is not there, in the ways that it is not there: the walk ends soon, and what lies at hand is still told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lab import demo_account
from troubleshooter import playbook, reports, session
from troubleshooter.collectors import aws as aws_module
from troubleshooter.collectors.aws import Aws, operations
from troubleshooter.collectors.aws_reach import PROBE_S
from troubleshooter.facts import CallLog
from troubleshooter.model import Target

PASTED = "Error: Runtime exited with error: exit status 1 Runtime.InvalidEntrypoint: fork/exec /lambda-entrypoint.sh: exec format error"
CALL_S = 1.0
"""Stands in for the deadline of a call, so that the test need not wait as long."""
SERVICES = {"127.0.0.1", "lambda.nowhere.invalid", *(service for service, _ in operations())}
OVERHEAD_S = 20.0
"""What a loaded machine may take for everything else."""


@contextmanager
def refusing() -> Iterator[str]:
    """Nothing listens: the connection is reset."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def swallowing() -> Iterator[str]:
    """A listener whose queue is full: packets are dropped, as behind a firewall."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for client in waiting:
            client.close()


@contextmanager
def _accepting(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        ended = threading.Event()
        taken: list[socket.socket] = []

        def accept() -> None:
            while not ended.is_set():
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                taken.append(client)
                threading.Thread(target=answer, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        for client in taken:
            client.close()


def silent() -> Any:
    """Accepts, and never says a word."""
    return _accepting(lambda client: None)


def trickling() -> Any:
    """An answer that never ends, a byte at a time: no time-out between two bytes ever strikes."""

    def answer(client: socket.socket) -> None:
        try:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            while True:
                client.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            return

    return _accepting(answer)


@contextmanager
def nameless() -> Iterator[str]:
    """The name of the endpoint does not resolve."""
    with pytest.MonkeyPatch.context() as patch:

        def unknown(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        patch.setattr(socket, "getaddrinfo", unknown)
        yield "http://lambda.nowhere.invalid"


DEAD = {"refusing": refusing, "swallowing": swallowing, "silent": silent, "trickling": trickling, "nameless": nameless}


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """What is imported once is not measured."""
    with demo_account.mismatch() as account:
        walk = session.new(Target(function="demo", region=account.region, endpoint_url=account.url), playbook.load())
        walk.run()
        walk.end()


@pytest.mark.parametrize("dead", DEAD.values(), ids=DEAD)
def test_the_walk_ends_and_what_was_pasted_is_told(dead: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_module, "CALL_S", CALL_S)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-EXAMPLE")
    archive = tmp_path / "image.tar"
    archive.write_bytes(demo_account.amd64_image().oci_archive())
    with dead() as url:
        target = Target(
            function="demo", region="eu-west-1", endpoint_url=url, error_text=PASTED, image=f"oci-archive:{archive}"
        )
        walk = session.new(target, playbook.load(), within=tmp_path)
        began = time.monotonic()
        walk.run()
        took = time.monotonic() - began
        walk.end()
    report = reports.from_journal(walk.journal.records)
    assert took < max(PROBE_S, CALL_S) + OVERHEAD_S
    failures = [c for c in report["calls"] if c["service"] != "http"]
    assert failures
    assert all(c["ms"] < (max(PROBE_S, CALL_S) + OVERHEAD_S) * 1000 for c in failures)
    assert report["diagnosis"]["status"] == "suspected"
    assert report["diagnosis"]["suspects"][0]["cause"] == "arch_image_function_mismatch"
    assert any(f["subject"] == "proposed" and f["outcome"] in ("pass", "fail") for f in report["findings"])
    unread = [gap for gap in report["unread"] if gap["detail"].split(" ")[0].partition(":")[0] in SERVICES]
    assert {gap["reason"] for gap in unread} == {"unreachable"}, report["unread"]


def test_looking_for_credentials_anew_waits_for_no_program_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`credential_process` of the old session goes on hanging; the new one makes its own clients."""
    aws = Aws(CallLog(), region="eu-west-1", endpoint_url="http://127.0.0.1:9")
    hanging, let_go = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> SimpleNamespace:
        hanging.set()
        let_go.wait()
        return SimpleNamespace(meta=SimpleNamespace(region_name="eu-west-1"))

    monkeypatch.setattr("botocore.session.Session.create_client", hang)
    old = threading.Thread(target=aws._client, args=("lambda", None), daemon=True)
    old.start()
    assert hanging.wait(10)
    before = aws._at_hand
    renewing = threading.Thread(target=aws.again, daemon=True)
    renewing.start()
    renewing.join(10)
    assert not renewing.is_alive()
    assert aws._at_hand is not before
    assert not aws._at_hand.lock.locked()
    let_go.set()
    old.join(10)
    assert not aws._at_hand.clients
