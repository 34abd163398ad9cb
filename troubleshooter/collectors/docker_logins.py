"""Logins for registries as docker's own configuration has them: credential helpers, the credential store, plain text.

A helper is the program `docker-credential-NAME` on the PATH, and is started as docker itself starts it: with the registry's
name on its standard input and a short deadline. What it prints is never shown, nor kept beyond its use.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troubleshooter.redact import Secrets

HUB_HOST = "registry-1.docker.io"
HUB_SERVER = "https://index.docker.io/v1/"
_HUB_KEYS = (HUB_SERVER, "index.docker.io", "docker.io", HUB_HOST)
HELPER_S = 8.0
"""A helper that asks a cloud for a token takes a second or two; one that waits for a person to click never ends."""
LARGEST = 4 << 20
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PLAIN = re.compile(r"[\x20-\x7e]{1,65536}")
IDENTITY_USER = "<token>"
"""The user name under which helpers keep an identity token."""


@dataclass(frozen=True, slots=True)
class Login:
    """What is known for one registry. Secret: never shown."""

    basic: str = field(default="", repr=False)
    """Base64 of `user:password`."""
    identity: str = field(default="", repr=False)
    """An identity token, to be exchanged at the registry's token service."""
    bearer: str = field(default="", repr=False)
    """A token that the registry takes as it is."""


NONE = Login()


def stored_login(host: str, secrets: Secrets) -> Login:
    """The login that docker would use for a registry; an empty one where there is none."""
    try:
        return _login(host, _configuration(), secrets)
    except (ValueError, RecursionError, AttributeError, TypeError, binascii.Error):
        return NONE


def _configuration() -> Mapping[str, Any]:
    folder = os.environ.get("DOCKER_CONFIG")
    path = (Path(folder) if folder else Path.home() / ".docker") / "config.json"
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(LARGEST))
    except OSError:
        return {}
    return found if isinstance(found, dict) else {}


def _login(host: str, configuration: Mapping[str, Any], secrets: Secrets) -> Login:
    keys = _HUB_KEYS if host == HUB_HOST else (host, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/")
    helpers = configuration.get("credHelpers") or {}
    helper = next((helpers[key] for key in keys if key in helpers), None) or configuration.get("credsStore")
    if helper:
        found = _ask(str(helper), HUB_SERVER if host == HUB_HOST else host, secrets)
        if found != NONE:
            return found
    logins = configuration.get("auths") or {}
    return _plain(next((logins[key] for key in keys if key in logins), {}), secrets)


def _plain(entry: Mapping[str, Any], secrets: Secrets) -> Login:
    """A login that `docker login` left in plain text."""
    stored, user, password = entry.get("auth"), entry.get("username"), entry.get("password")
    if not stored and user and password:
        stored = base64.b64encode(f"{user}:{password}".encode()).decode()
    plain = base64.b64decode(stored, validate=True).decode() if stored else ""
    return _remembered(
        Login(str(stored) if ":" in plain else "", _token(entry, "identitytoken"), _token(entry, "registrytoken")),
        secrets,
    )


def _token(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else ""


def _ask(helper: str, server: str, secrets: Secrets) -> Login:
    """What a credential helper says of a registry."""
    path = shutil.which(f"docker-credential-{helper}") if _HELPER.fullmatch(helper) else None
    if path is None or not Path(path).is_absolute():
        return NONE
    try:
        done = subprocess.run(
            [path, "get"], input=server.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=HELPER_S
        )
        answer = json.loads(done.stdout[:LARGEST]) if done.returncode == 0 else {}
    except (OSError, subprocess.SubprocessError, ValueError, RecursionError):
        return NONE
    user, secret = answer.get("Username"), answer.get("Secret")
    if not isinstance(user, str) or not isinstance(secret, str) or not secret:
        return NONE
    if user == IDENTITY_USER:
        return _remembered(Login(identity=_token(answer, "Secret")), secrets)
    return _remembered(Login(base64.b64encode(f"{user}:{secret}".encode()).decode()), secrets)


def _remembered(login: Login, secrets: Secrets) -> Login:
    """The login, so that no message can carry it."""
    if login.basic:
        plain = base64.b64decode(login.basic).decode("utf-8", "replace")
        secrets.remember("registry password", plain.partition(":")[2])
        secrets.remember("registry login", login.basic)
    for token in (login.identity, login.bearer):
        if token:
            secrets.remember("registry token", token)
    return login
