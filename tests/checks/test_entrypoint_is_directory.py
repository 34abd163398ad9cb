from __future__ import annotations

from tests.launching import NO_TREE, Files, custom_base, folder, launched, link, program, script_config
from troubleshooter.checks.spawn.entrypoint_is_directory import entrypoint_is_directory as the_check
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Outcome, Verdict


def verdict(files: Files) -> Verdict:
    return launched({**custom_base(), **files}, image=script_config()).ask(the_check)


def test_a_directory_and_what_it_holds() -> None:
    found = verdict({"/entry.sh": folder(), "/entry.sh/entry.sh": program("#!/bin/sh\n")})
    assert found.outcome is Outcome.FAIL
    assert found.evidence[-1].value == "directory, mode 0755"
    assert found.remediation
    assert "/entry.sh/entry.sh" in found.remediation.text


def test_a_link_to_a_directory_and_a_device() -> None:
    assert verdict({"/entry.sh": link("/function")}).outcome is Outcome.FAIL
    assert verdict({"/entry.sh": Entry(Kind.OTHER, 0o777)}).outcome is Outcome.FAIL


def test_a_file() -> None:
    assert verdict({"/entry.sh": program("#!/bin/sh\n")}).outcome is Outcome.PASS


def test_look_alikes_are_others() -> None:
    assert verdict({"/entry.sh": program("#!/bin/sh\n", 0o644)}).outcome is Outcome.NOT_APPLICABLE
    assert verdict({"/entry.sh": program("#!/function\n")}).outcome is Outcome.NOT_APPLICABLE


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
