"""The rules by which a repository removes images, and what they do to the one that runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from troubleshooter.facts.account import StoredImage
from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule."""

    priority: int
    description: str
    tag_status: str
    """`tagged`, `untagged` or `any`."""
    prefixes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    count_type: str = ""
    """`imageCountMoreThan`, `sinceImagePushed`, `sinceImagePulled`, `sinceImageTransitioned`."""
    count: int = 0
    unit: str = "days"
    action: str = "expire"
    """`expire`, or `transition` into the archive."""
    storage: str = "standard"
    """Storage class of the images that it looks at."""


@dataclass(frozen=True, kw_only=True)
class LifecycleRules(Fact):
    """`ecr:GetLifecyclePolicy`; no rules where the repository has no policy."""

    repository: str
    rules: tuple[LifecycleRule, ...] = ()
    evaluated: dt.datetime | None = None
    """When ECR last held the images against them, in UTC."""


@dataclass(frozen=True, kw_only=True)
class RepositoryImages(Fact):
    """`ecr:DescribeImages` of the whole repository, within a budget of pages."""

    images: tuple[StoredImage, ...] = ()
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class ImageFate(Fact):
    """What the rules do to the image that runs."""

    rule: LifecycleRule | None = None
    """The rule that decides over it; None where none does."""
    due: dt.datetime | None = None
    """From when on the rule applies, where that is certain; ECR acts within a day."""
    newer: int | None = None
    """For a rule that counts: images that it keeps before this one."""
    evaluated: dt.datetime | None = None
