from __future__ import annotations

from dataclasses import replace

import pytest

from tests.checks.happened import NOT_GIVEN, called, ran_out_of_time, told, went_well
from tests.checks.waiting import CONNECT, DENIED, FUNCTION, OPEN, calling, waited, way_out
from troubleshooter.checks.invoke.vpc_no_egress import vpc_no_egress as the_check
from troubleshooter.facts import Unavailable
from troubleshooter.facts.network import Egress, EgressRule, NetworkWait, OutboundCalls, Route
from troubleshooter.model import Origin, Outcome, Rung, Verdict

IGW, NAT = Route("0.0.0.0/0", "igw-1"), Route("0.0.0.0/0", "nat-1")
MONITORING = "monitoring.eu-west-1.amazonaws.com"


def failing(text: str = CONNECT) -> NetworkWait:
    found = waited(told(called(f"[ERROR] ConnectTimeoutError: {text}\nTraceback (most recent call last):\n  File")))
    assert isinstance(found, NetworkWait)
    return found


def timed_out() -> NetworkWait:
    found = waited(told(ran_out_of_time()))
    assert isinstance(found, NetworkWait)
    return found


def verdict(
    wait: NetworkWait, egress: Egress | Unavailable, outbound: OutboundCalls | Unavailable = NOT_GIVEN
) -> Verdict:
    return the_check(FUNCTION, wait, egress, outbound)


@pytest.mark.parametrize(
    "routes",
    [
        pytest.param((), id="no route"),
        pytest.param((IGW,), id="an internet gateway"),
        pytest.param((Route("0.0.0.0/0", "nat-1", active=False),), id="a NAT gateway that is gone"),
        pytest.param((Route("pl-1", "vpce-1"),), id="S3 only"),
        pytest.param((Route("::/0", "eigw-1"),), id="IPv6, which the function has not"),
    ],
)
def test_a_named_host_outside_without_a_way_out_fails(routes: tuple[Route, ...]) -> None:
    wait = failing()
    found = verdict(wait, way_out(wait, *routes))
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.INVOKE
    assert MONITORING in found.message
    assert Origin.RECORD in {e.origin for e in found.evidence}
    assert found.remediation
    assert "com.amazonaws.eu-west-1.monitoring" in found.remediation.text
    assert "vpc-1" in found.remediation.commands[0]


@pytest.mark.parametrize(
    ("routes", "outcome"),
    [
        pytest.param((NAT,), Outcome.PASS, id="NAT"),
        pytest.param((IGW, NAT), Outcome.PASS, id="NAT beside an internet gateway"),
        pytest.param((Route("0.0.0.0/0", "tgw-1"),), Outcome.UNKNOWN, id="transit gateway"),
        pytest.param((Route("0.0.0.0/0", "eni-1"),), Outcome.UNKNOWN, id="NAT instance"),
        pytest.param((Route("0.0.0.0/0", "vpce-1"),), Outcome.UNKNOWN, id="firewall endpoint"),
        pytest.param((Route("0.0.0.0/0", "vgw-1"),), Outcome.UNKNOWN, id="VPN"),
        pytest.param((Route("52.0.0.0/8", "pcx-1"),), Outcome.UNKNOWN, id="a part of the public addresses, peered"),
        pytest.param((Route("pl-7", "tgw-1"),), Outcome.UNKNOWN, id="a prefix list"),
        pytest.param((Route("0.0.0.0/1", "nat-1"), Route("128.0.0.0/1", "nat-1")), Outcome.PASS, id="two halves"),
    ],
)
def test_ways_out(routes: tuple[Route, ...], outcome: Outcome) -> None:
    wait = failing()
    found = verdict(wait, way_out(wait, *routes))
    assert found.outcome is outcome
    if outcome is Outcome.UNKNOWN:
        assert found.unblock


