"""Puts the parts of one session together: clients, stores, and the subjects that a target amounts to."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from troubleshooter import analysis, collectors
from troubleshooter.analysis.image_address import refused_address
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.engine import Engine
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.web import Web
from troubleshooter.diagnosis import roles
from troubleshooter.errors import UsageError
from troubleshooter.facts import CallLog, Cost, Provider, Reason, Store, Unavailable, providers_in
from troubleshooter.facts.address import ImageAddress, address_in
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.given import (
    GivenFunction,
    GivenImage,
    GivenLogs,
    GivenOptions,
    GivenSource,
    GivenTemplate,
    GivenText,
)
from troubleshooter.facts.image import ImageManifest
from troubleshooter.facts.template import DeclaredFunction, DeployedCounterpart, Template
from troubleshooter.intake import given, region_of
from troubleshooter.model import Role, Subject, Target
from troubleshooter.redact import Secrets
from troubleshooter.triage import refused


@functools.cache
def all_providers() -> dict[type[Any], tuple[Provider, ...]]:
    """Every provider of the folders `collectors` and `analysis`."""
    return providers_in([*_modules(collectors), *_modules(analysis)])


def _modules(package: types.ModuleType) -> Iterator[types.ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


@dataclass(frozen=True, slots=True)
class World:
    """What a session reads through. A demonstration brings one that answers by itself."""

    aws: Aws
    web: Web
    engine: Engine
    calls: CallLog
    secrets: Secrets
    cache: LayerCache = field(default_factory=lambda: LayerCache(None))
    withheld: Mapping[type[Any], Unavailable] = field(default_factory=dict)
    """Facts that must not be made, and why: what the engineer refuses, or a test takes away."""
    incident: str = ""
    """The demonstration's incident whose made-up account answers; empty where AWS does."""

    @classmethod
    def real(cls, target: Target) -> World:
        """Clients for the engineer's own surroundings; nothing is contacted yet."""
        calls = CallLog()
        region = target.region or region_of(target.function)
        aws = Aws(calls, region=region, profile=target.profile, endpoint_url=target.endpoint_url)
        return cls(aws, Web(calls), Engine(calls, target.docker_context), calls, Secrets(), LayerCache.of_user())

    def close(self) -> None:
        """Closes every connection. What is still being read on other threads ends as unreachable."""
        for part in (self.aws, self.web):
            part.close()

    @property
    def seeds(self) -> tuple[object, ...]:
        return (self.aws, self.web, self.engine, self.calls, self.secrets, self.cache)


@dataclass(slots=True)
class Stores:
    """The subjects of a session, each with its facts."""

    by_subject: dict[Subject, Store] = field(default_factory=dict)
    role: Role = Role.PROPOSED
    """The role in which the symptom happened."""

    @property
    def focus(self) -> dict[Subject, Store]:
        """The subjects in which the symptom happened; what is deployed where a refused update is known by its text alone."""
        fitting = {s: store for s, store in self.by_subject.items() if s.role in roles(self.role)}
        return fitting or dict(list(self.by_subject.items())[:1])

    @property
    def renewable(self) -> bool:
        """Whether something could not be read that a login, a permission or another try would let through."""
        return any(gap.may_pass for store in self.by_subject.values() for gap in store.gaps().values())

    @property
    def first(self) -> Store:
        """The store that triage reads: of what is deployed, or of the first thing proposed."""
        return next(iter(self.by_subject.values()))


def open_stores(target: Target, world: World, *, prefetch: Iterable[type[Any]] = (), cheap: bool = True) -> Stores:
    """Makes the stores of a target and starts reading `prefetch` in parallel.

    Blocks until it is known whether a local image is the deployed one. Raises UsageError for bad input.
    """
    facts = given(target)
    stores = Stores()
    wanted = list(prefetch)
    deployed: Store | None = None
    if GivenFunction in facts:
        world.web.warm_up()
        stores.role = Role.DEPLOYED
        deployed = _store(world, facts, Subject(Role.DEPLOYED))
        stores.by_subject[Subject(Role.DEPLOYED)] = deployed
        if cheap:
            start(deployed, wanted)
    if deployed is not None and (update := _attempted(world, facts, deployed)) is not None:
        stores.by_subject[Subject(Role.ATTEMPTED)] = update
        start(update, wanted if cheap else ())
    for subject, extra, without in _proposed(world, facts, deployed):
        kept = {kind: fact for kind, fact in facts.items() if kind not in without and kind is not GivenFunction}
        if deployed is not None:
            kept = {kind: fact for kind, fact in kept.items() if kind not in (GivenLogs, GivenText)}
        store = _store(world, kept, subject, extra)
        stores.by_subject[subject] = store
        if cheap:
            start(store, wanted)
    return stores


