"""Images in registries other than ECR, over a stand-in on loopback."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.lab.images import Built, Layer, compress, digest, image
from troubleshooter.collectors.image_remote import RemoteImage
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.registry import (
    Name,
    _related,
    names_registry,
    open_registry,
    registry_name,
    stored_login,
)
from troubleshooter.collectors.web import Web
from troubleshooter.facts import CallLog, Reason, SourceError
from troubleshooter.redact import Secrets

FILES = {"/var/task/app.py": "def handler(e, c): ...\n"}
LOGIN = base64.b64encode(b"someone:correct-horse-battery").decode()


class Registry:
    """One repository `team/demo`, open, behind a token service, or behind a password."""

    def __init__(self) -> None:
        self.kind, self.token = "open", "token-of-the-service"
        self.blobs: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.redirect = False
        self.realm: str | None = None
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
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


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web(CallLog())
    yield made
    made.close()


def opened(registry: Registry, web: Web, tag: str = "latest", secrets: Secrets | None = None) -> RemoteImage:
    reference = f"{registry.host}/team/demo:{tag}"
    name = registry_name(reference)
    assert name
    return open_registry(name, reference, None, web, secrets or Secrets())


def log_in(home: Path, host: str, **entry: str) -> None:
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker/config.json").write_text(json.dumps({"auths": {host: entry or {"auth": LOGIN}}}))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("python", Name("registry-1.docker.io", "library/python", "latest")),
        ("docker.io/python:3.12", Name("registry-1.docker.io", "library/python", "3.12")),
        ("team/demo:x", Name("registry-1.docker.io", "team/demo", "x")),
        ("public.ecr.aws/lambda/python:3.12", Name("public.ecr.aws", "lambda/python", "3.12")),
        ("localhost/x", Name("localhost", "x", "latest")),
        ("host:5000/a/b@sha256:" + "0" * 64, Name("host:5000", "a/b", "sha256:" + "0" * 64)),
        ("Upper/Case", None),
        ("a b", None),
        ("", None),
        ("../../etc/passwd", None),
    ],
)
def test_references(reference: str, expected: Name | None) -> None:
    assert registry_name(reference) == expected


def test_names_that_say_their_registry() -> None:
    assert names_registry("public.ecr.aws/lambda/python")
    assert names_registry("localhost:5000/x")
    assert not names_registry("team/demo")
    assert not names_registry("python:3.12")


def test_only_loopback_is_asked_without_tls() -> None:
    assert Name("example.com", "x", "y").base == "https://example.com/v2/x"
    assert Name("localhost:5000", "x", "y").base == "http://localhost:5000/v2/x"


@pytest.mark.parametrize("kind", ["open", "bearer", "basic"])
@pytest.mark.parametrize("redirect", [False, True])
def test_an_image_is_read(registry: Registry, web: Web, isolated: Path, kind: str, redirect: bool) -> None:
    registry.kind, registry.redirect = kind, redirect
    built = image(FILES, cmd=["app.handler"], attestation=True)
    registry.push(built)
    if kind == "basic":
        log_in(isolated, registry.host)
    secrets = Secrets()
    found = opened(registry, web, secrets=secrets)
    assert (found.manifest.digest, found.manifest.is_index) == (built.digest, True)
    assert found.config(secrets).command == ("app.handler",)
    assert found.tree(LayerCache(None)).tree.text("/var/task/app.py") == FILES["/var/task/app.py"]
    if redirect:
        stored = [authorization for path, authorization in registry.asked if path.startswith("/storage")]
        assert stored == ["", ""], "credentials stay with the registry"
    if kind == "bearer":
        assert registry.token not in secrets.redact(f"got {registry.token}")
    if kind == "basic":
        assert "correct-horse" not in secrets.redact("it is correct-horse-battery")


def test_the_stored_login_goes_to_the_registrys_own_token_service(registry: Registry, web: Web, isolated: Path) -> None:
    registry.kind = "bearer"
    registry.push(image(FILES))
    log_in(isolated, registry.host)
    opened(registry, web)
    assert ("/token", f"Basic {LOGIN}") in registry.asked


def test_the_stored_login_goes_to_nobody_else(registry: Registry, web: Web, isolated: Path) -> None:
    registry.kind, registry.realm = "bearer", f"http://localhost:{registry.server.server_port}/token"
    registry.push(image(FILES))
    log_in(isolated, registry.host)
    with pytest.raises(SourceError) as caught:
        opened(registry, web)
    assert caught.value.unavailable.reason is Reason.MALFORMED
    assert not [path for path, _ in registry.asked if path == "/token"]


@pytest.mark.parametrize(
    ("registry_host", "service", "own"),
    [
        ("registry-1.docker.io", "auth.docker.io", True),
        ("ghcr.io", "ghcr.io", True),
        ("registry.gitlab.com", "gitlab.com", True),
        ("ghcr.io", "evil.io", False),
        ("registry.gitlab.com", "gitlab.com.evil.net", False),
        ("127.0.0.1:5000", "127.0.0.1:9", True),
        ("10.0.0.1", "10.1.0.1", False),
        ("localhost", "localhost", True),
        ("com", "evil.com", False),
    ],
)
def test_a_token_service_that_is_plainly_the_registrys(registry_host: str, service: str, own: bool) -> None:
    assert _related(registry_host, service) is own


def test_a_login_that_is_missing_or_wrong(registry: Registry, web: Web) -> None:
    registry.kind = "basic"
    registry.push(image(FILES))
    with pytest.raises(SourceError) as caught:
        opened(registry, web)
    assert caught.value.unavailable.reason is Reason.DENIED
    assert caught.value.unavailable.unblock
    assert "docker login" in caught.value.unavailable.unblock.text


def test_a_token_that_is_not_taken(registry: Registry, web: Web) -> None:
    registry.kind, registry.token = "bearer", "token-one"
    registry.push(image(FILES))
    found = opened(registry, web)
    registry.token = "token-two"
    with pytest.raises(SourceError) as caught:
        found.config(Secrets())
    assert caught.value.unavailable.reason is Reason.REFUSED
    assert "token-one" not in str(caught.value.unavailable)


@pytest.mark.parametrize("token", ["", "a\r\nx: y", "é"])
def test_tokens_that_make_no_sense(registry: Registry, web: Web, token: str) -> None:
    registry.kind, registry.token = "bearer", token
    registry.push(image(FILES))
    with pytest.raises(SourceError) as caught:
        opened(registry, web)
    assert caught.value.unavailable.reason is Reason.MALFORMED


def test_an_image_that_is_not_there(registry: Registry, web: Web) -> None:
    with pytest.raises(SourceError) as caught:
        opened(registry, web)
    assert caught.value.unavailable.reason is Reason.ABSENT


def test_lies_are_found(registry: Registry, web: Web) -> None:
    built = image(FILES)
    registry.push(built)
    found = opened(registry, web)
    for each, other in (
        (built.single.config, b"{}"),
        (built.single.packed[0], compress(Layer({"/x": "y"}).tar(), "gzip")),
    ):
        registry.blobs[digest(each)] = other
    for read in (lambda: found.config(Secrets()), lambda: found.tree(LayerCache(None))):
        with pytest.raises(SourceError) as caught:
            read()
        assert caught.value.unavailable.reason is Reason.MALFORMED
    registry.blobs[built.digest] = image(FILES, cmd=["evil"]).root
    with pytest.raises(SourceError, match="digest"):
        opened(registry, web)


def test_stored_logins(isolated: Path) -> None:
    secrets = Secrets()
    assert stored_login("example.com", secrets) is None
    log_in(isolated, "https://index.docker.io/v1/")
    assert stored_login("registry-1.docker.io", secrets) == LOGIN
    assert stored_login("example.com", secrets) is None
    log_in(isolated, "example.com", username="someone", password="correct-horse-battery")
    assert stored_login("example.com", secrets) == LOGIN
    for broken in (
        "{",
        "[]",
        '{"auths": 3}',
        '{"auths": {"example.com": {"auth": "%%%"}}}',
        '{"auths": {"example.com": 1}}',
    ):
        (isolated / ".docker/config.json").write_text(broken)
        assert stored_login("example.com", secrets) is None
