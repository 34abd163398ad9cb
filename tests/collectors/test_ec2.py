"""The network around a function, over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import AT, function_record
from tests.lab.aws import Account
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.ec2 import describe_endpoints, describe_groups, describe_interfaces, describe_routes
from troubleshooter.facts import CallLog, Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.network import EgressRule, EgressRules, Endpoint, Interface, NetworkWait, Route
from troubleshooter.model import Origin

WAIT = NetworkWait(reading=Reading("logs", Origin.PLATFORM_LOG, AT))
FUNCTION = function_record(vpc_attached=True, vpc="vpc-1", subnets=("subnet-1",), security_groups=("sg-1",))
NETWORK: dict[str, list[dict[str, Any]]] = {
    "RouteTables": [
        {
            "RouteTableId": "rtb-1",
            "VpcId": "vpc-1",
            "Associations": [{"Main": True}, {"SubnetId": "subnet-1", "Main": False}],
            "Routes": [
                {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
                {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "blackhole"},
                {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"},
                {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"},
            ],
        },
        {"RouteTableId": "rtb-2", "VpcId": "vpc-2", "Associations": [], "Routes": []},
    ],
    "VpcEndpoints": [
        {
            "VpcEndpointId": "vpce-1",
            "VpcId": "vpc-1",
            "ServiceName": "com.amazonaws.eu-west-1.s3",
            "VpcEndpointType": "Gateway",
            "State": "available",
        }
    ],
    "SecurityGroups": [
        {
            "GroupId": "sg-1",
            "VpcId": "vpc-1",
            "IpPermissionsEgress": [
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
                {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}], "PrefixListIds": [{"PrefixListId": "pl-1"}]},
            ],
        }
    ],
    "NetworkInterfaces": [
        {
            "NetworkInterfaceId": "eni-1",
            "SubnetId": "subnet-1",
            "InterfaceType": "lambda",
            "Association": {"PublicIp": "54.1.2.3"},
        },
        {"NetworkInterfaceId": "eni-2", "SubnetId": "subnet-1", "InterfaceType": "interface"},
    ],
}


def aws(account: Account) -> Aws:
    return Aws(CallLog(), region=account.region, endpoint_url=account.url)


def test_the_network_is_read(aws_account: Account) -> None:
    aws_account.around.network = NETWORK
    routes = describe_routes(FUNCTION, WAIT, aws(aws_account))
    (table,) = routes.tables
    assert (table.id, table.main, table.subnets) == ("rtb-1", True, ("subnet-1",))
    assert table.routes == (
        Route("10.0.0.0/16", "local"),
        Route("0.0.0.0/0", "nat-1", active=False),
        Route("::/0", "eigw-1"),
        Route("pl-1", "vpce-1"),
    )
    assert routes.of("subnet-1") == routes.of("subnet-9") == table
    endpoints = describe_endpoints(FUNCTION, WAIT, aws(aws_account))
    assert endpoints.endpoints == (Endpoint("vpce-1", "com.amazonaws.eu-west-1.s3", "Gateway"),)
    groups = describe_groups(FUNCTION, WAIT, aws(aws_account))
    assert isinstance(groups, EgressRules)
    assert groups.rules == (
        EgressRule("sg-1", "tcp", 443, 443, ("10.0.0.0/8",)),
        EgressRule("sg-1", "-1", None, None, ("::/0",), ("pl-1",)),
    )
    interfaces = describe_interfaces(FUNCTION, WAIT, aws(aws_account))
    assert interfaces.interfaces == (Interface("eni-1", "subnet-1", "54.1.2.3"),)
    aws_account.assert_only_reads()
    assert len(aws_account.operations) == 4


def test_denied_names_the_action(aws_account: Account) -> None:
    with pytest.raises(SourceError) as caught:
        describe_routes(FUNCTION, WAIT, aws(aws_account))
    unblock = caught.value.unavailable.unblock
    assert unblock
    assert unblock.action == "ec2:DescribeRouteTables"


def test_what_makes_no_sense_is_malformed(aws_account: Account) -> None:
    aws_account.answer("ec2", "DescribeRouteTables", {"RouteTables": [{"VpcId": "vpc-1"}]})
    with pytest.raises(SourceError) as caught:
        describe_routes(FUNCTION, WAIT, aws(aws_account))
    assert caught.value.unavailable.reason is Reason.MALFORMED


def test_without_groups_none_are_asked_for(aws_account: Account) -> None:
    found = describe_groups(function_record(), WAIT, aws(aws_account))
    assert isinstance(found, Unavailable)
    assert aws_account.operations == []
