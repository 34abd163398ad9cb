"""The execution role in IAM: its record, its policies, and IAM's own simulation. Read only where something speaks of it."""

from __future__ import annotations

import contextvars
import datetime as dt
import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.permissions import (
    ReadRulings,
    RolePolicies,
    RoleQuestions,
    RoleRecord,
    Ruling,
    Rulings,
    Statement,
)
from troubleshooter.facts.policy_document import statements
from troubleshooter.model import Role, Subject

T = TypeVar("T")
PAGES, POLICIES, SIMULATED = 4, 25, 6
"""Pages of a list, policies, and simulated actions that are read at most."""
_GONE = ("NoSuchEntity",)
_POLICIES = (
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
)
_NOT_DEPLOYED = Unavailable(Reason.NOT_OF_THIS_KIND, "what is only proposed has no role in use")


@provides(cost=Cost.CALL, asks=("iam:GetRole",))
def get_role(
    function: FunctionRecord, questions: RoleQuestions, subject: Subject, aws: Aws
) -> RoleRecord | Unavailable:
    """`iam:GetRole`. That there is no such role is a value."""
    if subject.role is not Role.DEPLOYED:
        return _NOT_DEPLOYED
    if not function.role:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function's record names no role")
    name = function.role.rpartition("/")[2]
    answer = aws.call("iam", "GetRole", resource=function.role, required=("Role",), absent=_GONE, RoleName=name)
    if answer.absent:
        return RoleRecord(reading=answer.reading(), arn=function.role, exists=False)
    return _sensible(answer, lambda: _role(answer, function.role or ""))


def _role(answer: Answer, arn: str) -> RoleRecord:
    role = answer.data["Role"]
    created = role.get("CreateDate")
    return RoleRecord(
        reading=answer.reading(),
        arn=arn,
        actual_arn=str(role["Arn"]),
        created=created.astimezone(dt.UTC) if isinstance(created, dt.datetime) else None,
        boundary=(role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
        trust=statements("trust policy", role.get("AssumeRolePolicyDocument") or {}),
    )


@provides(cost=Cost.CALL, asks=_POLICIES)
def read_policies(
    function: FunctionRecord, questions: RoleQuestions, record: RoleRecord | Unavailable, subject: Subject, aws: Aws
) -> RolePolicies | Unavailable:
    """The documents of the role's attached and inline policies and of its permissions boundary."""
    if subject.role is not Role.DEPLOYED:
        return _NOT_DEPLOYED
    if not questions.questions or not function.role:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "nothing speaks of an action that the role might lack")
    if isinstance(record, RoleRecord) and not record.exists:
        return Unavailable(Reason.ABSENT, f"IAM has no role {record.name}")
    return _Reader(aws, function.role).read(record)


class _Reader:
    """Reads one role's policies, what does not depend on each other at once."""

    def __init__(self, aws: Aws, role: str) -> None:
        self._aws, self._role, self._name = aws, role, role.rpartition("/")[2]

    def read(self, record: RoleRecord | Unavailable) -> RolePolicies | Unavailable:
        listed = at_once([self._attached, self._inline])
        attached, inline = (each if isinstance(each, list) else [] for each in listed)
        gaps = [each for each in listed if isinstance(each, Unavailable)]
        if len(gaps) == len(listed):
            return gaps[0]
        boundary = record.boundary if isinstance(record, RoleRecord) else None
        managed = list(dict.fromkeys([*attached, *([boundary] if boundary else [])]))
        if len(managed) + len(inline) > POLICIES:
            gaps.append(Unavailable(Reason.TOO_BIG, f"the role has more than {POLICIES} policies"))
        jobs = [lambda arn=arn: self._managed(arn) for arn in managed[:POLICIES]]
        jobs += [lambda name=name: self._inline_document(name) for name in inline[: POLICIES - len(jobs)]]
        documents = dict(zip([*managed, *inline], at_once(jobs), strict=False))
        gaps += [each for key, each in documents.items() if isinstance(each, Unavailable) and key != boundary]
        limits = documents.get(boundary) if boundary else None
        first = next((p for p in documents.values() if not isinstance(p, Unavailable)), None)
        return RolePolicies(
            reading=(first[0] if first else self._list).reading(),
            role=self._role,
            names=(*attached, *inline),
            statements=tuple(
                s for key in (*attached, *inline) if isinstance(d := documents.get(key), tuple) for s in d[1]
            ),
            boundary=limits[1] if isinstance(limits, tuple) else None,
            boundary_known=isinstance(record, RoleRecord) and (boundary is None or isinstance(limits, tuple)),
            gaps=tuple(gaps),
        )

    def _attached(self) -> list[str]:
        return self._every("ListAttachedRolePolicies", "AttachedPolicies", lambda entry: str(entry["PolicyArn"]))

    def _inline(self) -> list[str]:
        return self._every("ListRolePolicies", "PolicyNames", str)

    def _every(self, operation: str, key: str, take: Callable[[Any], str]) -> list[str]:
        found: list[str] = []
        more: dict[str, str] = {}
        for _ in range(PAGES):
            answer = self._aws.call(
                "iam", operation, resource=self._role, required=(key,), absent=_GONE, RoleName=self._name, **more
            )
            self._list = answer
            if answer.absent:
                raise SourceError(Unavailable(Reason.ABSENT, f"IAM has no role {self._name}"))
            entries = answer.data[key]
            found += _sensible(answer, functools.partial(_each, entries, take))
            if not answer.data.get("IsTruncated"):
                return found
            more = {"Marker": str(answer.data.get("Marker") or "")}
        raise SourceError(Unavailable(Reason.TOO_BIG, f"the role has more than {PAGES} pages of policies"))

    def _managed(self, arn: str) -> tuple[Answer, tuple[Statement, ...]]:
        policy = self._aws.call("iam", "GetPolicy", resource=arn, required=("Policy",), PolicyArn=arn)
        version = _sensible(policy, lambda: str(policy.data["Policy"]["DefaultVersionId"]))
        answer = self._aws.call(
            "iam", "GetPolicyVersion", resource=arn, required=("PolicyVersion",), PolicyArn=arn, VersionId=version
        )
        return answer, _sensible(answer, lambda: statements(arn, answer.data["PolicyVersion"]["Document"]))

    def _inline_document(self, name: str) -> tuple[Answer, tuple[Statement, ...]]:
        answer = self._aws.call(
            "iam",
            "GetRolePolicy",
            resource=self._role,
            required=("PolicyDocument",),
            RoleName=self._name,
            PolicyName=name,
        )
        return answer, _sensible(answer, lambda: statements(name, answer.data["PolicyDocument"]))


