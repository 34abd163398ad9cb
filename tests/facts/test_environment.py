from __future__ import annotations

import pytest

from troubleshooter.facts.environment import LONGEST_KEPT, describe, launch_variables, shape
from troubleshooter.redact import Secrets


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "empty"),
        ("  ", "text"),
        ("arn:aws:s3:::bucket/key", "arn"),
        ("https://example.com/x?y=1", "url"),
        ("postgres://user:pw@db/x", "url"),
        ("/var/task", "path"),
        ("./here", "path"),
        ("-12", "integer"),
        ("True", "boolean"),
        ('{"a": [1]}', "json"),
        ("{not json", "text"),
        ("[" * 100_000, "text"),
        ("-----BEGIN PRIVATE KEY-----\nabc", "pem"),
        ("hello world", "text"),
        ("²", "text"),
    ],
)
def test_shape(value: str, expected: str) -> None:
    assert shape(value) == expected


def test_a_value_is_dropped_and_scrubbed_wherever_it_turns_up() -> None:
    secrets = Secrets(b"salt")
    variable = describe("DB_PASSWORD", "correct horse battery", secrets)
    assert (variable.name, variable.length, variable.value) == ("DB_PASSWORD", 21, None)
    assert "correct horse battery" not in repr(variable)
    assert "correct horse" not in secrets.redact("the log says correct horse battery here")


def test_equal_values_have_equal_digests_within_a_session_only() -> None:
    one = Secrets(b"salt")
    assert describe("A", "same value", one).digest == describe("B", "same value", one).digest
    assert describe("A", "same value", one).digest != describe("A", "other value", one).digest
    assert describe("A", "same value", one).digest != describe("A", "same value", Secrets(b"other")).digest


def test_launch_variables_keep_their_value() -> None:
    secrets = Secrets(b"salt")
    assert describe("PATH", "/usr/bin:/bin", secrets).value == "/usr/bin:/bin"
    assert secrets.redact("/usr/bin:/bin") == "/usr/bin:/bin"
    assert describe("PATH", "x" * (LONGEST_KEPT + 1), secrets).value is None
    assert not any("KEY" in n or "TOKEN" in n or "SECRET" in n for n in launch_variables())


def test_a_lone_surrogate_does_no_harm() -> None:
    assert describe("X", "abc\ud800defgh", Secrets(b"salt")).length == 9
