"""What the checks on a refused start share: families of causes, the rung, and the evidence."""

from __future__ import annotations

from troubleshooter.checks import not_applicable, passed
from troubleshooter.facts import Unavailable
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Evidence, Rung, Verdict

NOT_THERE = frozenset({"missing", "dangling_link", "link_loop", "through_file", "name_too_long", "not_on_path"})
"""Nothing lies where the name leads."""


def rung(spawn: SpawnResult) -> Rung:
    """The kernel refuses at `spawn`; what the first program does next belongs to `runtime`."""
    return Rung.SPAWN if spawn.stage == "exec" else Rung.RUNTIME


def otherwise(spawn: SpawnResult, fine: str) -> Verdict:
    """The verdict where this mode is not what stops the launch."""
    if spawn.cause in ("ok", "compat"):
        return passed(fine, *spawn.evidence)
    return not_applicable(f"the launch stops for another reason: {spawn.detail}")


def evidence(launch: EffectiveLaunch | Unavailable, spawn: SpawnResult) -> tuple[Evidence, ...]:
    """The member that named the program, then the files that were opened. Nobody names a zip package's bootstrap."""
    if isinstance(launch, Unavailable):
        return spawn.evidence
    entrypoint, command, workdir, path = launch.evidence
    cited = [entrypoint if launch.entrypoint else command]
    if spawn.cause == "workdir":
        cited.append(workdir)
    if spawn.cause == "not_on_path" or (launch.argv and "/" not in launch.argv[0]):
        cited.append(path)
    return (*cited, *spawn.evidence)