def start(store: Store, kinds: Iterable[type[Any]]) -> None:
    """Starts making those facts that cost a call at most."""
    store.prefetch(kind for kind in kinds if store.peek(kind) is None and store.cost(kind) == Cost.CALL)


def _store(world: World, facts: Mapping[type[Any], object], subject: Subject, extra: Iterable[object] = ()) -> Store:
    absent = {
        kind: Unavailable(Reason.NOT_GIVEN, f"no {part} was given")
        for kind, part in _PARTS.items()
        if kind not in facts
    }
    if not any(isinstance(each, DeployedCounterpart) for each in extra):
        text = "no deployed function is known to be the template's"
        absent[DeployedCounterpart] = Unavailable(Reason.NOT_GIVEN, text)
    return Store(
        all_providers(), [*world.seeds, *facts.values(), subject, *extra], missing={**absent, **world.withheld}
    )


def _attempted(world: World, facts: Mapping[type[Any], object], deployed: Store) -> Store | None:
    """What an update that was refused would run: the deployed record with the image that the pasted text names."""
    text = facts.get(GivenText)
    if not isinstance(text, GivenText):
        return None
    quoted = refused_address(text)
    uri = quoted.uri if quoted else address_in(text.text)
    if not uri or not refused(text.text):
        return None
    record = deployed.get(FunctionRecord)
    if not isinstance(record, FunctionRecord) or not record.is_image:
        return None
    code = FunctionCode(reading=text.reading, image_uri=uri, repository_type="ECR")
    address = quoted or ImageAddress(reading=text.reading, uri=uri)
    kept = {kind: fact for kind, fact in facts.items() if kind is GivenOptions}
    return _store(world, kept, Subject(Role.ATTEMPTED), (record, code, address))


def _proposed(
    world: World, facts: Mapping[type[Any], object], deployed: Store | None
) -> Iterator[tuple[Subject, tuple[object, ...], frozenset[type[Any]]]]:
    """The proposed subjects: (subject, further seeds, given parts that are not theirs)."""
    alone = Subject(Role.PROPOSED)
    same = deployed is not None and GivenImage in facts and _is_deployed(world, facts, deployed)
    parts = [k for k in (GivenImage, GivenTemplate, GivenSource) if k in facts and not (same and k is GivenImage)]
    if deployed is not None and not parts:
        return
    without: set[type[Any]] = {GivenImage} if same else set()
    _usable_template(world, facts)
    names = _template_names(world, facts, deployed) if GivenTemplate in facts else []
    if not names:
        yield alone, _record_of(deployed, facts), frozenset(without)
        return
    images = [name for name, package_type in names if package_type == "Image"]
    shared = GivenImage in parts and len(names) > 1 and len(images) != 1
    for name, package_type in names:
        mine = package_type == "Image" and not shared
        hidden = without | (set() if mine or len(names) == 1 else {GivenImage})
        subject = Subject(Role.PROPOSED, name if len(names) > 1 or _many(world, facts) else "")
        yield subject, _counterpart(world, facts, deployed, name), frozenset(hidden)
    if shared:
        yield Subject(Role.PROPOSED, "image"), (), frozenset(without | {GivenTemplate})


def _counterpart(
    world: World, facts: Mapping[type[Any], object], deployed: Store | None, logical_id: str
) -> tuple[object, ...]:
    """The deployed function, where the template's one is shown to be the same by its name."""
    asked, template = facts.get(GivenFunction), _template(world, facts)
    if deployed is None or not isinstance(asked, GivenFunction) or not isinstance(template, Template):
        return ()
    record, code = deployed.get(FunctionRecord), deployed.get(FunctionCode)
    fitting = _fitting(template.functions, asked.name)
    if not isinstance(record, FunctionRecord) or [f.logical_id for f in fitting] != [logical_id]:
        return ()
    uri = code.image_uri if isinstance(code, FunctionCode) else None
    return (DeployedCounterpart(reading=record.reading, function=record, image_uri=uri),)


