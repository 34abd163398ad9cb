"""What is known of base images by their names: operating system and package managers, from `data/runtimes.json`."""

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
_DEBIAN_TAG = re.compile(r"\d+(?:\.\d+)*(?:-slim)?(?:-(?:trixie|bookworm|bullseye|buster|stretch)(?:-slim)?)?")


@dataclass(frozen=True, slots=True)
class System:
    """The operating system of a base image."""

    name: str
    managers: tuple[str, ...]
    """Package managers that it has, the usual one first."""


@functools.cache
def _data() -> Any:
    return json.loads(resources.files("troubleshooter.data").joinpath("runtimes.json").read_text("utf-8"))


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
