"""Keeps a test away from the machine it runs on: no network but loopback, none of the developer's accounts and settings."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ORIGINAL_ENVIRONMENT: Mapping[str, str] = dict(os.environ)
"""The environment as it was when the tests were imported: for tools that build the lab (apt-get, pip, npm, docker)."""

DROPPED_PREFIXES = ("AWS_", "BOTO_", "DOCKER_", "PIP_", "UV_", "NPM_CONFIG_", "TROUBLESHOOTER_")
DROPPED = frozenset(
    {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CONTAINER_HOST"}
    | {"NO_COLOR", "FORCE_COLOR", "PYTHONPATH", "NODE_PATH", "NODE_OPTIONS", "SAM_CLI_TELEMETRY"}
)


class NetworkForbidden(RuntimeError):
    """A test reached for something outside this machine."""


attempts: list[str] = []
"""Addresses that the running test reached for. The guard raises too, but code under test may well catch that."""


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of a test: what the machine needs, nothing that belongs to its user, folders below `home`."""
    kept = {
        name: value
        for name, value in ORIGINAL_ENVIRONMENT.items()
        if not name.upper().startswith(DROPPED_PREFIXES) and name.upper() not in DROPPED
    }
    empty = str(home / "none")
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "AWS_CONFIG_FILE": empty,
        "AWS_SHARED_CREDENTIALS_FILE": empty,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PIP_CONFIG_FILE": os.devnull,
        "NPM_CONFIG_GLOBALCONFIG": empty,
        "TZ": "UTC",
    }


def is_local(family: int, address: object) -> bool:
    """Whether a socket address stays on this machine."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = address[0] if isinstance(address, tuple) and address else ""
    return _is_local_name(host)


def _is_local_name(host: object) -> bool:
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if text in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(text).partition("%")[0]).is_loopback
    except ValueError:
        return False


@contextmanager
def network_guard() -> Iterator[None]:
    """Inside, connecting, sending or looking a name up anywhere but on loopback raises NetworkForbidden and is noted."""
    kept = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
    resolve = socket.getaddrinfo

    def guarded(name: str) -> Any:
        def method(self: socket.socket, *arguments: Any) -> Any:
            if not is_local(self.family, arguments[-1]):
                _refuse(arguments[-1])
            return kept[name](self, *arguments)

        return method

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        if not _is_local_name(host):
            _refuse(host)
        return resolve(host, *arguments, **named)

    try:
        for name in kept:
            setattr(socket.socket, name, guarded(name))
        socket.getaddrinfo = getaddrinfo
        yield
    finally:
        for name, method in kept.items():
            setattr(socket.socket, name, method)
        socket.getaddrinfo = resolve


def _refuse(address: object) -> None:
    attempts.append(str(address))
    raise NetworkForbidden(f"a test reached for {address}")
