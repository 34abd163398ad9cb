"""Whether an endpoint can be reached at all, known within two seconds: what a client library retries for minutes."""

from __future__ import annotations

import socket
import threading
import urllib.request
from urllib.parse import urlsplit

from troubleshooter.collectors.aws_failures import NETWORK
from troubleshooter.facts import Reason, SourceError, Unavailable, patiently
from troubleshooter.facts.store import TICK_S

PROBE_S = 2.0
"""A lost first packet is sent again after one second; who has not answered by then is not there."""


def reachable(url: str) -> None:
    """Opens and closes one connection. Raises SourceError where there is none; says nothing where a proxy stands between."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    proxies = urllib.request.getproxies()
    if parts.scheme in proxies and not urllib.request.proxy_bypass(host):
        return
    failure: list[str] = []
    done = threading.Event()

    def probe() -> None:
        try:
            socket.create_connection((host, port), timeout=PROBE_S).close()
        except OSError as error:
            failure.append("its name does not resolve" if isinstance(error, socket.gaierror) else _words(error))
        done.set()

    # Resolving a name has no time-out of its own.
    threading.Thread(target=probe, name=f"probe {host}", daemon=True).start()
    if not patiently(done, PROBE_S + TICK_S):
        failure.append(f"no answer within {PROBE_S:g} s")
    if failure:
        raise SourceError(Unavailable(Reason.UNREACHABLE, f"{host} could not be reached: {failure[0]}", NETWORK))


def _words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {PROBE_S:g} s"
    return (error.strerror or type(error).__name__).lower()
