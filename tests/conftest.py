"""What every test gets without asking (isolation), and the fixtures that any test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.lab import isolation

if TYPE_CHECKING:
    from tests.lab.aws import Account


# A slow machine is no failure, and each run tries the same examples: looking for new ones is the fuzz target's work.
settings.register_profile("project", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """No socket of the test process leaves this machine."""
    with isolation.network_guard():
        yield


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An own home, no credentials, no engine; fails the test that reached outside. Gives the home folder."""
    home = tmp_path_factory.mktemp("home")
    environment = isolation.clean_environment(home)
    for name in set(os.environ) - set(environment) - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    isolation.attempts.clear()
    yield home
    reached = list(isolation.attempts)
    isolation.attempts.clear()
    if reached:
        pytest.fail(f"the test reached for {', '.join(reached)}: use loopback")


@pytest.fixture
def aws_account(monkeypatch: pytest.MonkeyPatch, isolated: Path) -> Iterator[Account]:
    """An empty AWS account over HTTP, named by the environment: see `tests.lab.aws`.

    Annotate as `aws_account: Account` (from tests.lab.aws). Any botocore session made in the test, and any
    program that it starts, finds the account by AWS_ENDPOINT_URL, with credentials and region eu-west-1. At the end it
    fails the test if something was asked that the stand-in could not answer truthfully.
    """
    from tests.lab.aws import Account

    with Account() as account:
        monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
        monkeypatch.setenv("AWS_REGION", account.region)
        monkeypatch.setenv("AWS_DEFAULT_REGION", account.region)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-EXAMPLE")
        yield account
    if account.faults:
        pytest.fail("the stand-in account could not answer: " + "; ".join(account.faults))


@pytest.fixture(scope="session", autouse=True)
def remediations_are_checked() -> Iterator[None]:
    """Every command that any test makes the product show is held against a shell and against botocore's models."""
    from tests.lab.commands import problems
    from troubleshooter.model import Remediation

    made = Remediation.__init__

    def checked(self: Remediation, *arguments: object, **named: object) -> None:
        made(self, *arguments, **named)  # type: ignore[arg-type]
        wrong = [problem for command in self.commands for problem in problems(command)]
        assert not wrong, wrong

    Remediation.__init__ = checked  # type: ignore[method-assign]
    yield
    Remediation.__init__ = made  # type: ignore[method-assign]
