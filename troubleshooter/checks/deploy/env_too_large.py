"""The function's environment is larger than 4 KB.

What it looks for
    A template whose declared environment, written as one JSON object, is longer than 4096 bytes.

Why it breaks
    Lambda measures the JSON text of the whole map: names, values, quotes, colons, commas and braces, in bytes. Above 4096
    the create or update is refused; above 5120 bytes of request even earlier, with another text. The service's message
    may echo the values.

How it is told apart
    Names and values alone may fit while the JSON does not: linters that add up their lengths let such a map pass. A
    refused name is `env_reserved_api`.

Fix
    Move long values (documents, certificates, lists) to Parameter Store, Secrets Manager, AppConfig or a file in the
    package, and keep only their names in the environment.

References
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from troubleshooter.checks import check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict

SIGNATURES = (
    signature(r"environment variables you have provided exceeded the 4 ?KB limit", 3),
    signature(r"Request must be smaller than 5120 bytes for the \w+ operation", 3),
    signature(r"exceeded the 4 ?KB limit", 2),
    signature(r"E3697.*environment|Environment variables? .*(?:exceeds?|larger than) 4096", 2),
    signature(r"environment variables? (?:size )?(?:that you have provided )?exceed\w*.{0,30}(?:4 ?KB|4096|limit)", 3),
)

LIMIT = 4096
"""Bytes."""
ROOM = 512
"""Bytes allowed for each value that only deploy time decides: longer than any ARN or address of a resource in practice."""


@check(title="The declared environment fits into 4 KB", severity=Severity.ERROR, rung=Rung.DEPLOY)
def env_too_large(resource: DeclaredResource) -> Verdict:
    """Compares the size of what is literal with the limit."""
    function = resource.function
    size, later = function.environment_json_bytes, function.environment_undecided
    if size is None:
        return not_applicable("the template declares no environment for the function")
    evidence = resource.cite_property("Environment", _size(size, later), label="declared environment as JSON")
    if size > LIMIT:
        return failed(
            f"Lambda refuses the function's environment: as JSON it has {_size(size, later)}, {LIMIT} are allowed",
            evidence,
            *_longest(resource),
            remediation=_fix(resource, size),
        )
    if size + later * ROOM > LIMIT:
        text = f"the environment has {_size(size, later)}; whether it stays within {LIMIT} shows at deploy time"
        return unknown(text, evidence, unblock=Unblock("Give the template with these values filled in."))
    return passed(f"the environment has {_size(size, later)} of {LIMIT}", evidence)


def _size(size: int, later: int) -> str:
    return f"{size} bytes" + (f" and {later} values decided at deploy time" if later else "")


def _longest(resource: DeclaredResource) -> list[Evidence]:
    """The three longest values, by length alone."""
    longest = sorted(resource.function.environment, key=lambda v: -v.length)[:3]
    return [
        resource.cite_property(f"Environment.Variables.{v.name}", f"{v.length} characters", label=f"length of {v.name}")
        for v in longest
    ]


def _fix(resource: DeclaredResource, size: int) -> Remediation:
    names = ", ".join(v.name for v in sorted(resource.function.environment, key=lambda v: -v.length)[:3])
    return Remediation(
        f"Take at least {size - LIMIT} bytes out of the environment at {resource.place('Environment')}: move the longest "
        f"values ({names}) to Parameter Store or Secrets Manager and keep only their names here; shorter names count too.",
        verify="Run this diagnosis again with the corrected template: the environment's size is within the limit.",
    )
