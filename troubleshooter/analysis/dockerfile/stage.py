"""Stages of a Dockerfile as Docker builds them: what each launches, sets, copies and runs, as far as the text decides.

Follows BuildKit's rules: arguments before the first FROM count in FROM alone, a new ENTRYPOINT drops the base's CMD, the JSON
forms are not expanded, a relative WORKDIR is joined to the one before.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from troubleshooter.analysis.dockerfile.instructions import Instruction, instructions
from troubleshooter.facts.build import BuildStage, Copied, Ran, Step
from troubleshooter.facts.environment import describe
from troubleshooter.facts.function import EnvironmentVariable
from troubleshooter.redact import Secrets

ENTRY_SCRIPT = "/lambda-entrypoint.sh"
TASK_ROOT = "/var/task"
_AWS = re.compile(
    r"(?:public\.ecr\.aws/lambda/|(?:docker\.io/)?amazon/aws-lambda-)[a-z]+(?::(?P<tag>[\w.-]+))?(?:@.*)?"
)
_MIRRORED = re.compile(r".*/(?:lambda/|aws-lambda-)(?:python|nodejs|java|dotnet|ruby|go|provided):[\w.-]+")
"""AWS's bases as other registries' copies of them are called: where they start is as certain as their name."""
_OFFICIAL = re.compile(
    r"(?:docker\.io/)?(?:library/|public\.ecr\.aws/docker/library/)?"
    r"(?P<name>python|node|debian|ubuntu|alpine|amazonlinux)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?"
)
_AWS_ENVIRONMENT = {
    "LANG": "en_US.UTF-8",
    "TZ": ":/etc/localtime",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    "LAMBDA_TASK_ROOT": TASK_ROOT,
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VARIABLE = re.compile(r"\\\$|\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?:(?P<op>:?[-+])(?P<word>[^}]*))?\})")
_FLAG = re.compile(r"--([\w-]+)(?:=(\S+))?\s+")
_PLATFORM = re.compile(r"[a-z]+/[a-z0-9_]+(?:/v\d)?")


@dataclass(slots=True)
class _Building:
    """A stage while it is read."""

    stage: BuildStage
    variables: dict[str, str] = field(default_factory=dict)
    """ENV and the stage's own ARG."""
    arguments: set[str] = field(default_factory=set)
    command_set: bool = False


def stages_of(path: str, text: str, secrets: Secrets, target: str = "") -> tuple[BuildStage, ...]:
    """The stages up to the last one, or up to the one named `target`. Empty for a text without FROM."""
    outer: dict[str, str] = {}
    named: dict[str, _Building] = {}
    done: list[_Building] = []
    here: _Building | None = None
    for each in instructions(text):
        if each.word == "ARG" and here is None:
            name, _, value = each.rest.partition("=")
            outer[name.strip()] = _expanded(value.strip().strip("\"'"), outer)
        elif each.word == "FROM":
            if here is not None and target and named.get(target.lower()) is here:
                break
            here = _from(each, path, outer, named, secrets)
            done.append(here)
        elif here is not None:
            _instruction(here, each, path, outer, secrets)
    return tuple(building.stage for building in done)


def _from(
    each: Instruction, path: str, outer: dict[str, str], named: dict[str, _Building], secrets: Secrets
) -> _Building:
    place = f"{path}:{each.line}"
    flags, rest = _flags(each.rest)
    words = rest.split()
    written = words[0] if words else ""
    base = _expanded(written, outer)
    earlier = named.get(base.lower())
    if earlier is not None:
        here = _Building(earlier.stage, dict(earlier.variables), set(earlier.arguments))
    else:
        here = _Building(*_base(base, place, decided="$" not in written, secrets=secrets))
    platform = flags.get("platform", "")
    if _PLATFORM.fullmatch(platform):
        places = {**here.stage.places, "architecture": place}
        here.stage = replace(here.stage, platform=platform.removesuffix("/v8"), places=places)
    alias = words[2] if len(words) > 2 and words[1].upper() == "AS" else str(len(named))
    named[alias.lower()] = here
    return here


def _base(base: str, place: str, *, decided: bool, secrets: Secrets) -> tuple[BuildStage, dict[str, str]]:
    aws, official = _AWS.fullmatch(base), _OFFICIAL.fullmatch(base)
    keys = ("entrypoint", "command", "workdir", "user", "environment", "architecture")
    stage = BuildStage(base, place, decided, "", places=dict.fromkeys(keys, place))
    if aws:
        tag = aws["tag"] or ""
        platform = "linux/arm64" if tag.endswith("-arm64") else "linux/amd64" if tag.endswith("-x86_64") else ""
        variables = dict(_AWS_ENVIRONMENT)
        stage = replace(stage, kind="aws", entrypoint=(ENTRY_SCRIPT,), workdir=TASK_ROOT, platform=platform)
    elif official:
        name = official["name"]
        entry = ("docker-entrypoint.sh",) if name == "node" else ()
        shell = {"python": "python3", "node": "node", "alpine": "/bin/sh"}.get(name, "bash")
        variables = {"PATH": _PATH}
        stage = replace(stage, kind=name, entrypoint=entry, command=(shell,))
    elif _MIRRORED.fullmatch(base):
        return replace(stage, workdir=TASK_ROOT), {"LAMBDA_TASK_ROOT": TASK_ROOT}
    else:
        return stage, {}
    described = tuple(describe(key, value, secrets) for key, value in variables.items())
    return replace(stage, environment=described), variables