@provides(cost=Cost.CALL, asks=("iam:SimulatePrincipalPolicy",))
def simulate(policies: RolePolicies, read: ReadRulings, aws: Aws) -> Rulings:
    """`iam:SimulatePrincipalPolicy` for what the documents do not settle, or allow although it was denied.

    The simulation knows what the documents do not tell: organisation policies, and boundaries that could not be read.
    """
    rulings, gaps = [], list(policies.gaps)
    reading, asked = policies.reading, 0
    for ruling in read.rulings:
        # Without a resource IAM simulates `*`, which policies for certain resources never allow.
        if ruling.forbidden or ruling.resource is None or asked == SIMULATED:
            rulings.append(ruling)
            continue
        asked += 1
        try:
            answer = _simulation(aws, policies.role, ruling)
        except SourceError as error:
            gaps.append(error.unavailable)
            rulings.append(ruling)
            continue
        reading = answer.reading()
        rulings.append(_sensible(answer, functools.partial(_simulated, answer, ruling)))
    return Rulings(reading=reading, rulings=tuple(rulings), policies=policies.names, gaps=tuple(dict.fromkeys(gaps)))


def _simulation(aws: Aws, role: str, ruling: Ruling) -> Answer:
    return aws.call(
        "iam",
        "SimulatePrincipalPolicy",
        resource=role,
        required=("EvaluationResults",),
        PolicySourceArn=role,
        ActionNames=[ruling.action],
        ResourceArns=[ruling.resource],
    )


def _simulated(answer: Answer, ruling: Ruling) -> Ruling:
    result = answer.data["EvaluationResults"][0]
    organization = (result.get("OrganizationsDecisionDetail") or {}).get("AllowedByOrganizations")
    bounded = (result.get("PermissionsBoundaryDecisionDetail") or {}).get("AllowedByPermissionsBoundary")
    return Ruling(
        action=ruling.action,
        resource=ruling.resource,
        decision=ruling.decision,
        by=ruling.by,
        boundary=ruling.boundary or bounded is False,
        simulated=str(result["EvalDecision"]),
        organization=organization,
        conditions=tuple(str(key) for key in result.get("MissingContextValues") or ()),
    )


def at_once(jobs: Sequence[Callable[[], T]]) -> list[T | Unavailable]:
    """The results of jobs that each call AWS, run side by side; what fails is its reason. Daemons: quitting never waits."""
    results: list[T | Unavailable] = [Unavailable(Reason.UNREACHABLE, "not asked")] * len(jobs)

    def run(index: int) -> None:
        try:
            results[index] = jobs[index]()
        except SourceError as error:
            results[index] = error.unavailable
        except Exception as error:
            results[index] = Unavailable(Reason.FAULT, f"{type(error).__name__}: {error} (a bug of ours)")

    # Each in a copy of this context, so that it is still known which provider asks.
    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(run, i), daemon=True) for i in range(1, len(jobs))
    ]
    for thread in threads:
        thread.start()
    if jobs:
        run(0)
    for thread in threads:
        thread.join()
    return results


def _each(entries: Sequence[Any], take: Callable[[Any], str]) -> list[str]:
    return [take(entry) for entry in entries]


def _sensible(answer: Answer, read: Callable[[], T]) -> T:
    try:
        return read()
    except (AttributeError, TypeError, KeyError, IndexError, ValueError) as error:
        detail = f"{answer.source} gave an answer that makes no sense ({type(error).__name__})"
        raise SourceError(Unavailable(Reason.MALFORMED, detail)) from error
