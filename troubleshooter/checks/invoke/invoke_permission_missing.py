"""The event source may not call the function.

What it looks for
    A text by which an integration is refused, while the function's policy has no statement for that service; or a
    function that nobody calls, whose event source mapping has a problem or a role that may not read the source.

Why it breaks
    S3, SNS, EventBridge, API Gateway and others call by the function's resource policy. Without `lambda:AddPermission`
    for their service, ARN and qualifier, they get no further; API Gateway answers 500 and logs it, S3 refuses the
    notification. Queues and streams are another matter: Lambda polls them itself, with the execution role.

How it is told apart
    A function URL's 403 is `function_url_permissions`. A caller of your own with a role lacks `lambda:InvokeFunction`
    in that role's policy. An API whose integration calls with a role of its own is refused in the same words: the
    integrations tell. Invocations that fail are another matter: here there are none.

Fix
    Add the permission with the source's ARN, for the alias or version that the source calls.

References
    https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import fnmatch
import re

from troubleshooter.checks import Frequency, _role, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts import Unavailable
from troubleshooter.facts.account import PolicyStatement
from troubleshooter.facts.callers import EventSource, EventSources, FunctionPolicy, RefusedCaller
from troubleshooter.facts.fronts import ApiFronts
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.permissions import RoleQuestions, Rulings
from troubleshooter.model import Outcome, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Invalid permissions on Lambda function", 3),
    signature(r"Unable to validate the following destination configurations", 3),
    signature(r"not authorized to perform: lambda:Invoke(?:Function|Async)", 3),
    signature(r"(?:API Gateway|EventBridge|SNS|S3|principal) does not have permission to (?:invoke|call)", 3),
    signature(r"(?<!\x22)lambda:InvokeFunction", 1),
    signature(r"Execution failed due to configuration error: Invalid permissions", 3),
    signature(r"AccessDenied.{0,60}when calling the Invoke operation", 3),
)
ASK = "Does `aws lambda get-policy` have a statement for this source and qualifier?"


_INVOKE = "lambda:InvokeFunction"
_API_GATEWAY = "apigateway.amazonaws.com"
_LOOK = Unblock(
    "Look at the integration that was refused: which function it names, and with which credentials it calls."
)
_PERMISSION = re.compile(r"PROBLEM:.*(?:permission|authoriz|assume|Access ?Denied|role)", re.IGNORECASE)


@check(title="Whoever is to call the function may", severity=Severity.ERROR, rung=Rung.INVOKE, narrow=True)
def invoke_permission_missing(
    function: FunctionRecord,
    refused: RefusedCaller | Unavailable,
    policy: FunctionPolicy | Unavailable,
    sources: EventSources | Unavailable,
    questions: RoleQuestions | Unavailable,
    rulings: Rulings | Unavailable,
    fronts: ApiFronts | Unavailable,
) -> Verdict:
    """Holds a refused service against the function's policy, and the sources of a silent function against its role."""
    if isinstance(refused, RefusedCaller):
        return _refused(function, refused, policy, fronts)
    if isinstance(sources, Unavailable):
        if sources.applies:
            return unknown(
                f"whether event sources reach the function is open: {sources.detail}", unblock=sources.unblock
            )
        return Verdict(Outcome.NOT_APPLICABLE, sources.detail, ungiven=isinstance(refused, Unavailable))
    if not sources.sources:
        return not_applicable("the function has no event source mapping, and nothing says that a call was refused")
    for source in sources.sources:
        if _PERMISSION.match(source.result) or _PERMISSION.match(source.reason):
            return _problem(function, sources, source)
    return _polled(function, sources, questions, rulings)


