"""The address by which an image is named to Lambda, before Lambda has taken it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class ImageAddress(Fact):
    """The ImageUri of a template's resource, or of an update that AWS refused."""

    uri: str
    said: str = ""
    """What AWS said of it: `is not valid`, `does not exist`, `is not supported`; empty where nothing is known."""
    replaced: bool = False
    """A packaging tool may put another address in its place before AWS sees it."""


@dataclass(frozen=True, kw_only=True)
class ImageLookup(Fact):
    """ECR's answer to whether it holds the image of an address."""

    uri: str
    repository: str
    found: bool
    code: str = ""
    """ECR's code where it holds none: `ImageNotFoundException`, `RepositoryNotFoundException`."""
    pushed_at: dt.datetime | None = None
    """In UTC."""
    media_type: str = ""
    """Of the manifest that the address names; empty where ECR did not tell."""
