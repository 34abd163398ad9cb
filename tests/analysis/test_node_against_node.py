"""The model of Node's loader against Node itself: seeded projects, loaded as Lambda's runtime client loads a handler.

Where the model says that something fails, Node must fail with that very error; where it says that everything is fine,
Node must load the handler. `undecided` agrees with anything, and its share is bounded.

Known disagreements, by design: a handler that is what a call returns is taken to be a function; a handler named like one of
Node's own modules, with no such file, counts as a missing module, while Node goes on with its own; and what the model does
not look at (`OUTSIDE`) may fail before what it does look at.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories import IMAGE, made_by
from tests.lab import node_oracle, node_trees
from tests.lab.node_oracle import LAMBDA_FLAGS, Said
from troubleshooter.analysis.node.handler import node_handler
from troubleshooter.analysis.node.imports import node_imports
from troubleshooter.analysis.node.module_format import module_format
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import HandlerResolution, ModuleFormat

PROJECTS = 1200
OTHER_FLAGS = (
    ("--experimental-require-module", "--experimental-detect-module"),
    ("--no-experimental-require-module", "--experimental-detect-module"),
)
"""What NODE_OPTIONS may switch on, and what other Node.js builds do by themselves."""
OUTSIDE = re.compile(
    r"does not provide an export named|Error parsing |Cannot convert undefined or null to object|not here"
    r"|has already been declared|is not defined$|Assignment to constant|Cannot set properties of|before initialization"
    r"|is not defined in ES module scope|ERR_(?:PACKAGE_PATH_NOT_EXPORTED|UNSUPPORTED_DIR_IMPORT|IMPORT_A"
    r"|PACKAGE_IMPORT_NOT_DEFINED|REQUIRE_ASYNC_MODULE|INVALID_|UNKNOWN_FILE_EXTENSION|AMBIGUOUS)"
)
"""Errors of Node that no analysis here speaks of."""
NONE = Unavailable(Reason.NOT_GIVEN, "no image configuration")


@dataclass(frozen=True)
class Model:
    """What the analyses say of one project."""

    handler: HandlerResolution
    format: ModuleFormat | Unavailable
    imports: ImportClosure | Unavailable

    @property
    def offence(self) -> str:
        return self.format.error if isinstance(self.format, ModuleFormat) else ""

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(i.full for i in self.imports.missing) if isinstance(self.imports, ImportClosure) else ()

    @property
    def esm_required(self) -> tuple[str, ...]:
        return tuple(i.full for i in self.imports.esm_required) if isinstance(self.imports, ImportClosure) else ()

    @property
    def sure(self) -> bool:
        """Nothing was left open on the way to the handler."""
        whole = isinstance(self.imports, ImportClosure) and self.imports.complete
        told = isinstance(self.format, ModuleFormat) and not self.format.doubt
        return self.handler.problem != "undecided" and whole and told


def modelled(
    root: Path,
    files: dict[str, str],
    handler: str,
    node_path: str,
    version: tuple[int, ...],
    flags: tuple[str, ...] = LAMBDA_FLAGS,
) -> Model:
    code = CodeTree(reading=IMAGE, tree=node_oracle.tree_of(root, files), root=str(root), kind="image")
    model = node_oracle.runtime(IMAGE, root, handler, version, node_path, flags)
    resolution = node_handler(model, code, NONE)
    assert isinstance(resolution, HandlerResolution)
    return Model(resolution, made_by(module_format, model, code), made_by(node_imports, model, code))


def disagreement(said: Said, model: Model) -> str:
    """Why the two do not agree; empty where they do."""
    problem = model.handler.problem
    if problem == "module missing" and "own module" in model.handler.detail:
        return ""
    if "has already been declared" in said.message:
        return ""
    if said.outcome == "loads":
        if problem not in ("", "undecided"):
            return f"model: {problem} ({model.handler.detail})"
        if model.offence or model.missing or model.esm_required:
            return f"model: {model.offence or model.missing or model.esm_required}"
        return "" if model.handler.path in (None, said.path) else f"model loads {model.handler.path}"
    if said.outcome == "malformed":
        return "" if problem == "malformed" else f"model: {problem or 'resolves'}"
    if said.outcome == "not exported":
        if problem == "" and "a call returns" in model.handler.detail:
            return ""
        if problem in ("export missing", "undecided") and not (model.offence or model.missing or model.esm_required):
            return ""
        if problem == "" and not model.sure:
            return ""
        return f"model: {problem or 'resolves'} {model.offence} {model.missing}"
    return _failure(said, model)


def _failure(said: Said, model: Model) -> str:
    """Node failed while loading: the model must have a reason that fits, or doubts."""
    if problem_fits(said, model) or (
        model.handler.problem == "module missing" and "own module" in model.handler.detail
    ):
        return ""
    outside = OUTSIDE.search(f"{said.code} {said.message}")
    if outside and not (model.sure and model.handler.problem == ""):
        return ""
    predicted = [model.offence, *model.missing, *model.esm_required]
    if any(predicted) or model.handler.problem not in ("", "undecided"):
        return f"model: {model.handler.problem} {model.handler.detail} {[p for p in predicted if p]}"
    return "model: loads" if model.sure and model.handler.problem == "" else ""


def problem_fits(said: Said, model: Model) -> bool:
    if model.handler.problem == "module missing":
        return said.code == "MODULE_NOT_FOUND" and not said.loaded
    if model.offence and said.error.startswith(model.offence):
        return True
    if model.offence.startswith("ReferenceError") and "is not defined in ES module scope" in said.message:
        return True
    if said.code in ("MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"):
        named = re.search(r"Cannot find (?:module|package) '([^']+)'", said.message)
        return named is not None and any(_names(named[1], wanted) for wanted in model.missing)
    return said.code == "ERR_REQUIRE_ESM" and bool(model.esm_required)


def _names(told: str, wanted: str) -> bool:
    """Node names a package, or the path that it looked for."""
    if told.startswith("/"):
        tail = wanted.removeprefix("./").removeprefix("../").strip("/.")
        return (
            wanted.startswith(("#", "self-named"))
            or tail in told
            or f"/node_modules/{wanted.partition('/')[0]}/" in told
        )
    return told == wanted or wanted.startswith(f"{told}/")


Asked = list[tuple[dict[str, str], str, Said, Model]]


def ask_all(base: Path, seeds: range, flags: tuple[str, ...]) -> Asked:
    """Every seed's project, with what Node and the model say of it."""
    version = node_oracle.node_version()
    cases = []
    for seed in seeds:
        files, handler, paths = node_trees.project(random.Random(seed))  # noqa: S311
        root = base / str(seed)
        node_oracle.write(root, files)
        cases.append((root, files, handler, ":".join(str(root / p) for p in paths.split(":") if p)))
    said = node_oracle.ask([(root, handler, paths) for root, _, handler, paths in cases], *flags)
    return [
        (files, handler, answer, modelled(root, files, handler, paths, version, flags))
        for (root, files, handler, paths), answer in zip(cases, said, strict=True)
    ]


