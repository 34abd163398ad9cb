"""A trigger calls an alias that no deployment has moved to the newest version.

What it looks for
    Function URLs, event source mappings, integrations of API Gateway and whoever the alias's policy lets in, where every
    alias of the function sends all its calls to a version whose code is not that of the newest published one.

Why it breaks
    It need not: the alias may be held back on purpose. But a correction that was published and that no alias points to
    reaches nobody who calls by an alias.

How it is told apart
    It is information, never a cause. A weighted alias, another alias that has the newest code, a version published without
    new code, and one published minutes ago are left alone. That only the old version was called since $LATEST changed is
    `alias_points_to_old_version`.

Fix
    Point the alias to the newest version, best through the tool that deploys.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, unknown
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts.account import Versions
from troubleshooter.facts.callers import BoundTriggers, LeftBehind
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
MOST = 5


@check(
    title="What calls by an alias gets the newest published version",
    severity=Severity.INFO,
    rung=Rung.STALE,
    narrow=True,
)
def alias_points_to_old_version__trigger(
    function: FunctionRecord, versions: Versions, behind: LeftBehind, bound: BoundTriggers
) -> Verdict:
    """Names what is bound to aliases that are left behind."""
    if not bound.triggers:
        if bound.gaps:
            return unknown(f"what calls the alias was not read whole: {'; '.join(bound.gaps)}")
        return not_applicable("nothing was found that is bound to an alias that is left behind")
    first = next(a for a in behind.aliases if a.name == bound.triggers[0].qualifier)
    old, new = versions.version(first.version), versions.version(behind.newest)
    sides = (
        versions.cite("aliases", f"{first.name} → {first.version}", label="alias"),
        versions.cite("versions", old and old.code_sha256, label=f"code of version {first.version}"),
        versions.cite("versions", new and new.code_sha256, label=f"code of version {behind.newest}, the newest"),
    )
    many = f" and {len(bound.triggers) - 1} more" if len(bound.triggers) > 1 else ""
    message = (
        f"a trigger ({bound.triggers[0].kind}{many}) calls the alias {first.name}, which points to version {first.version}; "
        f"version {behind.newest} was published later with other code, and no alias points to it"
    )
    text = (
        f"If version {behind.newest} is meant to run, point the alias to it, best through the tool that deploys; if the alias is "
        "held back on purpose, nothing is to be done."
    )
    command = aws_lambda(function, "update-alias", "--name", first.name, "--function-version", behind.newest)
    verify = "START lines of new calls show the new version."
    return failed(
        message, *sides, *(t.evidence for t in bound.triggers[:MOST]), remediation=Remediation(text, (command,), verify)
    )
