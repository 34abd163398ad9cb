"""What is known of base images by their names: system, package managers and dates, from `data/runtimes.json`."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import Any

_AWS = re.compile(
    r"(?:public\.ecr\.aws/lambda/|(?:docker\.io/)?amazon/aws-lambda-)"
    r"(?P<version>python:\d+\.\d+|nodejs:\d+|provided:al\d+)(?:[.-][\w.-]*)?(?:@sha256:[0-9a-f]{64})?"
)
_OFFICIAL = re.compile(
    r"(?:docker\.io/)?(?:library/|public\.ecr\.aws/docker/library/)?"
    r"(?P<name>python|node|debian|ubuntu|alpine|amazonlinux):(?P<tag>[\w.-]+)(?:@sha256:[0-9a-f]{64})?"
)
_MANAGED = re.compile(r"(python|nodejs|provided)\.?(\d[\d.x]*|al\d+)")
_DEBIAN_TAG = re.compile(r"\d+(?:\.\d+)*(?:-slim)?(?:-(?:trixie|bookworm|bullseye|buster|stretch)(?:-slim)?)?")


@dataclass(frozen=True, slots=True)
class System:
    """The operating system of a base image."""

    name: str
    managers: tuple[str, ...]
    """Package managers that it has, the usual one first."""


@dataclass(frozen=True, slots=True)
class Base:
    """An AWS base image, or the managed runtime of the same version, with the dates that AWS has published."""

    image: str
    deprecated: str
    """ISO date."""
    create_blocked: str
    update_blocked: str
    source: str
    """Of the dates, and of which day they are."""


def base(image: str) -> Base | None:
    """What is known of `python:3.12`, `nodejs:20` or `provided:al2023`."""
    row = next((row for row in _data()["images"] if row["image"] == image), None)
    if row is None:
        return None
    source = f"AWS's list of Lambda runtimes, as of {_data()['date']}"
    return Base(image, row["deprecated"], row["create_blocked"], row["update_blocked"], source)


@dataclass(frozen=True, slots=True)
class AbsentPackage:
    """A package that a system does not have, from a release on."""

    system: str
    """Begins the name of the `System`."""
    since: tuple[int, ...]
    """First release without it; empty: every one."""
    package: str
    instead: str
    source: str


@functools.cache
def _data() -> Any:
    return json.loads(resources.files("troubleshooter.data").joinpath("runtimes.json").read_text("utf-8"))


def table_source() -> str:
    """What evidence from the table names as its source."""
    return f"data/runtimes.json of {_data()['date']}"


def system_of(image: str) -> System | None:
    """The system of a base image by its name; None where the name does not tell, as for floating tags."""
    key = _aws_system(image) or _official_system(image)
    found = _data()["systems"].get(key) if key else None
    return System(found["name"], tuple(found["managers"])) if found else None


def _aws_system(image: str) -> str | None:
    match = _AWS.fullmatch(image)
    if match is None:
        return None
    return next((str(row["os"]) for row in _data()["images"] if row["image"] == match["version"]), None)


def _official_system(image: str) -> str | None:
    match = _OFFICIAL.fullmatch(image)
    if match is None:
        return None
    name, tag = match["name"], match["tag"]
    if name == "amazonlinux":
        release = tag.partition(".")[0]
        return f"amazonlinux:{release}" if release in ("2", "2023") else None
    if name == "alpine" or "-alpine" in tag:
        return "alpine"
    if name in ("debian", "ubuntu"):
        return "debian"
    return "debian" if _DEBIAN_TAG.fullmatch(tag) else None


def managed_glibc(runtime: str) -> str:
    """Version of glibc under a managed runtime (`python3.12`, `nodejs22.x`, `provided.al2023`); empty where it is not known."""
    return _managed(runtime, "glibc")


def managed_system(runtime: str) -> str:
    """`AL2` or `AL2023`, under a managed runtime; empty where it is not known."""
    return _managed(runtime, "os")


def _managed(runtime: str, column: str) -> str:
    named = _MANAGED.fullmatch(runtime)
    image = f"{named[1]}:{named[2].removesuffix('.x')}" if named else ""
    return next((str(row[column]) for row in _data()["images"] if row["image"] == image), "")


@functools.cache
def absent_packages() -> tuple[AbsentPackage, ...]:
    """Packages that releases do not have, from `data/os_packages.json`."""
    document = json.loads(resources.files("troubleshooter.data").joinpath("os_packages.json").read_text("utf-8"))
    return tuple(
        AbsentPackage(row["system"], tuple(row.get("from", ())), row["package"], row["instead"], document["source"])
        for row in document["absent"]
    )


def release_of(image: str) -> tuple[int, ...]:
    """The release that an image's tag names; empty where it names none, as for tags that move with the newest."""
    alpine = re.search(r"(?:-alpine|(?:^|/)alpine:)(\d+)\.(\d+)", image)
    if alpine:
        return (int(alpine[1]), int(alpine[2]))
    debian = re.search(r"(?:^|/)debian:(\d+)", image)
    if debian:
        return (int(debian[1]),)
    named = {"trixie": 13, "bookworm": 12, "bullseye": 11, "buster": 10, "stretch": 9}
    word = next((number for name, number in named.items() if name in image), 0)
    return (word,) if word else ()
