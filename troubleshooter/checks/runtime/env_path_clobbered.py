"""PATH or LD_LIBRARY_PATH lost the base image's folders.

What it looks for
    A launch that does not find a program or library which lies in the image, and would with the folders that the base
    image's own PATH or LD_LIBRARY_PATH names: what the entrypoint, a first line with `env` or a start script calls, and
    the libraries of the interpreter. What a program looks up later, while it runs, is not followed.

Why it breaks
    `ENV PATH=/opt/venv/bin` without `$PATH`, or a `PATH` in the function's configuration, replaces the base's value.
    On images Lambda adds no defaults: what the variable does not name is not searched.

How it is told apart
    Where another library wins instead of none, it is `ld_library_path_shadowing`. A program that is really missing is
    `exec_wrapper_missing`, `ric_missing` or `entrypoint_interpreter_missing`.

Fix
    Extend instead of replacing: `ENV PATH=/opt/venv/bin:$PATH`, and the same for `LD_LIBRARY_PATH`; remove the
    variable from the function's configuration.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._launch_fix import deployed, rebuilt
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import LaunchSearch, Lost
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"libpython3[\w.]*\.so[\w.]*: cannot open shared object file", 3),
    signature(r"executable file not found in \$PATH", 1),
    signature(r"\b(?:python3?|node|bash|sh|ls|cat|dirname|basename|env): (?:command )?not found", 2),
    signature(r"exit status 127", 1),
)
ASK = "Does PATH in the image's ENV and in the function's configuration still contain the base's folders?"


@check(
    title="PATH and LD_LIBRARY_PATH lead to what the launch needs",
    severity=Severity.ERROR,
    rung=Rung.RUNTIME,
    explains=("entrypoint_relative_path", "entrypoint_interpreter_missing", "ric_missing", "dynamic_lib_missing"),
)
def env_path_clobbered(
    search: LaunchSearch,
    files: ImageTree,
    image: ImageConfig,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Compares the launch with the same one that has the base's folders too."""
    if not search.lost:
        return passed("more folders would not change how the launch ends", search.cite("lost"))
    lost = search.lost[0]
    what = "program" if lost.variable == "PATH" else "library"
    found = files.cite("tree", lost.at, label=f"the {what} {lost.name}", source=f"image {lost.at}")
    asked = files.cite("tree", lost.wanted_by, label=f"what looks for {lost.name}", source=f"image {lost.wanted_by}")
    message = (
        f"{lost.variable} of the {lost.origin} is {lost.value or 'empty'}, which does not lead to {lost.at}, the {what} that "
        f"{lost.wanted_by} asks for"
    )
    rung = Rung.SPAWN if lost.stage == "exec" else Rung.RUNTIME
    cited = _variable(lost, image, function)
    return failed(message, cited, asked, found, remediation=_fix(lost, image, function, code), rung=rung)


def _variable(lost: Lost, image: ImageConfig, function: FunctionRecord | Unavailable) -> Evidence:
    source = function if lost.origin == "function" and isinstance(function, FunctionRecord) else image
    return source.cite("environment", lost.value or "empty", label=f"{lost.variable} of the {lost.origin}")


def _fix(
    lost: Lost, image: ImageConfig, function: FunctionRecord | Unavailable, code: FunctionCode | Unavailable
) -> Remediation:
    verify = "The next init's log has neither `not found` nor exit status 127."
    if lost.origin == "function" and isinstance(function, FunctionRecord):
        text = (
            f"Take {lost.variable} out of the function's environment, so that the image's value holds, or add "
            f"{posixpath.dirname(lost.at)} to it. Changing the environment by command replaces all of its variables."
        )
        show = aws_lambda(function, "get-function-configuration", "--query", "keys(Environment.Variables)")
        return Remediation(f"{text} The command shows which there are.", (show,) if deployed(function) else (), verify)
    own = f"{lost.value}:" if lost.value else ""
    text = (
        f"Keep the base's folders in the Dockerfile: `ENV {lost.variable}={own}{posixpath.dirname(lost.at)}`, or extend the "
        f"value that the base sets by writing `${lost.variable}` into the new one."
    )
    return rebuilt(text, function, image, code, verify)
