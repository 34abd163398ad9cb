"""A setting that the code reads is not in the function's environment.

What it looks for
    Variables that a Python handler's module reads by `os.environ["NAME"]` when it is loaded, and that neither the
    function's configuration nor the image's `ENV` sets. In the log: `KeyError: 'NAME'` from `os.environ`, a settings
    class that misses fields, or `undefined` where an address should be.

Why it breaks
    Values from `.env`, Compose or the shell exist on the developer's machine only. The function has what its
    configuration and the image's `ENV` say; names differ in spelling or case, or were left out of the template of this
    stage.

How it is told apart
    `KeyError` for an event's field is the handler's own: the traceback's place tells. Code that may set its variables
    itself (by `os.environ`, or by what loads settings before) leaves it open. An environment that cannot be
    decrypted is `kms_env`. Reserved names that are refused are `env_reserved_api`.

Fix
    Add the variable to the function's configuration (or to SSM or Secrets Manager and read it there), and let the code
    name what is missing.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, check, failed, not_applicable, signature, unknown
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.facts.settings import EnvironmentRead, EnvironmentReads, NamedSetting, SettingsQuestion
from troubleshooter.model import Evidence, Origin, Outcome, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"KeyError: '[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+'", 3),
    signature(r"os\.environ\[|in __getitem__\s+raise KeyError", 2),
    signature(
        r"(?:environment|env)(?:ironment)? var(?:iable)?s? ['\x22`]?\w+['\x22`]? (?:is|are|was|were|must be|has"
        r"|have)?\s?(?:not set|missing|required|undefined|not (?:been )?(?:defined|found|provided)|empty)",
        3,
    ),
    signature(
        r"(?:missing|required|undefined) (?:required )?env(?:ironment)? var"
        r"|environment variables? (?:(?:is |was )?not (?:found|set|defined)|missing|undefined)\b",
        3,
    ),
    signature(
        r"(?-i:\b(?!AWS_LAMBDA_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b['\x22`]? (?:is|was|has|must) not (?:been )?(?:set"
        r"|defined|provided|configured|found|be empty)",
        2,
    ),
    signature(r"validation errors? for \w*(?:Settings|Config)\b", 3),
    signature(
        r"Missing required (?:environment|config|setting)|decouple\.UndefinedValueError|ImproperlyConfigured"
        r"|is not defined in (?:the )?env",
        3,
    ),
    signature(r"Missing ['`]?\w+['`]? for ['`]?\w+['`]? environment", 3),
    signature(
        r"Invalid URL: undefined|undefined/|getaddrinfo ENOTFOUND undefined|No license key configured|No API key"
        r"|api_key client option must be set|API key (?:not|is) (?:found|missing|required)",
        2,
    ),
    signature(
        r"Value null at '\w+' failed to satisfy constraint|Missing required key '\w+' in params"
        r"|Parameter validation failed[\s\S]{0,80}type: <class 'NoneType'>",
        2,
    ),
)
ASK = "Which variable does the code read there, and is it in the function's configuration?"


_GIVEN = re.compile(
    r"AWS_|LAMBDA_|_|LC_|(?:PATH|HOME|LANG|TZ|PWD|OLDPWD|SHLVL|USER|LOGNAME|TMPDIR|HOSTNAME|LD_LIBRARY_PATH|PYTHON\w*)$"
)
"""Names that Lambda, the shell or the image's entry script may set."""
_CERTAIN = ("aws-base", "zip")
"""Runtime clients in front of which no script of the image's own runs."""


@check(
    title="The function has the variables that its code reads", severity=Severity.ERROR, rung=Rung.HANDLER, narrow=True
)
def env_missing_at_runtime(
    function: FunctionRecord,
    question: SettingsQuestion,
    reads: EnvironmentReads,
    runtime: RuntimeModel,
    image: ImageConfig | Unavailable,
) -> Verdict:
    """Holds what the handler's module reads, or a missed name in the log, against the function's and the image's names."""
    if function.reading.origin is not Origin.RECORD:
        return not_applicable("what is not deployed may be given its variables yet")
    if function.environment_error:
        return not_applicable("the function's variables cannot be decrypted, so their names are not known")
    have = {v.name for v in function.environment}
    if isinstance(image, ImageConfig):
        have |= {v.name for v in image.environment}
    elif function.is_image:
        return unknown("the image's own variables were not read", unblock=image.unblock)
    absent = [r for r in reads.reads if r.name not in have and not _GIVEN.match(r.name)]
    missed = {n.name: n for n in question.names}
    said = next((r for r in absent if r.name in missed and _is_missed(reads, r, missed[r.name])), None)
    sure = [r for r in absent if r.while_loading and not r.prepared and not {"*", r.name} & set(reads.set_by_code)]
    wrapped = {"AWS_LAMBDA_EXEC_WRAPPER"} & have or runtime.client not in _CERTAIN
    silent = next(iter(sure), None) if not question.loaded and not wrapped else None
    found = said or silent
    if found is None:
        return _none(reads, absent, missed)
    cited = [
        _names(function),
        reads.cite(
            "reads", found.text, label=f"the code reads {found.name}", source=f"{reads.reading.source} {found.place}"
        ),
    ]
    if said is not None:
        cited.insert(0, missed[said.name].evidence)
    message = f"the code reads {found.name}, which neither the function's configuration nor its image sets"
    rung = Rung.HANDLER if found.while_loading else Rung.INVOKE
    return failed(message, *cited, remediation=_fix(function, found.name), rung=rung)


def _is_missed(reads: EnvironmentReads, read: EnvironmentRead, missed: NamedSetting) -> bool:
    """Whether the error is of this read: by the traceback's place, else where the name has no other use in the code."""
    return read.stands_at(missed.place) if missed.place else read.name not in reads.elsewhere


def _none(reads: EnvironmentReads, absent: list[EnvironmentRead], missed: dict[str, NamedSetting]) -> Verdict:
    if absent:
        text = f"the code reads {absent[0].name}, which is not set; whether it gets there, or sets it first, is open"
        cited = reads.cite(
            "reads",
            absent[0].text,
            label=f"the code reads {absent[0].name}",
            source=f"{reads.reading.source} {absent[0].place}",
        )
        return unknown(text, cited, unblock=Unblock(f"Tell where {absent[0].name} comes from."))
    if missed:
        name = next(iter(missed))
        text = f"{name} is missed; the handler's own file does not read it from the environment"
        return unknown(text, missed[name].evidence, unblock=Unblock("Look at the traceback: what is looked up there."))
    demanded = ", ".join(dict.fromkeys(r.name for r in reads.reads)) or "nothing"
    # Other ways of reading variables are not followed, so this excludes nothing.
    text = f"what the handler's module demands of its environment is there: {demanded}"
    return Verdict(Outcome.NOT_APPLICABLE, text, ungiven=True)


def _names(function: FunctionRecord) -> Evidence:
    names = ", ".join(v.name for v in function.environment) or "none"
    return function.cite("environment", names, label="function's variables")


def _fix(function: FunctionRecord, name: str) -> Remediation:
    text = (
        f"Add {name} to the function's variables, where they are declared (template, or the console): an update of the "
        "configuration replaces all of them, so state the others again. The command shows which there are."
    )
    see = aws_lambda(function, "get-function-configuration", "--query", "keys(Environment.Variables)")
    return Remediation(text, (see,), f"The next invocation does not miss {name}.")
