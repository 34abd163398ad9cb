from __future__ import annotations

import pytest

from tests.factories import function_record, image_config
from tests.launching import NO_FUNCTION
from troubleshooter.checks import all_checks
from troubleshooter.checks.invoke.env_credentials_baked import env_credentials_baked as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.environment import describe
from troubleshooter.model import Outcome, Severity, Verdict
from troubleshooter.redact import Secrets

NO_CODE = Unavailable(Reason.NOT_GIVEN, "no function was given")
KEY = "wJalrXUtnFEMI0K7MDENG0bPxRfiCY" + "EXAMPLEKEY"


def ask(**variables: str) -> Verdict:
    secrets = Secrets()
    environment = tuple(describe(name, value, secrets) for name, value in variables.items())
    return the_check(image_config(environment=environment), NO_FUNCTION, NO_CODE)


def test_keys_of_aws() -> None:
    found = ask(AWS_ACCESS_KEY_ID="AKIA" + "A" * 16, AWS_SECRET_ACCESS_KEY=KEY, PATH="/usr/bin")
    assert found.outcome is Outcome.FAIL
    assert "AWS_SECRET_ACCESS_KEY" in found.message
    assert "no effect on Lambda" in found.message
    assert KEY not in str(found)
    assert all_checks()["env_credentials_baked"].severity is Severity.INFO


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "DB_PASSWORD", "NPM_TOKEN", "CLIENT_SECRET", "STRIPE_SECRET_KEY"])
def test_other_secrets(name: str) -> None:
    assert ask(**{name: "s3cr3t-value-1"}).outcome is Outcome.FAIL


def test_what_only_sounds_like_one() -> None:
    found = ask(
        GPG_KEY="7169605F62C751356D054A26A821E680E5FA6305",
        AWS_REGION="us-east-1",
        DB_PASSWORD_FILE="/run/secrets/db",
        API_KEY="",
        SECRET_ARN="arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
        CLIENT_SECRET="arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
        NPM_TOKEN="true",
        AUTH_TOKEN="/run/token",
    )
    assert found.outcome is Outcome.PASS


def test_the_function_is_named_in_the_fix() -> None:
    image = image_config(environment=(describe("API_KEY", "s3cr3t-value-1", Secrets()),))
    found = the_check(image, function_record(), NO_CODE)
    assert found.remediation
    assert found.remediation.commands
