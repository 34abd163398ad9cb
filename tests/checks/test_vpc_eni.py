from __future__ import annotations

import shlex

import pytest

from tests.checks.refusing import INNOCENT, failed_state, failed_update
from tests.factories import function_record
from troubleshooter.checks.ready.vpc_eni import vpc_eni as the_check
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Outcome

ROLE = "arn:aws:iam::123456789012:role/service-role/demo role"
DENIED = "The function's execution role does not have permissions to call CreateNetworkInterface on EC2."


@pytest.mark.parametrize(("record", "outcome"), INNOCENT)
def test_what_is_no_such_failure(record: FunctionRecord, outcome: Outcome) -> None:
    assert the_check(record).outcome is outcome


@pytest.mark.parametrize(
    "code", ["EniLimitExceeded", "SubnetOutOfIPAddresses", "InvalidSubnet", "InvalidSecurityGroup"]
)
def test_codes_of_the_network_fail(code: str) -> None:
    for record in (failed_state(code), failed_update(code, "text"), failed_state(code, package_type="Zip")):
        verdict = the_check(record)
        assert verdict.outcome is Outcome.FAIL
        assert code in [e.value for e in verdict.evidence]
        assert verdict.remediation
        (see,) = map(shlex.split, verdict.remediation.commands)
        assert "VpcConfig" in see


def test_a_vpc_alone_is_no_failure() -> None:
    assert the_check(function_record(vpc_attached=True)).outcome is Outcome.PASS


def test_a_role_that_may_not_make_interfaces_is_given_the_policy() -> None:
    verdict = the_check(failed_state("InsufficientRolePermissions", DENIED, role=ROLE))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    (attach,) = map(shlex.split, verdict.remediation.commands)
    assert attach[attach.index("--role-name") + 1] == "demo role"
    assert attach[-1] == "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


def test_without_the_role_no_command_is_invented() -> None:
    verdict = the_check(failed_state("InsufficientRolePermissions", DENIED, role=None))
    assert verdict.remediation
    assert verdict.remediation.commands == ()


def test_a_role_that_lacks_something_else_is_another_failure() -> None:
    record = failed_state("InsufficientRolePermissions", "The role may not call elasticfilesystem:ClientMount")
    assert the_check(record).outcome is Outcome.NOT_APPLICABLE
