"""Code signing is configured for a function that is a container image.

What it looks for
    A template with `CodeSigningConfigArn` on a function of `PackageType: Image`, its own or from SAM's Globals.

Why it breaks
    Lambda verifies signatures of zip packages only, and refuses a code signing configuration for an image.

How it is told apart
    The same text comes from tools that ask for any function's code signing configuration, an image's included: there
    the function itself was created and is fine. A zip whose signature is refused names the signature.

Fix
    Remove the property; sign images in the registry instead and verify them in the pipeline.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
    https://github.com/aws-controllers-k8s/community/issues/1117
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts.template import DeclaredResource, expression_text
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (signature(r"Code signing is not supported for functions created with container images", 3),)

PROPERTY = "CodeSigningConfigArn"


@check(title="No code signing configuration on an image function", severity=Severity.ERROR, rung=Rung.DEPLOY)
def code_signing_on_image(resource: DeclaredResource) -> Verdict:
    """Looks for the property."""
    if resource.package_type == "Zip":
        return not_applicable("the function is declared as a zip package, which can be signed")
    if not resource.declares(PROPERTY):
        return passed("the function declares no code signing configuration")
    evidence = (resource.cite_property("PackageType"), resource.cite_property(PROPERTY))
    if resource.package_type is None or expression_text(resource.value(PROPERTY)).startswith("!If"):
        unblock = Unblock(f"Leave {PROPERTY} out wherever the function is an image.")
        return unknown(
            "whether an image gets a code signing configuration is decided at deploy time", *evidence, unblock=unblock
        )
    return failed(
        "Lambda refuses a code signing configuration for an image function",
        *evidence,
        remediation=Remediation(
            f"Remove {PROPERTY} at {resource.place(PROPERTY)}; images are signed and verified around the registry.",
            verify="Run this diagnosis again with the corrected template, then deploy.",
        ),
    )
