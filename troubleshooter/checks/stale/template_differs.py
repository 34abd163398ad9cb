"""The template says something else than what is deployed.

What it looks for
    Package type, architecture, overrides, names of environment variables, memory, timeout and image address of the
    template's function against AWS's record of the function of that name.

Why it breaks
    It need not break anything: the template may not be deployed yet. But a correction that stands in the template alone
    changes nothing, and a value set by hand is lost at the next deployment.

How it is told apart
    It is information, never a cause. A template whose override stands at a place that the tool does not read is
    `imageconfig_not_applied`; another package type, which no deployment can change in place, is `package_type_immutable`.

Fix
    Deploy the template if it is what you want, or take the deployed values into it.

References
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

from collections.abc import Iterator

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.template import DeclaredResource, DeployedCounterpart
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (signature(r"stack drift|has drifted|drift detected|Objects have changed outside of Terraform", 1),)

_FIELDS = {
    "package_type": "PackageType",
    "architecture": "Architectures",
    "timeout_s": "Timeout",
    "memory_mb": "MemorySize",
    "runtime": "Runtime",
    "handler": "Handler",
}
_MEMBERS = {"command": "Command", "entrypoint": "EntryPoint", "workdir": "WorkingDirectory"}


@check(title="What is deployed is what the template says", severity=Severity.INFO, rung=Rung.STALE)
def template_differs(
    resource: DeclaredResource, counterpart: DeployedCounterpart, proposed: FunctionRecord | Unavailable
) -> Verdict:
    """Compares what the template writes out; what it leaves to the service or decides later is not compared."""
    deployed = counterpart.function
    if isinstance(proposed, Unavailable):
        return not_applicable(proposed.detail)
    pairs = [*_fields(resource, counterpart, proposed), *_override(resource, counterpart, proposed)]
    pairs += [*_environment(resource, counterpart), *_image(resource, counterpart)]
    if not pairs:
        return passed(f"what the template writes out is what {deployed.name} has")
    names = ", ".join(what for what, _, _ in pairs)
    evidence = [each for _, declared, have in pairs for each in (declared, have)]
    return failed(
        f"{deployed.name} differs from the template in {names}",
        *evidence,
        remediation=Remediation(
            f"If the template holds what you want, deploy it; if {deployed.name} does, take its values into the template.",
            verify="Run this diagnosis again: template and record agree.",
        ),
    )


Pair = tuple[str, Evidence, Evidence]


def _fields(resource: DeclaredResource, counterpart: DeployedCounterpart, proposed: FunctionRecord) -> Iterator[Pair]:
    for field, path in _FIELDS.items():
        if not resource.declares(path) or resource.undecided(path) or resource.by_option(path):
            continue
        want, have = getattr(proposed, field), getattr(counterpart.function, field)
        if want not in (None, "", have):
            declared = resource.cite_property(path, want)
            yield resource.named(path), declared, _of(counterpart, field, have)


def _of(counterpart: DeployedCounterpart, field: str, value: object) -> Evidence:
    return counterpart.function.cite(field, value, label=f"deployed {field.replace('_', ' ')}")


def _override(resource: DeclaredResource, counterpart: DeployedCounterpart, proposed: FunctionRecord) -> Iterator[Pair]:
    for member, key in _MEMBERS.items():
        want, have = getattr(proposed.override, member), getattr(counterpart.function.override, member)
        path = f"ImageConfig.{key}"
        if want and want != have and not resource.by_option(path):
            yield resource.named(path), resource.cite_property(path, want), _of(counterpart, "override", have)


def _environment(resource: DeclaredResource, counterpart: DeployedCounterpart) -> Iterator[Pair]:
    function, deployed = resource.function, counterpart.function
    if not function.environment_complete or deployed.environment_error:
        return
    want = {v.name for v in function.variables}
    sure = {v.name for v in function.variables if not v.conditional}
    have = {v.name for v in deployed.environment}
    only_here, only_there = sorted(sure - have), sorted(have - want)
    if only_here or only_there:
        declared = resource.cite_property("Environment", only_here, label="environment names in the template alone")
        yield "the environment's names", declared, deployed.cite("environment", only_there, label="deployed alone")


def _image(resource: DeclaredResource, counterpart: DeployedCounterpart) -> Iterator[Pair]:
    want, have = resource.image_uri, counterpart.image_uri
    if isinstance(want, str) and have and want != have and not resource.by_option("Code"):
        path = "ImageUri" if resource.function.kind == "AWS::Serverless::Function" else "Code.ImageUri"
        cited = counterpart.function.cite("package_type", have, label="deployed image address")
        yield resource.named(path), resource.cite_property(path), cited
