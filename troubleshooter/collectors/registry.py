"""Images in any other registry, by the registry's own HTTP interface: `docker://` references.

Read without a login, or with the one that docker would use. Credentials go to the registry, and to its token service if
that is plainly its own.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from troubleshooter.collectors.docker_logins import HUB_HOST, Login, stored_login
from troubleshooter.collectors.image_json import ACCEPTED, LARGEST, Manifest, is_digest, manifest
from troubleshooter.collectors.image_remote import IDENTITY, RemoteImage, open_remote
from troubleshooter.collectors.inflate import check_digest, malformed
from troubleshooter.collectors.web import Web, WebAnswer
from troubleshooter.facts import Reading, Reason, SourceError, Unavailable
from troubleshooter.model import Origin, Unblock
from troubleshooter.redact import Secrets

if TYPE_CHECKING:
    import httpx

HUB = "docker.io"
LOGINS = 5
"""Times that one image is logged in for: a token is good for a few minutes, a large layer may take longer."""
_REFERENCE = re.compile(
    r"(?:(?P<host>localhost(?::\d+)?|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*:\d+|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\[[0-9a-f:]+\]:\d+)/)?"
    r"(?P<path>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_CHALLENGE = re.compile(r'([a-zA-Z]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Name:
    """An image reference, taken apart."""

    host: str
    path: str
    reference: str
    """Tag or digest."""

    @property
    def base(self) -> str:
        """Address of the repository."""
        host = urlsplit(f"//{self.host}").hostname or ""
        scheme = "http" if host in ("localhost", "::1") or host.startswith("127.") else "https"
        return f"{scheme}://{self.host}/v2/{self.path}"


def registry_name(reference: str) -> Name | None:
    """The parts of a reference as docker reads it; None where it is none."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    host, path = found["host"] or HUB, found["path"]
    if host in (HUB, "index.docker.io"):
        host, path = HUB_HOST, path if "/" in path else f"library/{path}"
    return Name(host, path, found["digest"] or found["tag"] or "latest")


def names_registry(reference: str) -> bool:
    """Whether a reference says which registry it is in."""
    found = _REFERENCE.fullmatch(reference)
    return found is not None and found["host"] is not None


def open_registry(name: Name, reference: str, architecture: str | None, web: Web, secrets: Secrets) -> RemoteImage:
    """The image that `name` names. Raises SourceError; `Reason.ABSENT` where the registry answers that it has none."""
    login = _Login(name, web, secrets)

    def get(digest: str | None) -> tuple[Reading, str, Manifest]:
        return _manifest(name, digest or name.reference, web, login)

    @contextmanager
    def fetch(digest: str, what: str) -> Iterator[httpx.Response]:
        address = f"{name.base}/blobs/{digest}"
        for _ in range(2):
            sent = login.headers
            with web.stream(address, label=what, headers={**IDENTITY, **sent}) as response:
                challenge = response.headers.get("www-authenticate", "") if response.status_code == 401 else ""
                if not challenge or not login.answer(challenge, sent):
                    yield response
                    return
        raise SourceError(_refused(name, what, 401))

    return open_remote(get, fetch, reference, architecture)


def _manifest(name: Name, wanted: str, web: Web, login: _Login) -> tuple[Reading, str, Manifest]:
    what = f"manifest {wanted} of {name.host}/{name.path}"
    address = f"{name.base}/manifests/{wanted}"

    def ask(sent: Mapping[str, str]) -> WebAnswer:
        return web.get(address, label=what, cap=LARGEST, headers={"accept": ", ".join(ACCEPTED), **sent})

    sent = login.headers
    answer = ask(sent)
    if answer.status == 401 and login.answer(answer.headers.get("www-authenticate", ""), sent):
        answer = ask(login.headers)
    if answer.status != 200:
        raise SourceError(_refused(name, what, answer.status))
    computed = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    stated = wanted if is_digest(wanted) else answer.headers.get("docker-content-digest", computed)
    check_digest(answer.body, stated, what)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return Reading(what, Origin.REGISTRY), stated, manifest(answer.body, what, kind)


