"""Commands that are shown must be right: quoted so that a shell takes them apart, complete, and known to the AWS CLI."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator

import botocore.session
from botocore import xform_name

GLOBAL = frozenset(
    {"region", "profile", "query", "output", "cli-input-json", "no-cli-pager", "dry-run", "endpoint-url"}
)
CUSTOM = frozenset(
    {("logs", "tail"), ("ecr", "get-login-password"), ("ecr-public", "get-login-password"), ("sso", "login")}
)
"""Commands of the AWS CLI's own, which botocore's models do not know."""
PLACEHOLDER = re.compile(r"<[A-Za-z][^>]*>|\.\.\.|…|\bYOUR[_-]|\bTODO\b|\bNone\b|‹")


def problems(command: str) -> Iterator[str]:
    """What is wrong with a command line; nothing where it is fit to be pasted."""
    for line in command.splitlines():
        try:
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            words = list(lexer)
        except ValueError as error:
            yield f"a shell cannot take it apart ({error}): {line}"
            continue
        if PLACEHOLDER.search(line):
            yield f"holds a placeholder: {line}"
        for part in _parts(words):
            if part[:1] == ["aws"]:
                yield from (f"{problem}: {line}" for problem in _aws(part))


def _parts(words: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in words:
        if word in ("|", "||", "&&", ";", "&", ">", "<", "(", ")"):
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _aws(words: list[str]) -> Iterator[str]:
    if len(words) < 3:
        yield "names no operation"
        return
    service, operation = words[1], words[2]
    options = [w[2:].partition("=")[0] for w in words[3:] if w.startswith("--")]
    if (service, operation) in CUSTOM or service == "configure":
        return
    known = _operations(service)
    if operation == "wait":
        if len(words) < 4 or words[3].replace("-", "_") not in _waiters(service):
            yield f"aws {service} has no such waiter"
        return
    if operation not in known:
        yield f"aws {service} has no operation {operation}"
        return
    members, required = known[operation]
    for option in options:
        plain = option.removeprefix("no-") if option not in members else option
        if plain not in members and option not in GLOBAL:
            yield f"aws {service} {operation} has no option --{option}"
    for name in required - set(options):
        yield f"aws {service} {operation} lacks --{name}"


@functools.cache
def _operations(service: str) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Operation → its options and the required ones, as the CLI spells them."""
    model = botocore.session.Session().get_service_model(service)
    found = {}
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        members = frozenset(xform_name(m, "-") for m in shape.members) if shape else frozenset()
        required = frozenset(xform_name(m, "-") for m in shape.required_members) if shape else frozenset()
        found[xform_name(name, "-")] = (members, required)
    return found


@functools.cache
def _waiters(service: str) -> frozenset[str]:
    return frozenset(botocore.session.Session().create_client(service, region_name="eu-west-1").waiter_names)
