"""IAM policies: the smallest that allow given actions on given resources."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

Policy = dict[str, Any]
VERSION = "2012-10-17"
NO_GRANT = "none"
"""The kind of an action that every principal may call."""
EVERYTHING = "*"
"""The kind of an action that can be allowed on nothing narrower than everything; also where the kind is not known."""


@functools.cache
def _knowledge() -> dict[str, Any]:
    text = resources.files("troubleshooter.data").joinpath("aws_resources.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def kind_of(action: str) -> str:
    """The kind of resource that an action is allowed on: what the longest fitting entry of the knowledge says."""
    known: dict[str, str] = _knowledge()["kinds_of_actions"]
    fitting = [prefix for prefix in known if action.startswith(prefix)]
    return known[max(fitting, key=len)] if fitting else EVERYTHING


def partition_of(region: str) -> str:
    """The partition that the ARNs of a region name."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def for_actions(actions: Iterable[str], known: Mapping[str, str]) -> Policy:
    """The policy for IAM actions, one statement a kind of resource. `known`: the parts of ARNs; the others stay open."""
    by_kind: dict[str, set[str]] = {}
    for action in actions:
        by_kind.setdefault(kind_of(action), set()).add(action)
    by_kind.pop(NO_GRANT, None)
    statements = [_statement(_sid(kind), names, _arns(kind, known)) for kind, names in sorted(by_kind.items())]
    return {"Version": VERSION, "Statement": statements}


def for_denied(denied: Iterable[tuple[str, str]]) -> Policy | None:
    """The smallest policy that allows each (action, resource); None where there is none to allow."""
    by_resource: dict[str, set[str]] = {}
    for action, resource in denied:
        by_resource.setdefault(resource, set()).add(action)
    alike: dict[frozenset[str], list[str]] = {}
    for resource, actions in sorted(by_resource.items()):
        alike.setdefault(frozenset(actions), []).append(resource)
    statements = [_statement(f"Troubleshooter{n}", *each) for n, each in enumerate(alike.items(), 1)]
    return {"Version": VERSION, "Statement": statements} if statements else None


def as_text(policy: Policy) -> str:
    """A policy as it is pasted into the console or a file."""
    return json.dumps(policy, indent=2)


def _statement(sid: str, actions: Iterable[str], arns: list[str]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": arns[0] if len(arns) == 1 else arns,
    }


def _sid(kind: str) -> str:
    return "ReadEverything" if kind == EVERYTHING else "Read" + "".join(word.title() for word in kind.split("-"))


def _arns(kind: str, known: Mapping[str, str]) -> list[str]:
    templates: list[str] = _knowledge()["arns"][kind]
    filled = [re.sub(r"\{(\w+)\}", lambda part: known.get(part[1]) or "*", arn) for arn in templates]
    # `function:*` covers `function:*:*`: in a policy the star also stands for colons.
    return [arn for arn in filled if not any(o != arn and o.endswith("*") and arn.startswith(o[:-1]) for o in filled)]
