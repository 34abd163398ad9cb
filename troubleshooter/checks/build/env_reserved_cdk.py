"""CDK code gives a function an environment variable that Lambda reserves.

What it looks for
    Calls in the source folder's CDK code that create a Lambda function with a reserved name among the literal keys of its
    environment, or add one to it later.

Why it breaks
    The construct itself raises while the app is synthesised: `AWS_REGION environment variable is reserved by the lambda
    runtime and can not be set manually`. There is no template, and nothing reaches AWS.

How it is told apart
    Lambda's own refusal of the same names comes at deployment and is worded differently (`env_reserved_api`); low-level
    constructs (CfnFunction) and other tools get that far. Containers, build projects and bundling options take an
    environment too, and there these names are allowed.

Fix
    Remove the key, or give it a name of your own and read that in the code. A constant shared with other services has to
    be split.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    https://github.com/aws/aws-cdk/pull/22039
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature, unknown
from troubleshooter.checks.deploy.env_reserved_api import advice
from troubleshooter.facts import Unavailable
from troubleshooter.facts.environment import reserved_names
from troubleshooter.facts.template import SourceEnvironment, Template
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"environment variable is reserved by the lambda runtime and can ?not be set manually", 3),
    signature(r"ValidationError: \w+ environment variable is reserved", 3),
)
ASK = "Does the message come from `cdk synth`, before anything is deployed?"


@check(
    title="CDK code gives functions no environment variable that Lambda reserves",
    severity=Severity.ERROR,
    rung=Rung.BUILD,
    narrow=True,
)
def env_reserved_cdk(source: SourceEnvironment, template: Template | Unavailable) -> Verdict:
    """Compares the literal names with the reserved ones. A template that the CDK made shows that it did not complain."""
    found = [v for v in source.variables if v.name in reserved_names()]
    if found:
        places = ", ".join(f"{v.name} ({v.place})" for v in found)
        return failed(
            f"the CDK refuses to synthesise the function: its environment sets the reserved {places}",
            *(
                source.cite("variables", v.name, label="environment variable in CDK code", source=v.place)
                for v in found
            ),
            remediation=Remediation(
                " ".join(advice(v.name, v.place) for v in found),
                ("cdk synth --quiet",),
                "`cdk synth` ends without a ValidationError.",
            ),
        )
    if source.unread and isinstance(template, Template) and any(f.construct for f in template.functions):
        return passed("the CDK made the template that was given, so it refused no name", template.cite("path"))
    if source.unread:
        text = f"not every name of a function's environment is a literal: {', '.join(source.unread[:3])}"
        return unknown(text, unblock=Unblock("Run `cdk synth`, and give the template that it writes with --template."))
    return passed(f"no reserved name in the environments of {source.functions} functions in CDK code")
