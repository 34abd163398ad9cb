"""SAM does not build the image, because the function's Metadata does not say how.

What it looks for
    A SAM function of `PackageType: Image` that names no `ImageUri`, with `Dockerfile` or `DockerContext` missing from the
    resource's `Metadata`.

Why it breaks
    `sam build` builds an image only where both are there and skips the function without a word otherwise. The built
    template then names no image, and running or deploying it fails.

How it is told apart
    `sam validate` and `sam build` succeed, so the error seems to be about the image. With an ImageUri the function needs no
    Metadata. Keys that SAM does not know in Metadata, such as an architecture, are without effect and no cause.

Fix
    Give `Dockerfile` and `DockerContext` (the folder that it is built in) under the resource's `Metadata`, which stands beside
    `Properties`, not in it.

References
    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build.html
    https://github.com/aws/aws-sam-cli/issues/7017
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"ImageUri not provided for Function: \S+ of PackageType: Image", 3),
    signature(r"Skip Building \S+ function, as it is missing either Dockerfile or DockerContext", 3),
    signature(r"Image not found for ImageUri", 2),
    signature(r"Docker file or Docker context metadata are missed", 3),
    signature(r"'ImageUri' must be set|ImageUri needs to be present when PackageType is of type .?Image", 2),
)

KEYS = {"Dockerfile": "Dockerfile", "DockerContext": "."}
"""What SAM needs → the usual value."""


@check(title="SAM knows how to build the function's image", severity=Severity.ERROR, rung=Rung.BUILD)
def sam_image_metadata_incomplete(resource: DeclaredResource) -> Verdict:
    """Looks at the resource's Metadata where no image is named."""
    function = resource.function
    if function.kind != "AWS::Serverless::Function" or resource.package_type == "Zip":
        return not_applicable("the resource is no SAM function with an image")
    if resource.image_uri:
        return not_applicable("the resource names its image, so nothing has to be built")
    missing = [key for key in KEYS if not function.metadata.get(key)]
    evidence = [resource.cite_property("PackageType"), resource.cite_property("ImageUri", None)]
    evidence += [resource.cite_property(f"Metadata.{key}", function.metadata.get(key) or "not set") for key in KEYS]
    if not missing:
        return passed("Dockerfile and DockerContext are given", *evidence)
    if resource.package_type is None:
        unblock = Unblock(f"Write PackageType as text at {resource.place('PackageType')}.")
        return unknown("whether the function is an image is decided at deploy time", *evidence, unblock=unblock)
    lacking = " and ".join(missing)
    lines = ", ".join(f"`{key}: {KEYS[key]}`" for key in missing)
    return failed(
        f"`sam build` skips {function.logical_id}: it names no ImageUri, and its Metadata has no {lacking}",
        *evidence,
        remediation=Remediation(
            f"Under Metadata of {function.logical_id} ({_place(resource)}), beside Properties, add {lines}, with the paths "
            "of this project; or name a finished image as ImageUri.",
            (shlex.join(["sam", "build", function.logical_id]),),
            f"`sam build` says that it builds the image of {function.logical_id}.",
        ),
    )


def _place(resource: DeclaredResource) -> str:
    known = [path for path in resource.function.places if path.startswith("Metadata.")]
    return resource.place(known[0]) if known else resource.function.place
