"""Launches for tests: trees that pass for real bases, and the facts that the real analysis makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.analysis.elf_bytes import elf
from tests.factories import IMAGE, RECORD, function_code, function_record, image_config, tree, variable
from troubleshooter.analysis.spawn import launch as launch_module
from troubleshooter.analysis.spawn import outcome as spawn_module
from troubleshooter.analysis.spawn import zip_package as spawn_zip_module
from troubleshooter.checks import missing
from troubleshooter.facts import Reason, Store, Unavailable, providers_in
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.logs import LaunchError, Timeline
from troubleshooter.facts.store import needs_of
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Verdict

Files = dict[str, str | bytes | Entry]

NO_FUNCTION = Unavailable(Reason.NOT_GIVEN, "no function was given")
DENIED = Unavailable(Reason.DENIED, "lambda:GetFunction was denied")
NO_TREE = Unavailable(Reason.DENIED, "ecr:GetDownloadUrlForLayer was denied")

ENTRY_SCRIPT = """#!/bin/sh
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" 1>&2
  exit 142
fi
export _HANDLER="$1"
exec /var/runtime/bootstrap
"""
BOOTSTRAP = (
    '#!/bin/bash\nif [ -n "$AWS_LAMBDA_EXEC_WRAPPER" ]; then exec "$AWS_LAMBDA_EXEC_WRAPPER" {0}; fi\nexec {0}\n'
)
LOADERS = {"amd64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1"}


def program(content: str | bytes, mode: int = 0o755) -> Entry:
    """A file that others may execute, unless `mode` says otherwise."""
    raw = content.encode() if isinstance(content, str) else content
    return Entry(Kind.FILE, mode, size=len(raw), head=raw, layer=0)


def link(to: str) -> Entry:
    return Entry(Kind.SYMLINK, 0o777, link=to)


def folder(mode: int = 0o755) -> Entry:
    return Entry(Kind.DIRECTORY, mode)


def linux(arch: str = "amd64") -> Files:
    """A glibc distribution with merged /usr: bash, sh, env and the loader."""
    loader = LOADERS[arch]
    binary = program(elf(arch, loader))
    return {
        "/bin": link("usr/bin"),
        "/lib": link("usr/lib"),
        "/lib64": link("usr/lib64"),
        "/usr/lib": folder(),
        "/usr/lib64": folder(),
        "/usr" + loader: program(elf(arch, kind=3)),
        "/usr/bin/bash": binary,
        "/usr/bin/sh": link("bash"),
        "/usr/bin/env": binary,
        "/root": folder(0o700),
    }


def aws_base(arch: str = "amd64", interpreter: str = "/var/lang/bin/python3.12") -> Files:
    """An AWS language base image with a handler."""
    return {
        **linux(arch),
        "/lambda-entrypoint.sh": program(ENTRY_SCRIPT),
        "/var/runtime/bootstrap": program(BOOTSTRAP.format(interpreter)),
        interpreter: program(elf(arch, LOADERS[arch])),
        "/var/task/app.py": "def handler(event, context):\n    return 'ok'\n",
    }


def custom_base(arch: str = "amd64") -> Files:
    """A distribution's Python with the runtime interface client; ENTRYPOINT is a chain of links, as in official images."""
    return {
        **linux(arch),
        "/usr/local/bin/python3.12": program(elf(arch, LOADERS[arch])),
        "/usr/local/bin/python3": link("python3.12"),
        "/usr/local/bin/python": link("python3"),
        "/function/app.py": "def handler(event, context):\n    return 'ok'\n",
    }


def custom_config(**changes: Any) -> ImageConfig:
    """Configuration that belongs to `custom_base`."""
    defaults: dict[str, Any] = {
        "entrypoint": ("/usr/local/bin/python", "-m", "awslambdaric"),
        "workdir": "/function",
        "environment": (variable("PATH", "/usr/local/bin:/usr/bin:/bin"),),
    }
    return image_config(**{**defaults, **changes})


def script_config(entrypoint: str = "/entry.sh", **changes: Any) -> ImageConfig:
    return custom_config(entrypoint=(entrypoint,), **changes)


def image_tree(files: Files) -> ImageTree:
    return ImageTree(reading=IMAGE, tree=tree(files), layers=1)


def launch_errors(*errors: LaunchError) -> Timeline:
    """A timeline that knows nothing but launch errors."""
    return Timeline(reading=RECORD, launch_errors=errors, events=len(errors))


def launch_error(
    error: str, entrypoint: str = "", command: str = "app.handler", workdir: str = "/var/task"
) -> LaunchError:
    return LaunchError(None, "stream", error, entrypoint, command, workdir)


@dataclass
class Launched:
    """One target's facts, derived by the real providers."""

    store: Store

    def ask(self, check: Callable[..., Verdict]) -> Verdict:
        """The check's verdict, by its own needs."""
        facts = {}
        for need in needs_of(check):
            fact = self.store.get(need.fact)
            if isinstance(fact, Unavailable) and not need.tolerant:
                return missing(fact)
            facts[need.name] = fact
        return check(**facts)

    def get(self, kind: type[Any]) -> Any:
        return self.store.get(kind)


def launched(
    files: Files | Unavailable,
    function: FunctionRecord | Unavailable | None = None,
    image: ImageConfig | Unavailable | None = None,
    code: FunctionCode | Unavailable | None = None,
    **others: Any,
) -> Launched:
    """A launch of `files`: by default by an image function of an AWS base. `others` are further facts, by any name."""
    seeds: list[object] = list(others.values())
    missing_facts: dict[type[Any], Unavailable] = {}
    defaults: Mapping[type[Any], Any] = {
        FunctionRecord: function if function is not None else function_record(),
        ImageConfig: image if image is not None else image_config(),
        FunctionCode: code if code is not None else function_code(),
        ImageTree: files if isinstance(files, Unavailable) else image_tree(files),
    }
    for kind, fact in defaults.items():
        if isinstance(fact, Unavailable):
            missing_facts[kind] = fact
        else:
            seeds.append(fact)
    return Launched(Store(providers_in([launch_module, spawn_module, spawn_zip_module]), seeds, missing=missing_facts))
