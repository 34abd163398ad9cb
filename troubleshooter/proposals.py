"""Answers that a playbook's questions propose: pure functions of facts. The engineer may overrule each.

A function marked `@proposes` is named by a node's `propose:`. Its parameters are the facts it looks at, `Triage` among them;
it returns one of the node's choices, or empty text where it has nothing to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from troubleshooter.facts import Store, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.facts.store import needs_of
from troubleshooter.model import Rung
from troubleshooter.triage import Triage
from troubleshooter.triage import failing_rung as lowest_failed

PROPOSALS: dict[str, Callable[..., str]] = {}


def proposes(function: Callable[..., str]) -> Callable[..., str]:
    """Registers a proposal under its function's name."""
    PROPOSALS[function.__name__] = function
    return function


def propose(name: str, store: Store, triage: Triage) -> str:
    """What `name` proposes for the subject of `store`. Reads the facts it needs; empty where one of them is missing."""
    function = PROPOSALS[name]
    arguments: dict[str, Any] = {}
    for need in needs_of(function):
        fact = triage if need.fact is Triage else store.get(need.fact)
        if isinstance(fact, Unavailable) and not need.tolerant:
            return ""
        arguments[need.name] = fact
    return function(**arguments)


@proposes
def failing_rung(triage: Triage) -> str:
    """The lowest rung with evidence of failure; `completion` where everything seems to succeed; else `none`."""
    rung = lowest_failed(triage)
    if rung is not None:
        return rung.value
    return Rung.COMPLETION.value if triage.symptom.healthy else "none"


_LAUNCH_ERRORS = (
    ("no_entrypoint", r"valid bootstrap\(s\)"),
    ("working_directory", r"working directory|Runtime\.InvalidWorkingDir"),
    ("exec_format", r"exec format error"),
    ("not_found", r"no such file or directory|executable file not found"),
    ("permission", r"permission denied"),
)


@proposes
def launch_error(timeline: Timeline | Unavailable, text: GivenText | Unavailable) -> str:
    """What the newest launch error says; `opaque` for ProcessSpawnFailed and for no text at all."""
    said = text.text if isinstance(text, GivenText) else ""
    if isinstance(timeline, Timeline):
        said = timeline.launch_errors[-1].error if timeline.launch_errors else said
        said += " ".join(i.error_type or "" for i in timeline.inits[-1:])
    return next((name for name, pattern in _LAUNCH_ERRORS if re.search(pattern, said, re.IGNORECASE)), "opaque")


_LAST_WORDS = (
    ("handler_argument", r"requires the handler name to be the first argument|exit status 142"),
    ("wrapper", r"AWS_LAMBDA_EXEC_WRAPPER|: does not exist$|is not an executable"),
    ("not_found", r"exit status 127|No such file or directory"),
    ("cannot_execute", r"exit status 126|cannot execute binary file|exec format error"),
)


@proposes
def last_words(timeline: Timeline | Unavailable, text: GivenText | Unavailable) -> str:
    """What the process said before it ended, or its exit status; `other` where neither is known."""
    said = [text.text] if isinstance(text, GivenText) else []
    if isinstance(timeline, Timeline):
        said += [e.message for e in timeline.errors[-20:]]
        said += [i.error for i in timeline.invocations[-3:] if i.error]
        said += [line for i in timeline.invocations[-3:] for line in i.lines[-5:]]
    words = "\n".join(said)
    return next((n for n, pattern in _LAST_WORDS if re.search(pattern, words, re.IGNORECASE | re.MULTILINE)), "other")


@proposes
def language(runtime: RuntimeModel | Unavailable, function: FunctionRecord | Unavailable) -> str:
    """The language that the launch ends in: `python`, `node` or `other`."""
    if isinstance(runtime, RuntimeModel):
        return runtime.language
    name = (function.runtime or "") if isinstance(function, FunctionRecord) else ""
    return "python" if name.startswith("python") else "node" if name.startswith("nodejs") else "other"
