"""Logins as docker keeps them: plain, in helpers, in a store."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from tests.collectors.test_registry import configure, helper, log_in
from tests.lab.registry import LOGIN
from troubleshooter.collectors import docker_logins
from troubleshooter.collectors.docker_logins import NONE, Login, stored_login
from troubleshooter.redact import Secrets


def answering(user: str, secret: str) -> str:
    return f"cat >/dev/null; echo '{json.dumps({'Username': user, 'Secret': secret})}'"


def test_plain_logins(isolated: Path) -> None:
    secrets = Secrets()
    assert stored_login("example.com", secrets) == NONE
    log_in(isolated, "https://index.docker.io/v1/")
    assert stored_login("registry-1.docker.io", secrets) == Login(LOGIN)
    assert stored_login("example.com", secrets) == NONE
    log_in(isolated, "example.com", username="someone", password="correct-horse-battery")
    assert stored_login("example.com", secrets) == Login(LOGIN)
    log_in(isolated, "example.com", registrytoken="as-it-is-token")
    assert stored_login("example.com", secrets) == Login(bearer="as-it-is-token")
    assert "as-it-is-token" not in secrets.redact("x as-it-is-token x")


def test_a_login_shows_nothing_of_itself() -> None:
    assert "bG9naW4=" not in repr(Login("bG9naW4=", "identity", "bearer"))
    assert "identity" not in repr(Login("bG9naW4=", "identity", "bearer")).replace("identity=", "")


@pytest.mark.parametrize(
    "broken",
    [
        *("{", "[]", "[" * 100_000, '{"auths": 3}', '{"auths": {"example.com": {"auth": "%%%"}}}'),
        *('{"auths": {"example.com": 1}}', '{"credHelpers": 3}', '{"credHelpers": {"example.com": {}}}'),
        *('{"credsStore": "../../bin/sh"}', '{"credsStore": "no-such"}', '{"credsStore": ["sh", "-c"]}', "\\udcff"),
    ],
)
def test_configurations_that_make_no_sense(broken: str, isolated: Path) -> None:
    (isolated / ".docker").mkdir()
    (isolated / ".docker/config.json").write_text(broken)
    assert stored_login("example.com", Secrets()) == NONE


def test_the_registrys_own_helper_comes_before_the_store(
    isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(tmp_path / "bin", "one", answering("u", "of-one"), monkeypatch)
    helper(tmp_path / "bin", "two", answering("<token>", "of-two"), monkeypatch)
    configure(isolated, credsStore="two", credHelpers={"example.com": "one"}, auths={"other.example": {"auth": LOGIN}})
    assert stored_login("example.com", Secrets()) == Login(base64.b64encode(b"u:of-one").decode())
    assert stored_login("other.example", Secrets()) == Login(identity="of-two")


def test_the_helper_is_asked_for_the_hub_by_its_old_name(
    isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(tmp_path / "bin", "lab", f'cat > {tmp_path}/asked; echo "$@" >> {tmp_path}/asked; exit 1', monkeypatch)
    configure(isolated, credsStore="lab", auths={"docker.io": {"auth": LOGIN}})
    assert stored_login("registry-1.docker.io", Secrets()) == Login(LOGIN), (
        "what the helper lacks may lie in plain text"
    )
    assert (tmp_path / "asked").read_text() == "https://index.docker.io/v1/get\n"


@pytest.mark.parametrize(
    "script",
    [
        "cat >/dev/null; echo 'credentials not found in native keychain'; exit 1",
        "cat >/dev/null; echo '{'",
        "cat >/dev/null; echo '[]'",
        'cat >/dev/null; echo \'{"Username": 3, "Secret": "x"}\'',
        'cat >/dev/null; echo \'{"Username": "x", "Secret": ""}\'',
        "cat >/dev/null; printf '\\377\\376'",
        "cat >/dev/null; kill -9 $$",
        "exit 0",
    ],
)
def test_helpers_that_give_nothing(
    script: str, isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper(tmp_path / "bin", "lab", script, monkeypatch)
    configure(isolated, credsStore="lab")
    assert stored_login("example.com", Secrets()) == NONE


def test_a_helper_that_waits_is_ended(isolated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path / "bin", "lab", "exec sleep 60", monkeypatch)
    configure(isolated, credsStore="lab")
    monkeypatch.setattr(docker_logins, "HELPER_S", 0.2)
    began = time.monotonic()
    assert stored_login("example.com", Secrets()) == NONE
    assert time.monotonic() - began < 20
