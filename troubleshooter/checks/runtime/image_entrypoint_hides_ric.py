"""A wrapper as entrypoint starts something else than the runtime client.

What it looks for
    An image with a runtime client whose launch certainly ends in a server: by name, as a Python module, as an npm script,
    or as a script that opens a port; directly, behind `dumb-init`, `tini` and their like, or at the end of a start script.

Why it breaks
    The entrypoint was copied from the service's image. It starts the service, ignores the handler given as CMD, and
    nobody asks Lambda for an event: the init times out, or the process ends.

How it is told apart
    Where no client is in the image, it is `ric_missing`. An entrypoint that does run the client as its last step is
    fine, whatever its name; so is a server beside an adapter in `/opt/extensions`, and a program that is its own client.

Fix
    Let the entrypoint end with `exec` of the runtime client and `"$@"`, or use AWS's own entrypoint; for web servers
    add the Lambda Web Adapter.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/awslabs/aws-lambda-web-adapter
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._server import Server, client_of, server_of
from troubleshooter.checks._server_script import asks_where
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"(?:dumb-init|tini|supervisord|s6-overlay|docker-entrypoint\.sh|(?<!lambda-)entrypoint\.sh)\b",
        1,
        unless=r"fork/exec|exec format error|not found|denied",
    ),
    signature(r"Entrypoint: \[[^\]]*(?:dumb-init|tini|docker-entrypoint)", 2, unless=r"fork/exec"),
    signature(
        r"Uvicorn running on|Listening (?:at|on):? (?:http|port)|Application startup complete"
        r"|Started server process",
        1,
        unless=r"\b(?:GET|POST|PUT|HEAD) /[^\n]{0,120}\b[23]\d\d\b|^REPORT RequestId(?![^\n]*Status: )",
    ),
)
ASK = "What does the entrypoint script start last: the runtime client, or a server?"


@check(
    title="The entrypoint ends in the runtime client",
    severity=Severity.ERROR,
    rung=Rung.RUNTIME,
    explains=("init_timeout", "function_timeout", "process_exits_by_design"),
)
def image_entrypoint_hides_ric(
    runtime: RuntimeModel,
    launch: EffectiveLaunch,
    files: ImageTree,
    spawn: SpawnResult | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Asks whether the launch ends in a server although the image has a runtime client."""
    if runtime.client == "zip":
        return not_applicable("a managed runtime brings its own client")
    if runtime.client != "unknown":
        return passed("the launch ends in a runtime client", *launch.evidence[:2], runtime.cite("client"))
    if isinstance(spawn, SpawnResult) and spawn.cause not in ("ok", "compat"):
        return not_applicable(f"the launch stops before: {spawn.detail}")
    if names := files.tree.children("/opt/extensions"):
        return passed(
            "an extension may ask for events in the server's place", files.cite("tree", names, label="/opt/extensions")
        )
    client = client_of(files.tree)
    if not client:
        return not_applicable("the image has no runtime client that could be hidden: see ric_missing")
    server = server_of(launch, files.tree)
    asking = asks_where(files.tree, server.path, server.language) if server is not None and server.script else ""
    if server is None or asking:
        unblock = Unblock("Say what the image's entrypoint starts last.")
        told = "what the launch ends in is not known" if server is None else f"{asking} may decide where it runs"
        return unknown(
            f"whether the runtime client runs could not be told: {told}", *launch.evidence[:2], unblock=unblock
        )
    hidden = files.cite("tree", client, label="runtime client in the image")
    place = files.cite("tree", server.because, label="what is started", source=f"image {server.path or server.name}")
    message = (
        f"the image has a runtime client, and its launch ends in {server.name}, which never asks Lambda for events"
    )
    fix = _fix(server, client, function, image, code)
    return failed(message, *launch.evidence[:2], place, hidden, remediation=fix)


def _fix(
    server: Server,
    client: str,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Remediation:
    aws = client.endswith(("lambda-entrypoint.sh", "/var/runtime/bootstrap"))
    own = {
        "python": '`ENTRYPOINT ["python", "-m", "awslambdaric"]`',
        "node": '`ENTRYPOINT ["npx", "aws-lambda-ric"]`',
    }.get(server.language, "the runtime client as ENTRYPOINT")
    entry = '`ENTRYPOINT ["/lambda-entrypoint.sh"]`' if aws else own
    text = (
        f"To run the handler, use {entry} with the handler as CMD. To keep {server.name}, copy the Lambda Web Adapter to "
        "/opt/extensions and set PORT to the port it listens on."
    )
    return rebuilt(text, function, image, code, "The next init ends within 10 seconds, and an invocation is answered.")