def contradictions(asked: Asked) -> list[str]:
    return [
        f"{handler} of {sorted(files)[:3]}: node {said.outcome} {said.error[:160]!r}, {why}"
        for files, handler, said, model in asked
        if (why := disagreement(said, model))
    ]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    return ask_all(tmp_path_factory.mktemp("node"), range(PROJECTS), LAMBDA_FLAGS)


def test_no_verdict_contradicts_node(asked: Asked) -> None:
    wrong = contradictions(asked)
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize("flags", OTHER_FLAGS, ids=" ".join)
def test_nor_with_other_flags(flags: tuple[str, ...], tmp_path: Path) -> None:
    asked = ask_all(tmp_path, range(PROJECTS, PROJECTS + 250), flags)
    wrong = contradictions(asked)
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:40])


def test_most_projects_are_decided(asked: Asked) -> None:
    """A model that always doubts would agree with anything."""
    told = sum(m.handler.problem != "undecided" or bool(m.offence or m.missing or m.esm_required) for *_, m in asked)
    assert told > 0.85 * len(asked), told


def test_the_projects_are_worth_asking(asked: Asked) -> None:
    """Every kind of ending occurs, and no kind is all there is."""
    outcomes = Counter(said.outcome for _, _, said, _ in asked)
    assert min(outcomes[o] for o in ("loads", "not exported", "fails")) > len(asked) * 0.1, outcomes
    assert outcomes["malformed"] > 10
    codes = Counter(said.code or said.name for _, _, said, _ in asked if said.outcome == "fails")
    assert {"MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND", "SyntaxError", "ReferenceError", "ERR_REQUIRE_ESM"} <= set(
        codes
    )
