from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from tests.checks.happened import NOT_GIVEN, called, exited_in_init, ran_out_of_time, went_well
from tests.checks.happened import told as logged
from tests.checks.permitting import FUNCTION, IAM, ROLE, TABLE, message, policy, ruled, told
from tests.factories import IMAGE, tree, variable
from tests.lab.aws_iam import allow, deny
from troubleshooter.analysis.iam.other_credentials import other_credentials
from troubleshooter.checks.invoke.role_missing_permission import role_missing_permission as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.permissions import Denials, OtherCredentials, RolePolicies
from troubleshooter.model import Origin, Outcome, Rung, Unblock, Verdict

READS = allow("dynamodb:GetItem")
DENIED = Unavailable(
    Reason.DENIED, "iam:GetRolePolicy was denied", Unblock("allow it", "iam:GetRolePolicy", "arn:role")
)


def raised(text: str) -> list[str]:
    """An invocation that ends with the denial."""
    return called(f'[ERROR] ClientError: {text}\nTraceback (most recent call last):\n  File "/var/task/app.py", line 3')


def logged_error(text: str) -> list[str]:
    """An invocation that logs the denial as an error and returns."""
    return called(f"[ERROR]\t2026-01-02T03:04:05.678Z\t{{id}}\t{text}")


NOBODY = OtherCredentials(reading=IMAGE)


def verdict(found: Denials, *documents: dict[str, object], **changes: object) -> Verdict:
    return the_check(FUNCTION, found, ruled(found, *documents, **changes), NOBODY)


def test_a_denied_call_that_no_policy_allows_fails() -> None:
    found = verdict(told(logged(went_well(), raised(message()))), READS)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.INVOKE
    assert "dynamodb:PutItem" in found.message
    assert {Origin.APPLICATION_LOG, Origin.RECORD} <= {e.origin for e in found.evidence}
    assert found.remediation
    add = shlex.split(found.remediation.commands[0])
    assert add[add.index("--role-name") + 1] == "demo-role"
    statement = json.loads(add[add.index("--policy-document") + 1])["Statement"][0]
    assert (statement["Action"], statement["Resource"]) == ("dynamodb:PutItem", TABLE)


@pytest.mark.parametrize(
    ("lines", "rung"),
    [
        pytest.param([raised(message())], Rung.INVOKE, id="raised"),
        pytest.param([logged_error(message())], Rung.INVOKE, id="logged as an error, returned"),
        pytest.param([logged_error(message()), went_well()], Rung.COMPLETION, id="the newest did not meet it"),
        pytest.param([exited_in_init("with error: exit status 1", message())], Rung.HANDLER, id="while loading"),
        pytest.param([ran_out_of_time(f"ERROR {message()}")], Rung.INVOKE, id="and then the time was up"),
    ],
)
def test_where_it_bites(lines: list[list[str]], rung: Rung) -> None:
    found = verdict(told(logged(*lines)), READS)
    assert found.outcome is Outcome.FAIL
    assert found.rung is rung


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            [called(f"[WARNING]\t2026-01-02T03:04:05Z\t{{id}}\t{message()}; using the default")], id="a warning"
        ),
        pytest.param([called(f"could not: {message()}")], id="printed, and went on"),
        pytest.param([called(f"2026-01-02T03:04:05.678Z\t{{id}}\tINFO\t{message()}")], id="console.log"),
        pytest.param([called(json.dumps({"level": "WARN", "message": message()}))], id="JSON, a warning"),
    ],
)
def test_code_that_goes_on_is_not_blamed(lines: list[list[str]]) -> None:
    found = verdict(told(logged(*lines)), READS)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([went_well()], id="nothing was denied"),
        pytest.param([raised(message()), *([went_well()] * 9)], id="met once, long ago"),
        pytest.param([raised(message(who="other-role/session"))], id="a role that the code assumed"),
    ],
)
def test_what_does_not_concern_the_role(lines: list[list[str]]) -> None:
    assert verdict(told(logged(*lines)), READS).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        pytest.param(allow("dynamodb:*"), Outcome.PASS, id="allowed by now"),
        pytest.param(allow("dynamodb:PutItem", TABLE), Outcome.PASS, id="allowed on the table"),
        pytest.param(allow("dynamodb:PutItem", f"{TABLE}/index/*"), Outcome.FAIL, id="allowed on its indexes only"),
        pytest.param(allow("dynamodb:PutItem", TABLE + "2"), Outcome.FAIL, id="allowed on another table"),
        pytest.param(allow("*", Condition={"Bool": {"a": "b"}}), Outcome.UNKNOWN, id="allowed under a condition"),
        pytest.param(deny("dynamodb:Put*", Sid="No"), Outcome.FAIL, id="denied by a statement"),
    ],
)
def test_what_the_policies_say(document: dict[str, object], outcome: Outcome) -> None:
    simulated = "allowed" if outcome is Outcome.PASS else ""
    found = verdict(told(logged(raised(message()))), READS, document, simulated=simulated)
    assert found.outcome is outcome


