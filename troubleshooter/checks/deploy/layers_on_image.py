"""Layers are attached to a function that is a container image.

What it looks for
    A template with `Layers` on a function of `PackageType: Image`, its own or from SAM's Globals.

Why it breaks
    Layers exist for zip packages only. CreateFunction and UpdateFunctionConfiguration refuse them for an image; SAM's
    transform refuses the template before that.

How it is told apart
    The message that names Handler, Runtime and Layer together is about any of the three (`handler_config_ignored`), or
    about a function that changes its package type (`package_type_immutable`). What a layer would have brought may be
    missing afterwards: then it is an extension or a module that is not found.

Fix
    Remove `Layers` and copy the layer's content into `/opt` of the image; vendors publish images to copy it from.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://aws.amazon.com/blogs/compute/working-with-lambda-layers-and-extensions-in-container-images/
"""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts.template import DeclaredResource, expression_text, is_expression
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"layers are not supported for functions created with container images", 3),
    signature(r"Layers are not supported for container image functions", 3),
    signature(r"Runtime, Handler, Layers cannot be present when PackageType is of type .?Image", 1),
    signature(r"cannot specify Handler, Runtime, or Layers properties", 1),
    signature(r"don't provide Handler or Runtime or Layer when the intended function PackageType is Image", 1),
    signature(
        r"Layers?\b.{0,60}(?:unexpected|not (?:allowed|supported)|cannot be (?:set|specified)).{0,60}PackageType is .?Image",
        3,
    ),
)

_LAYER_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]+:\d+")


@check(title="No layers on an image function", severity=Severity.ERROR, rung=Rung.DEPLOY)
def layers_on_image(resource: DeclaredResource) -> Verdict:
    """Looks at the resource's layers."""
    declared = resource.value("Layers")
    if resource.package_type == "Zip":
        return not_applicable("the function is declared as a zip package, where layers are allowed")
    if not resource.declares("Layers"):
        return passed("the function declares no layers")
    evidence = (resource.cite_property("PackageType"), resource.cite_property("Layers", _shown(declared)))
    if resource.package_type is None:
        unblock = Unblock(f"Write PackageType as text at {resource.place('PackageType')}.")
        return unknown("whether the function is an image is decided at deploy time", *evidence, unblock=unblock)
    certain = [item for item in declared if not _conditional(item)] if isinstance(declared, tuple) else []
    if not certain:
        unblock = Unblock(f"Leave Layers out at {resource.place('Layers')} wherever the function is an image.")
        return unknown("whether the image function gets layers is decided at deploy time", *evidence, unblock=unblock)
    return failed(
        f"Lambda refuses the layers of an image function: {_shown(tuple(certain))}",
        *evidence,
        remediation=_fix(resource, certain),
    )


def _conditional(item: object) -> bool:
    return is_expression(item) and expression_text(item).startswith("!If")


def _shown(layers: object) -> str:
    if isinstance(layers, tuple):
        return ", ".join(expression_text(layer) for layer in layers)
    return expression_text(layers)


def _fix(resource: DeclaredResource, layers: list[object]) -> Remediation:
    arns = [layer for layer in layers if isinstance(layer, str) and _LAYER_ARN.fullmatch(layer)]
    get = ["aws", "lambda", "get-layer-version-by-arn", "--query", "Content.Location", "--output", "text"]
    text = (
        f"Remove Layers at {resource.place('Layers')} and bring their content into /opt of the image instead: COPY it in the "
        "Dockerfile from the vendor's image, or from the unpacked layer"
    )
    return Remediation(
        f"{text}, whose address the command prints." if arns else f"{text}.",
        tuple(shlex.join([*get, "--arn", arn, "--region", arn.split(":")[3]]) for arn in arns),
        "Run this diagnosis again with the corrected template; in the built image, /opt holds what the layers brought.",
    )
