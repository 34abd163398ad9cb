from __future__ import annotations

import pytest

from tests.factories import SOURCE, tree
from troubleshooter.analysis.cdk.assets import cdk_assets
from troubleshooter.checks.build.cdk_asset_recursion import cdk_asset_recursion as the_check
from troubleshooter.facts import Unavailable
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.template import CdkAssets, CdkCode
from troubleshooter.model import Outcome


def assets(call: str, *, path: str = "app.py", files: dict[str, str] | None = None) -> CdkAssets | Unavailable:
    code = f"import aws_cdk\nfrom aws_cdk import aws_lambda as lambda_\n{call}\n"
    kept = tree({**(files if files is not None else {"/cdk.json": "{}"})})
    source = CodeTree(reading=SOURCE, tree=kept, root="/", kind="source")
    return cdk_assets(CdkCode(reading=SOURCE, files={path: code}), source)


@pytest.mark.parametrize(
    "call",
    [
        'lambda_.Function(self, "F", code=lambda_.Code.from_asset("."))',
        "code: lambda.Code.fromAsset('./'),",
        'Code.from_asset(\n    ".."\n)',
    ],
)
def test_the_apps_own_folder(call: str) -> None:
    found = assets(call)
    assert isinstance(found, CdkAssets)
    verdict = the_check(found)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence[0].source == "app.py:3"
    assert verdict.remediation
    assert "exclude" in verdict.remediation.text


@pytest.mark.parametrize(
    "call",
    [
        'lambda_.Code.from_asset(".", exclude=["cdk.out"])',
        'lambda_.Code.from_asset("lambda")',
        "lambda.Code.fromAsset('.', { exclude: ['cdk.out'] })",
        'lambda_.DockerImageCode.from_image_asset(".")',
        '# lambda_.Code.from_asset(".")',
        "// code: lambda.Code.fromAsset('.')",
        "lambda.Code.fromAsset(path.join(__dirname, '.'))",
    ],
)
def test_other_assets_pass(call: str) -> None:
    found = assets(call)
    assert isinstance(found, CdkAssets)
    assert the_check(found).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "files",
    [{}, {"/cdk.json": '{"output": "../out"}'}, {"/cdk.json": "no json"}, {"/a/cdk.json": "{}", "/b/cdk.json": "{}"}],
)
def test_where_the_output_goes_must_be_known(files: dict[str, str]) -> None:
    assert isinstance(assets('Code.from_asset(".")', files=files), Unavailable)


def test_an_app_in_a_folder_of_its_own() -> None:
    files = {"/infra/cdk.json": "{}"}
    found = assets('Code.from_asset("..")', path="infra/app.py", files=files)
    assert isinstance(found, CdkAssets)
    assert "infra/cdk.out" in the_check(found).message
    other = assets('Code.from_asset("..")', path="tools/x.py", files=files)
    assert isinstance(other, CdkAssets)
    assert other.whole == ()
