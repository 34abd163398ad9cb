"""The deployment would change a function from zip to image, or back.

What it looks for
    Only the service's message can show it: the package type of an existing function, compared with what the update asks
    for.

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

from troubleshooter.checks import signature
from troubleshooter.model import Rung

RUNG = Rung.DEPLOY
SIGNATURES = (
    signature(r"provide ImageUri when updating a function with packageType (?:Image|Zip)", 3),
    signature(r"UPDATE_FAILED[\s\S]{0,600}don't provide Handler or Runtime or Layer when the intended function", 3),
    signature(r"don't provide Handler or Runtime or Layer when the intended function PackageType is (?:Image|Zip)", 2),
    signature(r"PackageType (?:can ?not|may not) be (?:changed|updated)|Updating PackageType is not supported", 3),
)
