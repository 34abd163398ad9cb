"""Code for tests: images, zip packages and source folders with a Python handler, analysed by the real providers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from tests.factories import IMAGE, RECORD, SOURCE, function_code, function_record, image_config, tree
from tests.launching import Files, Launched, aws_base, image_tree
from troubleshooter.analysis import code_tree
from troubleshooter.analysis.python import background as python_background
from troubleshooter.analysis.python import effects as python_effects
from troubleshooter.analysis.python import handler as python_handler
from troubleshooter.analysis.python import imports as python_imports
from troubleshooter.analysis.python import metadata as python_metadata
from troubleshooter.analysis.python import packages as python_packages
from troubleshooter.analysis.python import requirements
from troubleshooter.analysis.python import shadowing as python_shadowing
from troubleshooter.analysis.python import told_missing as python_told
from troubleshooter.analysis.runtime import language as runtime
from troubleshooter.analysis.spawn import launch
from troubleshooter.facts import Reading, Reason, Store, Unavailable, providers_in
from troubleshooter.facts.function import EnvironmentVariable, FunctionCode, FunctionRecord, ImageOverride
from troubleshooter.facts.image import CodeTree, ImageConfig, ImageTree, PackageCode
from troubleshooter.facts.logs import ErrorText, Invocation, Timeline
from troubleshooter.model import Origin
from troubleshooter.redact import Secrets

PACKAGE = Reading("deployment package", Origin.PACKAGE, "2026-01-02T03:04:05.000Z")
LOGS = Reading("logs:FilterLogEvents /aws/lambda/demo", Origin.APPLICATION_LOG, "2026-01-02T03:04:05.000Z")
SITE = "/var/lang/lib/python3.12/site-packages"
HANDLER = "def handler(event, context):\n    return 1\n"
NO_LOGS = Unavailable(Reason.DENIED, "logs:FilterLogEvents was denied")
MODULES = (
    *(code_tree, launch, runtime, python_handler, python_imports, python_packages),
    *(python_background, python_effects, python_metadata, python_shadowing, python_told, requirements),
)


def an_image(
    files: Mapping[str, Any],
    command: str = "app.handler",
    override: str | None = None,
    *,
    base: Files | None = None,
    timeline: Timeline | Unavailable = NO_LOGS,
    own: tuple[EnvironmentVariable, ...] = (),
    **config: Any,
) -> Launched:
    """An image function of AWS's Python 3.12 base. `files` are the task root's, or absolute; `override` its own Command, `own`
    its own environment."""
    layers = {**(aws_base() if base is None else base)}
    layers.pop("/var/task/app.py", None)
    layers.update({path if path.startswith("/") else f"/var/task/{path}": text for path, text in files.items()})
    command_of_its_own = ImageOverride(command=(override,)) if override else ImageOverride()
    record = function_record(override=command_of_its_own, environment=own)
    facts = {
        FunctionRecord: record,
        ImageConfig: image_config(command=(command,), **config),
        ImageTree: image_tree(layers),
        FunctionCode: function_code(),
        Timeline: timeline,
    }
    return analysed(facts)


def a_zip(
    files: Mapping[str, Any],
    handler: str = "app.handler",
    runtime_name: str = "python3.12",
    timeline: Timeline | Unavailable = NO_LOGS,
    **record: Any,
) -> Launched:
    """A zip function."""
    function = function_record(package_type="Zip", runtime=runtime_name, handler=handler, **record)
    code = PackageCode(
        reading=PACKAGE, tree=tree({f"/var/task/{k}": v for k, v in files.items()}), root="/var/task", kind="zip"
    )
    facts = {FunctionRecord: function, PackageCode: code, CodeTree: CodeTree(**vars(code)), Timeline: timeline}
    return analysed(facts)


def a_source(files: Mapping[str, Any], function: FunctionRecord | None = None) -> Launched:
    """A source folder, with a template's function or alone."""
    code = CodeTree(reading=SOURCE, tree=tree({f"/{k}": v for k, v in files.items()}), root="/", kind="source")
    missing = Unavailable(Reason.NOT_GIVEN, "no function was given")
    return analysed({CodeTree: code, FunctionRecord: function or missing})


def analysed(facts: Mapping[type[Any], Any]) -> Launched:
    """Facts with everything that thinking makes of them."""
    seeds = [Secrets(b"salt"), *(fact for fact in facts.values() if not isinstance(fact, Unavailable))]
    missing = {kind: fact for kind, fact in facts.items() if isinstance(fact, Unavailable)}
    return Launched(Store(providers_in(MODULES), seeds, missing=missing))


def logged(*messages: str, invocations: tuple[Invocation, ...] = (), platform: bool = True) -> Timeline:
    """A timeline with errors of the runtime client, and invocations."""
    errors = tuple(ErrorText(None, "stream", "Runtime.ImportModuleError", text, platform) for text in messages)
    return Timeline(reading=LOGS, errors=errors, invocations=invocations, events=len(messages) + len(invocations))


def invoked(**changes: Any) -> Invocation:
    """An invocation that succeeded after half a second."""
    start = dt.datetime(2026, 1, 2, 3, 0, 0, tzinfo=dt.UTC)
    defaults: dict[str, Any] = {
        "request_id": "r-1",
        "stream": "stream",
        "version": "$LATEST",
        "start": start,
        "end": start + dt.timedelta(milliseconds=540),
        "lines": ("streaming begins",),
        "line_times": (start + dt.timedelta(milliseconds=100),),
    }
    return Invocation(**{**defaults, **changes})


__all__ = [
    "HANDLER",
    "IMAGE",
    "NO_LOGS",
    "RECORD",
    "SITE",
    "a_source",
    "a_zip",
    "an_image",
    "analysed",
    "invoked",
    "logged",
]
