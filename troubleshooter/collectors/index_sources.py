"""Places where packages are looked up: indexes and pages over HTTP, folders, registries; each answers for itself.

A source either lists a name, or answers that it has none, or did not answer: three things that must not be mixed up.
"""

from __future__ import annotations

import base64
import netrc
import posixpath
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

from packaging.version import InvalidVersion, Version

from troubleshooter.collectors.index_pages import (
    ENTRIES,
    NPM_ACCEPT,
    SIMPLE_ACCEPT,
    Listing,
    PageError,
    html_page,
    is_npm_refusal,
    listing,
    npm_document,
    simple_page,
)
from troubleshooter.collectors.web import Web, WebAnswer
from troubleshooter.facts import Reason, SourceError
from troubleshooter.redact import Secrets

LARGEST = 20 * 1024 * 1024
PAGE_S = 10.0
_TOKEN = re.compile(r"^(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_-]{20,}$")


class Unanswered(Exception):
    """A source did not answer; its text is one clause that says why, without credentials."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address without credentials, and the header that carries them."""

    url: str
    authorization: str | None = field(repr=False)

    @property
    def label(self) -> str:
        """The address as it may be shown: without its query, and without what looks like a token in its path."""
        parts = urlsplit(self.url)
        path = "/".join("…" if _TOKEN.match(part) else part for part in parts.path.split("/"))
        return f"{parts.scheme}://{parts.netloc}{path}"


def address_of(url: str, environ: Mapping[str, str], secrets: Secrets) -> Address:
    """Takes credentials out of an address, else looks for the host's in .netrc; remembers them in `secrets`."""
    parts = urlsplit(url)
    userinfo, _, host = parts.netloc.rpartition("@")
    for hidden in (parts.query, *filter(_TOKEN.match, parts.path.split("/"))):
        secrets.remember("index credential", hidden)
    if not userinfo:
        pair = _netrc(parts.hostname or "", environ)
    else:
        name, _, password = userinfo.partition(":")
        pair = (unquote(name), unquote(password))
        for each in (name, password, *pair):
            secrets.remember("index credential", each)
    if pair is None:
        return Address(url, None)
    secrets.remember("index credential", pair[1])
    header = "Basic " + base64.b64encode(f"{pair[0]}:{pair[1]}".encode()).decode()
    secrets.remember("index credential", header.removeprefix("Basic "))
    return Address(parts._replace(netloc=host).geturl(), header)


