from __future__ import annotations

from tests.launching import NO_TREE, aws_base, custom_base, custom_config, launched, link, script_config
from troubleshooter.checks.spawn.entrypoint_symlink import entrypoint_symlink as the_check
from troubleshooter.model import Outcome, Severity


def test_a_link_is_worth_knowing_and_no_more() -> None:
    found = launched(custom_base(), image=custom_config()).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert "/usr/local/bin/python3.12" in found.message
    assert found.remediation
    assert found.remediation.commands == ()
    severity = the_check.__check__[1]  # type: ignore[attr-defined]
    assert severity is Severity.INFO


def test_a_bare_name_is_looked_up_first() -> None:
    found = launched(custom_base(), image=script_config("python3")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].source == "image /usr/local/bin/python3"


def test_files_and_links_among_the_parents_are_fine() -> None:
    assert launched(aws_base()).ask(the_check).outcome is Outcome.PASS
    assert launched(custom_base(), image=script_config("/bin/bash")).ask(the_check).outcome is Outcome.PASS


def test_a_dangling_link_is_another_mode() -> None:
    files = {**custom_base(), "/entry.sh": link("/gone")}
    assert launched(files, image=script_config()).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
