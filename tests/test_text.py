"""Outside text made harmless, and nothing secret let through."""

from __future__ import annotations

import base64
import json
import re
import time
import unicodedata
import urllib.parse

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from troubleshooter.redact import Secrets
from troubleshooter.reports.inline import block, code, ours, prose
from troubleshooter.text import decoded, for_report, for_screen, not_text, one_line

ALPHABET = st.sampled_from(list("\x1b\x9b\x9d[]0;m\x07\\abcZ\t\r\n \u202e\u200b\x00\x7f|`<>*_\ud800é界"))
HOSTILE = st.one_of(st.text(), st.lists(ALPHABET, max_size=60).map("".join))


def harmless(text: str) -> bool:
    return all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in text)


@given(HOSTILE)
def test_nothing_invisible_survives(text: str) -> None:
    for made in (for_screen(text), for_report(text), one_line(text)):
        assert harmless(made), repr(made)
    assert "\n" not in one_line(text)


@given(HOSTILE)
def test_doing_it_twice_changes_nothing(text: str) -> None:
    once = for_screen(text)
    assert for_screen(once) == once


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "Zs", "S"), exclude_characters="\xad")))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert for_screen(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;aGFjaw==\x07done", "␛done"),
        ("\x1b[2J\x1b[31mred\x1b[0m", "␛␛red␛"),
        ("\x1b]0;title without end\nnext line", "␛\nnext line"),
        ("a\x9b31mb", "a␛b"),
        ("abc\u202etxt.exe", "abc<U+202E>txt.exe"),
        ("a\tb\r\nc\rd", "a    b\nc\nd"),
        ("\x00\x07", "␀␇"),
    ],
)
def test_escapes_are_shown_not_obeyed(text: str, shown: str) -> None:
    assert for_screen(text) == shown


def test_adversarial_text_takes_linear_time() -> None:
    began = time.process_time()
    for_screen("\x1b[" * 500_000 + "\x1b]" * 500_000)
    assert time.process_time() - began < 5


@given(HOSTILE)
def test_data_cannot_leave_its_place_in_markdown(text: str) -> None:
    span = code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]
    assert span.endswith(fence)
    assert fence not in span[len(fence) : -len(fence)]
    assert "|" not in span
    lines = list(block(text))
    assert lines[0] == lines[2]
    assert lines[0] not in lines[1]
    plain = prose(text).replace("\\\\", "")
    for character in "`*[]<>|#@":
        assert character not in plain.replace("\\" + character, "")


@given(HOSTILE)
def test_a_sentence_s_code_spans_hold_what_is_in_them(text: str) -> None:
    outside = re.sub(r"(?<!\\)`[^`]+`", "", ours(text)).replace("\\\\", "")
    for character in "`*[]<>|#@":
        assert character not in outside.replace("\\" + character, "")


def test_a_command_in_a_sentence_can_be_copied() -> None:
    assert ours("run `aws logs tail G --since 1h > F`, *now*") == "run `aws logs tail G --since 1h > F`, \\*now\\*"
    assert "|" not in ours("`a | b`")


def test_underscores_inside_words_stay_readable() -> None:
    assert prose("py_dep_missing is _not_ it") == "py_dep_missing is \\_not\\_ it"


SECRETS = {
    "aws access key id": "AKIAIOSFODNN7EXAMPLE",
    "json web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "github token": "ghp_" + "a1B2" * 9,
    "slack token": "xoxb-123456789012-abcdefghij",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----",
    "url userinfo": "https://user:hunter2x@host/path",
    "named secret": "DB_PASSWORD=correcthorse",
    "authorization header": "Authorization: Bearer abcdefghijklmnop",
    "presigned": "https://bucket/x?X-Amz-Signature=0123456789abcdef&x=1",
}
BENIGN = [
    "INIT_REPORT Init Duration: 9.09 ms\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint",
    "START RequestId: 7b1f9a52-0c8e-4b0e-9df0-6e2f8f9b8d11 Version: $LATEST",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/demo@sha256:" + "a" * 64,
    "arn:aws:lambda:eu-west-1:123456789012:function:token-service",
    "not authorized to perform: secretsmanager:GetSecretValue",
    "on resource: arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders/db-AbCdEf",
    "PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "the function runs on arm64, its image was built for amd64",
    "requirements.txt:3 strands>=0.2.0",
    "aws lambda update-function-code --function-name demo --image-uri x:latest --region eu-west-1",
]


@pytest.mark.parametrize(("rule", "text"), SECRETS.items())
def test_credentials_are_recognised_by_shape(rule: str, text: str) -> None:
    secrets = Secrets()
    redacted = secrets.redact(f"before {text} after")
    assert "‹redacted" in redacted
    assert redacted.startswith("before ")
    assert secrets.counts, rule


@pytest.mark.parametrize("text", BENIGN)
def test_ordinary_lines_are_not_redacted(text: str) -> None:
    assert Secrets().redact(text) == text


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=8, max_size=40))
def test_a_value_that_was_dropped_is_scrubbed_in_every_usual_form(value: str) -> None:
    secrets = Secrets(b"salt")
    secrets.remember("DB_SECRET", value)
    assume(not value.isdigit())
    assume(not re.fullmatch(r"(?i)disabled|(?:python|nodejs|java|ruby|dotnet|provided|go)[\d.a-z]*", value))
    forms = [
        value,
        json.dumps({"x": value}),
        urllib.parse.quote(value, safe=""),
        base64.b64encode(value.encode()).decode(),
    ]
    for form in forms:
        assert value not in secrets.redact(f"log: {form} end").replace("‹redacted DB_SECRET", "")


def test_what_the_record_shows_openly_stays_readable() -> None:
    secrets = Secrets()
    secrets.spare("orders-api", "arn:aws:lambda:eu-west-1:123456789012:function:orders-api")
    for value in ("orders", "eu-west-1", "x86_64", "python3.12", "orders-api"):
        secrets.remember("STAGE", value)
    secrets.remember("TABLE", "ledger")
    command = "aws lambda get-function --function-name orders-api --region eu-west-1"
    assert secrets.redact(command) == command
    assert "ledger" not in secrets.redact("reading ledger now").replace("TABLE", "")
    assert secrets.redact("the ledgers") == "the ledgers"


def test_markers_say_the_same_value_and_nothing_else() -> None:
    one, two = Secrets(b"a" * 16), Secrets(b"b" * 16)
    assert one.digest("x") == one.digest("x")
    assert one.digest("x") != two.digest("x")
    one.remember("N", "supersecretvalue")
    assert one.redact("supersecretvalue") == f"‹redacted N len=16 #{one.digest('supersecretvalue')[:4]}›"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_the_encodings_that_shells_write(encoding: str) -> None:
    said = "Runtime.ImportModuleError: No module named 'größe'"
    assert decoded(said.encode(encoding)) == said
    assert not not_text(decoded(said.encode(encoding)))


def test_a_stray_byte_in_a_log_makes_it_no_binary_file() -> None:
    line = "START RequestId: 1 Version: $LATEST\n"
    assert not_text(line * 10 + "\x00\ufffd" + line) == ""
    assert not_text("") == ""


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04 and more", "a zip archive"),
        (b"\x7fELF and more", "a program"),
        (b"\x00\x01" * 50, "binary data"),
    ],
)
def test_what_is_not_text_is_told_apart(content: bytes, kind: str) -> None:
    assert not_text(decoded(content)) == kind
