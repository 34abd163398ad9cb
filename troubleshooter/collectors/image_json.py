"""The JSON of images: manifests, indexes and configurations, from bytes to values, with caps. Reads nothing by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troubleshooter.collectors.inflate import malformed, too_big
from troubleshooter.facts import Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.environment import describe
from troubleshooter.facts.image import Blob, BrokenConfig, ImageConfig, Platform
from troubleshooter.model import Unblock
from troubleshooter.redact import Secrets

LARGEST = 4 << 20
"""Bytes of one manifest or configuration, as registries have it."""
LAYERS, ENTRIES, TEXT = 1000, 1000, 4096
DEPTH = 3
"""Indexes within indexes."""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
ACCEPTED = (DOCKER_MANIFEST, OCI_MANIFEST, OCI_INDEX, DOCKER_LIST)

_ARGUMENTS = re.compile(r"((?:RUN )?)\|(\d{1,3}) ")
_ARGUMENT = re.compile(r"(?:^|(?<=\s))([A-Za-z_]\w*)=")
_SHELL = re.compile(r"(?<=\s)/\S*sh -\w*c ")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index as its bytes say it."""

    media_type: str
    config: Blob | None = None
    layers: tuple[Blob, ...] = ()
    platforms: tuple[Platform, ...] = ()
    """Entries of an index; None of a manifest has any."""

    @property
    def is_index(self) -> bool:
        return self.config is None


def parse(data: bytes, what: str) -> Any:
    """JSON of at most 4 MiB. Raises SourceError, naming `what`."""
    if len(data) > LARGEST:
        raise too_big(what, f"has more than {LARGEST >> 20} MiB")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise malformed(what, f"is not valid JSON ({type(error).__name__})") from error


def parse_object(data: bytes, what: str) -> dict[str, Any]:
    """JSON whose outermost value is an object. Raises SourceError, naming `what`."""
    value = parse(data, what)
    if not isinstance(value, dict):
        raise malformed(what, "is not a JSON object")
    return value