def _record_of(deployed: Store | None, facts: Mapping[type[Any], object]) -> tuple[object, ...]:
    """An update of a function's code keeps its configuration: what is proposed inherits it, unless a template says it."""
    if deployed is None or GivenTemplate in facts:
        return ()
    record = deployed.get(FunctionRecord)
    return (record,) if isinstance(record, FunctionRecord) else ()


def _is_deployed(world: World, facts: Mapping[type[Any], object], deployed: Store) -> bool:
    """Whether the local image is the one that AWS runs: by manifest digest, else by the digest of its configuration."""
    record = deployed.get(FunctionRecord)
    probe = _store(world, {k: v for k, v in facts.items() if k is not GivenFunction}, Subject(Role.PROPOSED))
    mine = probe.get(ImageManifest)
    if not isinstance(mine, ImageManifest) or not isinstance(record, FunctionRecord) or not record.is_image:
        return False
    if record.code_sha256 and f"sha256:{record.code_sha256}" in (mine.digest, mine.manifest_digest):
        return True
    theirs = deployed.get(ImageManifest)
    return isinstance(theirs, ImageManifest) and theirs.config.digest == mine.config.digest


def _usable_template(world: World, facts: Mapping[type[Any], object]) -> None:
    """Raises UsageError for a template that cannot be used, where nothing else was given that could be looked at."""
    others = {kind for kind in facts if kind in _PARTS} - {GivenTemplate, GivenSource}
    given_template = facts.get(GivenTemplate)
    if others or not isinstance(given_template, GivenTemplate):
        return
    read = _template(world, facts)
    if isinstance(read, Unavailable) and read.reason is not Reason.FAULT:
        detail = read.detail.removeprefix("the template cannot be used: ").removeprefix(f"{given_template.path.name}: ")
        way_out = f". {read.unblock.text}" if read.unblock else ""
        raise UsageError(f"--template {given_template.path}: {detail}{way_out}")


def _template_names(world: World, facts: Mapping[type[Any], object], deployed: Store | None) -> list[tuple[str, str]]:
    """Logical id and package type of the template's functions that matter here."""
    template = _template(world, facts)
    if not isinstance(template, Template):
        return []
    functions = template.functions
    if GivenFunction in facts and deployed is not None:
        asked = facts[GivenFunction]
        name = asked.name if isinstance(asked, GivenFunction) else ""
        functions = _fitting(functions, name) or functions
    return [(f.logical_id, str(f.properties.get("PackageType") or "Zip")) for f in functions]


def _fitting(functions: tuple[DeclaredFunction, ...], name: str) -> tuple[DeclaredFunction, ...]:
    """The declared functions that may be the deployed one of this name: by their own name, else by the name that tools make."""
    own = tuple(f for f in functions if name in (f.properties.get("FunctionName"), f.logical_id))
    if own:
        return own
    unnamed = [f for f in functions if not isinstance(f.properties.get("FunctionName"), str)]
    # `stack-LogicalId-RANDOM` by CloudFormation, `service-stage-key` by the Serverless Framework.
    made = [rf"\S+-{re.escape(f.logical_id.rpartition('/')[2])}(?:-[A-Za-z0-9]{{8,13}})?" for f in unnamed]
    return tuple(f for f, pattern in zip(unnamed, made, strict=True) if re.fullmatch(pattern, name))


def _many(world: World, facts: Mapping[type[Any], object]) -> bool:
    template = _template(world, facts)
    return isinstance(template, Template) and len(template.functions) > 1


def _template(world: World, facts: Mapping[type[Any], object]) -> Template | Unavailable:
    return _store(world, facts, Subject(Role.PROPOSED)).get(Template)


_PARTS = {
    GivenFunction: "function",
    GivenImage: "local image",
    GivenTemplate: "template",
    GivenSource: "source folder",
    GivenLogs: "log file",
    GivenText: "error text",
}
