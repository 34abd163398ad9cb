"""Whether Lambda could not make an environment ready for the code that is asked about. Pure.

`FUNCTION_ERROR_INIT_FAILURE` proves that init failed; any other reason (a quota, a deployment that goes on) says nothing of
the code. What failed for another version's code says nothing either.
"""

from __future__ import annotations

import re

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.account import Versions
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.provisioned import ProvisionedConcurrency, ProvisionedFailure

_INIT = re.compile(r"\bFUNCTION_ERROR_INIT\w*")


@provides()
def provisioned_failure(
    given: GivenFunction,
    function: FunctionRecord,
    provisioned: ProvisionedConcurrency,
    versions: Versions | Unavailable,
) -> ProvisionedFailure | Unavailable:
    """Of the alias or version that is asked about; else of one whose code is that of $LATEST."""
    for each in provisioned.provisions:
        found = _INIT.search(each.reason)
        if each.status == "FAILED" and found and _same(given, function, each.qualifier, versions):
            return ProvisionedFailure(reading=provisioned.reading, qualifier=each.qualifier, reason=found[0])
    return Unavailable(Reason.NOT_OF_THIS_KIND, "no provisioned concurrency of this code failed to start")


def _same(given: GivenFunction, function: FunctionRecord, qualifier: str, versions: Versions | Unavailable) -> bool:
    if given.qualifier not in (None, "$LATEST"):
        return qualifier in (given.qualifier, function.version)
    if isinstance(versions, Unavailable) or function.code_sha256 is None:
        return False
    number = next((a.version for a in versions.aliases if a.name == qualifier and not a.weights), qualifier)
    version = versions.version(number)
    if version is None or version.code_sha256 != function.code_sha256:
        return False
    # The configuration may have been put right since that version was published.
    return bool(version.last_modified and function.last_modified and function.last_modified <= version.last_modified)
