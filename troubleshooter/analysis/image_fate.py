"""Holds a repository's lifecycle rules against the image that runs, as ECR evaluates them.

The rule of the lowest priority number whose tag selection an image meets is the only one that may act on it. A rule
that names several prefixes or patterns wants them all. A rule that counts keeps those pushed last.
"""

from __future__ import annotations

import datetime as dt
import fnmatch

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.lifecycle import ImageFate, LifecycleRule, LifecycleRules, RepositoryImages

ARCHIVED = ("ARCHIVED", "ACTIVATING")


@provides()
def image_fate(
    rules: LifecycleRules, registry: RegistryRecord, images: RepositoryImages | Unavailable
) -> ImageFate | Unavailable:
    """The rule that decides, and since when or from when on it applies."""
    running = registry.running
    if running is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the repository does not hold the image that runs")
    rule = deciding(rules.rules, running)
    fate = ImageFate(reading=rules.reading, rule=rule, evaluated=rules.evaluated)
    if rule is None:
        return fate
    if rule.count_type == "sinceImagePushed" and rule.unit == "days" and running.pushed_at is not None:
        return ImageFate(
            reading=rules.reading,
            rule=rule,
            due=running.pushed_at + dt.timedelta(days=rule.count),
            evaluated=rules.evaluated,
        )
    if rule.count_type == "imageCountMoreThan" and isinstance(images, RepositoryImages) and images.complete:
        return _counted(rules, rule, running, images)
    return fate


def deciding(rules: tuple[LifecycleRule, ...], image: StoredImage) -> LifecycleRule | None:
    """The one rule that may act on an image."""
    fitting = [r for r in rules if r.storage != "archive" and selects(r, image)]
    return min(fitting, key=lambda r: r.priority, default=None)


def selects(rule: LifecycleRule, image: StoredImage) -> bool:
    """Whether an image meets a rule's tag selection."""
    if rule.tag_status == "any":
        return True
    if rule.tag_status == "untagged":
        return not image.tags
    wanted = [*(f"{_literal(p)}*" for p in rule.prefixes), *map(_literal_but_stars, rule.patterns)]
    return bool(wanted) and all(any(fnmatch.fnmatchcase(tag, p) for tag in image.tags) for p in wanted)


def _counted(rules: LifecycleRules, rule: LifecycleRule, running: StoredImage, images: RepositoryImages) -> ImageFate:
    """A rule that counts acts as soon as so many images of its selection were pushed later."""
    if running.pushed_at is None or any(i.pushed_at is None for i in images.images):
        return ImageFate(reading=rules.reading, rule=rule, evaluated=rules.evaluated)
    later = sorted(
        i.pushed_at
        for i in images.images
        if i.pushed_at is not None
        and i.pushed_at > running.pushed_at
        and i.digest != running.digest
        and i.status not in ARCHIVED
        and selects(rule, i)
    )
    due = later[rule.count - 1] if 0 < rule.count <= len(later) else None
    return ImageFate(reading=rules.reading, rule=rule, due=due, newer=len(later), evaluated=rules.evaluated)


def _literal(text: str) -> str:
    """Text in which no character is a wildcard."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def _literal_but_stars(text: str) -> str:
    return "".join(f"[{c}]" if c in "?[" else c for c in text)