def test_that_nothing_is_told_excludes_nothing() -> None:
    assert verdict(told(logged(went_well())), READS).ungiven
    assert not verdict(told(logged(raised(message(who="other-role/session")))), READS).ungiven


def test_a_statement_that_denies_is_named_and_nothing_is_added() -> None:
    found = verdict(told(logged(raised(message()))), allow("*"), deny("dynamodb:Put*", Sid="No"))
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "No" in found.remediation.text
    assert all("put-role-policy" not in c for c in found.remediation.commands)


def test_a_simulation_that_denies_counts_only_where_the_documents_do_not_allow() -> None:
    conditional = allow("*", Condition={"Bool": {"a": "b"}})
    denials = told(logged(raised(message())))
    assert verdict(denials, conditional, simulated="implicitDeny").outcome is Outcome.FAIL
    assert verdict(denials, conditional, simulated="implicitDeny", conditions=("a",)).outcome is Outcome.UNKNOWN
    assert verdict(denials, allow("*"), simulated="explicitDeny", organization=False).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("kind", ["resource-based", "session", "service control", "VPC endpoint"])
def test_another_kind_of_policy_is_not_the_roles(kind: str) -> None:
    text = message(why=f" because no {kind} policy allows the dynamodb:PutItem action")
    found = verdict(told(logged(raised(text))), READS)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock
    assert kind in found.unblock.text


def test_unread_policies_leave_it_open_and_say_what_would_help() -> None:
    found = the_check(FUNCTION, told(logged(raised(message()))), DENIED, NOBODY)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock
    assert found.unblock.action == "iam:GetRolePolicy"


def test_a_denial_without_words_leaves_it_open() -> None:
    found = verdict(told(logged(called("[ERROR]\t2026-01-02T03:04:05Z\t{id}\tAccessDenied: no"))), READS)
    assert found.outcome is Outcome.UNKNOWN


def test_s3s_older_message_names_the_operation() -> None:
    text = "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"
    found = verdict(told(logged(raised(text))), allow("s3:GetObject"))
    assert found.outcome is Outcome.FAIL
    assert "s3:PutObject" in found.message
    assert found.remediation
    assert all("put-role-policy" not in c for c in found.remediation.commands), "no resource is known to allow it on"
    some = verdict(told(logged(raised(text))), allow("s3:PutObject", "arn:aws:s3:::a/*"))
    assert some.outcome is Outcome.UNKNOWN


S3 = "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied"
PLAIN = "import boto3\ns3 = boto3.client('s3')\n"
ASSUMES = allow("sts:AssumeRole", "arn:aws:iam::999988887777:role/partner-read")