def _netrc(host: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    home = environ.get("HOME") or str(Path.home())
    for path in [environ["NETRC"]] if environ.get("NETRC") else [f"{home}/.netrc", f"{home}/_netrc"]:
        try:
            found = netrc.netrc(path).authenticators(host)
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            continue
        if found:
            return found[0] or found[1] or "", found[2] or ""
    return None


class Source:
    """One place to look packages up."""

    def __init__(self, label: str) -> None:
        self.label = label

    def ask(self, name: str) -> Listing | None:
        """What it lists for a normalised name; None where it answers that it has none. Raises Unanswered."""
        raise NotImplementedError

    def confirm(self) -> None:
        """Asked once when it had none of all names: raises Unanswered where it does not look like an index at all."""


class Silent(Source):
    """A source that cannot be asked."""

    def __init__(self, label: str, why: str) -> None:
        super().__init__(label)
        self._why = why

    def ask(self, name: str) -> Listing | None:
        raise Unanswered(self._why)


class HttpSource(Source):
    """What all sources over HTTP share: once such a source cannot be reached, it is not asked again."""

    def __init__(self, address: Address, web: Web, verify: str | None) -> None:
        super().__init__(address.label)
        self._address, self._web, self._verify = address, web, verify
        self._down: Unanswered | None = None

    def _get(self, url: str, accept: str, authorization: str | None) -> WebAnswer:
        if self._down is not None:
            raise self._down
        headers = {"accept": accept, **({"authorization": authorization} if authorization else {})}
        try:
            answer = self._web.get(
                url,
                label=f"package index {self.label}",
                cap=LARGEST,
                deadline_s=PAGE_S,
                headers=headers,
                verify=self._verify,
            )
        except SourceError as error:
            gone = Unanswered(error.unavailable.detail)
            if error.unavailable.reason is Reason.UNREACHABLE:
                self._down = gone
            raise gone from error
        if answer.status in (401, 403, 407):
            raise Unanswered(f"{self.label} answered {answer.status}: it wants other credentials")
        if answer.status not in (200, 404, 410):
            raise Unanswered(f"{self.label} answered {answer.status}")
        return answer


class SimpleIndex(HttpSource):
    """An index with the simple API."""

    def ask(self, name: str) -> Listing | None:
        url = posixpath.join(self._address.url, quote(name)) + "/"
        answer = self._get(url, SIMPLE_ACCEPT, self._address.authorization)
        if answer.status != 200:
            return None
        try:
            page = simple_page(answer.body, answer.headers.get("content-type", ""), name)
        except PageError as error:
            raise Unanswered(f"{self.label}: {error}") from error
        if not page.versions and "json" not in answer.headers.get("content-type", ""):
            # A portal's or an error page is HTML too.
            raise Unanswered(f"{self.label}: a page that links to no file of {name}")
        return page

    def confirm(self) -> None:
        headers = {"accept": SIMPLE_ACCEPT}
        if self._address.authorization:
            headers["authorization"] = self._address.authorization
        url = self._address.url.rstrip("/") + "/"
        try:
            with self._web.stream(
                url, label=f"package index {self.label}", headers=headers, verify=self._verify, wait_s=PAGE_S
            ) as response:
                status = response.status_code
        except SourceError as error:
            raise Unanswered(error.unavailable.detail) from error
        if status >= 400:
            raise Unanswered(f"{self.label} has none of the names, and itself answers {status}: it may be no index")


class NpmRegistry(HttpSource):
    """An npm registry."""

    def __init__(self, address: Address, web: Web, verify: str | None) -> None:
        super().__init__(address, web, verify)
        self._refused_in_json = False

    def ask(self, name: str) -> Listing | None:
        url = self._address.url.rstrip("/") + "/" + quote(name, safe="@")
        answer = self._get(url, NPM_ACCEPT, self._address.authorization)
        if answer.status != 200:
            if "html" in answer.headers.get("content-type", ""):
                raise Unanswered(f"{self.label} answered {answer.status}, but not as a registry does")
            self._refused_in_json |= is_npm_refusal(answer.body)
            return None
        try:
            return npm_document(answer.body)
        except PageError as error:
            raise Unanswered(f"{self.label}: {error}") from error

    def confirm(self) -> None:
        if self._refused_in_json:
            return
        answer = self._get(self._address.url.rstrip("/") + "/-/ping", NPM_ACCEPT, self._address.authorization)
        if answer.status != 200:
            raise Unanswered(f"{self.label} has none of the names, and is no registry as far as it answers")


class LinksPage(HttpSource):
    """A page of links to files (`--find-links`), read once for all names."""

    def __init__(self, address: Address, web: Web, verify: str | None) -> None:
        super().__init__(address, web, verify)
        self._lock = threading.Lock()
        self._body: bytes | Unanswered | None = None

    def ask(self, name: str) -> Listing | None:
        with self._lock:
            if self._body is None:
                self._body = self._read()
        if isinstance(self._body, Unanswered):
            raise self._body
        try:
            page = html_page(self._body, name)
        except PageError as error:
            raise Unanswered(f"{self.label}: {error}") from error
        return page if page.versions else None

    def _read(self) -> bytes | Unanswered:
        try:
            answer = self._get(self._address.url, "text/html", self._address.authorization)
        except Unanswered as gone:
            return gone
        kind = answer.headers.get("content-type", "")
        if answer.status != 200 or "html" not in kind:
            return Unanswered(f"{self.label} answered {answer.status} and is no page of links")
        return answer.body


class FolderIndex(Source):
    """An index as a folder of projects, each with an `index.html`."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def ask(self, name: str) -> Listing | None:
        if not self._path.is_dir():
            raise Unanswered(f"{self._path} is not a folder on this machine")
        project = self._path / name
        if not project.exists():
            return None
        page = project / "index.html"
        if page.is_file():
            try:
                found = html_page(_content(page), name)
            except PageError as error:
                raise Unanswered(f"{page}: {error}") from error
        else:
            found = listing(((entry, False) for entry in _names(project)), name)
        if not found.versions:
            raise Unanswered(f"{project} lists no file")
        return found


class LinksFolder(Source):
    """A folder of archives, or one archive or page of links (`--find-links`)."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def ask(self, name: str) -> Listing | None:
        if self._path.is_dir():
            names = _names(self._path)
            pages = [self._path / entry for entry in names if entry.endswith((".html", ".htm"))]
        elif self._path.is_file():
            names, pages = [self._path.name], [self._path] if self._path.suffix in (".html", ".htm") else []
        else:
            raise Unanswered(f"{self._path} is not on this machine")
        found = [listing(((entry, False) for entry in names), name)]
        try:
            found += [html_page(_content(page), name) for page in pages]
        except PageError as error:
            raise Unanswered(f"{self._path}: {error}") from error
        merged = merge(found)
        return merged if merged.versions else None


def merge(listings: list[Listing]) -> Listing:
    """Several sources' lists as one: a version is yanked where every source that lists it says so."""
    versions = dict.fromkeys(version for each in listings for version in each.versions)
    kept = {v for each in listings for v in each.versions if v not in each.yanked}
    tags: dict[str, str] = {}
    for each in listings:
        tags.update(each.tags)
    return Listing(tuple(versions), tuple(v for v in versions if v not in kept), tags)


def by_age(versions: Iterable[str]) -> tuple[str, ...]:
    """Versions as PEP 440 orders them; what is no version comes first."""
    good: dict[str, Version] = {}
    other = []
    for text in versions:
        try:
            good[text] = Version(text)
        except InvalidVersion:
            other.append(text)
    return (*sorted(other), *sorted(good, key=good.__getitem__))


def local_path(location: str) -> Path | None:
    """The path that a `file:` address or a plain path names; None for an address elsewhere."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path)) if parts.netloc in ("", "localhost") else None
    return Path(location) if len(parts.scheme) < 2 else None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Unanswered(f"{path} could not be read ({type(error).__name__})") from error
    if len(content) > LARGEST:
        raise Unanswered(f"{path} is larger than {LARGEST} bytes")
    return content


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())[:ENTRIES]
    except OSError as error:
        raise Unanswered(f"{folder} could not be listed ({type(error).__name__})") from error
