"""Code for tests: images, zip packages and source folders with a Node.js handler, analysed by the real providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.coding import NO_LOGS, PACKAGE
from tests.factories import SOURCE, function_code, function_record, image_config, tree, variable
from tests.launching import Launched, aws_base, image_tree, program
from troubleshooter.analysis import code_tree
from troubleshooter.analysis.node import background as node_background
from troubleshooter.analysis.node import effects as node_effects
from troubleshooter.analysis.node import handler as node_handler
from troubleshooter.analysis.node import imports as node_imports
from troubleshooter.analysis.node import module_format
from troubleshooter.analysis.python import requirements
from troubleshooter.analysis.runtime import language as runtime
from troubleshooter.analysis.spawn import launch
from troubleshooter.facts import Store, Unavailable, providers_in
from troubleshooter.facts.function import FunctionCode, FunctionRecord, ImageOverride
from troubleshooter.facts.image import CodeTree, ImageConfig, ImageTree
from troubleshooter.facts.logs import Timeline

MODULES = (
    code_tree,
    launch,
    runtime,
    module_format,
    node_handler,
    node_imports,
    node_background,
    node_effects,
    requirements,
)
BOOTSTRAP = """#!/bin/bash
if [ -z "$NODE_PATH" ]; then
  export NODE_PATH="/opt/nodejs/node{0}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"
fi
exec /var/lang/bin/node --no-experimental-require-module --no-experimental-detect-module /var/runtime/index.mjs
"""
SLOW = "const save = async (r) => { await new Promise((done) => setTimeout(done, 500)); };\n"
"""An async function that needs the event loop."""


def an_image(
    files: Mapping[str, Any],
    command: str = "index.handler",
    override: str | None = None,
    *,
    node: int = 20,
    timeline: Timeline | Unavailable = NO_LOGS,
    environment: Mapping[str, str] | None = None,
    facts: Mapping[type[Any], Any] | None = None,
) -> Launched:
    """An image function of AWS's Node.js base. `files` are the task root's, or absolute; `override` its own Command."""
    layers = aws_base(interpreter="/var/lang/bin/node")
    del layers["/var/task/app.py"]
    layers["/var/runtime/bootstrap"] = program(BOOTSTRAP.format(node))
    layers["/var/runtime/index.mjs"] = "globalThis.awslambda = {};\n"
    layers["/var/runtime/runtime-release"] = f"RUNTIME_NAME=nodejs{node}\nNODE_VERSION={node}.19.5\n"
    layers["/var/runtime/node_modules/@aws-sdk/client-s3/package.json"] = '{"name": "@aws-sdk/client-s3"}'
    layers["/var/runtime/node_modules/@aws-sdk/client-s3/index.js"] = "module.exports = {};\n"
    layers.update({path if path.startswith("/") else f"/var/task/{path}": text for path, text in files.items()})
    known = [variable("LAMBDA_TASK_ROOT", "/var/task"), variable("LAMBDA_RUNTIME_DIR", "/var/runtime")]
    known += [variable("PATH", "/var/lang/bin:/usr/bin:/bin")]
    known += [variable(name, value) for name, value in (environment or {}).items()]
    return analysed(
        {
            FunctionRecord: function_record(
                override=ImageOverride(command=(override,)) if override else ImageOverride()
            ),
            ImageConfig: image_config(command=(command,), environment=tuple(known)),
            ImageTree: image_tree(layers),
            FunctionCode: function_code(),
            Timeline: timeline,
            **(facts or {}),
        }
    )


def a_zip(
    files: Mapping[str, Any],
    handler: str = "index.handler",
    *,
    node: int = 20,
    timeline: Timeline | Unavailable = NO_LOGS,
    **record: Any,
) -> Launched:
    """A zip function of a managed Node.js runtime."""
    function = function_record(package_type="Zip", runtime=f"nodejs{node}.x", handler=handler, **record)
    contents = tree({f"/var/task/{name}": text for name, text in files.items()})
    code = CodeTree(reading=PACKAGE, tree=contents, root="/var/task", kind="zip")
    return analysed({FunctionRecord: function, CodeTree: code, Timeline: timeline})


def a_source(files: Mapping[str, Any], **record: Any) -> Launched:
    """The source folder of a zip function."""
    function = function_record(package_type="Zip", runtime="nodejs20.x", handler="index.handler", **record)
    code = CodeTree(
        reading=SOURCE, tree=tree({f"/{name}": text for name, text in files.items()}), root="/", kind="source"
    )
    return analysed({FunctionRecord: function, CodeTree: code, Timeline: NO_LOGS})


def analysed(facts: Mapping[type[Any], Any]) -> Launched:
    """Facts with everything that thinking makes of them."""
    seeds = [fact for fact in facts.values() if not isinstance(fact, Unavailable)]
    missing = {kind: fact for kind, fact in facts.items() if isinstance(fact, Unavailable)}
    return Launched(Store(providers_in(MODULES), seeds, missing=missing))
