"""Images in registries other than ECR, over a stand-in on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.lab.images import Layer, compress, digest, image
from tests.lab.registry import LOGIN, Registry
from troubleshooter.collectors.image_remote import RemoteImage
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.registry import (
    Name,
    _related,
    names_registry,
    open_registry,
    registry_name,
)
from troubleshooter.collectors.web import Web
from troubleshooter.facts import CallLog, Reason, SourceError
from troubleshooter.redact import Secrets

FILES = {"/var/task/app.py": "def handler(e, c): ...\n"}


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry.serving() as made:
        yield made


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
    registry.forgetful = True
    registry.token = "token-two"
    with pytest.raises(SourceError) as caught:
        found.config(Secrets())
    assert caught.value.unavailable.reason is Reason.DENIED
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


def helper(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential helper on the PATH."""
    folder.mkdir(exist_ok=True)
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_helper_logs_in(
    registry: Registry, web: Web, isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.push(image(FILES))
    registry.kind = "basic"
    script = 'read -r server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"someone\\",\\"Secret\\":\\"correct-horse-battery\\"}"'
    helper(tmp_path / "bin", "lab", script, monkeypatch)
    configure(isolated, credHelpers={registry.host: "lab"})
    secrets = Secrets()
    assert opened(registry, web, secrets=secrets).manifest.layers
    assert "correct-horse" not in secrets.redact("the password is correct-horse-battery")


def test_an_identity_token_is_exchanged_at_the_registrys_own_service(
    registry: Registry, web: Web, isolated: Path
) -> None:
    registry.push(image(FILES))
    registry.kind = "bearer"
    log_in(isolated, registry.host, identitytoken="long-lived-identity")
    opened(registry, web)
    (form,) = registry.posted
    assert form["refresh_token"] == "long-lived-identity"
    assert (form["grant_type"], form["service"]) == ("refresh_token", "registry")
    assert form["scope"] == "repository:team/demo:pull"
    registry.posted.clear()
    registry.realm = f"http://localhost:{registry.server.server_port}/token"
    with pytest.raises(SourceError, match="https"):
        opened(registry, web)
    assert registry.posted == [], "never to another name"


def test_a_posted_token_does_not_follow_a_redirect(registry: Registry, web: Web, isolated: Path) -> None:
    registry.push(image(FILES))
    registry.kind, registry.moved = "bearer", f"http://localhost:{registry.server.server_port}/token"
    log_in(isolated, registry.host, identitytoken="long-lived-identity")
    with pytest.raises(SourceError, match="redirected"):
        opened(registry, web)
    assert len(registry.posted) == 1


def test_a_token_that_ran_out_is_asked_for_again(registry: Registry, web: Web, isolated: Path) -> None:
    registry.push(image(FILES))
    registry.kind = "bearer"
    found = opened(registry, web)
    registry.token = "the-next-token"
    assert found.tree(LayerCache(None)).tree.text("/var/task/app.py")
    registry.forgetful = True
    with pytest.raises(SourceError) as caught:
        opened(registry, web)
    assert caught.value.unavailable.reason is Reason.DENIED
    assert len(registry.asked) < 30


def test_a_realm_with_a_user_in_it_is_not_asked(registry: Registry, web: Web, isolated: Path) -> None:
    registry.kind, registry.realm = "bearer", "https://user:pw@example.invalid/token"
    with pytest.raises(SourceError, match="user in its address"):
        opened(registry, web)


def configure(home: Path, **entries: object) -> None:
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker/config.json").write_text(json.dumps(entries))


@pytest.mark.parametrize(
    ("peer", "refused"),
    [
        (("169.254.169.254", 80), True),
        (("fe80::1%eth0", 80, 0, 0), True),
        (("::ffff:169.254.170.2", 80, 0, 0), True),
        (("127.0.0.1", 80), False),
        (("52.216.0.1", 443), False),
        ("/run/x.sock", False),
        (None, False),
    ],
)
def test_a_redirect_to_a_link_local_address_is_not_read(peer: object, refused: bool) -> None:
    class Stream:
        def get_extra_info(self, name: str) -> object:
            return peer

    class Transport(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "registry.example":
                return httpx.Response(307, headers={"location": "https://innocent.example/x"})
            return httpx.Response(200, content=b"x", extensions={"network_stream": Stream()})

    web = Web(CallLog(), transport=Transport())
    if refused:
        with pytest.raises(SourceError, match="link-local"):
            web.get("https://registry.example/x", label="a blob", cap=9)
    else:
        assert web.get("https://registry.example/x", label="a blob", cap=9).body == b"x"
    web.close()