def _refused(name: Name, what: str, status: int) -> Unavailable:
    if status in (401, 403):
        text = f"log in to {name.host} with `docker login`, or pull the image and give it as docker-daemon:"
        return Unavailable(Reason.DENIED, f"{name.host} denied {what}", Unblock(text))
    if status == 404:
        return Unavailable(Reason.ABSENT, f"{name.host} has no {what}")
    if status == 429:
        return Unavailable(Reason.THROTTLED, f"{name.host} answered {what} with HTTP 429", Unblock("try again later"))
    return Unavailable(Reason.UNREACHABLE, f"{name.host} answered {what} with HTTP {status}", Unblock("try again"))


class _Login:
    """What is sent to show who asks: nothing, until the registry wants something."""

    def __init__(self, name: Name, web: Web, secrets: Secrets) -> None:
        self._name, self._web, self._secrets = name, web, secrets
        self._lock = threading.Lock()
        self._stored: Login | None = None
        self._times = 0
        self.headers: Mapping[str, str] = {}

    def answer(self, challenge: str, sent: Mapping[str, str]) -> bool:
        """Does what a `WWW-Authenticate` header asks for; False where it cannot. `sent` was refused. Raises SourceError."""
        with self._lock:
            if self.headers is not sent:
                return True
            self._times += 1
            scheme, _, rest = challenge.partition(" ")
            scheme = scheme.lower()
            if self._times > LOGINS or (sent and scheme != "bearer"):
                return False
            if self._stored is None:
                self._stored = stored_login(self._name.host, self._secrets)
            stored = self._stored
            if scheme == "basic" and stored.basic:
                self.headers = {"authorization": f"Basic {stored.basic}"}
            elif scheme == "bearer" and stored.bearer and not sent:
                self.headers = {"authorization": f"Bearer {stored.bearer}"}
            elif scheme == "bearer":
                self.headers = {"authorization": f"Bearer {self._token(dict(_CHALLENGE.findall(rest)), stored)}"}
            return self.headers is not sent

    def _token(self, asked: Mapping[str, str], stored: Login) -> str:
        realm, host = asked.get("realm", ""), self._name.host
        parts = urlsplit(realm)
        own_scheme = urlsplit(self._name.base).scheme
        if parts.scheme != "https" and not (parts.scheme == "http" == own_scheme and _related(host, parts.netloc)):
            raise malformed(host, "names a token service that is not one of https")
        if "@" in parts.netloc:
            raise malformed(host, "names a token service with a user in its address")
        query = {"scope": asked.get("scope") or f"repository:{self._name.path}:pull"}
        query.update({"service": asked["service"]} if "service" in asked else {})
        own = _related(host, parts.netloc)
        label = f"token service of {host}"
        if own and stored.identity:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": stored.identity,
                "client_id": "troubleshooter",
                **query,
            }
            answer = self._web.get(realm, label=label, cap=1 << 20, form=form)
        else:
            address = f"{realm}{'&' if parts.query else '?'}{urlencode(query)}"
            headers = {"authorization": f"Basic {stored.basic}"} if own and stored.basic else {}
            answer = self._web.get(address, label=label, cap=1 << 20, headers=headers)
        if answer.status != 200:
            raise SourceError(_refused(self._name, "a token to read the image", answer.status))
        try:
            body = json.loads(answer.body)
            token = body.get("token") or body.get("access_token")
        except (ValueError, RecursionError, AttributeError) as error:
            raise malformed(f"the answer of {host}'s token service", "makes no sense") from error
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]{1,65536}", token):
            raise malformed(f"the answer of {host}'s token service", "holds no token")
        self._secrets.remember("registry token", token)
        return token


def _related(registry: str, service: str) -> bool:
    """Whether a token service is plainly the registry's own: the same name, or both below one domain."""
    one, two = (urlsplit(f"//{each}").hostname or "" for each in (registry, service))
    if one == two or one.replace(".", "").replace(":", "").isdigit():
        return one == two
    return one.split(".")[-2:] == two.split(".")[-2:] and len(one.split(".")) > 1
