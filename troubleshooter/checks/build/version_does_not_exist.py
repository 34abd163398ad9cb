"""A requirement asks for a package or version that does not exist.

What it looks for
    A requirement of the source folder (requirements files, pyproject.toml, Pipfile, package.json) whose name no index
    has that pip or npm would ask on this machine, or of whose versions none satisfies the range. Only where every such
    index has answered. Development, optional and direct requirements are left out, and so is what a lock file resolves.

Why it breaks
    The installer stops: pip with `Could not find a version that satisfies the requirement`, npm with `ETARGET` or `E404`.
    The image is not built or, where a build goes on regardless, nothing is installed at all. Typical are a version that
    another package of a similar name has, a version invented by a generator of code, and an import's name taken for the
    name of what is installed.

How it is told apart
    pip prints the same text where versions exist but none fits the Python version or platform, and after network
    failures; here the index itself lists nothing that satisfies the range. An index that did not answer, or a build that
    is sent to an index of its own, leaves the question open. What runs was built from what existed.

Fix
    Correct the name or the range. `pip index versions NAME` and `npm view NAME versions` list what there is.

References
    https://peps.python.org/pep-0440/
    https://peps.python.org/pep-0592/
    https://github.com/npm/node-semver
"""

from __future__ import annotations

import dataclasses
import shlex

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from troubleshooter.checks import (
    Frequency,
    check,
    failed,
    missing,
    not_applicable,
    passed,
    signature,
    unknown,
)
from troubleshooter.checks._npm_range import matches, satisfies
from troubleshooter.facts import Unavailable
from troubleshooter.facts.distributions import distributions_of
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import IndexAnswer, IndexAnswers, Requirement, Requirements
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
_NETWORK = r"NewConnectionError|Temporary failure in name resolution|ConnectTimeoutError|ReadTimeoutError|SSLError"
SIGNATURES = (
    signature(r"Could not find a version that satisfies the requirement", 3, unless=_NETWORK),
    signature(r"No matching distribution found for", 3, unless=_NETWORK),
    signature(r"\bETARGET\b|No matching version found for|ERR_PNPM_NO_MATCHING_VERSION", 3),
    signature(r"npm (?:ERR!|error) (?:code )?E404|is not in (?:this|the npm) registry|ERR_PNPM_FETCH_404", 3),
    signature(r"Couldn't find any versions for \"|Couldn't find package \"", 3),
    signature(r"(?:was|were) not found in the (?:package registry|cache)|there (?:is|are) no versions? of ", 3),
    signature(
        r"depends on \S+ \(\S+\) which doesn't match any versions|Could not find a matching version of package", 3
    ),
    signature(r"No solution found when resolving dependencies|version solving failed|ResolutionImpossible", 1),
    signature(r"No candidates found|has no published versions|YN0082", 3),
    signature(r"(?:is|are) not available (?:in|from) (?:the )?(?:package )?(?:index|registry)|unsatisfiable", 1),
    signature(r"go: .*: (?:invalid version|unknown revision)|Could not find artifact \S+ in|NU110[123]", 3),
    signature(r"error: (?:no matching package named|failed to select a version for)", 3),
    signature(r"https?://\S+/\S+: Not found\b", 2),
    signature(r"npm (?:ERR!|error) 404", 3),
    signature(
        r"requires a different Python|Requires-Python|Because (?:only )?\S+ ?(?:is|are|[<>=]).{0,60}and you require", 3
    ),
    signature(r"Distribution not found at|Could not find a matching version|No versions available for", 3),
)
ASK = "Does `python -m pip index versions NAME`, or `npm view NAME versions`, list the version?"

_PIP = ("python", "-m", "pip")
PYTHONS = ((3, 8), (3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14))
SHOWN = 10


