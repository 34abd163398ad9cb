"""AWS_LAMBDA_EXEC_WRAPPER: whether it is set, who would run it, and what lies at its path."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from troubleshooter.checks import not_applicable, unknown
from troubleshooter.checks._launch_fix import deployed, rebuilt, region
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.tree import Entry, FileTree, Kind
from troubleshooter.model import Evidence, Remediation, Verdict

NAME = "AWS_LAMBDA_EXEC_WRAPPER"
BOOTSTRAP = "/var/runtime/bootstrap"


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The wrapper that AWS's bootstrap would run."""

    path: str
    entry: Entry | None
    """What lies there, links followed; None where nothing does."""
    by_function: bool
    evidence: tuple[Evidence, ...]


def wrapper(
    function: FunctionRecord | Unavailable, image: ImageConfig, launch: EffectiveLaunch, files: ImageTree
) -> Wrapper | Verdict:
    """The wrapper in effect, or the verdict where there is none or nobody runs it."""
    variable = function.variable(NAME) if isinstance(function, FunctionRecord) else None
    if variable is not None and isinstance(function, FunctionRecord):
        path, cited = variable.value, function.cite("environment", variable.value, label=NAME)
    else:
        path, cited = (
            image.variable(NAME),
            image.cite("environment", image.variable(NAME), label=f"{NAME} of the image"),
        )
    if variable is not None and path is None:
        return unknown(f"{NAME} is set, its value is not known", cited)
    if not path:
        return not_applicable(f"{NAME} is not set")
    if not _is_run(launch, files.tree):
        return not_applicable(f"the launch does not run AWS's bootstrap, which alone reads {NAME}")
    found = files.tree.resolve(path, cwd=launch.workdir)
    what = f"{found.entry.kind}, mode {found.entry.mode:04o}" if found.entry else "nothing there"
    seen = files.cite("tree", what, label=f"image {path}", source=f"image {found.path}")
    return Wrapper(path, found.entry, variable is not None, (cited, seen))


def _is_run(launch: EffectiveLaunch, tree: FileTree) -> bool:
    """Whether the launch is that of an AWS language base, whose bootstrap honours the variable."""
    if not launch.argv:
        return False
    script, bootstrap = tree.text(launch.argv[0], cwd=launch.workdir), tree.text(BOOTSTRAP)
    starts = BOOTSTRAP in script if script is not None else launch.argv[0] == "/lambda-entrypoint.sh"
    if not starts or not tree.exists(BOOTSTRAP):
        return False
    language = any(n == "node" or n.startswith("python3") for n in tree.children("/var/lang/bin"))
    return language or (bootstrap is not None and NAME in bootstrap)


def is_file(entry: Entry | None) -> bool:
    return entry is not None and entry.kind is Kind.FILE


def unset(
    text: str,
    found: Wrapper,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Remediation:
    """How to be rid of the variable. The call that would set the others again needs their values, which are not "
    "kept."""
    verify = f"The log no longer begins with `{found.path}: …`, and the runtime speaks."
    if found.by_function and isinstance(function, FunctionRecord) and deployed(function):
        name = ["--function-name", function.name, *region(function)]
        only = len(function.environment) == 1
        if only:
            command = ["aws", "lambda", "update-function-configuration", *name, "--environment", '{"Variables": {}}']
            return Remediation(text, (shlex.join(command),), verify)
        more = " `update-function-configuration --environment` replaces all variables: send the others along."
        return Remediation(text + more, (), verify)
    return rebuilt(text, function, image, code, verify)
