"""Which function of a template is the one that AWS runs, where the tool that deploys it makes its name in a known way."""

from __future__ import annotations

import re

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.template import DeclaredFunction, DeclaredResource, DeployedDeclaration, Template
from troubleshooter.model import Role, Subject


@provides()
def deployed_declaration(
    template: Template, function: FunctionRecord, subject: Subject
) -> DeployedDeclaration | Unavailable:
    """By the Serverless Framework's names: `name`, else service, stage and key joined by hyphens."""
    if subject.role is not Role.DEPLOYED or template.format != "serverless":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "no serverless.yml says what is deployed")
    fitting = [each for each in template.functions if _is(each, function.name)]
    if len(fitting) != 1:
        return Unavailable(Reason.NOT_OF_THIS_KIND, f"no function of {template.path} is shown to be {function.name}")
    resource = DeclaredResource(reading=template.reading, function=fitting[0], format=template.format)
    return DeployedDeclaration(reading=template.reading, resource=resource)


def _is(declared: DeclaredFunction, name: str) -> bool:
    own, service = declared.properties.get("FunctionName"), declared.metadata.get("service")
    if own is not None:
        return own == name
    if not isinstance(service, str):
        return False
    return re.fullmatch(rf"{re.escape(service)}-[A-Za-z0-9]+-{re.escape(declared.logical_id)}", name) is not None