@check(title="Every package and version asked for exists", severity=Severity.ERROR, rung=Rung.BUILD, narrow=True)
def version_does_not_exist(
    requirements: Requirements | Unavailable,
    answers: IndexAnswers | Unavailable,
    function: FunctionRecord | Unavailable,
    code: CodeTree | Unavailable,
    runtime: RuntimeModel | Unavailable,
) -> Verdict:
    """Compares each requirement with what all indexes list for its name."""
    if isinstance(function, FunctionRecord) and function.reading.origin is Origin.RECORD:
        return not_applicable("AWS has the function's code, so it was built")
    if isinstance(code, CodeTree) and code.kind != "source":
        return not_applicable(f"the {code.kind} is there, so it was built")
    if isinstance(requirements, Unavailable):
        return missing(requirements)
    judged = [r for r in requirements.requirements if not (r.development or r.optional or r.direct)]
    if not judged:
        return not_applicable("nothing is asked for from a package index")
    if isinstance(answers, Unavailable):
        return missing(answers)
    known = {r: answers.answers.get((r.ecosystem, _key(r))) for r in judged}
    states = {r: _exists(r, known[r], runtime) for r in judged}
    wrong = [r for r in judged if states[r] is False]
    open_ = [r for r in judged if states[r] is None]
    if wrong:
        return _failed(wrong, known, requirements, answers)
    if open_:
        return _open(open_, known, requirements)
    return passed(
        f"of all {len(judged)} packages asked for, a version exists that satisfies the range",
        answers.cite("answers", f"{len(judged)} names looked up", label="package index"),
    )


def _key(asked: Requirement) -> str:
    return str(canonicalize_name(asked.name)) if asked.ecosystem == "pypi" else asked.name


def _exists(asked: Requirement, answer: IndexAnswer | None, runtime: RuntimeModel | Unavailable) -> bool | None:
    """Whether an installer would find a version; None where that cannot be told."""
    if _is_locked(asked):
        return True
    applies = _applies(asked.marker, runtime)
    if applies is False:
        return True
    if answer is None:
        return None
    found: bool | None = False
    if answer.exists:
        found = (
            _pypi(asked, answer)
            if asked.ecosystem == "pypi"
            else matches(asked.specifier, answer.versions, answer.tags)
        )
    # One source's list is proof of what is there; that something is not there needs them all, and a marker that holds.
    return found if found or (not answer.detail and answer.exists is not None and applies) else None


def _is_locked(asked: Requirement) -> bool:
    """Whether a lock file holds a version that satisfies the range: it was resolved once, wherever from."""
    if asked.ecosystem == "npm":
        return any(satisfies(version, asked.specifier or "*") for version in asked.locked)
    try:
        return any(SpecifierSet(asked.specifier).contains(version, prereleases=True) for version in asked.locked)
    except (InvalidSpecifier, InvalidVersion):
        return False


def _applies(marker: str, runtime: RuntimeModel | Unavailable) -> bool | None:
    """Whether an environment marker holds on Lambda; None where that depends on what is not known."""
    if not marker:
        return True
    version = runtime.version[:2] if isinstance(runtime, RuntimeModel) and runtime.language == "python" else ()
    machine = runtime.architecture if isinstance(runtime, RuntimeModel) else None
    results = set()
    for major, minor in [version] if len(version) == 2 else PYTHONS:
        for cpu in ("x86_64", "aarch64") if machine is None else ({"arm64": "aarch64"}.get(machine, machine),):
            environment = {
                "os_name": "posix",
                "sys_platform": "linux",
                "platform_system": "Linux",
                "platform_machine": cpu,
                "platform_python_implementation": "CPython",
                "implementation_name": "cpython",
                "python_version": f"{major}.{minor}",
                "python_full_version": f"{major}.{minor}.0",
                "implementation_version": f"{major}.{minor}.0",
                "extra": "",
            }
            try:
                results.add(Marker(marker).evaluate(environment))
            except (InvalidMarker, InvalidVersion, UndefinedComparison, UndefinedEnvironmentName):
                return None
    return results.pop() if len(results) == 1 else None


def _pypi(asked: Requirement, answer: IndexAnswer) -> bool | None:
    """pip's choice: pre-releases where nothing else satisfies, yanked versions only where pinned and alone."""
    try:
        wanted = SpecifierSet(asked.specifier)
    except InvalidSpecifier:
        return None
    if any(part.operator == "===" for part in wanted):
        return any(wanted.contains(version, prereleases=True) for version in answer.versions)
    yanked: dict[Version, bool] = {}
    for text in answer.versions:
        try:
            version = Version(text)
        except InvalidVersion:
            continue
        yanked[version] = yanked.get(version, True) and text in answer.yanked
    satisfying = list(wanted.filter(yanked))
    pinned = any(part.operator == "==" and not part.version.endswith(".*") for part in wanted)
    if satisfying and pinned:
        return True
    return any(not yanked[version] for version in satisfying)