def _refused(
    function: FunctionRecord,
    refused: RefusedCaller,
    policy: FunctionPolicy | Unavailable,
    fronts: ApiFronts | Unavailable,
) -> Verdict:
    if isinstance(policy, Unavailable):
        text = f"{refused.service} was refused; the function's policy could not be read"
        return unknown(text, refused.evidence, unblock=policy.unblock)
    about = [s for s in policy.statements or () if _lets(s, refused.service)]
    if about:
        shown = policy.cite("statements", f"{len(about)} for {refused.service}", label="statements of the policy")
        text = f"the function's policy has a statement for {refused.service}: its conditions, or the version asked, may differ"
        return unknown(
            text, refused.evidence, shown, unblock=Unblock("Compare the statement's source ARN with the caller's.")
        )
    said = "there is no policy" if policy.statements is None else f"no statement for {refused.service}"
    shown = policy.cite("statements", said, label="function's resource policy")
    if refused.service == _API_GATEWAY:
        doubt = _by_own_role(fronts)
        if doubt is not None:
            ask = fronts.unblock if isinstance(fronts, Unavailable) else None
            return unknown(f"API Gateway was refused; {doubt}", refused.evidence, shown, unblock=ask or _LOOK)
    message = f"{refused.service} may not call the function: {said}"
    return failed(message, shown, refused.evidence, remediation=_let_in(function, refused))


def _by_own_role(fronts: ApiFronts | Unavailable) -> str | None:
    """Why API Gateway may have called with a role, or another function; None where it needs the function's policy."""
    if isinstance(fronts, Unavailable):
        return f"whether it calls with a role of its own is not known: {fronts.detail}"
    here = [i for i in fronts.integrations if not i.qualifier]
    if any(i.own_role for i in fronts.integrations):
        return "an integration calls with a role of its own, which may lack lambda:InvokeFunction"
    if not here:
        return "no integration with this function was found, or it calls an alias or version, which has its own policy"
    return None if fronts.complete else fronts.left_out


def _let_in(function: FunctionRecord, refused: RefusedCaller) -> Remediation:
    text = (
        f"Let {refused.service} call the function. The command lets every source of that service in this account in: narrow it "
        "with --source-arn to the API, bucket, rule or topic that calls."
    )
    statement = f"allow-{refused.service.partition('.')[0]}"
    add = ["--statement-id", statement, "--action", _INVOKE, "--principal", refused.service]
    if function.account:
        add += ["--source-account", function.account]
    command = aws_lambda(function, "add-permission", *add)
    return Remediation(text, (command,), "The service calls the function, and its log shows the invocation.")


def _lets(statement: PolicyStatement, service: str) -> bool:
    """Whether a statement may be about a service's calls."""
    acts = any(fnmatch.fnmatch(_INVOKE.lower(), action.lower()) for action in statement.actions)
    who = service in statement.principals or "*" in statement.principals
    return statement.negated or statement.effect != "Allow" or (acts and who)


def _problem(function: FunctionRecord, sources: EventSources, source: EventSource) -> Verdict:
    said = source.result if _PERMISSION.match(source.result) else source.reason
    cited = sources.cite("sources", said, label=f"event source mapping {source.id}")
    text = (
        "Give the execution role what it takes to read the source, or let Lambda assume it, as the mapping's words say."
    )
    see = aws_lambda(function, "list-event-source-mappings")
    remediation = Remediation(text, (see,), "The mapping's LastProcessingResult is OK once events come.")
    return failed(f"Lambda cannot read {source.source}: {said}", cited, remediation=remediation)


def _polled(
    function: FunctionRecord,
    sources: EventSources,
    questions: RoleQuestions | Unavailable,
    rulings: Rulings | Unavailable,
) -> Verdict:
    names = ", ".join(s.source for s in sources.sources)
    shown = sources.cite("sources", names, label="event sources")
    if isinstance(questions, Unavailable) or not questions.polling:
        return passed("no event source of the function reports a problem", shown)
    if isinstance(rulings, Unavailable):
        text = "nobody calls the function; whether its role may read its event sources could not be read"
        return unknown(text, shown, unblock=_role.unblock(rulings))
    about = [r for q in questions.polling if (r := rulings.of(*q)) is not None]
    lacks = [r for r in about if _role.forbids(r)]
    if not lacks:
        return passed("no event source of the function reports a problem", shown)
    cited = (*(_role.cite(rulings, r) for r in lacks), function.cite("role", label="execution role"), shown)
    message = f"the execution role may not {' and '.join(r.action for r in lacks)}, so Lambda does not read {lacks[0].resource}"
    text = "Allow the execution role to read its event source; the first command adds just that."
    verify = "The mapping's LastProcessingResult is OK once events come."
    remediation = _role.grant(function, [(r.action, r.resource) for r in lacks], text, verify)
    return failed(message, *cited, remediation=remediation)
