"""Neither the image nor the function names an entrypoint, and the command is no program.

What it looks for
    An effective launch without entrypoint whose CMD (usually a handler such as `app.handler`) is then taken as the
    program; and a launch that names nothing at all.

Why it breaks
    Plain distribution and language images (debian, python, node) have no entrypoint that speaks to Lambda. Without
    one the first word of CMD is executed: `Couldn't find valid bootstrap(s): [app.handler]`, with `Entrypoint: []`
    in the same line.

How it is told apart
    An override that carries an explicitly empty EntryPoint is `imageconfig_empty_entrypoint`. A CMD that is a
    program, such as a server behind the Web Adapter, starts and is fine. On AWS bases a missing CMD is
    `cmd_missing`.

Fix
    Install the runtime interface client and name it: `ENTRYPOINT ["/usr/local/bin/python", "-m", "awslambdaric"]`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-image.html#python-image-clients
    https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/issues/13
"""

from __future__ import annotations

import re
from dataclasses import replace

from troubleshooter.checks import Frequency, check, failed, missing, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._platform_said import newest
from troubleshooter.checks._spawn import NOT_THERE, evidence, otherwise
from troubleshooter.facts import Unavailable
from troubleshooter.facts.build import ImageRecipe
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.OCCASIONAL
BOOTSTRAPS = r"find valid bootstrap"
SIGNATURES = (signature(r"find valid bootstrap\(s\): \[(?!/)[^\]]*\]", 2, unless=r"INIT_START|Runtime Version:"),)


@check(
    title="The launch names an entrypoint, or a command that is a program",
    severity=Severity.ERROR,
    rung=Rung.SPAWN,
    explains=("entrypoint_missing_file", "entrypoint_relative_path"),
)
def entrypoint_none(
    launch: EffectiveLaunch | Unavailable,
    spawn: SpawnResult | Unavailable,
    timeline: Timeline | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    recipe: ImageRecipe | Unavailable,
) -> Verdict:
    """Follows the command where no entrypoint is; without the image, the platform's own words or the Dockerfile."""
    empty_override = isinstance(function, FunctionRecord) and function.override.entrypoint == ()
    if isinstance(launch, EffectiveLaunch) and launch.entrypoint:
        return passed("the launch names an entrypoint", launch.evidence[0])
    fix = _fix(function, image, code)
    if isinstance(launch, EffectiveLaunch) and isinstance(spawn, SpawnResult):
        if spawn.cause == "no_program":
            return failed("neither an entrypoint nor a command is set", *launch.evidence[:2], remediation=fix)
        if spawn.stage != "exec" or spawn.role != "entrypoint" or spawn.cause not in NOT_THERE:
            return otherwise(spawn, "there is no entrypoint, but the command is a program that starts")
        message = f"there is no entrypoint, and the command is no program: {spawn.detail}"
        return failed(message, launch.evidence[0], *evidence(launch, spawn), remediation=fix)
    if isinstance(launch, EffectiveLaunch) and isinstance(recipe, ImageRecipe) and _is_handler(launch.command):
        return _of_recipe(launch, recipe, fix)
    said = newest(timeline, BOOTSTRAPS)
    if said is None or said[0].entrypoint.strip():
        return next(missing(fact) for fact in (launch, spawn) if isinstance(fact, Unavailable))
    if empty_override:
        return not_applicable("the function's override carries an empty EntryPoint")
    message = f"the platform found no entrypoint and no program in the command [{said[0].command}]"
    return failed(message, said[1], remediation=fix)


def _is_handler(command: tuple[str, ...]) -> bool:
    """Whether a command is one word of the form of a handler, which no program bears as a name."""
    return len(command) == 1 and re.fullmatch(r"\w[\w/-]*\.(?:\w*[hH]andler|main|run|lambda)", command[0]) is not None


def _of_recipe(launch: EffectiveLaunch, recipe: ImageRecipe, fix: Remediation) -> Verdict:
    """What a Dockerfile on an official base makes: the base launches no client, so all that is launched is the command."""
    entrypoint, command = launch.evidence[:2]
    if recipe.may_have_client:
        ask = Unblock("Build the image and give it, or give the template: the function may set the entrypoint.")
        text = "the Dockerfile sets no entrypoint, and a runtime client may be in its image: who starts it is not told"
        return unknown(text, entrypoint, command, unblock=ask)
    base = replace(entrypoint, value=recipe.final.base, label="base, which launches nothing of Lambda's")
    return failed(
        f"there is no entrypoint, and the command {launch.command[0]} is a handler, no program; no runtime client is installed",
        base,
        command,
        remediation=fix,
    )


def _fix(
    function: FunctionRecord | Unavailable, image: ImageConfig | Unavailable, code: FunctionCode | Unavailable
) -> Remediation:
    text = (
        "Install the runtime interface client in the image and make it the entrypoint, CMD stays the handler. Python: "
        '`RUN pip install awslambdaric` and `ENTRYPOINT ["/usr/local/bin/python", "-m", "awslambdaric"]`; Node: '
        '`RUN npm install aws-lambda-ric` and `ENTRYPOINT ["/usr/local/bin/npx", "aws-lambda-ric"]`; or start from '
        "an AWS base."
    )
    return rebuilt(text, function, image, code)
