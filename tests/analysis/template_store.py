"""A store over the real providers of templates, for one text."""

from __future__ import annotations

from pathlib import Path

from tests.factories import AT
from troubleshooter.analysis.template import functions as template
from troubleshooter.analysis.template import record as template_record
from troubleshooter.facts import Reading, Store, providers_in
from troubleshooter.facts.given import GivenTemplate
from troubleshooter.model import Origin, Role, Subject
from troubleshooter.redact import Secrets

PROVIDERS = providers_in([template, template_record])


def template_store(
    text: str,
    *,
    name: str = "template.yaml",
    subject: str = "",
    role: Role = Role.PROPOSED,
    secrets: Secrets | None = None,
) -> Store:
    """Facts about `text` as a template in a folder, for the subject of that logical id."""
    given = GivenTemplate(reading=Reading(name, Origin.TEMPLATE, AT), path=Path("/home/me/project") / name, text=text)
    return Store(PROVIDERS, [given, secrets or Secrets(b"salt"), Subject(role, subject)])
