"""A reverse proxy in front of the stand-in account that breaks the answers to one operation, in every way that networks do.

with Faults(account) as faults:
    aws = Aws(CallLog(), endpoint_url=faults.url)
    faults.inject("lambda", "GetFunction", "truncated")
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self

from tests.lab import aws_wire
from tests.lab.aws import Account
from tests.lab.aws_http import Server
from tests.lab.aws_wire import AwsError, Request, Response
from troubleshooter.collectors.aws import operations

HTML = b"<!DOCTYPE html><html><body>please log in</body></html>"
SILENCE_S = 5.0
"""Seconds that a time-out lasts, unless the client hangs up."""

KINDS = (
    "403",
    "404",
    "429",
    "500",
    "503 with HTML",
    "time-out",
    "reset",
    "empty 200",
    "HTML 200",
    "truncated",
    "bad UTF-8",
    "wrong type",
    "missing key",
)
_ERRORS = {
    "403": ("AccessDeniedException", "User: arn:aws:iam::123456789012:user/dev is not authorized", 403),
    "404": ("UnknownOperationException", "no such operation", 404),
    "429": ("TooManyRequestsException", "Rate exceeded", 429),
    "500": ("InternalFailure", "internal error", 500),
}


class Faults:
    """The proxy. Everything passes but what is injected."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._fault: tuple[str, str, str] | None = None
        self.hits = 0
        """Calls that met the fault."""
        self._server = Server(self._respond)
        self._server.RequestHandlerClass = _Connection

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def inject(self, service: str, operation: str, kind: str) -> None:
        """From now on each answer to this operation is broken so, and no other."""
        assert kind in KINDS
        self._fault, self.hits = (service, operation, kind), 0

    def heal(self) -> None:
        self._fault = None

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="faults", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _respond(self, method: str, target: str, headers: Any, body: bytes) -> Response:
        answer = self._passed_on(method, target, headers, body)
        fault = self._fault
        if fault is None or "authorization" not in headers:
            return answer
        request = aws_wire.parse(method, target, headers, body, frozenset({s for s, _ in operations()}))
        if (request.service, request.operation) != fault[:2]:
            return answer
        self.hits += 1
        return _broken(fault[2], request, answer)

    def _passed_on(self, method: str, target: str, headers: Any, body: bytes) -> Response:
        host = self._account.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request(method, target, body, {k: v for k, v in headers.items() if k != "connection"})
            got = connection.getresponse()
            kept = {k.lower(): v for k, v in got.getheaders() if k.lower() not in ("content-length", "date", "server")}
            return Response(got.status, got.read(), kept)
        finally:
            connection.close()


def _broken(kind: str, request: Request, answer: Response) -> Response:
    if kind in _ERRORS:
        code, message, status = _ERRORS[kind]
        return aws_wire.error(request, AwsError(code, message, status))
    if kind == "503 with HTML":
        return Response(503, HTML, {"content-type": "text/html"})
    if kind == "HTML 200":
        return Response(200, HTML, {"content-type": "text/html"})
    if kind == "empty 200":
        return Response(200, b"", {})
    if kind == "bad UTF-8":
        return Response(200, b'{"Configuration": "\xff\xfe", "message": "\xc3"}', answer.headers)
    if kind in ("wrong type", "missing key"):
        return Response(200, _reshaped(kind, request, answer.body), answer.headers)
    return Response(200, answer.body or b"{}", {**answer.headers, "x-fault": kind})


def _reshaped(kind: str, request: Request, body: bytes) -> bytes:
    """The answer with every member at the top gone, or turned into a number."""
    if aws_wire.service_model(request.service).metadata["protocol"] in ("query", "ec2"):
        inside = rb"7" if kind == "wrong type" else rb""
        return re.sub(rb"(<\w+Result>).*(</\w+Result>)", rb"\g<1>" + inside + rb"\g<2>", body, flags=re.DOTALL)
    members = json.loads(body) if body.startswith(b"{") else {}
    return json.dumps(dict.fromkeys(members, 7) if kind == "wrong type" else {}).encode()


class _Connection(BaseHTTPRequestHandler):
    """One connection, able to end in the ways that an HTTP library does not offer."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {k.lower(): v for k, v in self.headers.items()}
        response: Response = self.server.respond(self.command, self.path, headers, body)  # type: ignore[attr-defined]
        fault = response.headers.pop("x-fault", "")
        if fault == "time-out":
            self._silent()
            return
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        content = response.body
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if fault == "truncated" else content)
        self.close_connection = self.close_connection or fault == "truncated"

    def _silent(self) -> None:
        """Nothing, until the client hangs up."""
        self.close_connection = True
        self.connection.settimeout(SILENCE_S)
        end = time.monotonic() + SILENCE_S
        while time.monotonic() < end:
            try:
                if not self.connection.recv(1):
                    return
            except OSError:
                return

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer
