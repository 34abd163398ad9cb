from __future__ import annotations

from tests.factories import function_record
from tests.launching import NO_FUNCTION, NO_TREE, Files, custom_base, launched, link, program, script_config
from troubleshooter.checks.spawn.entrypoint_missing_file import entrypoint_missing_file as the_check
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Outcome, Verdict

SCRIPT = "#!/bin/sh\nexec python\n"


def verdict(files: Files | None = None, name: str = "/entry.sh") -> Verdict:
    return launched({**custom_base(), **(files or {})}, image=script_config(name)).ask(the_check)


def test_a_path_at_which_nothing_lies() -> None:
    found = verdict()
    assert found.outcome is Outcome.FAIL
    assert "/entry.sh" in found.message
    assert [e.value for e in found.evidence] == ['["/entry.sh"]', "nothing there"]
    assert found.evidence[1].source == "image /entry.sh"


def test_a_link_to_nothing_and_a_path_through_a_file() -> None:
    assert verdict({"/entry.sh": link("/build/entry.sh")}).outcome is Outcome.FAIL
    assert verdict(name="/function/app.py/entry.sh").outcome is Outcome.FAIL


def test_a_file_of_the_same_name_elsewhere_is_pointed_out() -> None:
    found = verdict({"/usr/local/bundle/bin/ric": program(SCRIPT)}, "/usr/local/bin/ric")
    assert found.remediation
    assert "/usr/local/bundle/bin/ric" in found.remediation.text


def test_a_file_that_is_there() -> None:
    assert verdict({"/entry.sh": program(SCRIPT)}).outcome is Outcome.PASS
    assert verdict({"/entry.sh": link("/bin/sh")}).outcome is Outcome.PASS


def test_look_alikes_are_others() -> None:
    for content in ("#!/bin/sh\r\n", "#!/bin/zsh\n"):
        assert verdict({"/entry.sh": program(content)}).outcome is Outcome.NOT_APPLICABLE
    assert verdict(name="entry.sh").outcome is Outcome.NOT_APPLICABLE


def test_the_override_counts_and_is_cited() -> None:
    function = function_record(override=ImageOverride(entrypoint=("/gone",)))
    found = launched(custom_base(), function, script_config("/gone-too")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].label == "ImageConfig.EntryPoint"


def test_before_deployment_only_the_build_is_advised() -> None:
    found = launched(custom_base(), NO_FUNCTION, script_config()).ask(the_check)
    assert found.remediation
    assert [c.split()[0] for c in found.remediation.commands] == ["docker"]


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE, image=script_config()).ask(the_check).outcome is Outcome.UNKNOWN
    zipped = launched(custom_base(), function_record(package_type="Zip"), script_config())
    assert zipped.ask(the_check).outcome is Outcome.NOT_APPLICABLE
