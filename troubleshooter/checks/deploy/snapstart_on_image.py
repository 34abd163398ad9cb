"""SnapStart is on for a function that is a container image.

What it looks for
    A template that turns SnapStart on for a function of `PackageType: Image`, and whether the image says that it may be
    snapshotted.

Why it breaks
    Lambda takes snapshots of image functions since July 2026. AWS's own bases for Java 11, Python 3.12 and .NET 8 or later
    take part in it; any other image has to carry the label `com.amazonaws.lambda.feature.snapstart="Allow"` or a runtime that
    asks for `/restore/next`. With neither, publishing a version fails. Older tools refuse the combination by themselves.

How it is told apart
    The same message comes where the handler's own initialisation fails while the version is published: then the log names
    it. `$LATEST` never uses a snapshot, so that it starts proves nothing here.

Fix
    Add the label where the code holds no unique state, random seed or connection over initialisation; implement the hooks
    otherwise; or leave SnapStart out. Upgrade a CDK or Serverless Framework that refuses it.

References
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-custom.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, not_applicable, passed, signature, unknown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"SnapStart currently not supported by runtime FROM_IMAGE", 3),
    signature(r"SnapStart (?:is|are) not (?:supported|available|allowed) (?:for|with|on) .{0,40}\bimage", 3),
    signature(r"SnapStart.{0,200}(?:container image|PackageType.{0,5}Image)", 2),
    signature(r"AWS::Lambda::Version.{0,200}did not stabilize", 1),
)

LABEL = "com.amazonaws.lambda.feature.snapstart"


@check(title="An image with SnapStart may be snapshotted", severity=Severity.ERROR, rung=Rung.DEPLOY)
def snapstart_on_image(resource: DeclaredResource, image: ImageConfig | Unavailable) -> Verdict:
    """Looks for the image's label. That a runtime implements the hooks cannot be excluded, so nothing fails here."""
    if resource.package_type == "Zip":
        return not_applicable("the function is declared as a zip package")
    wanted = resource.value("SnapStart.ApplyOn")
    if wanted in (None, "None"):
        return not_applicable("the function does not turn SnapStart on")
    evidence = resource.cite_property("SnapStart.ApplyOn")
    if isinstance(image, ImageConfig) and image.labels.get(LABEL) == "Allow":
        return passed("the image's label allows snapshots", evidence, image.cite("labels", "Allow", label=LABEL))
    text = "SnapStart is on for an image; whether the image takes part in it could not be seen"
    unblock = Unblock(
        f'An AWS base for Java 11, Python 3.12, .NET 8 or later needs nothing. Any other: LABEL {LABEL}="Allow", or the hooks.'
    )
    return unknown(text, evidence, unblock=unblock)
