from __future__ import annotations

import pytest

from tests.analysis.template_store import template_store
from tests.factories import image_config
from troubleshooter.analysis.runtime.language import zip_runtime
from troubleshooter.analysis.spawn.launch import effective_launch
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord, ImageOverride
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Origin

HEAD = "Parameters: {Cpu: {Type: String, Default: arm64}}\nResources:\n  Api:\n    Type: AWS::Lambda::Function\n    Properties:\n"


def read(*lines: str) -> FunctionRecord | Unavailable:
    return template_store(HEAD + "".join(f"      {line}\n" for line in lines)).get(FunctionRecord)


def record(*lines: str) -> FunctionRecord:
    found = read(*lines)
    assert isinstance(found, FunctionRecord)
    return found


def test_what_the_template_states() -> None:
    found = record(
        "PackageType: Image",
        "FunctionName: api",
        "Architectures: [arm64]",
        "Timeout: 30",
        'MemorySize: "512"',
        "EphemeralStorage: {Size: 2048}",
        "Role: arn:aws:iam::123456789012:role/api",
        "LoggingConfig: {LogFormat: JSON, LogGroup: /my/group, SystemLogLevel: WARN}",
        "ImageConfig: {EntryPoint: [/run.sh], Command: [app.handler], WorkingDirectory: /srv}",
        "VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: []}",
        "Environment: {Variables: {PATH: /usr/bin, TABLE: things}}",
    )
    assert (found.name, found.package_type, found.is_image) == ("api", "Image", True)
    assert (found.architecture, found.architecture_stated) == ("arm64", True)
    assert (found.timeout_s, found.memory_mb, found.ephemeral_mb) == (30, 512, 2048)
    assert (found.role, found.vpc_attached) == ("arn:aws:iam::123456789012:role/api", True)
    assert (found.log_format, found.log_group, found.system_log_level) == ("JSON", "/my/group", "WARN")
    assert found.override == ImageOverride(("/run.sh",), ("app.handler",), "/srv")
    assert [v.name for v in found.environment] == ["PATH", "TABLE"]


def test_the_services_defaults_stand_where_the_template_is_silent() -> None:
    found = record("Description: x")
    assert (found.name, found.package_type) == ("Api", "Zip")
    assert (found.architecture, found.architecture_stated) == ("x86_64", False)
    assert (found.timeout_s, found.memory_mb) == (3, 128)
    assert found.override.empty
    assert found.arn is None


def test_it_cites_the_line() -> None:
    found = record("PackageType: Image", "Architectures: [arm64]")
    evidence = found.cite("architecture")
    assert (evidence.source, evidence.value, evidence.origin) == ("template.yaml:7", "arm64", Origin.TEMPLATE)
    assert found.cite("handler").source == "template.yaml:3"


@pytest.mark.parametrize(
    ("line", "architecture", "stated"),
    [
        ("Architectures: [!Ref Cpu]", "arm64", True),
        ("Architectures: [!Ref Unknown]", "", True),
        ("Architectures: !Ref Unknown", "", True),
        ("Architectures: [!If [Arm, arm64, x86_64]]", "", True),
        ("Architectures: [x86_64, arm64]", "", True),
        ("Architectures: []", "x86_64", False),
        ("Architectures: !Ref AWS::NoValue", "x86_64", False),
    ],
)
def test_architecture(line: str, architecture: str, stated: bool) -> None:
    found = record(line)
    assert (found.architecture, found.architecture_stated) == (architecture, stated)


@pytest.mark.parametrize(
    ("config", "override"),
    [
        ("{Command: [!Ref X]}", ImageOverride(undecided=("command",))),
        ("{Command: !Split [',', a]}", ImageOverride(undecided=("command",))),
        ("{Command: [a.b], WorkingDirectory: !Sub '/x/${Y}'}", ImageOverride(command=("a.b",), undecided=("workdir",))),
        ("!If [A, {Command: [a]}, {Command: [b]}]", ImageOverride(undecided=("entrypoint", "command", "workdir"))),
        ("{EntryPoint: []}", ImageOverride(entrypoint=())),
        ("{}", ImageOverride()),
    ],
)
def test_override(config: str, override: ImageOverride) -> None:
    assert record("PackageType: Image", f"ImageConfig: {config}").override == override


def test_a_launch_is_not_told_where_the_template_leaves_a_member_to_deploy_time() -> None:
    launch = effective_launch(record("PackageType: Image", "ImageConfig: {Command: [!Ref X]}"), image_config())
    assert isinstance(launch, Unavailable)
    assert "template.yaml:7" in launch.detail
    decided = effective_launch(record("PackageType: Image", "ImageConfig: {Command: [a.b]}"), image_config())
    assert isinstance(decided, EffectiveLaunch)
    assert decided.command == ("a.b",)


def test_no_managed_runtime_is_told_for_an_architecture_that_is_not_decided() -> None:
    no_code = Unavailable(Reason.NOT_GIVEN, "no source folder was given")
    assert isinstance(zip_runtime(record("Runtime: python3.12", "Architectures: [!Ref X]"), no_code), Unavailable)
    assert isinstance(zip_runtime(record("Runtime: python3.12"), no_code), RuntimeModel)


def test_what_is_decided_at_deploy_time_is_not_guessed() -> None:
    found = record(
        "Timeout: !Ref T", "MemorySize: !If [A, 1, 2]", "Handler: !Sub '${X}.handler'", "Role: !GetAtt R.Arn"
    )
    assert (found.timeout_s, found.memory_mb, found.handler, found.role) == (None, None, None, None)


def test_expressions_among_the_layers_are_named() -> None:
    assert record("Layers: [!Ref Shared, !GetAtt L.Arn, arn:x]").layers == ("!Ref Shared", "!GetAtt L.Arn", "arn:x")


def test_a_package_type_that_is_not_decided_makes_no_record() -> None:
    found = read("PackageType: !Ref Kind")
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.UNSUPPORTED
    assert found.unblock
    assert "template.yaml:6" in found.unblock.text
