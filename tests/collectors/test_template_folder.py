from __future__ import annotations

import json
from pathlib import Path

import pytest

from troubleshooter.collectors.template_folder import templates_in
from troubleshooter.errors import UsageError
from troubleshooter.facts.given import GivenTemplate
from troubleshooter.facts.template import Template
from troubleshooter.intake import given
from troubleshooter.model import Target

STACK = json.dumps({"Resources": {"Api": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 5}}}}, indent=1)


def assembly(folder: Path, *stacks: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    artifacts = {
        stack: {"type": "aws:cloudformation:stack", "properties": {"templateFile": f"{stack}.template.json"}}
        for stack in stacks
    }
    (folder / "manifest.json").write_text(json.dumps({"version": "39", "artifacts": artifacts}))
    for stack in stacks:
        (folder / f"{stack}.template.json").write_text(STACK)


def test_a_project_with_cdk_out_gives_its_stacks_and_those_of_stages(tmp_path: Path) -> None:
    out = tmp_path / "cdk.out"
    assembly(out, "Dev")
    assembly(out / "assembly-Prod", "Live")
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["artifacts"]["assembly-Prod"] = {
        "type": "cdk:cloud-assembly",
        "properties": {"directoryName": "assembly-Prod"},
    }
    (out / "manifest.json").write_text(json.dumps(manifest))
    (out / "left-over.template.json").write_text(STACK)
    found = templates_in(tmp_path)
    assert [(file.stack, file.name) for file in found] == [
        ("Live", "assembly-Prod/Live.template.json"),
        ("Dev", "Dev.template.json"),
    ]


def test_equal_ids_of_two_stacks_are_told_apart(tmp_path: Path) -> None:
    from tests.analysis.template_store import PROVIDERS
    from troubleshooter.facts import Store
    from troubleshooter.redact import Secrets

    assembly(tmp_path / "cdk.out", "Dev", "Live")
    seed = given(Target(template=tmp_path / "cdk.out"))[GivenTemplate]
    template = Store(PROVIDERS, [seed, Secrets(b"salt")]).get(Template)
    assert isinstance(template, Template)
    assert [f.logical_id for f in template.functions] == ["Dev/Api", "Live/Api"]
    assert template.functions[0].place == "Dev.template.json:3"


def test_a_project_with_one_template_gives_it(tmp_path: Path) -> None:
    (tmp_path / "serverless.yml").write_text("service: a\n")
    assert [file.name for file in templates_in(tmp_path)] == ["serverless.yml"]


@pytest.mark.parametrize(
    ("name", "words"), [("main.tf", "terraform show -json"), ("cdk.json", "cdk synth"), ("notes.txt", "no template")]
)
def test_a_folder_without_one_says_what_to_give(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(UsageError, match=words) as caught:
        templates_in(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_broken_manifest_leaves_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    (tmp_path / "One.template.json").write_text(STACK)
    assert [file.stack for file in templates_in(tmp_path)] == ["One"]
