"""The walls around a test hold."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.lab import isolation
from tests.lab.isolation import NetworkForbidden


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "169.254.169.254"])
def test_no_socket_leaves_the_machine(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as each, pytest.raises(NetworkForbidden):
        each.connect((host, 80))
    with socket.socket(family, socket.SOCK_DGRAM) as each, pytest.raises(NetworkForbidden):
        each.sendto(b"x", (host, 53))
    assert len(isolation.attempts) == 2
    isolation.attempts.clear()


def test_no_name_is_looked_up() -> None:
    with pytest.raises(NetworkForbidden):
        urllib.request.urlopen("http://example.invalid/")
    assert isolation.attempts == ["example.invalid"]
    isolation.attempts.clear()


def test_loopback_and_unix_sockets_work(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as each:
        assert each.getpeername() == server.getsockname()
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as each:
        server.bind(path)
        server.listen()
        each.connect(path)


def test_nothing_of_the_developer_is_left(isolated: Path) -> None:
    assert Path.home() == isolated
    assert not [n for n in os.environ if n.startswith("DOCKER_") or n.endswith("_PROXY")]
    assert {n for n in os.environ if n.startswith("AWS_")} == {
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_EC2_METADATA_DISABLED",
    }


def test_a_test_that_reaches_out_fails_even_if_the_code_caught_it(tmp_path: Path) -> None:
    code = """
import socket
from tests.conftest import isolated, no_network

def test_quiet():
    try:
        socket.create_connection(("192.0.2.1", 80))
    except Exception:
        pass
"""
    (tmp_path / "test_quiet.py").write_text(code)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    assert "1 passed, 1 error" in run.stdout
    assert "the test reached for" in run.stdout