def is_digest(text: object) -> bool:
    """Whether it is a whole digest of a kind that is understood."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def manifest(data: bytes, what: str, media_type: str = "") -> Manifest:
    """A manifest or index. `media_type` is what its source calls it, where it does not itself. Raises SourceError."""
    body = parse_object(data, what)
    stated = body.get("mediaType")
    kind = str(stated if isinstance(stated, str) and stated else media_type)[:256]
    if body.get("schemaVersion") == 1:
        detail = f"{what} is a manifest of Docker's first schema, which names no configuration"
        raise SourceError(
            Unavailable(Reason.UNSUPPORTED, detail, Unblock("push the image again with a current docker"))
        )
    if "manifests" in body and "config" not in body:
        entries = _objects(body["manifests"], f"{what}: its list of manifests", ENTRIES)
        return Manifest(kind or OCI_INDEX, platforms=tuple(_platform(e, what) for e in entries))
    if "config" not in body:
        raise malformed(what, "is neither an image manifest nor an index")
    layers = _objects(body.get("layers") or [], f"{what}: its list of layers", LAYERS)
    config = blob(body["config"], f"{what}: its configuration's descriptor")
    return Manifest(
        kind or OCI_MANIFEST, config, tuple(blob(layer, f"{what}: a layer's descriptor") for layer in layers)
    )


def _objects(value: object, what: str, most: int) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise malformed(what, "makes no sense")
    if len(value) > most:
        raise too_big(what, f"has {len(value)} entries")
    return value


def blob(value: object, what: str) -> Blob:
    """A descriptor. Raises SourceError."""
    body = value if isinstance(value, dict) else {}
    digest, size, kind = body.get("digest"), body.get("size"), body.get("mediaType")
    if not is_digest(digest) or not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 1 << 50:
        raise malformed(what, "makes no sense")
    return Blob(str(digest), str(kind or "")[:256], size)


def _platform(entry: Mapping[str, Any], what: str) -> Platform:
    described = blob(entry, f"{what}: an entry of the index")
    platform, annotations = _mapping(entry.get("platform")), _mapping(entry.get("annotations"))
    os, architecture = _text(platform.get("os")), _text(platform.get("architecture"))
    mark = annotations.get("vnd.docker.reference.type")
    unknown = os == "unknown" and architecture == "unknown"
    artifact = bool(entry.get("artifactType"))
    return Platform(
        described.digest,
        os,
        architecture,
        _text(platform.get("variant")),
        attestation=mark == "attestation-manifest" or unknown or artifact,
    )


def choose(platforms: tuple[Platform, ...], architecture: str | None, what: str) -> Platform:
    """The image of an index to look at: for `architecture` if there is one, else amd64, else the first. Raises SourceError."""
    images = [p for p in platforms if not p.attestation and p.os in ("linux", "")]
    images = images or [p for p in platforms if not p.attestation]
    for wanted in (architecture, "amd64"):
        for platform in images:
            if wanted and platform.architecture == wanted:
                return platform
    if not images:
        raise malformed(what, "is an index without an image in it")
    return images[0]


def configuration(data: bytes, reading: Reading, what: str, secrets: Secrets) -> ImageConfig:
    """An image's configuration; environment values are described and dropped.

    Raises SourceError, of a `BrokenConfig` where the bytes themselves are wrong.
    """
    try:
        body = parse_object(data, what)
        settings = runtime_settings(_mapping(body.get("config")), what, secrets)
    except SourceError as error:
        gone = error.unavailable
        if gone.reason is Reason.MALFORMED:
            raise SourceError(BrokenConfig(gone.reason, gone.detail, gone.unblock)) from error
        raise
    steps, diff_ids = body.get("history"), _mapping(body.get("rootfs")).get("diff_ids")
    return ImageConfig(
        reading=reading,
        architecture=_text(body.get("architecture")),
        os=_text(body.get("os")),
        variant=_text(body.get("variant")),
        history=_history(steps if isinstance(steps, list) else [], secrets),
        diff_ids=tuple(d for d in diff_ids[:LAYERS] if is_digest(d)) if isinstance(diff_ids, list) else (),
        **settings,
    )


def _history(steps: list[Any], secrets: Secrets) -> tuple[str, ...]:
    """Of those steps that made a layer, the commands."""
    made = [s for s in steps[: 10 * LAYERS] if isinstance(s, dict) and s.get("empty_layer") is not True]
    return tuple(build_step(s.get("created_by"), secrets) for s in made[:LAYERS])


def build_step(value: object, secrets: Secrets) -> str:
    """A line of an image's history. Build arguments stand in it with their values, which are not kept, whatever they are."""
    found = _ARGUMENTS.match(value) if isinstance(value, str) else None
    if found is None or not isinstance(value, str):
        return cut(value, secrets)
    before, count = found.groups()
    rest = value[found.end() :]
    # A value may hold blanks, and even what looks like the shell's call: the last one begins the command.
    shells = list(_SHELL.finditer(rest))
    given, command = (rest[: shells[-1].start()], rest[shells[-1].start() :]) if shells else (rest, "")
    names = _ARGUMENT.findall(given)[: int(count)]
    return cut(f"{before}|{count} {''.join(f'{name}=… ' for name in names)}{command}", secrets)


def cut(value: object, secrets: Secrets) -> str:
    """Text of at most 4096 characters. What is longer is redacted first: half a secret is still one."""
    text = value if isinstance(value, str) else ""
    return text if len(text) <= TEXT else secrets.redact(text)[:TEXT]


def runtime_settings(inner: Mapping[str, Any], what: str, secrets: Secrets) -> dict[str, Any]:
    """The members of `config` as fields of `ImageConfig`. Engines show the same object. Raises SourceError."""
    environment = _environment(inner.get("Env"), secrets)
    labels = list(_mapping(inner.get("Labels")).items())[:ENTRIES]
    return {
        "entrypoint": _words(inner.get("Entrypoint"), f"{what}: Entrypoint"),
        "command": _words(inner.get("Cmd"), f"{what}: Cmd"),
        "workdir": cut(inner.get("WorkingDir"), secrets) or None,
        "user": cut(inner.get("User"), secrets),
        "environment": environment,
        "labels": {cut(k, secrets): cut(v, secrets) for k, v in labels},
    }


def _words(value: object, what: str) -> tuple[str, ...] | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise malformed(what, "is not a list of words")
    return tuple(value)


def _environment(value: object, secrets: Secrets) -> tuple[Any, ...]:
    """`NAME=value` lines; of a name that is set twice the last one counts."""
    pairs: dict[str, str] = {}
    for line in value if isinstance(value, list) else []:
        name, equals, content = line.partition("=") if isinstance(line, str) else ("", "", "")
        if equals and name:
            pairs.pop(name, None)
            pairs[name] = content
    return tuple(describe(name, content, secrets) for name, content in list(pairs.items())[:ENTRIES])


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:256] if isinstance(value, str) else ""
