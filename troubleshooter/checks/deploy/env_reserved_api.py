"""The function's environment sets a name that Lambda reserves.

What it looks for
    A template that declares, for a function, an environment variable whose name Lambda keeps for itself, such as
    AWS_REGION, AWS_ACCESS_KEY_ID or LAMBDA_TASK_ROOT.

Why it breaks
    CreateFunction and UpdateFunctionConfiguration refuse the whole call with InvalidParameterValueException. Templates and
    plans are valid until they are applied, so it shows only at deployment, as a failed resource.

How it is told apart
    The CDK refuses the same names earlier, at synth, and nothing reaches AWS (`env_reserved_cdk`). In a Dockerfile's ENV
    the names are allowed and without effect. PATH, LD_LIBRARY_PATH, PYTHONPATH, NODE_OPTIONS, TZ, LANG and
    AWS_LAMBDA_EXEC_WRAPPER look alike and may be set.

Fix
    Leave the variable out where Lambda's own value is meant, as for AWS_REGION. Give it a name of your own, such as
    APP_REGION, where another value is meant. Credentials come from the execution role.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    https://github.com/aws/aws-cdk/pull/28048
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature, unknown
from troubleshooter.facts.environment import reserved_names
from troubleshooter.facts.template import DeclaredEnvironment
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"reserved keys that are currently not supported for modification", 3),
    signature(r"Reserved keys used in this request:\s*\w+", 3),
    signature(r"E3663.*reserved variable name|'\w+' is a reserved variable name, one of", 3),
    signature(r"\b(?:_HANDLER|_X_AMZN_TRACE_ID)\b.*failed to satisfy constraint.*\[a-zA-Z\]", 2),
    signature(
        r"contains? reserved keys|reserved (?:environment )?(?:key|variable)s? (?:name )?.{0,40}(?:AWS_|_HANDLER|LAMBDA_)",
        3,
    ),
)
ASK = 'Which names of the message stand in the template: `grep -nE "AWS_|_HANDLER|LAMBDA_" TEMPLATE`?'

CREDENTIALS = frozenset({"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
REGIONS = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})


@check(
    title="The template declares no environment variable that Lambda reserves",
    severity=Severity.ERROR,
    rung=Rung.DEPLOY,
)
def env_reserved_api(environment: DeclaredEnvironment) -> Verdict:
    """Compares the declared names with the reserved ones."""
    found = [v for v in environment.variables if v.name in reserved_names()]
    evidence = tuple(
        environment.cite("variables", v.name, label="declared environment variable", source=v.place) for v in found
    )
    certain = [v for v in found if not v.conditional]
    if certain:
        places = ", ".join(f"{v.name} ({v.place})" for v in certain)
        return failed(
            f"Lambda refuses the function's environment: it sets the reserved {places}",
            *evidence,
            remediation=Remediation(
                " ".join(advice(v.name, v.place) for v in certain),
                verify="Run this diagnosis again with the corrected template, then deploy: the function's environment is accepted.",
            ),
        )
    if found:
        places = ", ".join(f"{v.name} ({v.place})" for v in found)
        text = f"under a condition that is decided at deploy time, the environment sets the reserved {places}"
        return unknown(
            text, *evidence, unblock=Unblock("Give the name another spelling on every branch of the condition.")
        )
    if not environment.complete:
        text = "some names of the environment are only made at deploy time"
        return unknown(text, unblock=Unblock("Give the processed template, as CloudFormation shows it for the stack."))
    return passed(f"none of the {len(environment.variables)} declared environment variables is reserved")


def advice(name: str, place: str) -> str:
    """What to do about one reserved name at one place."""
    if name in CREDENTIALS:
        return f"Remove {name} at {place}: the function gets the credentials of its execution role."
    if name in REGIONS:
        return (
            f"Remove {name} at {place}: Lambda sets it to the function's own region; "
            f"for another region use a name of your own, such as {own_name(name)}, and read that in the code."
        )
    return f"Remove {name} at {place}, which Lambda sets itself, or rename it, for example to {own_name(name)}."


def own_name(reserved: str) -> str:
    """A name that is not reserved and says the same."""
    if reserved in REGIONS:
        return "APP_REGION"
    bare = reserved.lstrip("_").removeprefix("AWS_").removeprefix("X_AMZN_").removeprefix("LAMBDA_")
    return f"APP_{bare}"