@pytest.mark.parametrize(
    "host",
    [
        "10.0.3.7",
        "172.16.1.1",
        "db.abc.eu-west-1.rds.amazonaws.com",
        "cache.x.0001.euw1.cache.amazonaws.com",
        "api.internal",
        "redis",
    ],
)
def test_hosts_inside_are_another_matter(host: str) -> None:
    wait = failing(f"Error: connect ETIMEDOUT {host}:5432")
    assert verdict(wait, way_out(wait)).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    "host",
    [
        "52.94.5.1",
        "api.stripe.com",
        "storage.googleapis.com",
        "sts.amazonaws.com",
        "bucket.s3.eu-west-1.amazonaws.com",
        "abc.execute-api.eu-west-1.amazonaws.com",
    ],
)
def test_hosts_outside(host: str) -> None:
    wait = failing(f"Error: connect ETIMEDOUT {host}:443")
    assert verdict(wait, way_out(wait, IGW)).outcome is Outcome.FAIL


@pytest.mark.parametrize("service", ["monitoring", "monitoring-fips"])
def test_an_endpoint_stands_for_its_service(service: str) -> None:
    wait = failing()
    assert (
        verdict(wait, way_out(wait, services=(f"com.amazonaws.eu-west-1.{service}",))).outcome is Outcome.NOT_APPLICABLE
    )
    other = way_out(wait, services=("com.amazonaws.eu-west-1.logs",))
    assert verdict(wait, other).outcome is Outcome.FAIL


def test_ipv6_and_elastic_addresses() -> None:
    wait = failing()
    assert verdict(wait, way_out(wait, Route("::/0", "eigw-1"), ipv6=True)).outcome is Outcome.PASS
    assert verdict(wait, way_out(wait, Route("::/0", "igw-1"), ipv6=True)).outcome is Outcome.UNKNOWN
    assert verdict(wait, way_out(wait, IGW, address="54.1.2.3")).outcome is Outcome.UNKNOWN
    assert verdict(wait, way_out(wait, IGW, interfaces=False)).outcome is Outcome.UNKNOWN, "they may have one"
    assert verdict(wait, way_out(wait, interfaces=False)).outcome is Outcome.FAIL, (
        "without a gateway it does not matter"
    )


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [
        pytest.param((OPEN,), Outcome.PASS, id="all"),
        pytest.param((), Outcome.FAIL, id="none"),
        pytest.param((EgressRule("sg-1", "tcp", 5432, 5432, blocks=("10.0.0.0/8",)),), Outcome.FAIL, id="the database"),
        pytest.param((EgressRule("sg-1", "tcp", 443, 443, others=("pl-1",)),), Outcome.PASS, id="a prefix list"),
        pytest.param((EgressRule("sg-1", "tcp", 443, 443, blocks=("::/0",)),), Outcome.PASS, id="IPv6"),
        pytest.param(DENIED, Outcome.PASS, id="not read"),
    ],
)
def test_security_groups(rules: tuple[EgressRule, ...] | Unavailable, outcome: Outcome) -> None:
    wait = failing()
    found = verdict(wait, way_out(wait, NAT, rules=rules))
    assert found.outcome is outcome
    if outcome is Outcome.FAIL:
        assert found.remediation
        assert "sg-1" in found.remediation.commands[0]


@pytest.mark.parametrize(
    ("host", "port"),
    [
        pytest.param("search.shop.example.com", 9200, id="a private zone's"),
        pytest.param("api.example.com", 443, id="so may this be"),
        pytest.param("sts.eu-west-1.amazonaws.com", 8443, id="an odd port"),
        pytest.param("fakestripe.com", 443, id="like a known one"),
    ],
)
def test_names_that_may_lie_inside_leave_it_open(host: str, port: int) -> None:
    wait = failing(f"Error: connect ETIMEDOUT {host}:{port}")
    found = verdict(wait, way_out(wait, IGW))
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock
    assert host in found.unblock.text


@pytest.mark.parametrize("host", ["ec2-52-1-2-3.compute-1.amazonaws.com", "search-x.eu-west-1.es.amazonaws.com"])
def test_names_of_aws_that_lie_inside(host: str) -> None:
    wait = failing(f"Error: connect ETIMEDOUT {host}:443")
    assert verdict(wait, way_out(wait)).outcome is Outcome.NOT_APPLICABLE


