"""There are no logs to be found.

What it looks for
    Errors or invocations in the metrics, no log group or stream, and a role whose policies do not let it write to the
    group that the function logs to.

Why it breaks
    The role lacks `logs:CreateLogGroup`, `CreateLogStream` or `PutLogEvents`; logs go to a group of another name
    (LoggingConfig), another account or region; retention removed them; or the function never started because its image
    or key could not be read.

How it is told apart
    No line at all is no proof that the process was not spawned: rule this out first. With a stream that has platform
    lines and nothing of yours, look at the spawn. A statement that denies logs explicitly is an intention: extensions
    ship logs elsewhere, and their vendors say to deny CloudWatch. So is a missing permission where an extension lies in
    the image or a layer and calls go well.

Fix
    Attach AWSLambdaBasicExecutionRole, look at the group that LoggingConfig names, and invoke again.

References
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import (
    Frequency,
    _extensions,
    _role,
    check,
    failed,
    not_applicable,
    passed,
    signature,
    unknown,
)
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageTree
from troubleshooter.facts.logs import LogEvents
from troubleshooter.facts.metrics import Metrics
from troubleshooter.facts.permissions import Decision, RoleQuestions, Ruling, Rulings
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"specified log group does not exist|Log group does not exist", 3),
    signature(r"There was an error loading Log Streams", 3),
    signature(r"logs:(?:CreateLogGroup|CreateLogStream|PutLogEvents)", 2),
    signature(
        r"no (?:CloudWatch )?(?:log(?:s| streams?| group)?) (?:at all|appear|found|are)|nothing (?:in"
        r"|appears in) (?:the )?(?:CloudWatch|logs?)",
        2,
    ),
)
ASK = "Which log group does the function's LoggingConfig name, and may its role write there?"


_POLICY = "iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@check(title="The function can write its log", severity=Severity.WARNING, rung=Rung.INVOKE, narrow=True)
def no_logs_at_all(
    function: FunctionRecord,
    log: LogEvents,
    metrics: Metrics | Unavailable,
    questions: RoleQuestions | Unavailable,
    rulings: Rulings | Unavailable,
    files: ImageTree | Unavailable,
) -> Verdict:
    """Where invocations are counted and nothing was ever logged, asks the role's policies whether it may log."""
    if log.events:
        return not_applicable("the function writes a log")
    group = log.cite("group", _state(log), label=f"log group {log.group}")
    if function.environment_error:
        return not_applicable("the function does not start at all: its environment cannot be decrypted")
    if isinstance(metrics, Unavailable):
        return unknown(
            "nothing is logged; whether the function is called could not be read", group, unblock=metrics.unblock
        )
    count = metrics.cite("invocations", f"{metrics.calls}, {metrics.failures} with errors", label="invocations")
    if not metrics.calls:
        return not_applicable("the function was not called since its last change, so no log is to be expected")
    if isinstance(questions, Unavailable):
        return unknown(
            "what the role would need for its log could not be told", group, count, unblock=questions.unblock
        )
    if isinstance(rulings, Unavailable):
        text = "the function is called and logs nothing; whether its role may write logs could not be read"
        return unknown(text, group, count, unblock=_role.unblock(rulings))
    about = [r for q in questions.writing_logs if (r := rulings.of(*q)) is not None]
    lacks = [r for r in about if _role.forbids(r) or _role.simulated_denial(r)]
    role = function.cite("role", label="execution role")
    cited = (group, count, *(_role.cite(rulings, r) for r in (lacks or about)), role)
    if lacks:
        return _lacks(function, log, metrics, lacks, cited, files)
    if about and all(_allowed(r) for r in about):
        return passed(f"the role may write to {log.group}: that nothing is logged has another reason", *cited)
    text = "the function is called and logs nothing; its role's policies do not settle whether it may log"
    return unknown(
        text, *cited, unblock=_role.unblock(rulings) or Unblock("Compare the conditions of the role's policies.")
    )


def _lacks(
    function: FunctionRecord,
    log: LogEvents,
    metrics: Metrics,
    lacks: list[Ruling],
    cited: tuple[Evidence, ...],
    files: ImageTree | Unavailable,
) -> Verdict:
    meant = _meant(function, metrics, lacks, files)
    if meant:
        ask = Unblock("Tell whether this function's logs go elsewhere on purpose.")
        return unknown(f"the function is called and logs nothing: {meant}; that may be meant", *cited, unblock=ask)
    what = " and ".join(r.action for r in lacks)
    message = f"the function is called and logs nothing: its role may not {what} in {log.group}"
    rung = Rung.INVOKE if metrics.failing else Rung.COMPLETION
    return failed(message, *cited, remediation=_fix(function, log, lacks), rung=rung)


def _state(log: LogEvents) -> str:
    if not log.group_exists:
        return "does not exist"
    return "has no stream" if log.streams_exist is False else "holds no event since the last change"


def _meant(
    function: FunctionRecord, metrics: Metrics, lacks: list[Ruling], files: ImageTree | Unavailable
) -> str | None:
    """What speaks for somebody's having wanted no logs; None where the permission is just missing."""
    if any(r.decision is Decision.DENIED or r.simulated == "explicitDeny" for r in lacks):
        return "a statement denies its role to write logs"
    if not lacks or metrics.failing:
        return None
    if isinstance(files, ImageTree) and (path := next((p for p, _ in _extensions.extensions(files)), None)):
        return f"its role may not write logs, and an extension runs beside it ({path})"
    if function.layers:
        return "its role may not write logs, and its layers may bring an extension that ships them"
    return None


def _allowed(ruling: Ruling) -> bool:
    return ruling.decision.value == "allowed" and ruling.simulated in ("", "allowed")


def _fix(function: FunctionRecord, log: LogEvents, lacks: list[Ruling]) -> Remediation:
    text = (
        "Attach AWSLambdaBasicExecutionRole to the execution role, or allow the missing actions on the group alone. New "
        "environments log then; those that run keep what they had until they are replaced."
    )
    verify = f"After the next invocation {log.group} has a stream."
    if any(r.boundary for r in lacks):
        text = "Widen the role's permissions boundary (see the evidence); the managed policy alone does not help then."
        return _role.grant(function, [(r.action, None) for r in lacks], text, verify)
    if not function.role:
        return Remediation(text, (), verify)
    partition = function.role.split(":")[1] if function.role.startswith("arn:") else "aws"
    attach = ["aws", "iam", "attach-role-policy", "--role-name", function.role.rpartition("/")[2]]
    return Remediation(text, (shlex.join([*attach, "--policy-arn", f"arn:{partition}:{_POLICY}"]),), verify)
