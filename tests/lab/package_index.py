"""A package index on the loopback interface: simple API as HTML and JSON, npm package documents, and every way to misbehave."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

JSON_TYPE = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""


@dataclass
class Project:
    """One project of the simple API."""

    versions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """File names; wheels of all versions where none are given."""
    yanked: tuple[str, ...] = ()


@dataclass
class PackageIndex:
    """Serves while it is entered. Everything may be changed while it runs."""

    pypi: dict[str, Project] = field(default_factory=dict)
    """By normalised name."""
    npm: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Package documents by name."""
    html_only: bool = False
    user: str = ""
    password: str = ""
    """Basic authentication that every request needs, where set."""
    token: str = ""
    """Bearer token that every request needs, where set."""
    statuses: dict[str, int] = field(default_factory=dict)
    """Path → status to answer instead."""
    redirects: dict[str, str] = field(default_factory=dict)
    """Path → location."""
    bodies: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Path → (content type, body) to answer instead, with 200."""
    hang: bool = False
    seen: list[Seen] = field(default_factory=list)

    def __enter__(self) -> PackageIndex:
        index = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                index._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def simple(self) -> str:
        return f"{self.url}/simple"

    def asked(self) -> list[str]:
        """Paths in the order in which they were asked for."""
        return [request.path for request in self.seen]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = urlsplit(handler.path).path
        headers = {k.lower(): v for k, v in handler.headers.items()}
        self.seen.append(Seen(handler.path, headers))
        if self.hang:
            self._released.wait(30)
            return
        if path in self.statuses:
            self._send(handler, self.statuses[path], "text/plain", b"no")
        elif path in self.redirects:
            self._send(handler, 302, "text/plain", b"", {"Location": self.redirects[path]})
        elif not self._admitted(headers):
            self._send(handler, 401, "text/plain", b"who are you", {"WWW-Authenticate": "Basic"})
        elif path in self.bodies:
            self._send(handler, 200, *self.bodies[path])
        elif path.startswith("/files/"):
            self._send(handler, 200, "application/zip", wheel(unquote(path).rpartition("/")[2]))
        elif path.startswith("/simple"):
            self._simple(handler, path, headers.get("accept", ""))
        else:
            self._package(handler, unquote(path).lstrip("/"))

    def _admitted(self, headers: Mapping[str, str]) -> bool:
        wanted = ""
        if self.user:
            wanted = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if self.token:
            wanted = f"Bearer {self.token}"
        return not wanted or headers.get("authorization") == wanted

    def _simple(self, handler: BaseHTTPRequestHandler, path: str, accept: str) -> None:
        as_json = "json" in accept and not self.html_only
        name = path.removeprefix("/simple").strip("/")
        if not name:
            self._send(handler, 200, "text/html", b"<!DOCTYPE html><html><body></body></html>")
            return
        project = self.pypi.get(name)
        if project is None:
            self._send(handler, 404, "text/plain", b"404 Not Found")
            return
        stem = re.sub(r"[-.]+", "_", name)
        files = project.files or tuple(f"{stem}-{version}-py3-none-any.whl" for version in project.versions)
        yanked = {f for f in files if any(f"-{version}-" in f or f"-{version}.tar" in f for version in project.yanked)}
        if as_json:
            listed = [{"filename": f, "url": f"/files/{f}", "hashes": {}, "yanked": f in yanked} for f in files]
            body = json.dumps({"meta": {"api-version": "1.0"}, "name": name, "files": listed}).encode()
            self._send(handler, 200, JSON_TYPE, body)
            return
        links = "".join(
            f'<a href="/files/{html.escape(f)}#sha256=0"{" data-yanked" if f in yanked else ""}>{f}</a>' for f in files
        )
        self._send(
            handler, 200, "text/html; charset=utf-8", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        )

    def _package(self, handler: BaseHTTPRequestHandler, name: str) -> None:
        document = self.npm.get(name)
        if document is None:
            self._send(handler, 404, "application/json", b'{"error":"Not found"}')
        else:
            self._send(handler, 200, "application/json", json.dumps(document).encode())

    def _send(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        kind: str,
        body: bytes,
        more: Mapping[str, str] | None = None,
    ) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


def wheel(file: str) -> bytes:
    """A wheel with nothing but its metadata."""
    name, version = file.split("-")[:2]
    folder = f"{name}-{version}.dist-info"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{folder}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{folder}/RECORD", "")
    return buffer.getvalue()


def package_document(name: str, versions: list[str], **tags: str) -> dict[str, Any]:
    """What an npm registry says of a package; `latest` is the last version unless given."""
    return {
        "name": name,
        "dist-tags": {**({"latest": versions[-1]} if versions else {}), **tags},
        "versions": {
            v: {"name": name, "version": v, "dist": {"tarball": f"http://127.0.0.1:9/{v}.tgz", "shasum": "0" * 40}}
            for v in versions
        },
    }
