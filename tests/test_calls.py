"""What one complete diagnosis asks of an account: nothing twice, nothing that is not on the list, and most of it at once."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.calls import longest_chain
from tests.lab import demo_account
from tests.lab.aws import Account
from troubleshooter import playbook, session
from troubleshooter.collectors import aws
from troubleshooter.facts import asked_by
from troubleshooter.model import Target
from troubleshooter.world import all_providers


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    with demo_account.everything() as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        # No call is to be tried again only because the machine is busy.
        monkeypatch.setattr(aws, "READ_S", 60)
        monkeypatch.setattr(aws, "CALL_S", 120.0)
        walk = session.new(Target(function="demo"), playbook.load(), within=tmp_path)
        walk.run()
        walk.end()
        return account


def test_no_call_is_made_twice_and_only_reads_are_made(asked: Account) -> None:
    asked.assert_only_reads()
    made = Counter((c.service, c.operation, json.dumps(c.parameters, sort_keys=True, default=str)) for c in asked.calls)
    assert len(made) > 8
    assert [call for call, times in made.items() if times > 1] == []
    declared = asked_by(all_providers(), all_providers())
    assert set(asked.operations) <= declared


def test_the_longest_chain_follows_from_what_providers_need() -> None:
    image = ("lambda:GetFunction", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    assert longest_chain(dict.fromkeys(image, 1)) == len(image) + 1
    assert longest_chain({"lambda:GetFunction": 1, "lambda:ListAliases": 1}) == 2
