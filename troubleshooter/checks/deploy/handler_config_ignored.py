"""Handler or Runtime is set on a function that is a container image.

What it looks for
    A template with `Handler` or `Runtime` on a function of `PackageType: Image`, its own or from SAM's Globals.

Why it breaks
    An image brings its runtime, and its handler is the command: CMD of the Dockerfile or `ImageConfig.Command`. Lambda
    refuses both properties for an image, and SAM's transform refuses the template before that. Setting `_HANDLER` has no
    effect either: the image's entrypoint sets it from its argument.

How it is told apart
    The message that names Handler, Runtime and Layer together comes for layers too (`layers_on_image`), and for a function
    that changes from image to zip or back under the same name (`package_type_immutable`).

Fix
    Remove the properties; name the handler as `ImageConfig.Command` if it is not the image's own CMD.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/aws/serverless-application-model/issues/1890
"""

from __future__ import annotations

from troubleshooter.checks import check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts.template import DeclaredResource, expression_text
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

SIGNATURES = (
    signature(r"don't provide Handler or Runtime or Layer when the intended function PackageType is Image", 2),
    signature(r"Runtime, Handler, Layers cannot be present when PackageType is of type .?Image", 2),
    signature(r"Container image functions cannot specify Handler, Runtime, or Layers properties", 2),
    signature(
        r"(?:Handler|Runtime).{0,60}(?:unexpected|not allowed|cannot be (?:set|specified)).{0,60}PackageType is .?Image",
        3,
    ),
)
ASK = "Do Handler, Runtime or Layers stand beside PackageType: Image in the template?"

PROPERTIES = ("Handler", "Runtime")


@check(title="An image function has neither Handler nor Runtime", severity=Severity.ERROR, rung=Rung.DEPLOY)
def handler_config_ignored(resource: DeclaredResource) -> Verdict:
    """Looks at both properties."""
    if resource.package_type == "Zip":
        return not_applicable("the function is declared as a zip package, which needs both")
    found = [name for name in PROPERTIES if resource.declares(name)]
    if not found:
        return passed("the function declares neither Handler nor Runtime")
    evidence = [resource.cite_property(name) for name in ("PackageType", *found)]
    if resource.package_type is None:
        unblock = Unblock(f"Write PackageType as text at {resource.place('PackageType')}.")
        return unknown("whether the function is an image is decided at deploy time", *evidence, unblock=unblock)
    certain = [name for name in found if not expression_text(resource.value(name)).startswith("!If")]
    if not certain:
        unblock = Unblock("Make sure that the condition leaves them out wherever the function is an image.")
        return unknown(f"a condition decides about {' and '.join(found)}", *evidence, unblock=unblock)
    return failed(
        f"Lambda refuses {' and '.join(certain)} for an image function",
        *evidence,
        remediation=_fix(resource, certain),
    )


def _fix(resource: DeclaredResource, found: list[str]) -> Remediation:
    places = " and ".join(f"{name} at {resource.place(name)}" for name in found)
    text = f"Remove {places}; an image brings its runtime."
    handler = resource.value("Handler")
    if isinstance(handler, str) and not resource.declares("ImageConfig"):
        text += f" If {handler} is not the image's own CMD, name it as `ImageConfig: {{Command: [{handler}]}}`."
    return Remediation(text, verify="Run this diagnosis again with the corrected template, then deploy.")
