"""By which address an image is named to Lambda: in a template, or in AWS's own refusal of it."""

from __future__ import annotations

import re

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.address import ImageAddress
from troubleshooter.facts.function import FunctionCode
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Role, Subject

_REFUSED = re.compile(
    r"source image (?P<uri>[^\n]{1,400}?) (?P<said>is not valid|does not exist|is not supported)\b", re.IGNORECASE
)
_PACKAGING = frozenset({"Dockerfile", "DockerContext", "DockerTag", "DockerBuildArgs", "aws:asset:path"})
"""Metadata by which a tool builds the image and writes its address itself."""


def refused_address(text: GivenText) -> ImageAddress | None:
    """The address that AWS quotes in its refusal."""
    found = _REFUSED.search(text.text)
    return ImageAddress(reading=text.reading, uri=found["uri"], said=found["said"].lower()) if found else None


@provides()
def image_address(
    subject: Subject,
    code: FunctionCode | Unavailable,
    resource: DeclaredResource | Unavailable,
    text: GivenText | Unavailable,
) -> ImageAddress | Unavailable:
    """The address of what is proposed. What runs has an address that AWS has taken."""
    if subject.role is Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "AWS has taken the address of the image that runs")
    if isinstance(code, FunctionCode) and code.image_uri:
        return ImageAddress(reading=code.reading, uri=code.image_uri)
    if isinstance(resource, DeclaredResource):
        return _of_template(resource)
    quoted = refused_address(text) if isinstance(text, GivenText) else None
    if quoted is None:
        return Unavailable(Reason.NOT_GIVEN, "nothing was given that names the image as Lambda is told")
    return quoted


def _of_template(resource: DeclaredResource) -> ImageAddress | Unavailable:
    uri, serverless = resource.image_uri, resource.function.kind == "AWS::Serverless::Function"
    path = "ImageUri" if serverless else "Code.ImageUri"
    if not isinstance(uri, str) or not uri:
        if uri is None or uri == "":
            return Unavailable(Reason.NOT_OF_THIS_KIND, "the template names no image")
        return Unavailable(
            Reason.NOT_OF_THIS_KIND, f"the image's address is made at deploy time ({resource.place(path)})"
        )
    packaged = serverless or bool(_PACKAGING & set(resource.function.metadata))
    return ImageAddress(reading=resource.reading, places={"uri": resource.place(path)}, uri=uri, replaced=packaged)
