"""What the engineer gave, read and checked before anything is asked: the parts of a target as facts.

What cannot be used is told at once, with the option it came by and the way out.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from troubleshooter.collectors.template_folder import templates_in
from troubleshooter.errors import UsageError
from troubleshooter.facts import Reading
from troubleshooter.facts.given import (
    GivenFunction,
    GivenImage,
    GivenLogs,
    GivenOptions,
    GivenSource,
    GivenTemplate,
    GivenText,
)
from troubleshooter.model import Origin, Target
from troubleshooter.text import decoded, not_text

TRANSPORTS = ("docker-daemon", "docker-archive", "oci-archive", "oci", "docker")
MAX_FILE = 64 * 1024 * 1024
"""Bytes of a log file, template or pasted text that are read."""

_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d):(?P<account>\d{12}):function:"
    r"(?P<name>[A-Za-z0-9_-]{1,64})(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)


def region_of(function: str | None) -> str | None:
    """The region that a function's ARN names; None for a name alone."""
    arn = _ARN.fullmatch(function or "")
    return arn["region"] if arn else None


def given(target: Target) -> dict[type[Any], object]:
    """The parts of a target as facts, by type. Raises UsageError for what cannot be read or makes no sense."""
    named = target.function is not None
    facts: list[object] = [GivenOptions(reading=_typed("--offline"), offline=target.offline, account=named)]
    if target.function is not None:
        facts.append(_function(target.function, target.qualifier, target.region))
    if target.image is not None:
        facts.append(_image(target.image))
    if target.template is not None:
        facts.append(_template_file(target.template))
    if target.source is not None:
        if not target.source.is_dir():
            raise UsageError(f"--source {target.source}: not a folder; give the folder that holds the function's code")
        facts.append(GivenSource(reading=_file(target.source, Origin.SOURCE), path=target.source))
    if target.logs is not None:
        text = _as_text(_read(target.logs, "--logs"), f"--logs {target.logs}")
        facts.append(GivenLogs(reading=_file(target.logs, Origin.PASTED), path=target.logs, text=text))
    if target.error_text is not None:
        if not target.error_text.strip():
            raise UsageError("--error-file: the text is empty; paste the error as Lambda or the tool printed it")
        _as_text(target.error_text, "--error-file")
        facts.append(GivenText(reading=Reading("pasted text", Origin.PASTED), text=target.error_text[:MAX_FILE]))
    return {type(fact): fact for fact in facts}


def _template_file(path: Path) -> GivenTemplate:
    reading = _file(path, Origin.TEMPLATE)
    if path.is_dir():
        return GivenTemplate(reading=reading, path=path, files=templates_in(path))
    return GivenTemplate(reading=reading, path=path, text=_read(path, "--template"))


def _function(name: str, qualifier: str | None, region: str | None) -> GivenFunction:
    reading = _typed("TARGET")
    arn = _ARN.fullmatch(name)
    if arn:
        plain = name[: -len(arn["qualifier"]) - 1] if arn["qualifier"] else name
        if qualifier and arn["qualifier"] and qualifier != arn["qualifier"]:
            raise UsageError(f"--qualifier {qualifier}: the ARN already names {arn['qualifier']}; give one of them")
        return GivenFunction(
            reading=reading,
            name=arn["name"],
            arn=plain,
            region=arn["region"],
            account=arn["account"],
            qualifier=qualifier or arn["qualifier"],
        )
    if not _FUNCTION_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is neither a function name (letters, digits, - and _, at most 64) nor a function's ARN; {meant(name)}"
        )
    return GivenFunction(reading=reading, name=name, region=region, qualifier=qualifier)


def meant(word: str) -> str:
    """What somebody wants who names this where it cannot stand."""
    path, quoted = Path(word), shlex.quote(word)
    if path.is_dir():
        return f"for a folder of code: --source {quoted}"
    if path.suffix in (".tar", ".tgz"):
        return f"for an image's archive: --image docker-archive:{quoted}"
    if path.suffix in (".yaml", ".yml", ".json", ".template"):
        return f"for a template: --template {quoted}"
    if _FUNCTION_NAME.fullmatch(word) or word.startswith("arn:"):
        return f"for a function in AWS: troubleshooter diagnose {quoted}"
    if "/" in word or ":" in word:
        return f"for an image: --image {quoted}"
    return "an image goes with --image, a template with --template"


def _image(reference: str) -> GivenImage:
    reading = _typed("--image")
    transport, colon, rest = reference.partition(":")
    known = f"a bare name, or one of {', '.join(f'{each}:' for each in TRANSPORTS)}"
    if not reference.strip() or (colon and transport in TRANSPORTS and not rest.strip("/")):
        raise UsageError(f"--image {reference!r}: names no image; give {known}")
    if colon and transport in TRANSPORTS:
        rest = rest.removeprefix("//") if transport == "docker" else rest
        if transport in ("docker-archive", "oci-archive", "oci") and not Path(rest.partition(":")[0]).exists():
            raise UsageError(f"--image {reference}: {rest.partition(':')[0]} does not exist")
        return GivenImage(reading=reading, transport=transport, reference=rest)
    if rest.startswith("//"):
        raise UsageError(f"--image {reference}: an image is not named by {transport}://; give {known}")
    if reference.startswith(("/", "./", "../", "~")) and not Path(reference).exists():
        raise UsageError(f"--image {reference}: does not exist")
    if any(letter.isspace() for letter in reference) and not Path(reference).exists():
        raise UsageError(f"--image {reference!r}: no image's name has a blank in it; give {known}")
    return GivenImage(reading=reading, transport="", reference=reference)


def _read(path: Path, option: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"{option} {path}: {error.strerror}") from error
    if len(content) > MAX_FILE:
        raise UsageError(f"{option} {path}: larger than {MAX_FILE // 1024 // 1024} MiB; cut out the part that matters")
    return decoded(content)


def _as_text(text: str, what: str) -> str:
    """The text itself. Raises UsageError where it is none: nothing would be found in it, which would look like an answer."""
    kind = not_text(text)
    if kind == "gzip":
        raise UsageError(f"{what}: compressed with gzip; unpack it first, as with `gunzip --keep`")
    if kind:
        raise UsageError(f"{what}: not text, but {kind}; give what was logged or printed as text")
    return text


def _typed(option: str) -> Reading:
    return Reading(f"command line {option}", Origin.ANSWER)


def _file(path: Path, origin: Origin) -> Reading:
    return Reading(path.name, origin)
