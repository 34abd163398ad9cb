"""A function's aliases and published versions. Versions are read where an alias names one, or where something is failing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.aws_lambda import read_record
from troubleshooter.collectors.lambda_records import NOT_DEPLOYED, every
from troubleshooter.facts import Cost, Reason, Unavailable, provides
from troubleshooter.facts.account import Alias, Aliases, Version, Versions
from troubleshooter.facts.changes import PublishedVersions, Trouble
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Role, Subject
from troubleshooter.redact import Secrets

_NO_ALIAS = Unavailable(
    Reason.NOT_OF_THIS_KIND, "the function has no alias, and nothing shows that anything is failing"
)


@provides(cost=Cost.CALL, asks=("lambda:ListAliases",))
def list_aliases(given: GivenFunction, subject: Subject, aws: Aws) -> Aliases | Unavailable:
    """`lambda:ListAliases`."""
    if subject.role is not Role.DEPLOYED:
        return NOT_DEPLOYED
    first, aliases, whole = every(given, aws, "ListAliases", "Aliases", _alias)
    return Aliases(reading=first.reading(), aliases=tuple(aliases), complete=whole)


@provides(cost=Cost.CALL, asks=("lambda:ListVersionsByFunction",))
def published_behind_aliases(
    aliases: Aliases, given: GivenFunction, aws: Aws, secrets: Secrets
) -> PublishedVersions | Unavailable:
    """`lambda:ListVersionsByFunction`, where an alias names a version."""
    return _published(given, aws, secrets) if aliases.aliases else _NO_ALIAS


@provides(cost=Cost.CALL, rank=1, asks=("lambda:ListVersionsByFunction",))
def published_before_trouble(
    trouble: Trouble, aliases: Aliases | Unavailable, given: GivenFunction, aws: Aws, secrets: Secrets
) -> PublishedVersions | Unavailable:
    """The same, because of `trouble`: a version from before tells what was changed since."""
    if isinstance(aliases, Aliases) and aliases.aliases:
        return _NO_ALIAS  # it was asked for already, and refused
    return _published(given, aws, secrets)


def _published(given: GivenFunction, aws: Aws, secrets: Secrets) -> PublishedVersions:
    first, records, whole = every(given, aws, "ListVersionsByFunction", "Versions", dict)
    read = tuple(read_record(first, record, secrets) for record in records)
    return PublishedVersions(reading=first.reading(), records=read, complete=whole)


@provides()
def no_versions(aliases: Aliases) -> Versions | Unavailable:
    """Without an alias nobody asks for a version."""
    if aliases.aliases:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function has aliases")
    return Versions(reading=aliases.reading, complete=aliases.complete)


@provides(rank=1)
def versions_behind_aliases(aliases: Aliases, published: PublishedVersions) -> Versions:
    """Aliases with the code that the versions have."""
    return Versions(
        reading=published.reading,
        versions=tuple(Version(r.version or "", r.code_sha256, r.last_modified) for r in published.records),
        aliases=aliases.aliases,
        complete=aliases.complete and published.complete,
    )


def _alias(data: Mapping[str, Any]) -> Alias:
    routing = (data.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    weights = tuple((str(number), float(share)) for number, share in sorted(routing.items()))
    return Alias(str(data["Name"]), str(data["FunctionVersion"]), weights)
