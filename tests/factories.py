"""Facts with sensible defaults, for tests of checks: construct, never mock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from troubleshooter.facts import Reading, SourceError, Unavailable
from troubleshooter.facts.function import EnvironmentVariable, FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.template import DeclaredFunction, DeclaredResource
from troubleshooter.facts.tree import Entry, FileTree, Kind
from troubleshooter.model import Origin

T = TypeVar("T")
AT = "2026-01-02T03:04:05.000Z"
RECORD = Reading("lambda:GetFunction", Origin.RECORD, AT, "11111111-2222-3333-4444-555555555555")
REGISTRY = Reading("ecr:BatchGetImage", Origin.REGISTRY, AT)
IMAGE = Reading("image layers", Origin.IMAGE, AT)
SOURCE = Reading("source folder", Origin.SOURCE, AT)
TEMPLATE = Reading("template.yaml", Origin.TEMPLATE, AT)
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:demo"
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/demo:latest"


def made_by(provider: Callable[..., T | Unavailable], *facts: object) -> T | Unavailable:
    """What a provider makes of facts that are given to it, as the store takes it."""
    try:
        return provider(*facts)
    except SourceError as error:
        return error.unavailable


def function_record(**changes: Any) -> FunctionRecord:
    """An image function of x86_64 that is Active."""
    defaults: dict[str, Any] = {
        "reading": RECORD,
        "name": "demo",
        "arn": ARN,
        "package_type": "Image",
        "architecture": "x86_64",
        "state": "Active",
        "update_status": "Successful",
        "timeout_s": 30,
        "memory_mb": 512,
        "code_sha256": "a" * 64,
    }
    return FunctionRecord(**{**defaults, **changes})


def function_code(**changes: Any) -> FunctionCode:
    """Code in ECR."""
    defaults: dict[str, Any] = {
        "reading": RECORD,
        "image_uri": URI,
        "resolved_image_uri": f"{URI.partition(':')[0]}@sha256:{'a' * 64}",
        "repository_type": "ECR",
    }
    return FunctionCode(**{**defaults, **changes})


def image_config(**changes: Any) -> ImageConfig:
    """An AWS Python base with a handler."""
    defaults: dict[str, Any] = {
        "reading": REGISTRY,
        "architecture": "amd64",
        "os": "linux",
        "entrypoint": ("/lambda-entrypoint.sh",),
        "command": ("app.handler",),
        "workdir": "/var/task",
        "environment": (variable("LAMBDA_TASK_ROOT", "/var/task"), variable("PATH", "/var/lang/bin:/usr/bin:/bin")),
    }
    return ImageConfig(**{**defaults, **changes})


def variable(name: str, value: str) -> EnvironmentVariable:
    """A launch variable, whose value is kept."""
    return EnvironmentVariable(name, len(value), "text", "0" * 12, value)


def declared_resource(
    properties: dict[str, object], *, format: str = "cloudformation", **changes: Any
) -> DeclaredResource:
    """A function resource of a template; its properties stand on lines 11, 12, … in their order."""
    defaults: dict[str, Any] = {
        "logical_id": "Api",
        "place": "template.yaml:9",
        "kind": "AWS::Serverless::Function" if format == "sam" else "AWS::Lambda::Function",
        "properties": properties,
        "places": {path: f"template.yaml:{line}" for line, path in enumerate(properties, 11)},
    }
    return DeclaredResource(reading=TEMPLATE, function=DeclaredFunction(**{**defaults, **changes}), format=format)


def tree(files: dict[str, str | bytes | Entry]) -> FileTree:
    """A tree of files by absolute path; text or bytes make a 0644 file, an `Entry` stands as it is. Parents are made."""
    entries: dict[str, Entry] = {}
    contents: dict[str, bytes] = {}
    for path, value in files.items():
        parent = path.rpartition("/")[0]
        while parent:
            entries.setdefault(parent, Entry(Kind.DIRECTORY, 0o755))
            parent = parent.rpartition("/")[0]
        if isinstance(value, Entry):
            entries[path] = value
            contents[path] = value.head
        else:
            content = value.encode() if isinstance(value, str) else value
            entries[path] = Entry(Kind.FILE, 0o644, size=len(content), head=content[:256])
            contents[path] = content
    return FileTree(entries, contents.get)