def _instruction(here: _Building, each: Instruction, path: str, outer: dict[str, str], secrets: Secrets) -> None:
    place, stage = f"{path}:{each.line}", here.stage
    if each.word == "ARG":
        name, equals, value = each.rest.partition("=")
        default = value.strip().strip("\"'") if equals else outer.get(name.strip(), "")
        if name.strip() not in here.variables:
            here.variables[name.strip()] = _expanded(default, here.variables)
            here.arguments.add(name.strip())
    elif each.word == "ENV":
        _environment(here, each.rest, place, secrets)
    elif each.word == "WORKDIR":
        folder = _expanded(each.rest.strip().strip("\"'"), here.variables)
        workdir = posixpath.normpath(posixpath.join(stage.workdir, folder))
        here.stage = replace(stage, workdir=workdir, places={**stage.places, "workdir": place})
    elif each.word == "USER":
        user = _expanded(each.rest.strip(), here.variables)
        here.stage = replace(stage, user=user, places={**stage.places, "user": place})
    elif each.word == "ENTRYPOINT":
        command = stage.command if here.command_set else ()
        places = {**stage.places, "entrypoint": place, **({} if here.command_set else {"command": place})}
        here.stage = replace(stage, entrypoint=_words(each.rest), command=command, places=places)
    elif each.word == "CMD":
        here.command_set = True
        here.stage = replace(stage, command=_words(each.rest), places={**stage.places, "command": place})
    elif each.word in ("COPY", "ADD", "RUN", "ONBUILD"):
        here.stage = replace(stage, steps=(*stage.steps, _step(here, each, place)))


def _environment(here: _Building, rest: str, place: str, secrets: Secrets) -> None:
    """`ENV A=1 B="2 3"` and the old `ENV A 1 2`."""
    pairs: list[tuple[str, str]] = []
    if re.match(r"[\w.-]+=", rest):
        try:
            words = shlex.split(rest)
        except ValueError:
            words = rest.split()
        pairs = [(name, value) for name, equals, value in (word.partition("=") for word in words) if equals]
    else:
        name, _, value = rest.partition(" ")
        pairs = [(name, value.strip())]
    kept = {variable.name: variable for variable in here.stage.environment}
    made: dict[str, EnvironmentVariable] = {}
    for name, value in pairs:
        whole = _expanded(value, here.variables)
        made[name] = describe(name, whole, secrets)
    here.variables |= {name: _expanded(value, here.variables) for name, value in pairs}
    places = {**here.stage.places, "environment": place, **{f"environment.{name}": place for name in made}}
    here.stage = replace(here.stage, environment=tuple({**kept, **made}.values()), places=places)


def _step(here: _Building, each: Instruction, place: str) -> Step:
    flags, rest = _flags(each.rest)
    if each.word == "RUN":
        return Step(ran=Ran(rest, place, here.stage.workdir, "mount" in flags))
    words = _copy_words(rest)
    if each.word == "ONBUILD" or {"from", "parents"} & flags.keys() or len(words) < 2 or "<<" in rest:
        return Step(foreign=True)
    if any(found["bare"] in here.arguments or found["name"] in here.arguments for found in _variables(words[:-1])):
        # Whoever builds says what is copied.
        return Step(foreign=True)
    words = [_expanded(word, here.variables) for word in words]
    *sources, target = words
    if any("$" in word or "://" in word or word.startswith("git@") for word in words):
        return Step(foreign=True)
    whole = posixpath.normpath(posixpath.join(here.stage.workdir, target))
    folder = target.endswith(("/", "/.")) or target in (".", "./", "") or len(sources) > 1
    return Step(
        copied=Copied(tuple(sources), whole.rstrip("/") + "/" if folder else whole, place, flags.get("chmod", ""))
    )


def _variables(words: Sequence[str]) -> Iterator[re.Match[str]]:
    return (found for word in words for found in _VARIABLE.finditer(word))


def _copy_words(rest: str) -> list[str]:
    if rest.startswith("["):
        return list(_words(rest)) if _words(rest)[:2] != ("/bin/sh", "-c") else []
    try:
        return shlex.split(rest)
    except ValueError:
        return []


def _flags(rest: str) -> tuple[dict[str, str], str]:
    """The leading `--name=value` of an instruction and what follows them."""
    flags: dict[str, str] = {}
    while (found := _FLAG.match(rest)) is not None:
        flags[found[1]] = found[2] or ""
        rest = rest[found.end() :]
    return flags, rest


def _words(rest: str) -> tuple[str, ...]:
    """A command in JSON form, else what the shell form amounts to."""
    text = rest.strip()
    if text.startswith("["):
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and all(isinstance(each, str) for each in words):
            return tuple(words)
    return ("/bin/sh", "-c", text)


def _expanded(text: str, variables: dict[str, str]) -> str:
    """Docker's expansion; a name that is not known stays as it is written."""

    def value(found: re.Match[str]) -> str:
        name = found["bare"] or found["name"]
        if name is None:
            return found[0]
        known, operator, word = variables.get(name), found["op"] or "", found["word"] or ""
        if operator.endswith("-"):
            return known or word
        if operator.endswith("+"):
            return word if known else ""
        return found[0] if known is None else known

    return _VARIABLE.sub(value, text)
