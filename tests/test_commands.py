"""Commands that are shown. Every remediation that any test of this suite makes is held against the same rules."""

from __future__ import annotations

import pytest

from tests.lab.commands import problems
from troubleshooter.model import Remediation


@pytest.mark.parametrize(
    "command",
    [
        "docker buildx build --platform linux/arm64 --push .",
        "aws lambda update-function-code --function-name demo --image-uri x:1 --architectures arm64 --region eu-west-1",
        "aws lambda wait function-updated-v2 --function-name demo",
        'aws lambda update-function-configuration --function-name demo --image-config \'{"Command":["app.handler"]}\'',
        "aws ecr get-login-password | docker login --username AWS --password-stdin x",
        "aws lambda update-function-configuration --function-name demo --image-config '{}'",
    ],
)
def test_good_commands_pass(command: str) -> None:
    assert list(problems(command)) == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("echo 'half", "take it apart"),
        ("aws lambda get-function --function-name <name>", "placeholder"),
        ("aws lambda update-function --function-name demo", "no operation"),
        ("aws lambda get-function --name demo", "no option --name"),
        ("aws lambda update-function-code --image-uri x", "lacks --function-name"),
        ("aws lambda wait function-well --function-name x", "no such waiter"),
        ("docker build -t None .", "placeholder"),
    ],
)
def test_bad_ones_do_not(command: str, says: str) -> None:
    assert any(says in problem for problem in problems(command))


def test_every_remediation_of_the_suite_is_checked() -> None:
    with pytest.raises(AssertionError, match="no operation"):
        Remediation("repair it", ("aws lambda mend --function-name demo",))
