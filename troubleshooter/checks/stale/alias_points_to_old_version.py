"""Callers use an alias or version that is older than the correction.

What it looks for
    `START … Version: N` with an old number, while the code was corrected in $LATEST.

Why it breaks
    Published versions never change. An alias, a trigger or a URL bound to a version goes on running it until it is
    moved; changes in the console touch $LATEST only.

How it is told apart
    With callers on $LATEST and an old image it is `stale_digest`.

Fix
    Publish a version and point the alias to it; deploy through the tool that moves the alias.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import datetime as dt
import re

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts import Unavailable
from troubleshooter.facts.account import Alias, Version, Versions
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import LogEvents
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"alias.{0,80}(?:old|previous|wrong|version \d+)", 2),
    signature(r"provisioned concurrency.{0,80}alias", 1),
)
ASK = "Which version do the START lines show?"

GRACE = dt.timedelta(minutes=10)
"""A deployment that updates, publishes and then moves the alias may take so long."""
_LATEST = "$LATEST"
_STARTED = re.compile(r'START RequestId: \S+ Version: (\S+)|"platform\.start".{0,300}"version":\s*"([^"]+)"')


@check(title="The alias that is called has the newest code", severity=Severity.WARNING, rung=Rung.STALE)
def alias_points_to_old_version(
    function: FunctionRecord, versions: Versions, log: LogEvents | Unavailable, text: GivenText | Unavailable
) -> Verdict:
    """Fails where, since $LATEST was changed, only an alias's version with other code was called."""
    if not versions.aliases:
        return not_applicable("the function has no alias")
    if function.version not in (None, _LATEST):
        return not_applicable(f"version {function.version} is asked about, whatever else there is")
    latest = versions.version(_LATEST)
    if latest is None or latest.code_sha256 is None or latest.last_modified is None:
        return unknown("what $LATEST holds was not told")
    behind = _behind(versions, latest)
    if not behind:
        return passed("no alias is left behind", versions.cite("aliases", [a.name for a in versions.aliases]))
    if len(behind) < len(versions.aliases):
        return not_applicable("another alias has the newest code or shares its calls: versions are released one by one")
    alias, version = behind[0]
    sides = (
        versions.cite("aliases", f"{alias.name} → {alias.version}", label="alias"),
        versions.cite("versions", version.code_sha256, label=f"code of version {version.number}"),
        versions.cite("versions", latest.code_sha256, label="code of $LATEST"),
        versions.cite("versions", latest.last_modified, label="$LATEST changed at"),
    )
    said = f"the alias {alias.name} points to version {version.number}, whose code is older than that of $LATEST"
    if latest.last_modified + GRACE > dt.datetime.fromisoformat(versions.reading.at):
        return unknown(f"{said}; it may be about to be moved", *sides, unblock=_ASKED)
    called = _called(log, latest.last_modified) if isinstance(log, LogEvents) else {}
    if version.number not in called or any(_code(versions, n) in (None, latest.code_sha256) for n in called):
        return unknown(f"{said}; that may be meant", *sides, unblock=_ASKED)
    if _published(versions, latest) and not isinstance(text, GivenText):
        why = "the newer code was published too, so that the alias may have been put back on purpose"
        return unknown(f"{said}; {why}", *sides, unblock=_ASKED)
    assert isinstance(log, LogEvents)  # noqa: S101
    calls = log.cite("events", called[version.number], label=f"call of version {version.number} since then")
    message = f"{said}; since that was changed, only the old version is called"
    return failed(message, *sides, calls, remediation=_fix(function, versions, alias, latest))


_ASKED = Unblock("Look which version the START lines of the failing calls show.")


def _behind(versions: Versions, latest: Version) -> list[tuple[Alias, Version]]:
    """Aliases with all their calls on one version whose code is not that of $LATEST, so that it was published before."""
    found = []
    for alias in versions.aliases:
        version = versions.version(alias.version)
        if alias.weights or version is None or version.code_sha256 in (None, latest.code_sha256):
            continue
        found.append((alias, version))
    return found


def _published(versions: Versions, latest: Version) -> list[str]:
    """Versions that have the code of $LATEST."""
    return [v.number for v in versions.versions if v.code_sha256 == latest.code_sha256 and v.number != _LATEST]


def _code(versions: Versions, number: str) -> str | None:
    version = versions.version(number)
    return version.code_sha256 if version else None


def _called(log: LogEvents, since: dt.datetime) -> dict[str, str]:
    """Versions that were called after a moment, each with its newest START line."""
    found = {}
    for event in log.events:
        start = _STARTED.search(event.message[:2000])
        if start is not None and event.at is not None and event.at > since:
            found[start[1] or start[2]] = event.message.strip()[:200]
    return found


def _fix(function: FunctionRecord, versions: Versions, alias: Alias, latest: Version) -> Remediation:
    text = (
        "Publish $LATEST and point the alias to that version, best through the tool that deploys; bind triggers and URLs "
        "to the alias. The first command answers with the version's number, which the alias then takes."
    )
    same = _published(versions, latest)
    if same:
        newest = max(same, key=lambda n: int(n) if n.isdigit() else -1)
        commands = (aws_lambda(function, "update-alias", "--name", alias.name, "--function-version", newest),)
    else:
        publish = aws_lambda(function, "publish-version", "--query", "Version", "--output", "text")
        update = aws_lambda(function, "update-alias", "--name", alias.name)
        commands = (f'{update} --function-version "$({publish})"',)
    return Remediation(text, commands, "START lines of new calls show the new version.")