def credentials(
    text: str = PLAIN, *documents: dict[str, object], line: str = S3, name: str = "app.py", **record: Any
) -> OtherCredentials | Unavailable:
    code = CodeTree(reading=IMAGE, tree=tree({f"/var/task/{name}": text}), root="/var/task", kind="image")
    policies = RolePolicies(reading=IAM, role=ROLE, statements=policy(*documents))
    return other_credentials(told(logged(raised(line))), replace(FUNCTION, **record), policies, code)


@pytest.mark.parametrize(
    ("others", "outcome"),
    [
        pytest.param(credentials(), Outcome.FAIL, id="the role alone can have asked"),
        pytest.param(credentials(PLAIN, allow("*")), Outcome.FAIL, id="an administrator's policy"),
        pytest.param(credentials(PLAIN, ASSUMES), Outcome.UNKNOWN, id="the role may become another"),
        pytest.param(credentials(PLAIN, allow("sts:*")), Outcome.UNKNOWN, id="by a wildcard"),
        pytest.param(
            credentials("c = sts.assume_role(RoleArn=a)\nboto3.client('s3', aws_access_key_id=c)"),
            Outcome.UNKNOWN,
            id="code",
        ),
        pytest.param(credentials("boto3.Session(profile_name='x')"), Outcome.UNKNOWN, id="a profile"),
        pytest.param(
            credentials("new S3Client({ credentials: fromTemporaryCredentials({}) })", name="index.mjs"),
            Outcome.UNKNOWN,
            id="Node.js",
        ),
        pytest.param(credentials(name="main.wasm"), Outcome.UNKNOWN, id="code that cannot be read"),
        pytest.param(credentials(environment=(variable("PARTNER_ROLE_ARN", "x"),)), Outcome.UNKNOWN, id="a variable"),
        pytest.param(credentials(environment=(variable("TABLE_NAME", "x"),)), Outcome.FAIL, id="another variable"),
        pytest.param(DENIED, Outcome.UNKNOWN, id="code that was not read"),
    ],
)
def test_who_was_denied_where_nobody_is_named(others: OtherCredentials | Unavailable, outcome: Outcome) -> None:
    found = told(logged(raised(S3)))
    verdict = the_check(FUNCTION, found, ruled(found, allow("s3:PutObject")), others)
    assert verdict.outcome is outcome
    if outcome is Outcome.UNKNOWN:
        assert verdict.unblock
    named = told(logged(raised(message())))
    assert the_check(FUNCTION, named, ruled(named, READS), others).outcome is Outcome.FAIL, "that names the role"


def test_packages_beside_the_code_are_not_its_own() -> None:
    files = {
        "/var/task/app.py": PLAIN,
        "/var/task/botocore/credentials.py": "def assume_role(): ...",
        "/var/task/botocore-1.0.dist-info/RECORD": "botocore/credentials.py,,\nbotocore-1.0.dist-info/RECORD,,\n",
    }
    found = told(logged(raised(S3)))

    def others(names: set[str]) -> OtherCredentials | Unavailable:
        kept = tree({k: v for k, v in files.items() if k in names})
        code = CodeTree(reading=IMAGE, tree=kept, root="/var/task", kind="image")
        return other_credentials(found, FUNCTION, DENIED, code)

    installed, copied = others(set(files)), others({k for k in files if "dist-info" not in k})
    assert isinstance(installed, OtherCredentials)
    assert installed.evidence is None
    assert isinstance(copied, OtherCredentials)
    assert copied.evidence


def test_who_is_named_is_not_looked_for() -> None:
    assert isinstance(credentials(line=message()), Unavailable)


def test_a_pasted_text_counts_where_it_names_the_role() -> None:
    found = verdict(told(NOT_GIVEN, message()), READS)
    assert found.outcome is Outcome.FAIL
    assert any(e.origin is Origin.RECORD for e in found.evidence)
    assert verdict(told(NOT_GIVEN, message(who="")), READS).outcome is Outcome.UNKNOWN
    assert verdict(told(NOT_GIVEN, message(who="ci/session")), READS).outcome is Outcome.NOT_APPLICABLE
