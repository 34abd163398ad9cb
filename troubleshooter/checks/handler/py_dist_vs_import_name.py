"""A Python requirement has the name of an import that another distribution brings.

What it looks for
    An import that nothing provides, while a requirement of the same or nearly the same name is asked for: one that is
    installed and brings other imports, or one that is known not to bring it (`strands` for `strands-agents`, `Crypto` for
    `pycryptodome`, `cv2` for `opencv-python`).

Why it breaks
    What is installed (the distribution) and what is imported (the module) have names of their own. pip installs whatever
    is registered under the name it is given, or fails; the import then is not there, and the init ends with
    `Runtime.ImportModuleError: No module named …`. Anybody can register an import's name: a package that has the name of
    something well known may be a stranger's.

How it is told apart
    Where the right distribution is asked for and only not installed, it is `py_dep_missing`. Where it is installed for
    another Python or CPU, its folder is there and something inside cannot be loaded. Where the name has no version that
    satisfies the range, nothing was installed at all: `version_does_not_exist`.

Fix
    Ask for the distribution that brings the import, and remove the other one.

References
    https://packaging.python.org/en/latest/discussions/distribution-package-vs-import-package/
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.distributions import distributions_of, misleading_imports, table_source
from troubleshooter.facts.packages import (
    Distribution,
    IndexAnswer,
    IndexAnswers,
    InstalledPackages,
    Requirement,
    Requirements,
)
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
_IMPORTS = "|".join(re.escape(name) for name in misleading_imports())
SIGNATURES = (
    signature(
        rf"(?:No matching distribution found for|satisfies the requirement) (?-i:{_IMPORTS})(?![\w.-]*[A-Za-z])", 3
    ),
    signature(r"The 'sklearn' PyPI package is deprecated", 3),
    signature(rf"No module named '(?-i:{_IMPORTS})[.']", 1),
)


@dataclass(frozen=True, slots=True)
class _Confusion:
    """One import that is missing, and the requirement that was taken for it."""

    wanted: Import
    asked: Requirement
    installed: Distribution | None
    right: tuple[str, ...]
    """Distributions known to bring the import, the preferred one first."""


@check(
    title="Requirements name distributions, not imports",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing",),
)
def py_dist_vs_import_name(
    closure: ImportClosure,
    requirements: Requirements,
    installed: InstalledPackages | Unavailable,
    answers: IndexAnswers | Unavailable,
) -> Verdict:
    """Holds each missing import against the requirements that look like it."""
    if closure.language != "python":
        return not_applicable("the handler is not Python")
    asked: dict[str, Requirement] = {
        canonicalize_name(r.name): r for r in requirements.requirements if r.ecosystem == "pypi" and not r.development
    }
    if not asked:
        return not_applicable("no requirements are known that ask for Python packages")
    there = installed.distributions if isinstance(installed, InstalledPackages) else ()
    known: dict[str, Distribution] = {canonicalize_name(d.name): d for d in there}
    confusions = list(_confusions(closure.missing, asked, known))
    if confusions:
        return _failed(confusions, closure, requirements, installed, answers)
    if not closure.missing and not closure.complete:
        reached = [each for each in closure.imports if not (each.guarded or each.deferred)]
        return _open([each for each in _confusions(reached, asked, known) if each.right], closure)
    return passed("no requirement has the name of an import that it does not bring")


def _confusions(
    imports: Iterable[Import], asked: dict[str, Requirement], known: dict[str, Distribution]
) -> Iterator[_Confusion]:
    seen: set[str] = set()
    for wanted in imports:
        right = distributions_of(wanted.full)
        # Asked for or there under its right name: then something else is wrong with it.
        if wanted.module in seen or any(name in asked or name in known for name in right):
            continue
        for name in _spellings(wanted.module):
            requirement, distribution = asked.get(name), known.get(name)
            if requirement is None or name in right:
                continue
            brings_others = distribution is not None and bool(distribution.provides)
            if distribution is not None and wanted.module in distribution.provides:
                continue
            same_name = name == canonicalize_name(wanted.module)
            if brings_others or (right and same_name):
                seen.add(wanted.module)
                yield _Confusion(wanted, requirement, distribution, right)
                break


def _spellings(module: str) -> list[str]:
    """Names under which someone may have asked for an import, its own first."""
    name = canonicalize_name(module)
    return [name, f"python-{name}", f"{name}-python", f"py{name}", f"py-{name}", f"{name}-py"]


def _open(likely: list[_Confusion], closure: ImportClosure) -> Verdict:
    """Nothing is called missing, because not everything could be followed, as in a source folder before its build."""
    why = ", ".join(closure.unread[:3]) or "not all imports could be followed"
    if not likely:
        return unknown(f"whether all imports are provided could not be told: {why}")
    first = likely[0]
    return unknown(
        f"`{first.wanted.module}` is known to come from `{first.right[0]}`, and {first.asked.place} asks for "
        f"`{first.asked.name}`; whether that brings it could not be told: {why}",
        closure.cite("imports", first.wanted.full, label="import", source=f"{first.wanted.path}:{first.wanted.line}"),
        unblock=Unblock(f"ask for `{first.right[0]}` if it is meant, or give the built image or package"),
    )


def _failed(
    confusions: list[_Confusion],
    closure: ImportClosure,
    requirements: Requirements,
    installed: InstalledPackages | Unavailable,
    answers: IndexAnswers | Unavailable,
) -> Verdict:
    evidence: list[Evidence] = []
    for each in confusions:
        place = f"{closure.reading.source} {each.wanted.path}:{each.wanted.line}"
        evidence.append(closure.cite("missing", each.wanted.full, label="import that nothing provides", source=place))
        asked = requirements.cite("requirements", _spelled(each.asked), label="asked for", source=each.asked.place)
        evidence.append(dataclasses.replace(asked, origin=each.asked.origin))
        if each.installed is not None and isinstance(installed, InstalledPackages):
            label = f"{each.installed.name} {each.installed.version} brings"
            brings = each.installed.provides or "other imports"
            evidence.append(installed.cite("distributions", brings, label=label, source=each.installed.path))
        evidence += beside(*_from_index(each, answers))
        if each.right:
            label = f"`{each.wanted.module}` is known to come from"
            source = table_source()
            evidence.append(Evidence(label, ", ".join(each.right), source, closure.reading.at, Origin.BUILTIN))
    first = confusions[0]
    verb = "is installed and does not bring" if first.installed else "does not bring"
    comes = f"; it comes from `{first.right[0]}`" if first.right else ""
    return failed(
        f"`{first.asked.name}` ({first.asked.place}) {verb} the import `{first.wanted.module}`{comes}",
        *evidence,
        remediation=_fix(confusions, answers),
    )


def _from_index(each: _Confusion, answers: IndexAnswers | Unavailable) -> Iterator[Evidence]:
    """What the index says of the name asked for and of the right one."""
    if isinstance(answers, Unavailable):
        return
    for name in dict.fromkeys([canonicalize_name(each.asked.name), *each.right[:1]]):
        answer = answers.answers.get(("pypi", name))
        if answer is not None and answer.exists is not None:
            yield answers.cite("answers", _listed(answer), label=f"{name} in the index")


def _fix(confusions: list[_Confusion], answers: IndexAnswers | Unavailable) -> Remediation:
    texts, commands = [], []
    for each in confusions:
        if each.right:
            texts.append(f"In {each.asked.place}, replace `{each.asked.name}` by `{each.right[0]}`.")
            commands.append(shlex.join(["python", "-m", "pip", "install", each.right[0]]))
        else:
            texts.append(
                f"In {each.asked.place}, replace `{each.asked.name}` by the distribution that brings "
                f"`{each.wanted.module}`; the import's own documentation names it."
            )
        other = (
            None
            if isinstance(answers, Unavailable)
            else answers.answers.get(("pypi", canonicalize_name(each.asked.name)))
        )
        if each.installed is not None or (other is not None and other.exists):
            texts.append(
                f"`{each.asked.name}` is another project: anyone may register the name of an import, so look at what "
                "it is and who owns it before it is installed again, and remove it."
            )
    texts.append("Then build and deploy again.")
    modules = ", ".join(dict.fromkeys(each.wanted.module for each in confusions))
    verify = shlex.join(["python", "-c", f"import {modules}"])
    return Remediation(" ".join(texts), tuple(dict.fromkeys(commands)), f"`{verify}` works in the image or package.")


def _spelled(asked: Requirement) -> str:
    return f"{asked.name}{asked.specifier}"


def _listed(answer: IndexAnswer) -> str:
    if not answer.exists:
        return "no such name"
    return f"versions {', '.join(answer.versions[-5:])}" if answer.versions else "the name without any version"
