"""A registry on loopback: one repository, open, behind a token service, or behind a password."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from tests.lab.images import Built

LOGIN = base64.b64encode(b"someone:correct-horse-battery").decode()


class Registry:
    """One repository `team/demo`, open, behind a token service, or behind a password."""

    def __init__(self) -> None:
        self.kind, self.token = "open", "token-of-the-service"
        self.blobs: dict[str, bytes] = {}
        """By digest; whatever a socket can send."""
        self.tags: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.redirect = False
        self.realm: str | None = None
        self.posted: list[dict[str, str]] = []
        """Forms that the token service was sent."""
        self.moved = ""
        """Where the token service says that it is now."""
        self.forgetful = False
        """Gives tokens that it does not take afterwards."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.answer(self)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                registry.posted.append(dict(parse_qsl(body)))
                registry.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"

    def push(self, built: Built, tag: str = "latest") -> None:
        self.blobs.update(built.blobs)
        self.types.update({d: kind for d, (kind, _) in built.manifests.items()})
        self.tags[tag] = built.digest

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        authorization = request.headers.get("authorization", "")
        self.asked.append((request.path.partition("?")[0], authorization))
        if request.path.startswith("/token"):
            if self.moved:
                return self.send(request, 307, b"", {"Location": self.moved})
            if self.forgetful:
                self.token += "x"
                return self.send(request, 200, json.dumps({"token": self.token[:-1]}).encode())
            return self.send(request, 200, json.dumps({"token": self.token}).encode())
        if request.path.startswith("/storage/"):
            return self.send(request, 400 if authorization else 200, self.blobs[request.path.rpartition("/")[2]])
        wanted = {"open": "", "bearer": f"Bearer {self.token}", "basic": f"Basic {LOGIN}"}[self.kind]
        if wanted and authorization != wanted:
            realm = self.realm or f"http://{self.host}/token"
            challenge = f'Bearer realm="{realm}",service="registry"' if self.kind == "bearer" else 'Basic realm="x"'
            return self.send(request, 401, b"{}", {"WWW-Authenticate": challenge})
        name = request.path.rpartition("/")[2]
        name = self.tags.get(name, name)
        if name not in self.blobs:
            return self.send(request, 404, b'{"errors": []}')
        if self.redirect and "/blobs/" in request.path:
            return self.send(
                request, 307, b"", {"Location": f"http://localhost:{self.server.server_port}/storage/{name}"}
            )
        kind = self.types.get(name, "application/octet-stream")
        return self.send(request, 200, self.blobs[name], {"Content-Type": kind, "Docker-Content-Digest": name})

    def send(
        self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        request.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            request.send_header(key, value)
        request.end_headers()
        request.wfile.write(body)

    @classmethod
    @contextmanager
    def serving(cls) -> Iterator[Registry]:
        """One that answers until the block ends."""
        made = cls()
        thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.server.shutdown()
            made.server.server_close()
