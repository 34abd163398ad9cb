"""The deployment would change a function from zip to image, or back.

What it looks for
    The package type of an existing function, compared with what the template gives a function of the same name; or the
    service's message.

Why it breaks
    A function's package type is fixed when it is created. An update with an image for a zip function, or with a zip for an
    image function, is refused; CloudFormation and the CDK try it when a resource keeps its name or logical id. One zip
    function caught in a bulk update of images is enough.

How it is told apart
    The message that asks not to give Handler, Runtime or Layer also comes where they really stand beside an image
    (`handler_config_ignored`, `layers_on_image`), on a creation. A missing PackageType is `package_type_missing`.

Fix
    Create a new function: another logical id and name in the template, or delete the old one first. Move aliases, triggers
    and permissions to the new one. In a bulk update, leave the zip function out.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/aws/aws-cdk/issues/13037
"""

from __future__ import annotations

from troubleshooter.checks import check, failed, passed, signature, unknown
from troubleshooter.facts.template import DeclaredResource, DeployedCounterpart
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

SIGNATURES = (
    signature(r"provide ImageUri when updating a function with packageType (?:Image|Zip)", 3),
    signature(r"UPDATE_FAILED[\s\S]{0,600}don't provide Handler or Runtime or Layer when the intended function", 3),
    signature(r"don't provide Handler or Runtime or Layer when the intended function PackageType is (?:Image|Zip)", 2),
    signature(r"PackageType (?:can ?not|may not) be (?:changed|updated)|Updating PackageType is not supported", 3),
    signature(
        r"package_?type.{0,100}(?:cannot be (?:changed|updated)|requires? replac|forces replacement|immutable)", 3
    ),
    signature(r"custom-named resource requires replacing[\s\S]{0,400}?PackageType", 2),
)
ASK = "Does the function exist already, and what PackageType does `aws lambda get-function-configuration` show?"


@check(title="The deployment keeps the function's package type", severity=Severity.ERROR, rung=Rung.DEPLOY)
def package_type_immutable(resource: DeclaredResource, counterpart: DeployedCounterpart) -> Verdict:
    """Compares the template with the deployed function; without a name of its own the function is made anew."""
    deployed = counterpart.function
    wanted = resource.cite_property("PackageType", resource.package_type or resource.value("PackageType") or "Zip")
    have = deployed.cite("package_type", label="deployed package type")
    named = resource.cite_property("FunctionName")
    if resource.package_type == deployed.package_type:
        return passed(f"template and deployed function are both {deployed.package_type}", wanted, have)
    if resource.value("FunctionName") != deployed.name:
        return passed(
            "the function has no name of its own in the template, so that another one is created", wanted, have, named
        )
    if resource.package_type is None:
        unblock = Unblock(f"Write {resource.named('PackageType')} as text at {resource.place('PackageType')}.")
        return unknown("the package type is decided at deploy time", wanted, have, unblock=unblock)
    if resource.format == "terraform":
        return passed("Terraform deletes the function and creates it anew", wanted, have, named)
    return failed(
        f"{deployed.name} is a {deployed.package_type} function, and the template makes it {resource.package_type} under the same name",
        wanted,
        have,
        named,
        remediation=Remediation(
            f"Give the function another name and logical id at {resource.place('FunctionName')}, deploy, move triggers, aliases "
            f"and permissions from {deployed.name}, and delete that one then.",
            verify="The deployment succeeds, and the new function is Active.",
        ),
    )
