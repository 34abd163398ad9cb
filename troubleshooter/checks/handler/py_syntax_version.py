"""The Python code uses syntax that is newer than the interpreter.

What it looks for
    Own modules that are loaded with the handler and hold a construct that the target's version cannot compile: `match`
    before 3.10, `except*` before 3.11, type parameters and newer formatted strings before 3.12, template strings and
    `except A, B` before 3.14.

Why it breaks
    The interpreter compiles a module before it runs it. The init ends with `Runtime.UserCodeSyntaxError: Syntax error in
    module 'app': invalid syntax (app.py, line 12)`. Typical where the developer's Python is newer than the base image.

How it is told apart
    A plain typing error fails on every version, on the developer's machine too. For Node.js the same error type means a
    mismatch of module systems (`node_esm_in_cjs`).

Fix
    Move to a base image or runtime of the needed version, or write it in the older syntax.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    https://docs.python.org/3/whatsnew/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Syntax error in module '[\w./-]+': [^\n]*\([\w./-]+\.py, line \d+\)", 3),
    signature(r"Runtime\.UserCodeSyntaxError", 1, unless=r"import statement outside a module|Unexpected token"),
    signature(r"SyntaxError: invalid syntax[\s\S]{0,200}\.py|\.py\", line \d+[\s\S]{0,200}SyntaxError", 2),
    signature(r"unsupported operand type\(s\) for \|: 'type' and '(?:type|NoneType)'", 3),
    signature(r"cannot import name '\w+' from '(?:typing|types|enum|datetime|functools|itertools|contextlib)'", 3),
    signature(r"No module named '(?:tomllib|zoneinfo|graphlib)'", 3),
)


@check(title="The interpreter knows the code's syntax", severity=Severity.ERROR, rung=Rung.HANDLER)
def py_syntax_version(closure: ImportClosure, runtime: RuntimeModel, timeline: Timeline | Unavailable) -> Verdict:
    """Asks whether a module on the way holds a construct of a later version."""
    if closure.language != "python":
        return not_applicable("the handler is not Python")
    if len(runtime.version) < 2:
        return unknown("the version of the interpreter is not known")
    version = f"{runtime.version[0]}.{runtime.version[1]}"
    if not closure.newer_syntax:
        return passed(f"no construct newer than Python {version} was found in the handler's own modules")
    evidence = [
        closure.cite(
            "newer_syntax", each.text, label=each.construct, source=f"{closure.reading.source} {each.path}:{each.line}"
        )
        for each in closure.newer_syntax[:5]
    ]
    first = max(closure.newer_syntax, key=lambda each: each.since)
    since = f"{first.since[0]}.{first.since[1]}"
    return failed(
        f"{first.path}:{first.line} needs Python {since} ({first.construct}), and Python {version} runs",
        *evidence,
        runtime.cite("version", version, label="interpreter"),
        *said(timeline, r"Syntax error in module|UserCodeSyntaxError"),
        remediation=Remediation(
            f"Move the function to Python {since} or later (base image, or runtime of a zip function), or write "
            f"`{first.text}` without {first.construct[:1].lower() + first.construct[1:]}.",
            (),
            "The next init has no Runtime.UserCodeSyntaxError.",
        ),
    )
