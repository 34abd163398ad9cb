"""A container engine for tests: the machine's own if one answers on a unix socket, else a dockerd of our own.

Ours has no bridge and touches no iptables, keeps everything in a short temporary folder, and is ended by its process id.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.isolation import ORIGINAL_ENVIRONMENT

DEFAULT_SOCKET = "/var/run/docker.sock"
READY_S, STOP_S = 30.0, 20.0


class Unavailable(Exception):
    """What a test needs cannot be had on this machine, and why."""


class _Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=2)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(2)
        self.sock.connect(self._path)


def answers(path: str) -> bool:
    """Whether an engine listens on a unix socket."""
    connection = _Unix(path)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers."""

    address: str
    """`unix://…`"""
    ours: bool
    """Started for the tests, and gone with all that is in it when they end."""


@contextmanager
def running() -> Iterator[Engine]:
    """An engine that answers until the block ends. Raises Unavailable."""
    if sys.platform != "linux":
        raise Unavailable(f"containers of this machine do not share its loopback on {sys.platform}")
    for address in (ORIGINAL_ENVIRONMENT.get("DOCKER_HOST", ""), f"unix://{DEFAULT_SOCKET}"):
        if address.startswith("unix://") and answers(address.removeprefix("unix://")):
            yield Engine(address, ours=False)
            return
    if shutil.which("dockerd") is None:
        raise Unavailable("no engine answers and dockerd is not installed")
    if os.geteuid() != 0:
        raise Unavailable("no engine answers, and only root can start dockerd")
    # A unix socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="tse-", dir="/tmp"))
    try:
        with _daemon(folder):
            yield Engine(f"unix://{folder}/docker.sock", ours=True)
    finally:
        _unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _daemon(folder: Path) -> Iterator[None]:
    # An empty configuration of its own: dockerd reads /etc/docker's otherwise.
    (folder / "daemon.json").write_text("{}")
    command = ["dockerd", "--bridge=none", "--iptables=false", "--ip6tables=false"]
    command += ["--config-file", f"{folder}/daemon.json", "--data-root", f"{folder}/data"]
    command += ["--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid", "-H", f"unix://{folder}/docker.sock"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(ORIGINAL_ENVIRONMENT),
        )
    try:
        _wait_until_ready(process, folder)
        yield
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if answers(f"{folder}/docker.sock"):
            return
        if process.poll() is not None:
            break
        time.sleep(0.03)
    raise Unavailable("dockerd did not start: " + (folder / "log").read_text(errors="replace")[-1000:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM lets dockerd stop its containers and its containerd first."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S)


def _unmount(folder: Path) -> None:
    """What dockerd leaves mounted: the network namespace of containers on the host's network."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for path in reversed([p for p in mounted if p.startswith(f"{folder}/")]):
        subprocess.run(["umount", path], check=False, capture_output=True)
