"""The IAM policy for what may be asked: of one playbook or of all, for one function or for any."""

from __future__ import annotations

from collections.abc import Mapping

from troubleshooter import grants, playbook, world
from troubleshooter.checks import all_checks
from troubleshooter.collectors.aws import operations
from troubleshooter.errors import UsageError
from troubleshooter.facts import asked_by
from troubleshooter.facts.address import ecr_address
from troubleshooter.facts.function import Caller, FunctionCode, FunctionRecord
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Target
from troubleshooter.playbook_file import nearest
from troubleshooter.world import World

ALWAYS = (FunctionRecord, Timeline, Caller)
"""What every walk reads, to see how far the function got and who asks."""


def actions(name: str | None = None) -> set[str]:
    """The IAM actions of one playbook's checks and of what every walk reads, or of everything. Raises UsageError."""
    books = playbook.load()
    if name is not None and name not in books.by_name:
        raise UsageError(f"--playbook {name}: there is no such playbook{nearest(name, books.by_name)}")
    named = {c for node in books.by_name[name].nodes.values() for c in node.checks} if name else set(all_checks())
    kinds = {need.fact for check in named for need in all_checks()[check].needs}
    asked = asked_by([*ALWAYS, *kinds], world.all_providers()) if name else {f"{s}:{o}" for s, o in operations()}
    return {str(entry["action"]) for (s, o), entry in operations().items() if f"{s}:{o}" in asked}


def known_parts(target: Target, surroundings: World) -> tuple[dict[str, str], str]:
    """What is known of a target's ARNs, and what could not be read of it, in words; asks AWS. Raises UsageError."""
    stores = world.open_stores(target, surroundings, cheap=False)
    store = stores.first
    store.prefetch([Caller])
    given, record, code = store.get(GivenFunction), store.get(FunctionRecord), store.get(FunctionCode)
    caller = store.get(Caller)
    parts: dict[str, str] = {}
    if isinstance(given, GivenFunction):
        parts = {"function": given.name, "region": given.region or surroundings.aws.region}
        parts |= {"account": given.account or ""}
    if isinstance(caller, Caller):
        parts["account"] = parts.get("account") or caller.account
    parts["log_group"] = f"/aws/lambda/{parts.get('function', '*')}"
    missing = ""
    if isinstance(record, FunctionRecord):
        parts |= _of_record(record)
    else:
        missing = record.detail
    if isinstance(code, FunctionCode):
        parts |= _of_code(code)
    return {**parts, "partition": grants.partition_of(parts.get("region", ""))}, missing


def _of_record(record: FunctionRecord) -> Mapping[str, str]:
    parts = {"function": record.name, "role": (record.role or "").partition(":role/")[2]}
    if record.log_group:
        parts["log_group"] = record.log_group
    return {
        **parts,
        **({"region": record.region} if record.region else {}),
        **({"account": record.account} if record.account else {}),
    }


def _of_code(code: FunctionCode) -> Mapping[str, str]:
    name = ecr_address(code.resolved_image_uri or code.image_uri or "")
    if name is None:
        return {}
    return {"repository": name.repository, "image_region": name.region, "image_account": name.account}
