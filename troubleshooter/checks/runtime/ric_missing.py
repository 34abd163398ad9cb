"""The image has no runtime interface client.

What it looks for
    A launch of `python -m awslambdaric` whose interpreter finds no such module, or of a server that waits for connections
    and never asks Lambda for an event, in an image without a client.

Why it breaks
    AWS's language bases contain the client that fetches events; other bases do not. Without it the process ends, or
    runs as an ordinary web server until the init or the invocation times out.

How it is told apart
    A server under AWS's own entry script is `image_entrypoint_hides_ric`; a batch program that ends well is
    `process_exits_by_design`. A slow import times out too (`init_timeout`), but without a server's banner.

Fix
    Python: `pip install awslambdaric` and `ENTRYPOINT ["/usr/local/bin/python", "-m", "awslambdaric"]`. Node.js: build
    `aws-lambda-ric` in a stage. A web application: the Lambda Web Adapter in `/opt/extensions`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/aws/aws-lambda-nodejs-runtime-interface-client
    https://github.com/awslabs/aws-lambda-web-adapter
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import Any

from troubleshooter.checks import Frequency, check, failed, missing, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._server import Server, client_of, server_of, speaks_to_lambda
from troubleshooter.facts import Unavailable
from troubleshooter.facts.build import ImageRecipe
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.facts.tree import FileTree
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"No module named '?awslambdaric", 3),
    signature(r"Cannot find module '?\S*aws-lambda-ric", 3),
    signature(
        r"aws-lambda-ric: (?:not found|command not found)|could not determine executable to run.*aws-lambda-ric"
        r"|bundler: command not found: aws_lambda_ric|aws_lambda_ric: not found",
        3,
    ),
    signature(
        r"(?:Uvicorn running on|Running on (?:all addresses|http://)|Listening (?:at|on):? (?:http|port)"
        r"|server (?:is )?(?:listening|started|running) (?:on|at)|Application startup complete"
        r"|Starting (?:gunicorn|development server)|Now listening on: http|Started server process"
        r"|Tomcat started on port|ready started server on)[\s\S]{0,4000}(?:Status: timeout|Task timed out"
        r"|Runtime exited)",
        3,
    ),
    signature(
        r"Uvicorn running on|Running on (?:all addresses|http://)|Listening (?:at|on):? (?:http|port)"
        r"|server (?:is )?(?:listening|started|running) (?:on|at)|Application startup complete"
        r"|Starting (?:gunicorn|development server)|Now listening on: http|Started server process"
        r"|Tomcat started on port|ready started server on",
        2,
        unless=r"\b(?:GET|POST|PUT|HEAD) /[^\n]{0,120}\b[23]\d\d\b|^REPORT RequestId(?![^\n]*Status: )",
    ),
    signature(r"AWS_LAMBDA_RUNTIME_API.{0,40}(?:not set|undefined|missing)|KeyError: 'AWS_LAMBDA_RUNTIME_API'", 2),
    signature(r"Runtime exited without providing a reason", 1),
    signature(r"Runtime exited with error: exit status (?:1|127)\b", 1),
    signature(r"Status: timeout", 1),
)
ASK = (
    "Which base image is it, and does it contain awslambdaric, aws-lambda-ric, /var/runtime/bootstrap or the "
    "Web Adapter?"
)

_INTERPRETERS = re.compile(
    r"^(?:python|pypy|node|deno|bun|ruby|php|perl|java|dotnet|sh|bash|ash|dash|zsh|busybox|tini|dumb-init|env)"
)


@check(
    title="The launch ends in a Lambda runtime client",
    severity=Severity.ERROR,
    rung=Rung.RUNTIME,
    explains=("init_timeout", "function_timeout", "image_entrypoint_hides_ric", "process_exits_by_design"),
)
def ric_missing(
    runtime: RuntimeModel | Unavailable,
    launch: EffectiveLaunch,
    files: ImageTree | Unavailable,
    spawn: SpawnResult | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
    recipe: ImageRecipe | Unavailable,
) -> Verdict:
    """Asks whether what is launched is a known server, and whether anything in the image speaks to Lambda."""
    if isinstance(files, Unavailable):
        planned = _planned(launch, recipe)
        return failed(*planned, remediation=_install_node(function, image, code)) if planned else missing(files)
    if isinstance(runtime, Unavailable):
        return missing(runtime)
    if runtime.client == "zip":
        return not_applicable("a managed runtime brings its own client")
    if runtime.client != "unknown":
        gone = _not_installed(runtime, files.tree)
        return _absent(runtime, launch, function, image, code) if gone else _called(runtime, launch, files.tree)
    if isinstance(spawn, SpawnResult) and spawn.cause not in ("ok", "compat"):
        return not_applicable(f"the launch stops before: {spawn.detail}")
    if _node_is_run_on_a_handler(launch, files.tree):
        text = f"docker-entrypoint.sh runs `node {launch.command[0]}`, and no such file is in {launch.workdir or '/'}"
        return failed(text, *launch.evidence[:3], remediation=_install_node(function, image, code))
    server = server_of(launch, files.tree)
    if server is None and isinstance(spawn, SpawnResult) and _compiled(spawn):
        return not_applicable("the image starts a compiled program of its own, which may be its own runtime client")
    client = speaks_to_lambda(files.tree)
    if re.search(r"^/opt/extensions/[\w.-]*adapter", client):
        return passed("an adapter asks Lambda for events in the server's place", files.cite("tree", client))
    if client or server is None:
        text = f"{client} may speak to Lambda" if client else "what the launch ends in is not known"
        unblock = Unblock("Say what the image's command starts, and which of its files asks Lambda for events.")
        return unknown(
            f"whether a runtime client runs could not be told: {text}", *launch.evidence[:2], unblock=unblock
        )
    shown = files.cite("tree", "none", label="runtime client, or adapter in /opt/extensions")
    place = files.cite("tree", server.because, label="what is started", source=f"image {server.path or server.name}")
    return failed(
        f"the image starts {server.name}, a server that never asks Lambda for events, and has no runtime client",
        *launch.evidence[:2],
        place,
        shown,
        remediation=_fix(server, function, image, code),
    )


_HANDLER = re.compile(r"\w[\w/-]*\.\w*[hH]andler")
"""A command of this form is a handler and no file's name."""
_OFFICIAL = "docker-entrypoint.sh"


