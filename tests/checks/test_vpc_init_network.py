from __future__ import annotations

import pytest

from tests.checks.happened import exited_in_init, ran_out_of_time, told
from tests.checks.waiting import CONNECT, DENIED, FUNCTION, waited, way_out
from troubleshooter.checks.init.vpc_init_network import vpc_init_network as the_check
from troubleshooter.facts.network import NetworkWait, Route
from troubleshooter.model import Outcome, Rung

SLOW = "INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout"


def init(*lines: str) -> NetworkWait:
    found = waited(told([*lines, SLOW, *ran_out_of_time(init_ms=None)]))
    assert isinstance(found, NetworkWait)
    return found


def test_an_init_that_waits_for_what_it_cannot_reach_fails() -> None:
    wait = init(CONNECT)
    found = the_check(FUNCTION, wait, way_out(wait, Route("0.0.0.0/0", "igw-1")))
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.INIT
    assert found.remediation


def test_an_import_that_fails_so_bites_at_the_handler() -> None:
    wait = waited(told(exited_in_init("with error: exit status 1", CONNECT)))
    assert isinstance(wait, NetworkWait)
    found = the_check(FUNCTION, wait, way_out(wait))
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.HANDLER


@pytest.mark.parametrize(
    ("lines", "routes", "outcome"),
    [
        pytest.param((CONNECT,), (Route("0.0.0.0/0", "nat-1"),), Outcome.PASS, id="a way out"),
        pytest.param((CONNECT,), (Route("0.0.0.0/0", "tgw-1"),), Outcome.UNKNOWN, id="who knows"),
        pytest.param(("loading the model",), (), Outcome.UNKNOWN, id="nothing says that it waits for the network"),
        pytest.param(("connect ETIMEDOUT 10.0.0.7:5432",), (), Outcome.NOT_APPLICABLE, id="the database inside"),
    ],
)
def test_look_alikes(lines: tuple[str, ...], routes: tuple[Route, ...], outcome: Outcome) -> None:
    wait = init(*lines)
    assert the_check(FUNCTION, wait, way_out(wait, *routes)).outcome is outcome


def test_the_handlers_wait_is_another_matter() -> None:
    wait = waited(told(ran_out_of_time(CONNECT)))
    assert isinstance(wait, NetworkWait)
    found = the_check(FUNCTION, wait, way_out(wait))
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert found.ungiven, "a text may tell of an init that the log does not show"


def test_unread_routes_leave_it_open() -> None:
    assert the_check(FUNCTION, init(CONNECT), DENIED).outcome is Outcome.UNKNOWN
