"""Makes `IndexAnswers`: what the indexes that the user's own pip and npm would ask say of each name.

A name does not exist only where every source has answered that it has none. Redirects and credentials are handled by
`Web`: a credential goes to the origin that it was configured for, and nowhere else.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from troubleshooter.collectors.index_pages import Listing
from troubleshooter.collectors.index_sources import (
    Address,
    FolderIndex,
    LinksFolder,
    LinksPage,
    NpmRegistry,
    Silent,
    SimpleIndex,
    Source,
    Unanswered,
    address_of,
    by_age,
    local_path,
    merge,
)
from troubleshooter.collectors.npm_config import NpmSources, npm_sources
from troubleshooter.collectors.pip_config import ConfigError, PipSources, pip_sources
from troubleshooter.collectors.web import Web
from troubleshooter.facts import Cost, Reading, Reason, Unavailable, provides
from troubleshooter.facts.given import GivenOptions, GivenSource
from troubleshooter.facts.packages import IndexAnswer, IndexAnswers, IndexQuestions, Requirements
from troubleshooter.model import Origin, Unblock
from troubleshooter.redact import Secrets

THREADS = 8
TOTAL_S = 30.0
UV_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")

Answered = Listing | Unanswered | None
"""What a source said of a name: its list, that it has none, or why it did not answer."""


@provides(cost=Cost.CALL)
def index_answers(
    questions: IndexQuestions,
    requirements: Requirements | Unavailable,
    source: GivenSource | Unavailable,
    options: GivenOptions | Unavailable,
    web: Web,
    secrets: Secrets | Unavailable,
) -> IndexAnswers | Unavailable:
    """Asks every source for every name, at most eight at a time. No name, no network."""
    if not questions.names:
        return IndexAnswers(reading=Reading("package index", Origin.INDEX))
    if isinstance(options, GivenOptions) and options.offline:
        return Unavailable(Reason.REFUSED, "package indexes are not asked offline", Unblock("run without --offline"))
    kept = secrets if isinstance(secrets, Secrets) else Secrets()
    asked = requirements if isinstance(requirements, Requirements) else None
    folder = source.path if isinstance(source, GivenSource) else None
    sources = _sources(questions.names, asked, folder, os.environ, web, kept)
    if not any(sources.values()):
        unblock = Unblock("install pip or npm, or name an index in their configuration")
        return Unavailable(Reason.UNSUPPORTED, "no package index is configured, and no installer that has one", unblock)
    said = ask_all([(question, each) for question in questions.names for each in sources[question]])
    elsewhere = asked.other_sources if asked else ()
    labels = dict.fromkeys(each.label for group in sources.values() for each in group)
    return IndexAnswers(
        reading=Reading(f"package index {', '.join(labels)}"[:300], Origin.INDEX),
        answers={q: _answer(q, sources[q], said, elsewhere) for q in questions.names},
    )


def _sources(
    names: Sequence[tuple[str, str]],
    asked: Requirements | None,
    folder: Path | None,
    environ: Mapping[str, str],
    web: Web,
    secrets: Secrets,
) -> dict[tuple[str, str], list[Source]]:
    """The sources of each name: pip's are the same for all, npm's depend on the name's scope."""
    pypi = pip_places(asked, folder, environ, web, secrets) if any(e == "pypi" for e, _ in names) else []
    npm: dict[str, Source] = {}
    settings = npm_sources(environ, asked.npmrc if asked else "") if any(e == "npm" for e, _ in names) else None
    found: dict[tuple[str, str], list[Source]] = {}
    for ecosystem, name in names:
        if ecosystem == "pypi":
            found[ecosystem, name] = pypi
        elif settings is not None and (registry := settings.registry(name)):
            if registry not in npm:
                npm[registry] = npm_place(registry, settings, environ, web, secrets)
            found[ecosystem, name] = [npm[registry]]
        else:
            found[ecosystem, name] = []
    return found


def pip_places(
    asked: Requirements | None, folder: Path | None, environ: Mapping[str, str], web: Web, secrets: Secrets
) -> list[Source]:
    """Everywhere pip would look for any of the requirements files, each place once."""
    try:
        configured = pip_sources(environ)
    except ConfigError as error:
        return [Silent("pip's configuration", str(error))]
    scopes = (asked.index_scopes if asked else ()) or ((),)
    effective = [configured.with_options(scope, environ, folder) for scope in scopes]
    places: dict[str, Source] = {}
    for each in effective:
        for location in (*each.indexes, *_uv(environ)):
            places.setdefault(location, _index(location, each, environ, web, secrets))
        for location in each.find_links:
            places.setdefault(f"links {location}", _links(location, each, environ, web, secrets))
    if not any(each.indexes or each.no_index for each in effective):
        places[""] = Silent("pip", "no index is configured, and no pip is installed that has one")
    return list(places.values())


def npm_place(registry: str, settings: NpmSources, environ: Mapping[str, str], web: Web, secrets: Secrets) -> Source:
    """A registry with the credential that npm would send there."""
    for credential in settings.credentials():
        secrets.remember("npm credential", credential)
    if "${" in registry or urlsplit(registry).scheme not in ("http", "https"):
        return Silent("npm's registry", "npm's registry is set to what is no address on this machine")
    address = address_of(registry, environ, secrets)
    own = settings.authorization(address.url.rstrip("/") + "/")
    return NpmRegistry(Address(address.url, own or address.authorization), web, settings.certificate)


