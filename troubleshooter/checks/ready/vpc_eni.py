"""Network interfaces for the function's VPC cannot be made.

What it looks for
    ENI or address limits, `InvalidSubnet`, or a role that may not call `CreateNetworkInterface`.

Why it breaks
    A function in a VPC needs network interfaces in its subnets, made with the execution role's permission
    (`ec2:CreateNetworkInterface`, `DescribeNetworkInterfaces`, `DeleteNetworkInterface`). No free addresses, a quota,
    or a missing action stops deployment or start. Deleting such a function takes long for the same reason.

How it is told apart
    A policy that is complete and still denied points at `scp_denies_action`. A function that starts and reaches
    nothing is `vpc_no_egress`.

Fix
    Attach AWSLambdaVPCAccessExecutionRole, free addresses or add subnets, raise the quota for interfaces.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
"""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._readiness import READY, Refusal, aws_lambda, refusal
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"does not have permissions to call (?:CreateNetworkInterface|DescribeNetworkInterfaces"
        r"|DeleteNetworkInterface) on EC2",
        3,
    ),
    signature(
        r"ENILimitReached|EniLimitExceeded|SubnetIPAddressLimitReached|SubnetOutOfIPAddresses"
        r"|limit for Network Interfaces has been reached",
        3,
    ),
    signature(r"EC2AccessDeniedException|InsufficientRolePermissions|EC2ThrottledException|EC2UnexpectedException", 2),
    signature(r"not (?:have )?enough (?:free )?(?:IP )?addresses|no available IP addresses", 3),
    signature(
        r"InvalidSubnetIDException|InvalidSecurityGroupIDException|InvalidSubnet\b|InvalidSecurityGroup\b",
        2,
        unless=r"Malformed",
    ),
    signature(
        r"not able to (?:create|set up) an? (?:ENI|network interface)|has a dependent object"
        r"|is currently in use and cannot be deleted",
        2,
    ),
    signature(r"not authorized to perform: ec2:\w*NetworkInterface", 3),
    signature(r"SubnetIds and Security\w*Ids must coexist", 2),
    signature(r"throttled by EC2|EC2 Error Code:\s+RequestLimitExceeded", 3),
    signature(
        r"EC2 Error Code: Invalid(?:Group|SubnetID|SecurityGroupID)\.NotFound"
        r"|(?:subnet ID|security group) ['\x22]?(?:subnet|sg)-\w+['\x22]? does not exist",
        3,
    ),
)
ASK = "Does the execution role have AWSLambdaVPCAccessExecutionRole, and have the subnets free addresses?"


_MEANING = {
    "EniLimitExceeded": "the account's quota of network interfaces is reached",
    "SubnetOutOfIPAddresses": "the subnets have no free addresses",
    "InvalidSubnet": "a subnet of its VPC configuration is not valid",
    "InvalidSecurityGroup": "a security group of its VPC configuration is not valid",
}
_FIX = {
    "EniLimitExceeded": "Raise the quota of network interfaces per VPC, or remove functions and subnets that need them.",
    "SubnetOutOfIPAddresses": "Free addresses in the function's subnets, or give it more or larger subnets.",
    "InvalidSubnet": "Give the function subnets that exist, in one VPC and its own account.",
    "InvalidSecurityGroup": "Give the function security groups that exist in the VPC of its subnets.",
}
_ROLE = "InsufficientRolePermissions"
_POLICY = "iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


@check(title="Lambda can make the function's network interfaces", severity=Severity.ERROR, rung=Rung.READY)
def vpc_eni(function: FunctionRecord) -> Verdict:
    """Reads AWS's reason code for a function that did not become ready."""
    found = refusal(function, None, _ours)
    if isinstance(found, Verdict):
        return found
    meaning = _MEANING.get(found.code, "the execution role may not make them")
    message = f"AWS cannot make the network interfaces for the function's VPC: {meaning}"
    return failed(message, *found.evidence, remediation=_fix(function, found.code))


def _ours(refused: Refusal) -> bool:
    if refused.code == _ROLE:
        return re.search(r"NetworkInterface", refused.text) is not None
    return refused.code in _MEANING


def _fix(function: FunctionRecord, code: str) -> Remediation:
    see = aws_lambda(function, "get-function-configuration", "--query", "VpcConfig")
    if code != _ROLE:
        return Remediation(f"{_FIX[code]} Then update the function again.", (see,), READY)
    text = (
        "Give the execution role the right to make, list and delete network interfaces, then update the function again."
    )
    if not function.role:
        return Remediation(text, (), READY)
    attach = ["aws", "iam", "attach-role-policy", "--role-name", function.role.rpartition("/")[2]]
    partition = function.role.split(":")[1] if function.role.startswith("arn:") else "aws"
    return Remediation(text, (shlex.join([*attach, "--policy-arn", f"arn:{partition}:{_POLICY}"]),), READY)
