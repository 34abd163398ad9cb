"""Plain HTTP reads with caps, deadlines, and redirects followed by hand so that credentials stay with their origin."""

from __future__ import annotations

import importlib
import sys
import threading
import time
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin, urlsplit

from troubleshooter.facts import CallLog, CallRecord, Reason, SourceError, Unavailable
from troubleshooter.model import Unblock

if TYPE_CHECKING:
    import ssl

    import httpx

REDIRECTS = 3
CONNECT_S, READ_S = 3.0, 10.0


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """One complete answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Web:
    """HTTP reads of one session. Safe to use from any thread. Addresses are never logged: they may be presigned."""

    def __init__(self, calls: CallLog, *, transport: httpx.BaseTransport | None = None) -> None:
        """`transport` replaces the network."""
        self._calls, self._transport = calls, transport
        self._clients: dict[tuple[bool, str | None], httpx.Client] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Gives the connections back. What is still being read elsewhere then fails as unreachable."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def warm_up(self) -> None:
        """Loads the HTTP library on a thread of its own, while other calls are being waited for."""
        threading.Thread(target=_load, name="load httpx", daemon=True).start()

    def get(
        self,
        url: str,
        *,
        label: str,
        cap: int,
        deadline_s: float = 30.0,
        headers: Mapping[str, str] | None = None,
        verify: str | None = None,
        form: Mapping[str, str] | None = None,
    ) -> WebAnswer:
        """One GET, whole. `label` names it in the call log; more than `cap` bytes is an error.

        Any status is an answer. Raises SourceError when there is none. `verify`: path of a CA bundle. `form`: what is posted
        instead, as token services want it; it is sent to this address alone, and a redirect is not followed.
        """
        end = time.monotonic() + deadline_s
        with self.stream(url, label=label, headers=headers, verify=verify, wait_s=deadline_s, form=form) as response:
            parts, size = [], 0
            try:
                for part in response.iter_bytes():
                    size += len(part)
                    if size > cap:
                        raise SourceError(Unavailable(Reason.TOO_BIG, f"{label}: more than {cap} bytes"))
                    if time.monotonic() > end:
                        raise SourceError(_late(label, deadline_s))
                    parts.append(part)
            except SourceError:
                raise
            except Exception as error:
                raise SourceError(_unreachable(label, error)) from error
            lowered = {k.lower(): v for k, v in response.headers.items()}
            return WebAnswer(response.status_code, lowered, b"".join(parts), str(response.url))

    @contextmanager
    def stream(
        self,
        url: str,
        *,
        label: str,
        headers: Mapping[str, str] | None = None,
        verify: str | None = None,
        wait_s: float = READ_S,
        form: Mapping[str, str] | None = None,
    ) -> Iterator[httpx.Response]:
        """An open response whose body has not been read. Raises SourceError where there is none.

        `wait_s` shortens, never lengthens, how long the other side may stay silent.
        """
        began, status, response = time.perf_counter(), "error", None
        try:
            response = self._opened(url, label, dict(headers or {}), verify, wait_s, form)
            status = "ok" if response.status_code < 400 else str(response.status_code)
            yield response
        finally:
            if response is not None:
                response.close()
            elapsed = round((time.perf_counter() - began) * 1000, 1)
            self._calls.add(CallRecord("http", label, "", status, elapsed))

    def _opened(
        self,
        url: str,
        label: str,
        headers: dict[str, str],
        verify: str | None,
        wait_s: float,
        form: Mapping[str, str] | None,
    ) -> httpx.Response:
        _load()
        import httpx

        origin = urlsplit(url)
        timeout = httpx.Timeout(min(READ_S, wait_s), connect=min(CONNECT_S, wait_s))
        for _ in range(REDIRECTS + 1):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise SourceError(Unavailable(Reason.MALFORMED, f"{label}: the address is not one of http or https"))
            # Headers may carry credentials: they go to the origin that they were given for, and nowhere else.
            same = (parts.scheme, parts.netloc) == (origin.scheme, origin.netloc)
            sent = headers if same else {k: v for k, v in headers.items() if k.lower() in ("accept", "accept-encoding")}
            try:
                client = self._client(loopback=_is_loopback(parts.hostname), verify=verify)
                method = "GET" if form is None else "POST"
                request = client.build_request(method, url, headers=sent, timeout=timeout, data=form)
                response = client.send(request, stream=True)
            except Exception as error:
                raise SourceError(_unreachable(label, error)) from error
            if not same and _is_link_local(response):
                response.close()
                raise SourceError(Unavailable(Reason.REFUSED, f"{label}: redirected to a link-local address, not read"))
            if response.status_code not in (301, 302, 303, 307, 308) or "location" not in response.headers:
                return response
            response.close()
            if form is not None:
                raise SourceError(Unavailable(Reason.REFUSED, f"{label}: redirected, and nothing is posted elsewhere"))
            url = urljoin(url, response.headers["location"])
            if parts.scheme == "https" and urlsplit(url).scheme == "http":
                raise SourceError(Unavailable(Reason.REFUSED, f"{label}: redirected from https to http, not followed"))
        raise SourceError(Unavailable(Reason.REFUSED, f"{label}: more than {REDIRECTS} redirects"))

    def _client(self, *, loopback: bool, verify: str | None) -> httpx.Client:
        import httpx

        with self._lock:
            key = (loopback, verify)
            if key not in self._clients:
                self._clients[key] = httpx.Client(
                    transport=self._transport,
                    trust_env=not loopback,
                    verify=_context(verify) if verify else True,
                    follow_redirects=False,
                    timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
                    limits=httpx.Limits(max_connections=32),
                    headers={"user-agent": "troubleshooter"},
                )
            return self._clients[key]


def _load() -> None:
    """Imports httpx without its own command line, which takes longer than all the rest where its extras are installed."""
    left_out = cast("dict[str, types.ModuleType | None]", sys.modules)
    left_out.setdefault("httpx._main", None)
    importlib.import_module("httpx")


def _context(bundle: str) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context(cafile=bundle)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _is_link_local(response: httpx.Response) -> bool:
    """Whether the other side is a machine's own metadata service or its like, whatever name led there."""
    import ipaddress

    stream = response.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream is not None else None
    if not isinstance(peer, tuple) or not peer:
        return False
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_link_local


def _unreachable(label: str, error: Exception) -> Unavailable:
    text = f"{label} could not be reached ({type(error).__name__})"
    return Unavailable(Reason.UNREACHABLE, text, Unblock("check the network and proxy settings"))


def _late(label: str, seconds: float) -> Unavailable:
    return Unavailable(Reason.UNREACHABLE, f"{label} did not finish within {seconds:g} s", Unblock("try again"))
