"""Finds the templates of a folder: a CDK assembly, or a project with one template of a known name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from troubleshooter.errors import UsageError
from troubleshooter.facts.given import TemplateFile

MAX_STACKS, MAX_BYTES = 50, 64 * 1024 * 1024
KNOWN = (
    "template.yaml",
    "template.yml",
    "template.json",
    "serverless.yml",
    "serverless.yaml",
    "serverless.json",
    "plan.json",
    "tfplan.json",
)
"""Names that a project's template usually has, the first one found counts."""


def templates_in(folder: Path) -> tuple[TemplateFile, ...]:
    """The templates of a folder. Raises UsageError that says what to give instead."""
    for place in (folder, folder / "cdk.out"):
        found = list(_assembly(place, ""))
        if found:
            return tuple(_named(found))
    for name in KNOWN:
        if (folder / name).is_file():
            return (TemplateFile(name, _text(folder / name)),)
    if any(folder.glob("*.tf")):
        raise UsageError(
            f"--template {folder}: it holds Terraform source; run `terraform plan -out plan.bin`, then "
            "`terraform show -json plan.bin > plan.json`, and give plan.json"
        )
    if (folder / "cdk.json").is_file():
        raise UsageError(f"--template {folder}: it holds a CDK app; run `cdk synth` there and give its folder cdk.out")
    raise UsageError(
        f"--template {folder}: no template in this folder; give the template itself, or the CDK's output folder cdk.out"
    )


def _assembly(folder: Path, prefix: str) -> Iterator[tuple[str, str, Path]]:
    """(stack, name, path) of each stack of an assembly, those of nested assemblies (stages) too."""
    manifest = _manifest(folder / "manifest.json")
    named = {}
    for stack, artifact in manifest.items():
        kind, properties = artifact.get("type"), artifact.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        if kind == "aws:cloudformation:stack" and isinstance(properties.get("templateFile"), str):
            named[properties["templateFile"]] = stack
        elif kind == "cdk:cloud-assembly" and isinstance(properties.get("directoryName"), str):
            below = properties["directoryName"]
            if "/" not in below and below not in ("", ".", ".."):
                yield from _assembly(folder / below, f"{prefix}{below}/")
    paths = sorted(folder.glob("*.template.json")) if folder.is_dir() else []
    for path in paths[:MAX_STACKS]:
        nested = ".nested.template." in path.name
        if path.is_file() and (path.name in named or nested or not named):
            yield named.get(path.name, path.name.removesuffix(".template.json")), f"{prefix}{path.name}", path


def _manifest(path: Path) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}
    artifacts = document.get("artifacts") if isinstance(document, dict) else None
    entries = artifacts.items() if isinstance(artifacts, dict) else ()
    return {name: value for name, value in entries if isinstance(value, dict)}


def _named(found: list[tuple[str, str, Path]]) -> Iterator[TemplateFile]:
    for stack, name, path in found[:MAX_STACKS]:
        yield TemplateFile(name, _text(path), stack)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--template {path}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"--template {path}: larger than {MAX_BYTES // 1024 // 1024} MiB")
    return content.decode("utf-8-sig", "replace")
