"""The function URL refuses the caller.

What it looks for
    HTTP 403 `Forbidden` from a function URL, or a statement for URLs that Lambda refuses.

Why it breaks
    A URL without authentication needs a resource policy all the same. URLs made since October 2025 need two
    statements: `lambda:InvokeFunctionUrl` with the condition on the auth type, and `lambda:InvokeFunction` with the
    condition `lambda:InvokedViaFunctionUrl`. With IAM authentication the request must be signed. The function itself
    is not called: it logs nothing.

How it is told apart
    403 from API Gateway or CloudFront has other bodies. An error of the function is a 502.

Fix
    Add both statements, each with its own condition only; or sign requests; check the organisation's policies.

References
    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

import datetime as dt
import fnmatch
from enum import Enum

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts.account import FunctionUrl, FunctionUrls, PolicyStatement, UrlPolicies, UrlPolicy
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Forbidden\. For troubleshooting Function URL authorization issues", 3),
    signature(r"FunctionUrlAuthType is only supported for", 3),
    signature(r"lambda/latest/dg/urls-auth\.html", 2),
    signature(r"lambda:InvokeFunctionUrl|InvokedViaFunctionUrl", 2),
    signature(
        r"lambda-url\.[\w-]+\.on\.aws.{0,200}(?:403|Forbidden|AccessDenied)|(?:403|Forbidden).{0,200}lambda-url\.",
        3,
    ),
    signature(r"\{\"Message\":\s?(?:null|\"Forbidden\")", 2),
)
ASK = "Are there two statements, for lambda:InvokeFunctionUrl and lambda:InvokeFunction, in the function's policy?"

TWO_SINCE, TWO_SURELY = dt.datetime(2025, 10, 1, tzinfo=dt.UTC), dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
"""URLs made from then on need two permissions: the change came in the course of that month."""
_URL, _FUNCTION = "lambda:InvokeFunctionUrl", "lambda:InvokeFunction"
_CONDITIONS = {
    _URL: {("stringequals", "lambda:functionurlauthtype", "none")},
    _FUNCTION: {("bool", "lambda:invokedviafunctionurl", "true")},
}
"""The condition that a statement for everyone may have and still let everyone in."""


class _Grant(Enum):
    YES = "allowed for everyone"
    NO = "allowed for nobody"
    PARTLY = "allowed or denied under conditions of its own"


@check(title="Function URLs without authentication let callers in", severity=Severity.ERROR, rung=Rung.RESPONSE)
def function_url_permissions(function: FunctionRecord, urls: FunctionUrls, policies: UrlPolicies) -> Verdict:
    """Looks for the statements that a URL of AuthType NONE needs in the function's resource policy."""
    if not urls.urls:
        return not_applicable("the function has no URL")
    if not policies.policies:
        return not_applicable("every URL of the function wants signed requests")
    doubt: Verdict | None = None
    shown: list[Evidence] = []
    for each in policies.policies:
        grants = {action: _grant(each.statements or (), action) for action in (_URL, _FUNCTION)}
        two = _two(each.url)
        cited = _evidence(urls, policies, each, grants)
        shown += cited
        lacks = [a for a in (_URL, _FUNCTION) if grants[a] is _Grant.NO and (a == _URL or two)]
        if lacks:
            message = (
                f"the URL has AuthType NONE, but the function's policy does not allow {' and '.join(lacks)} to all"
            )
            return failed(message, *cited, remediation=_fix(function, each.url, lacks))
        needed = (_URL, _FUNCTION) if two is not False else (_URL,)
        if any(grants[a] is not _Grant.YES for a in needed):
            text = (
                "whether the function's policy lets everyone in depends on what a request brings, or on the URL's age"
            )
            doubt = doubt or unknown(text, *cited, unblock=Unblock("Call the URL and look for 403 Forbidden."))
    return doubt or passed("the function's policy lets callers of the URL in", *shown)


def _two(url: FunctionUrl) -> bool | None:
    """Whether a URL needs both permissions; None where its age does not tell."""
    if url.created is None or TWO_SINCE <= url.created < TWO_SURELY:
        return None
    return url.created >= TWO_SURELY


def _grant(statements: tuple[PolicyStatement, ...], action: str) -> _Grant:
    about = [s for s in statements if s.negated or any(fnmatch.fnmatch(action.lower(), a.lower()) for a in s.actions)]
    if any(s.effect != "Allow" or s.negated for s in about):
        return _Grant.PARTLY
    if any(_everyone(s, action) for s in about):
        return _Grant.YES
    # Statements for services or named callers let nobody in by the URL; a condition on everyone may.
    return _Grant.PARTLY if any("*" in s.principals for s in about if not _services(s, action)) else _Grant.NO


def _everyone(statement: PolicyStatement, action: str) -> bool:
    conditions = {(o.lower(), k.lower(), v.lower()) for o, k, v in statement.conditions}
    return "*" in statement.principals and conditions <= _CONDITIONS[action]


def _services(statement: PolicyStatement, action: str) -> bool:
    """Whether a statement's condition wants another way of calling than by a URL without authentication."""
    wanted = {
        ("stringequals", "lambda:functionurlauthtype", "aws_iam"),
        ("bool", "lambda:invokedviafunctionurl", "false"),
    }
    return any((o.lower(), k.lower(), v.lower()) in wanted for o, k, v in statement.conditions)


def _evidence(
    urls: FunctionUrls, policies: UrlPolicies, each: UrlPolicy, grants: dict[str, _Grant]
) -> tuple[Evidence, ...]:
    where = f" of {each.url.qualifier}" if each.url.qualifier else ""
    found = [urls.cite("urls", each.url.auth_type, label=f"AuthType of the URL{where}")]
    found += [urls.cite("urls", each.url.created, label="URL made at")] if each.url.created else []
    if each.statements is None:
        return (*found, policies.cite("policies", "there is none", label=f"resource policy{where}"))
    return (*found, *(policies.cite("policies", grant.value, label=f"{a}{where}") for a, grant in grants.items()))


def _fix(function: FunctionRecord, url: FunctionUrl, lacks: list[str]) -> Remediation:
    options = {
        _URL: ("FunctionURLAllowPublicAccess", "--function-url-auth-type", "NONE"),
        _FUNCTION: ("FunctionURLInvokeAllowPublicAccess", "--invoked-via-function-url"),
    }
    qualifier = ("--qualifier", url.qualifier) if url.qualifier else ()
    commands = tuple(
        aws_lambda(
            function,
            "add-permission",
            *("--statement-id", options[action][0], "--action", action, "--principal", "*"),
            *options[action][1:],
            *qualifier,
        )
        for action in lacks
    )
    text = (
        "If everyone is meant to call the URL, add what is missing, each statement with its own condition only. Else set "
        "AuthType AWS_IAM and sign the requests."
    )
    return Remediation(text, commands, "A request to the URL is answered by the function instead of 403 Forbidden.")
