"""Whether code may ask AWS with other credentials than the execution role's. Pure.

Asked only where a denial names nobody: then the role's own policies tell nothing, unless nobody else can have asked.
"""

from __future__ import annotations

import fnmatch
import re

from troubleshooter.analysis.own_sources import own_files
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.permissions import Denials, OtherCredentials, RolePolicies

FILES, SIZE = 300, 400_000
"""Own source files that are searched, and the bytes of each."""
_SOURCES = (".py", ".js", ".mjs", ".cjs", ".ts")
_USED = re.compile(
    r"assume_?role|aws_access_key_id|aws_session_token|accessKeyId|secretAccessKey|from(?:TemporaryCredentials|Ini|WebToken"
    r"|SSO|Cognito\w*)|profile_name|RefreshableCredentials|get_credentials_for_identity|\bcredentials\s*[:=]|UNSIGNED",
    re.IGNORECASE,
)
_KEYS = re.compile(
    r"(?i)access_?key|secret_?key|session_?token|(?:assume|cross|partner|target|remote)\w*role|role_?arn"
)
"""Names of variables that hold credentials, or whom to become."""


@provides()
def other_credentials(
    denials: Denials, function: FunctionRecord, policies: RolePolicies | Unavailable, code: CodeTree | Unavailable
) -> OtherCredentials | Unavailable:
    """What speaks for it; that nothing does is only known where the code could be read."""
    if all(d.principal for d in denials.own):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "whoever was denied is named")
    if isinstance(policies, RolePolicies):
        for each in policies.statements:
            if each.effect == "Allow" and any(_assumes(action) for action in each.actions):
                cited = policies.cite("statements", f"{each.policy} allows {', '.join(each.actions[:4])}")
                return OtherCredentials(reading=policies.reading, evidence=cited)
    named = next((v.name for v in function.environment if _KEYS.search(v.name)), None)
    if named is not None:
        cited = function.cite("environment", named, label="variable named like credentials or a role")
        return OtherCredentials(reading=function.reading, evidence=cited)
    return code if isinstance(code, Unavailable) else _in_code(code)


def _assumes(action: str) -> bool:
    return action != "*" and fnmatch.fnmatch("sts:assumerole", action.lower())


def _in_code(code: CodeTree) -> OtherCredentials | Unavailable:
    own = own_files(code, _SOURCES)
    if not own or len(own) > FILES:
        return Unavailable(Reason.UNSUPPORTED, "the function's own sources cannot be searched for credentials")
    for path in own:
        content = code.tree.read(path)
        if content is None or len(content) > SIZE:
            return Unavailable(Reason.TOO_BIG, f"{path} was not searched for credentials")
        for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), 1):
            if found := _USED.search(line):
                cited = code.cite("tree", found[0], label="the code handles credentials", source=f"{path}:{number}")
                return OtherCredentials(reading=code.reading, evidence=cited)
    return OtherCredentials(reading=code.reading)
