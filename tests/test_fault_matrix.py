"""Every operation on the list, broken in every way: the walk ends, and no verdict derives from the call that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab import demo_account
from tests.lab.aws import Account
from tests.lab.aws_wire import service_model
from tests.lab.faults import KINDS, Faults
from troubleshooter import journal, playbook
from troubleshooter.collectors import aws as aws_module
from troubleshooter.collectors.aws import Aws, operations
from troubleshooter.collectors.engine import Engine
from troubleshooter.collectors.web import Web
from troubleshooter.facts import CallLog, Reason, SourceError, Unavailable
from troubleshooter.model import Finding, Outcome, Role, Subject, Target
from troubleshooter.redact import Secrets
from troubleshooter.session import Session
from troubleshooter.world import World

VERDICTS = (Outcome.PASS, Outcome.FAIL)
LISTED = sorted(operations())
Findings = dict[tuple[str, Subject], Finding]


@dataclass
class Lab:
    """One account behind the proxy, with clients that are made once."""

    account: Account
    faults: Faults
    aws: Aws
    baseline: Findings

    def walk(self) -> Session:
        self.aws._down.clear()
        self.aws._answered = True
        calls = CallLog()
        self.aws._calls = calls
        world = World(self.aws, Web(calls), Engine(calls, None), calls, Secrets())
        log = journal.Journal.in_memory(world.secrets.redact)
        session = Session(Target(function="demo"), world, playbook.load(), log)
        try:
            session.run()
        finally:
            world.web.close()
        return session


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch, demo_account.everything() as account, Faults(account) as faults:
        for name, value in account.environment.items():
            patch.setenv(name, value)
        patch.setattr(aws_module, "ATTEMPTS", 1)
        patch.setattr(aws_module, "READ_S", 0.5)
        patch.setattr(aws_module, "CALL_S", 3.0)
        aws = Aws(CallLog(), region=account.region, endpoint_url=faults.url)
        made = Lab(account, faults, aws, {})
        for _ in range(5):  # a machine under load may take longer than the short time-outs allow
            made.baseline = dict(made.walk().findings)
            if made.baseline["arch_image_function_mismatch", Subject(Role.DEPLOYED)].outcome is Outcome.FAIL:
                break
        else:
            pytest.fail(str([g for s in made.walk().stores.by_subject.values() for g in s.gaps().values()]))
        yield made
        aws.close()


@pytest.mark.parametrize(("service", "operation"), LISTED, ids=[":".join(pair) for pair in LISTED])
def test_no_verdict_derives_from_a_call_that_failed(service: str, operation: str, lab: Lab) -> None:
    name = f"{service}:{operation}"
    for kind in KINDS:
        lab.faults.inject(service, operation, kind)
        session = lab.walk()
        if not lab.faults.hits:
            return  # nothing in this account raises the question; how the call itself fails is tested below
        for key, finding in session.findings.items():
            cited = any(e.source.split(" ")[0] == name for e in finding.verdict.evidence)
            assert not (cited and finding.outcome in VERDICTS), (kind, finding)
            assert not finding.verdict.our_fault, (kind, finding)
            before = lab.baseline.get(key)
            if finding.outcome in VERDICTS and before is not None and before.outcome in VERDICTS:
                assert finding.outcome is before.outcome, (kind, before, finding)
            if finding.outcome is Outcome.FAIL:
                assert before is not None, (kind, finding)
                assert before.outcome is Outcome.FAIL, (kind, before, finding)
        for gap in (gap for store in session.stores.by_subject.values() for gap in store.gaps().values()):
            assert gap.reason is not Reason.FAULT, (kind, gap)


@pytest.mark.parametrize(("service", "operation"), LISTED, ids=[":".join(pair) for pair in LISTED])
def test_every_call_ends_as_a_gap(service: str, operation: str, lab: Lab) -> None:
    parameters = _least(service_model(service).operation_model(operation).input_shape)
    for kind in KINDS:
        lab.faults.inject(service, operation, kind)
        lab.aws._down.clear()
        gap = _gap(lambda: lab.aws.call(service, operation, **parameters))
        if gap is None:
            assert kind in ("wrong type", "missing key", "truncated", "bad UTF-8"), kind
        else:
            assert gap.reason in _REASONS[kind], (kind, gap)
        assert lab.faults.hits == 1, kind


def _gap(call: Callable[[], object]) -> Unavailable | None:
    try:
        call()
    except SourceError as error:
        return error.unavailable
    return None


_NOT_AWS = {Reason.MALFORMED, Reason.UNREACHABLE}
_REASONS = dict.fromkeys(KINDS, _NOT_AWS) | {
    "403": {Reason.DENIED},
    "404": {Reason.REFUSED, Reason.ABSENT},
    "429": {Reason.THROTTLED},
}


def _least(shape: Any, depth: int = 0) -> dict[str, Any]:
    """Parameters with the required members alone."""
    return {name: _value(shape.members[name], depth) for name in (shape.required_members if shape else ())}


def _value(shape: Any, depth: int) -> Any:
    if shape.type_name == "structure":
        return _least(shape, depth + 1)
    if shape.type_name == "list":
        return [_value(shape.member, depth + 1)]
    if shape.type_name == "map":
        return {}
    if shape.type_name in ("integer", "long", "timestamp", "double", "float"):
        return shape.metadata.get("min") or 1
    if shape.type_name == "boolean":
        return False
    if shape.enum:
        return shape.enum[0]
    if "Digest" in shape.name:
        return f"sha256:{'0' * 64}"
    text = "arn:aws:x:eu-west-1:123456789012:demo/abcdefgh" if "arn" in shape.name.lower() else "demo"
    return text.ljust(int(shape.metadata.get("min") or 0), "x")