def _node_is_run_on_a_handler(launch: EffectiveLaunch, tree: FileTree) -> bool:
    """Whether the official Node image's own entrypoint is handed a handler, which it then gives to node as a file."""
    program = launch.entrypoint[-1] if launch.entrypoint else ""
    if (
        posixpath.basename(program) != _OFFICIAL
        or len(launch.command) != 1
        or not _HANDLER.fullmatch(launch.command[0])
    ):
        return False
    text = tree.text(program if program.startswith("/") else f"/usr/local/bin/{_OFFICIAL}") or ""
    named = posixpath.join(launch.workdir or "/", launch.command[0])
    return 'set -- node "$@"' in text and not any(tree.exists(named + end) for end in ("", ".js", ".json", ".node"))


def _planned(launch: EffectiveLaunch, recipe: ImageRecipe | Unavailable) -> tuple[Any, ...]:
    """The same of a Dockerfile that installs no client: message and evidence; empty where it is not so."""
    if isinstance(recipe, Unavailable) or recipe.may_have_client or recipe.final.kind != "node":
        return ()
    if launch.entrypoint != (_OFFICIAL,) or len(launch.command) != 1 or not _HANDLER.fullmatch(launch.command[0]):
        return ()
    entrypoint, command = launch.evidence[:2]
    base = replace(entrypoint, value=recipe.final.base, label=f"base, whose entrypoint is {_OFFICIAL}")
    said = f"{_OFFICIAL} of the base runs `node {launch.command[0]}`, and no runtime client is installed"
    return (said, base, command)


def _install_node(
    function: FunctionRecord | Unavailable, image: ImageConfig, code: FunctionCode | Unavailable
) -> Remediation:
    text = (
        "Install the runtime client in the Dockerfile, `RUN npm install aws-lambda-ric`, and start it: "
        '`ENTRYPOINT ["/usr/local/bin/npx", "aws-lambda-ric"]` with `ENV npm_config_cache=/tmp/.npm`; CMD stays the handler. '
        "Or start from public.ecr.aws/lambda/nodejs, which has it."
    )
    return rebuilt(text, function, image, code, "The log has no `Cannot find module` of the handler's own text.")


def _not_installed(runtime: RuntimeModel, tree: FileTree) -> bool:
    """Whether `python -m awslambdaric` certainly finds no such module."""
    if runtime.client != "ric" or runtime.language != "python" or runtime.open_ends or not runtime.search_path:
        return False
    return not _lies_there(runtime, tree)


def _lies_there(runtime: RuntimeModel, tree: FileTree) -> bool:
    """Whether the client that the launch names is among the files, for Python where it is looked for."""
    if runtime.language != "python":
        return bool(client_of(tree))
    names = ("awslambdaric", "awslambdaric.py")
    return any(tree.exists(posixpath.join(folder, name)) for folder in runtime.search_path for name in names)


def _called(runtime: RuntimeModel, launch: EffectiveLaunch, tree: FileTree) -> Verdict:
    if runtime.client == "ric" and not _lies_there(runtime, tree):
        text = "the launch calls the runtime client, and where it would be found is not known"
        unblock = Unblock("Give the log of the next init: it says whether the client is found.")
        return unknown("; ".join((text, *runtime.open_ends[:2])), *launch.evidence[:2], unblock=unblock)
    return passed("the launch ends in a runtime client", *launch.evidence[:2], runtime.cite("client"))


def _absent(
    runtime: RuntimeModel,
    launch: EffectiveLaunch,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Verdict:
    text = (
        "Install the runtime client for the interpreter that is started, `python -m pip install awslambdaric`, in the "
        "Dockerfile's last stage."
    )
    return failed(
        "the launch starts `python -m awslambdaric`, and no folder that this interpreter searches has the module",
        *launch.evidence[:2],
        runtime.cite("search_path", label="folders that are searched"),
        remediation=rebuilt(text, function, image, code, "The log has no `No module named awslambdaric`."),
    )


def _compiled(spawn: SpawnResult) -> bool:
    """Whether the launched file itself is machine code, and no interpreter that goes on to read a script."""
    name = posixpath.basename(spawn.chain[0]) if spawn.chain else ""
    return bool(name) and spawn.machine_path == spawn.chain[0] and _INTERPRETERS.match(name) is None


def _fix(
    server: Server,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Remediation:
    client = {
        "python": '`pip install awslambdaric` with `ENTRYPOINT ["python", "-m", "awslambdaric"]` and the handler as CMD',
        "node": '`npm install aws-lambda-ric` with `ENTRYPOINT ["npx", "aws-lambda-ric"]` and the handler as CMD',
    }.get(server.language, "the runtime client of the language")
    text = (
        f"To keep {server.name}, copy the Lambda Web Adapter to /opt/extensions in the Dockerfile and set PORT to the port it "
        f"listens on; to run a handler instead, add {client}."
    )
    return rebuilt(text, function, image, code, "The next init ends within 10 seconds, and an invocation is answered.")
