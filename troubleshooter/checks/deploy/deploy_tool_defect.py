"""The deploy tool rejects or garbles a correct definition.

What it looks for
    A tool's own message that contradicts what Lambda's API takes.

Why it breaks
    Older releases of tools demanded a handler for image functions, or an entrypoint beside the command, swapped
    subnets and security groups, could not install wheels with new tags, or refused variables that Lambda allows.
    Following the message would make the definition wrong.

How it is told apart
    Check the definition against CloudFormation's schema first: where that refuses it too, the definition is wrong.

Fix
    Upgrade the tool; where that is not possible, work around it in the step concerned.

References
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
FREQUENCY = Frequency.OCCASIONAL
_TOOLS = r"(?:hashicorp|terraform|pulumi|docker|moby|buildkit|copilot)"
"""Tools in Go, whose panic looks like that of a function in Go."""
SIGNATURES = (
    signature(r"Missing \"handler\" property in function", 3),
    signature(
        r"(?<!Running )PythonPipBuilder:ResolveDependencies",
        3,
        unless=r"executable not found|gcc|fatal error|command not found",
    ),
    signature(r"InvalidGroupId\.Malformed", 3),
    signature(r"argument named .?(?:image_uri|image_config|package_type|architectures).? is not expected", 3),
    signature(
        r"(?:entryPoint|command).{0,60}(?:must|should) (?:also )?be (?:specified|defined|set) (?:with|along"
        r"|together)|Either .{0,40}entryPoint",
        3,
    ),
    signature(
        r"Configuration error at 'functions\.|unrecognized property '"
        r"|Invalid Serverless Application Specification document|should NOT have additional properties"
        r"|must NOT have additional properties",
        2,
    ),
    signature(
        r"PythonPipBuilder:None|(?<!Running )NodejsNpmBuilder:|\b\w{1,30}Builder:\w{1,40} - ",
        2,
        unless=r"Binary validation failed",
    ),
    signature(r"is not (?:a )?(?:supported|valid) (?:value|property).*(?:PackageType|ImageConfig|Architectures)", 2),
    signature(r"Provider produced inconsistent (?:result|final plan)|Plugin did not respond", 3),
    signature(
        rf"\bpanic: [\s\S]{{0,4000}}?(?:github\.com/{_TOOLS}|terraform-provider)|{_TOOLS}[^\n]{{0,200}}\bpanic: "
        r"|Stack trace from the \S+ plugin:|The \S+ plugin crashed",
        3,
    ),
)
ASK = "Does the definition pass `cfn-lint`, and is the tool's version current?"
