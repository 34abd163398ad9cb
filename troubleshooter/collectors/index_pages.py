"""Reads what package indexes answer: the simple API as HTML and JSON, folders of archives, npm's package documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

ENTRIES = 100_000
"""Files or versions of one page that are looked at."""

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
SIMPLE_ACCEPT = f"{JSON_TYPE}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
NPM_ACCEPT = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"

_ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tar.lzma", ".tar", ".tgz", ".tbz", ".txz", ".tlz", ".zip")
_WHEEL = re.compile(r"^([^\s-]+)-([^\s-]*?)(?:-\d[^-]*?)?-[^\s-]+?-[^\s-]+?-[^\s-]+?\.whl$")


class PageError(ValueError):
    """The answer is not what an index answers."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What one source lists for one name."""

    versions: tuple[str, ...] = ()
    """In the source's order, each once, yanked ones too."""
    yanked: tuple[str, ...] = ()
    """Versions of which every file is yanked."""
    tags: Mapping[str, str] = field(default_factory=dict)


def simple_page(body: bytes, content_type: str, name: str) -> Listing:
    """A project's page of the simple API, by content type. Raises PageError."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON_TYPE or kind == "application/json":
        return listing(_json_files(body), name)
    if kind in ("text/html", "application/vnd.pypi.simple.v1+html"):
        return html_page(body, name)
    raise PageError(f"the answer is of type {kind[:60] or 'unknown'}, not a package index's")


def html_page(body: bytes, name: str) -> Listing:
    """A page of links to files, as PEP 503 has it. Raises PageError."""
    parser = _Links()
    try:
        parser.feed(body.decode("utf-8", "replace"))
    except (AssertionError, RecursionError, ValueError) as error:
        raise PageError("the answer is not HTML") from error
    return listing(parser.files, name)


def listing(files: Iterable[tuple[str, bool]], name: str) -> Listing:
    """Versions from (file name, yanked) pairs: those files count that pip takes for this project's."""
    state: dict[str, bool] = {}
    for file, yanked in files:
        version = version_of(file, name)
        if version is not None:
            state[version] = state.get(version, True) and yanked
    return Listing(tuple(state), tuple(version for version, yanked in state.items() if yanked))


def version_of(file: str, name: str) -> str | None:
    """The version that a wheel or source archive of a project is of; None where the file is none of that project."""
    wanted = canonicalize_name(name)
    if file.endswith(".whl"):
        match = _WHEEL.match(file)
        return match[2].replace("_", "-") if match and canonicalize_name(match[1]) == wanted else None
    suffix = next((s for s in _ARCHIVES if file.lower().endswith(s)), None)
    if suffix is None or (suffix == ".zip" and "macosx10" in file):
        return None
    stem = file[: -len(suffix)]
    for at, char in enumerate(stem):
        if char == "-" and canonicalize_name(stem[:at]) == wanted:
            return re.sub(r"-py[123]\.?[0-9]?$", "", stem[at + 1 :]) or None
    return None


def npm_document(body: bytes) -> Listing:
    """A package document of an npm registry, abbreviated or whole. Raises PageError."""
    data = _json(body)
    versions, tags = data.get("versions"), data.get("dist-tags")
    if versions is None and isinstance(data.get("time"), dict) and "unpublished" in data["time"]:
        return Listing()
    if not isinstance(versions, dict) or len(versions) > ENTRIES:
        raise PageError("the answer has no versions, as npm's package documents have")
    named = {str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {}
    return Listing(tuple(map(str, versions)), (), named)


def is_npm_refusal(body: bytes) -> bool:
    """Whether the body of a 404 is a registry's own answer rather than that of something in between."""
    try:
        return bool(_json(body))
    except PageError:
        # Some registries say it in one JSON text.
        return body.strip().startswith(b'"') and len(body) < 1000


def _json(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PageError("the answer is not JSON") from error
    if not isinstance(data, dict):
        raise PageError("the answer is not a JSON object")
    return data


def _json_files(body: bytes) -> list[tuple[str, bool]]:
    files = _json(body).get("files")
    if not isinstance(files, list) or len(files) > ENTRIES:
        raise PageError("the answer has no files, as a package index's has")
    return [
        (str(file["filename"]), bool(file.get("yanked")))
        for file in files
        if isinstance(file, dict) and isinstance(file.get("filename"), str)
    ]


class _Links(HTMLParser):
    """File names that a page links to, with whether they are yanked."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.files: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a" or len(self.files) >= ENTRIES:
            return
        known = dict(attrs)
        href = known.get("href")
        if href:
            path = urlsplit(href).path
            self.files.append((unquote(path.rstrip("/").rpartition("/")[2]), "data-yanked" in known))
