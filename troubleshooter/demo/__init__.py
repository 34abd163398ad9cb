"""The demonstration: five incidents, walked by the same collectors and checks as the real thing, without any socket."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from troubleshooter import journal, playbook, reports, session
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.engine import Engine
from troubleshooter.collectors.web import Web
from troubleshooter.demo.account import REGION
from troubleshooter.demo.incidents import Incident, incidents
from troubleshooter.errors import UsageError
from troubleshooter.exit import ExitCode
from troubleshooter.facts import CallLog
from troubleshooter.model import Target
from troubleshooter.plain import print_walk
from troubleshooter.playbook import Playbooks
from troubleshooter.redact import Secrets
from troubleshooter.session import Session
from troubleshooter.text import for_screen
from troubleshooter.world import World

__all__ = ["incident", "incidents", "open_session", "print_all", "print_walks", "resume"]


def incident(name: str) -> Incident:
    """One incident by name. Raises UsageError for another."""
    known = incidents()
    if name not in known:
        raise UsageError(f"there is no incident {name!r}; there is {', '.join(known)}")
    return known[name]


def open_session(chosen: Incident, *, within: Path | None = None) -> Session:
    """A session on an incident's made-up account. `within`: folder for its journal."""
    target = Target(function=chosen.account.name, region=REGION)
    return session.new(target, playbook.load(), world_=_world(chosen), within=within)


def resume(path: Path, playbooks: Playbooks) -> Session:
    """Goes on with a recorded session: on its made-up account where it is the demonstration's, else on AWS."""
    name = str(journal.read(path).records[0].get("incident") or "")
    return session.resume(path, playbooks, world_=_world(incident(name)) if name else None)


def _world(chosen: Incident) -> World:
    calls = CallLog()
    return World(
        aws=Aws(calls, region=REGION, answerer=chosen.account.answer_aws),
        web=Web(calls, transport=chosen.account.transport()),
        engine=Engine(calls),
        calls=calls,
        secrets=Secrets(),
        incident=chosen.name,
    )


def print_all(names: list[str] | None, form: str) -> int:
    """Diagnoses incidents unattended and prints their reports."""
    chosen = [incident(name) for name in names] if names else list(incidents().values())
    if form not in reports.formats():
        raise UsageError(f"--format {form}: there is {', '.join(sorted(reports.formats()))}")
    rendered = []
    with tempfile.TemporaryDirectory(prefix="troubleshooter-demo-") as folder:
        for each in chosen:
            walk = open_session(each, within=Path(folder))
            walk.run()
            walk.end()
            rendered.append(reports.render(reports.from_journal(walk.journal.records), form))
    sys.stdout.write("\n".join(rendered) if form != "json" or len(rendered) == 1 else _json_list(rendered))
    return ExitCode.OK


def _json_list(rendered: list[str]) -> str:
    return "[\n" + ",\n".join(text.rstrip() for text in rendered) + "\n]\n"


def print_walks() -> int:
    """Prints every incident's walk, step by step."""
    with tempfile.TemporaryDirectory(prefix="troubleshooter-demo-") as folder:
        for each in incidents().values():
            _out(f"== {each.name}: {each.title}")
            _out(each.story)
            walk = open_session(each, within=Path(folder))
            print_walk(walk, asking=False)
            walk.end()
            diagnosis = walk.diagnosis
            if diagnosis is not None:
                _out(f"{diagnosis.status}: {diagnosis.summary}")
            _out("")
    return ExitCode.OK


def _out(text: str) -> None:
    sys.stdout.write(for_screen(text) + "\n")