def _index(location: str, pip: PipSources, environ: Mapping[str, str], web: Web, secrets: Secrets) -> Source:
    path = local_path(location)
    if path is not None and "${" not in location:
        return FolderIndex(path)
    return _refusal(location, pip, environ, secrets) or SimpleIndex(
        address_of(location, environ, secrets), web, pip.certificate
    )


def _links(location: str, pip: PipSources, environ: Mapping[str, str], web: Web, secrets: Secrets) -> Source:
    path = local_path(location)
    if path is not None and "${" not in location:
        return LinksFolder(path)
    return _refusal(location, pip, environ, secrets) or LinksPage(
        address_of(location, environ, secrets), web, pip.certificate
    )


def _refusal(location: str, pip: PipSources, environ: Mapping[str, str], secrets: Secrets) -> Source | None:
    """Why a place is not asked: what is not expanded is no address, and pip passes hosts over that it does not trust."""
    try:
        parts = urlsplit(location)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return Silent("an index", "an index is configured with what is no address")
    if "${" in location:
        return Silent("an index", "an index's address has an environment variable that is not set here")
    label = address_of(location, environ, secrets).label
    if parts.scheme == "https":
        return None
    if parts.scheme != "http" or not host:
        return Silent(label, f"{label} is of a kind that is not asked")
    loopback = host in ("localhost", "::1") or host.startswith("127.")
    if not loopback and host not in pip.trusted and f"{host}:{port}" not in pip.trusted:
        return Silent(label, f"{label} is neither https nor a trusted host, so pip passes it over")
    return None


def _uv(environ: Mapping[str, str]) -> list[str]:
    """Indexes that uv would ask. Whoever has them set may build with uv, so they must have answered too."""
    words = [word for name in UV_VARIABLES for word in environ.get(name, "").split()]
    return [word.partition("=")[2] if "=" in word.partition("://")[0] else word for word in words]


def ask_all(
    pairs: Sequence[tuple[tuple[str, str], Source]], *, threads: int = THREADS, total_s: float = TOTAL_S
) -> dict[tuple[tuple[str, str], Source], Answered]:
    """Asks each source for each name on daemon threads; what is not there in time did not answer."""
    end = time.monotonic() + total_s
    said: dict[tuple[tuple[str, str], Source], Answered] = {}

    def ask(pair: tuple[tuple[str, str], Source]) -> None:
        question, source = pair
        try:
            answer: Answered = source.ask(question[1])
        except Unanswered as gone:
            answer = gone
        except Exception as error:
            answer = Unanswered(f"{source.label}: {type(error).__name__} (a bug of ours)")
        said[pair] = answer

    _on_threads([lambda pair=pair: ask(pair) for pair in pairs], threads, end)  # type: ignore[misc]
    late = Unanswered(f"it did not answer within {total_s:g} s")
    answers = {pair: said.get(pair, late) for pair in pairs}
    refused = [
        s for s in dict.fromkeys(s for _, s in pairs) if all(v is None for (_, o), v in answers.items() if o is s)
    ]
    doubted = dict.fromkeys(refused, late)

    def confirm(source: Source) -> None:
        try:
            source.confirm()
            del doubted[source]
        except Unanswered as gone:
            doubted[source] = gone

    _on_threads([lambda source=source: confirm(source) for source in refused], threads, end)  # type: ignore[misc]
    return {pair: doubted.get(pair[1], value) if value is None else value for pair, value in answers.items()}


def _on_threads(jobs: Sequence[Callable[[], None]], threads: int, end: float) -> None:
    """Runs jobs until all are done or `end` has come. Quitting never waits for them."""
    todo, lock = iter(jobs), threading.Lock()

    def work() -> None:
        while time.monotonic() < end:
            with lock:
                job = next(todo, None)
            if job is None:
                return
            job()

    workers = [threading.Thread(target=work, name="package index", daemon=True) for _ in range(min(threads, len(jobs)))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0.0, end - time.monotonic()))


def _answer(
    question: tuple[str, str],
    sources: Sequence[Source],
    said: Mapping[tuple[tuple[str, str], Source], Answered],
    elsewhere: Sequence[tuple[str, str]],
) -> IndexAnswer:
    ecosystem, name = question
    answers = [said[question, source] for source in sources]
    lists = [answer for answer in answers if isinstance(answer, Listing)]
    gaps = [str(answer) for answer in answers if isinstance(answer, Unanswered)]
    gaps += [f"{place} sends the build to an index of its own" for kind, place in elsewhere if kind == ecosystem][:3]
    gaps += [] if sources else [f"no {'npm registry' if ecosystem == 'npm' else 'package index'} is configured"]
    merged = merge(lists)
    return IndexAnswer(
        ecosystem=ecosystem,
        name=name,
        exists=True if lists else (None if gaps else False),
        versions=by_age(merged.versions) if ecosystem == "pypi" else merged.versions,
        yanked=merged.yanked,
        tags=merged.tags,
        sources=tuple(source.label for source in sources),
        detail="; ".join(dict.fromkeys(gaps))[:500],
    )