def test_neighbours_may_have_the_endpoint() -> None:
    closed = Route("10.8.0.0/16", "tgw-1")
    assert verdict(failing(), way_out(failing(), closed)).outcome is Outcome.UNKNOWN
    public = failing("Error: connect ETIMEDOUT 52.94.5.1:443")
    assert verdict(public, way_out(public, closed)).outcome is Outcome.FAIL, "an address is not shared"
    gone = Route("10.8.0.0/16", "tgw-1", active=False)
    assert verdict(failing(), way_out(failing(), gone)).outcome is Outcome.FAIL


def test_a_network_of_public_addresses() -> None:
    wait = failing("Error: connect ETIMEDOUT 52.94.5.1:443")
    assert verdict(wait, way_out(wait, Route("52.94.0.0/16", "local"))).outcome is Outcome.NOT_APPLICABLE


def test_unread_endpoints_may_stand_for_the_service() -> None:
    wait = failing()
    unread = replace(way_out(wait), services_known=False)
    assert verdict(wait, unread).outcome is Outcome.UNKNOWN


def test_a_time_out_alone_needs_a_call_that_is_certain() -> None:
    wait = timed_out()
    closed = way_out(wait, IGW)
    found = verdict(wait, closed, calling(MONITORING, certain=True))
    assert found.outcome is Outcome.FAIL
    assert "waits for" not in found.message
    assert "image layers /var/task/app.py:3" in [e.source for e in found.evidence]
    mentioned = verdict(wait, closed, calling(MONITORING))
    assert mentioned.outcome is Outcome.UNKNOWN
    assert MONITORING in mentioned.message
    for nothing in (NOT_GIVEN, calling(), calling("db.internal", "api.example.com", certain=True)):
        assert verdict(wait, closed, nothing).outcome is Outcome.UNKNOWN
    reached = way_out(wait, services=("com.amazonaws.eu-west-1.s3",))
    assert verdict(wait, reached, calling("s3.eu-west-1.amazonaws.com", certain=True)).outcome is Outcome.UNKNOWN


def test_subnets_that_differ() -> None:
    wait = failing()
    assert verdict(wait, way_out(wait, NAT, others={"subnet-2": ()})).outcome is Outcome.FAIL
    assert verdict(timed_out(), way_out(wait, NAT, others={"subnet-2": ()})).outcome is Outcome.UNKNOWN
    own = way_out(wait, others={"subnet-1": (NAT,)})
    assert verdict(wait, own).outcome is Outcome.PASS, "its own table, not the main one"


def test_code_that_goes_on_is_not_blamed() -> None:
    wait = waited(told(called(f"WARN telemetry: {CONNECT}")))
    assert isinstance(wait, NetworkWait)
    assert verdict(wait, way_out(wait)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([went_well()], id="all is well"),
        pytest.param([called(CONNECT), *([went_well()] * 9)], id="once, long ago"),
        pytest.param([called("ReadTimeoutError: Read timed out. (read timeout=60)")], id="it was reached"),
        pytest.param([called("connect ECONNREFUSED 52.1.2.3:443")], id="it refused"),
        pytest.param([called("getaddrinfo EAI_AGAIN api.example.com")], id="a look-up"),
    ],
)
def test_nothing_is_asked_without_a_symptom(lines: list[list[str]]) -> None:
    assert isinstance(waited(told(*lines)), Unavailable)


def test_outside_of_a_vpc_nothing_is_asked() -> None:
    assert isinstance(waited(told(ran_out_of_time()), vpc_attached=False), Unavailable)


def test_an_init_is_another_matter() -> None:
    wait = NetworkWait(reading=failing().reading, phase="init")
    assert verdict(wait, way_out(wait)).outcome is Outcome.NOT_APPLICABLE


def test_unread_routes_leave_it_open() -> None:
    assert verdict(failing(), DENIED).outcome is Outcome.UNKNOWN


def test_a_pasted_text_counts_with_the_routes() -> None:
    wait = waited(NOT_GIVEN, CONNECT)
    assert isinstance(wait, NetworkWait)
    found = verdict(wait, way_out(wait, IGW))
    assert found.outcome is Outcome.FAIL
    assert {e.origin for e in found.evidence} == {Origin.PASTED, Origin.RECORD}
