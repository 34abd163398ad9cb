"""An image is named, but the function is not declared as an image.

What it looks for
    A function resource that names an image (`Code.ImageUri`, or SAM's `ImageUri`) without `PackageType: Image`.

Why it breaks
    Without PackageType the function is a zip package, and that is what is validated: Lambda asks for Runtime and Handler,
    which would be wrong to add, and SAM says that ImageUri cannot be present.

How it is told apart
    Where an existing function changes from zip to image, the type is there and cannot be changed
    (`package_type_immutable`). A zip function that really lacks Runtime or Handler names no image.

Fix
    Add `PackageType: Image`. Do not add Runtime or Handler.

References
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-function.html
    https://github.com/hashicorp/terraform-provider-aws/issues/37784
"""

from __future__ import annotations

from troubleshooter.checks import check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

SIGNATURES = (
    signature(r"Runtime and Handler are mandatory parameters for functions created with deployment packages", 3),
    signature(r"handler and runtime must be set when PackageType is Zip", 3),
    signature(r"ImageUri or ImageConfig cannot be present when PackageType is of type .?Zip", 3),
    signature(r"Runtime and Handler needs? to be present when PackageType is of type .?Zip", 2),
    signature(r"Missing \"handler\" property in function", 1),
    signature(r"(?:runtime|handler) must be .?(?:Runtime|Handler)\.FROM_IMAGE", 2),
    signature(r"one of .?filename,image_uri,s3_bucket.? must be specified", 2),
    signature(r"(?:handler|runtime).{0,80}(?:required|must be set).{0,60}package_?type.{0,12}zip", 3),
    signature(r"(?:required|must be set|mandatory).{0,60}package_?type is .?zip", 2),
    signature(r"E3677.{0,80}required|required.{0,80}PackageType is .?Zip", 2),
)
ASK = "Does the template say PackageType: Image beside ImageUri?"


@check(title="A function with an image is declared as an image", severity=Severity.ERROR, rung=Rung.DEPLOY)
def package_type_missing(resource: DeclaredResource) -> Verdict:
    """Looks for an image's name beside a package type that is not Image."""
    path = "ImageUri" if resource.function.kind == "AWS::Serverless::Function" else "Code.ImageUri"
    if not resource.image_uri:
        return not_applicable("the resource names no image")
    image = resource.cite_property(path)
    stated = resource.value("PackageType")
    package_type = resource.cite_property("PackageType", stated if stated else "not set, which means Zip")
    if resource.package_type is None:
        unblock = Unblock(f"Write {resource.named('PackageType')} as text at {resource.place('PackageType')}.")
        return unknown("the package type is decided at deploy time", image, package_type, unblock=unblock)
    if resource.package_type == "Image":
        return passed("the function names an image and is declared as one", image, package_type)
    what = "says PackageType: Zip" if stated else "has no PackageType"
    wanted = resource.setting("PackageType", "Image")
    return failed(
        f"{resource.function.logical_id} names an image at {resource.place(path)} but {what}, so it is taken for a zip package",
        image,
        package_type,
        remediation=Remediation(
            f"Add `{wanted}` to the properties of {resource.function.logical_id} ({resource.place('PackageType')}). "
            "Do not add Runtime or Handler, which the message asks for: an image has neither.",
            verify="Run this diagnosis again with the corrected template, then deploy.",
        ),
    )