def _failed(
    wrong: list[Requirement],
    known: dict[Requirement, IndexAnswer | None],
    requirements: Requirements,
    answers: IndexAnswers,
) -> Verdict:
    first, answer = wrong[0], known[wrong[0]]
    evidence: list[Evidence] = []
    for each in wrong[:SHOWN]:
        asked = requirements.cite("requirements", _spelled(each), label="asked for", source=each.place)
        evidence.append(dataclasses.replace(asked, origin=each.origin))
        said = known[each]
        where = ", ".join(said.sources) if said else ""
        evidence.append(answers.cite("answers", _listed(said), label=f"{each.name} in the index", source=where or None))
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    what = (
        "no index has a package of that name" if answer is None or not answer.exists else f"there is {_listed(answer)}"
    )
    return failed(
        f"{first.place} asks for {_spelled(first)}, and {what}{more}", *evidence, remediation=_fix(wrong, known)
    )


def _fix(wrong: list[Requirement], known: dict[Requirement, IndexAnswer | None]) -> Remediation:
    texts, commands = [], []
    for each in wrong[:SHOWN]:
        answer = known[each]
        right = [d for d in distributions_of(each.name) if d != _key(each)] if each.ecosystem == "pypi" else []
        newest = _newest(each, answer)
        if right:
            texts.append(
                f"{each.place}: the import `{each.name}` comes from `{right[0]}`; ask for that, if it is meant."
            )
        elif newest:
            texts.append(f"{each.place}: ask for a version of {each.name} that exists; the newest is {newest}.")
        else:
            texts.append(
                f"{each.place}: correct the name {each.name}, or remove it. Who registers it owns what is installed."
            )
        if right or newest:
            name = right[0] if right else each.name
            look = ["npm", "view", name, "versions"] if each.ecosystem == "npm" else [*_PIP, "index", "versions", name]
            commands.append(shlex.join(look))
    texts.append("If the build asks another index, configure it for the installer on this machine and try again.")
    file = wrong[0].place.rpartition(":")[0]
    if wrong[0].ecosystem == "npm":
        verify = "`npm install --dry-run` ends without an error"
    elif file.endswith(".txt"):
        verify = f"`{shlex.join([*_PIP, 'install', '--dry-run', '--requirement', file])}` ends without an error"
    else:
        verify = "`python -m pip install --dry-run .` ends without an error"
    return Remediation(" ".join(texts), tuple(dict.fromkeys(commands)), f"{verify}; then build again.")


def _open(
    undecided: list[Requirement], known: dict[Requirement, IndexAnswer | None], requirements: Requirements
) -> Verdict:
    first = undecided[0]
    answer = known[first]
    if answer is None:
        why = f"{first.name} was not looked up"
    else:
        why = answer.detail or f"it is not certain that `{first.marker or first.specifier}` can be read or holds"
    names = ", ".join(each.name for each in undecided[:5]) + (" …" if len(undecided) > 5 else "")
    return unknown(
        f"whether what is asked for exists could not be told of {names}: {why}",
        requirements.cite("requirements", _spelled(first), label="asked for", source=first.place),
        unblock=Unblock(
            "make the package index reachable from this machine as it is for the build, credentials included"
        ),
    )


def _spelled(asked: Requirement) -> str:
    joint = "@" if asked.ecosystem == "npm" and asked.specifier else ""
    return f"{asked.name}{joint}{asked.specifier}"


def _listed(answer: IndexAnswer | None) -> str:
    if answer is None or not answer.exists:
        return "no such name"
    if not answer.versions:
        return "the name without any version"
    shown = ", ".join(answer.versions[-SHOWN:])
    more = f" (the last of {len(answer.versions)})" if len(answer.versions) > SHOWN else ""
    yanked = f", yanked: {', '.join(answer.yanked[-SHOWN:])}" if answer.yanked else ""
    return f"only {shown}{more}{yanked}"


def _newest(asked: Requirement, answer: IndexAnswer | None) -> str:
    """The newest version that an installer would take of itself."""
    if answer is None:
        return ""
    if asked.ecosystem == "npm":
        return answer.tags.get("latest", "")
    versions = []
    for text in answer.versions:
        try:
            if text not in answer.yanked:
                versions.append(Version(text))
        except InvalidVersion:
            continue
    return str(max([v for v in versions if not v.is_prerelease] or versions, default=""))
