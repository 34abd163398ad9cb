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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.READY
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
)
ASK = "Does the execution role have AWSLambdaVPCAccessExecutionRole, and have the subnets free addresses?"
