"""The handler's module has a default export only, and the handler names another one.

What it looks for
    A handler `index.handler` whose module exports its function as `default`, or an object with the function in it as
    `default`, and nothing under the name that is asked for.

Why it breaks
    The runtime client takes the name after the dot literally: it looks for `handler` on the module and knows nothing of a
    default export. The init ends with `Runtime.HandlerNotFound: index.handler is undefined or not exported`.

How it is told apart
    Where neither name exists it is `handler_export_missing`. Where the source exports the name and the bundle does not,
    it is `node_handler_overwritten_by_bundler`.

Fix
    Export the function by name, or name the handler `index.default` (`index.default.handler` for an object).

References
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._handler_fix import configured, with_handler, would_work
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"[\w./-]+\.handler is undefined or not exported[\s\S]{0,400}export default|export default[\s\S]{0,600}"
              r"is undefined or not exported", 3),
    signature(r"[\w./-]+\.handler is undefined or not exported", 1),
    signature(r"Runtime\.HandlerNotFound: [\w./-]+ is undefined or not exported", 1),
)  # fmt: skip


@check(
    title="The handler is exported under the name that it is asked for by",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("handler_export_missing", "node_handler_overwritten_by_bundler"),
)
def node_default_export(
    resolution: HandlerResolution,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Asks whether the wanted function is there as the default export."""
    if resolution.language != "node":
        return not_applicable("the handler is not JavaScript")
    where = configured(resolution, launch, function)
    if resolution.problem == "undecided":
        return unknown(resolution.detail or "what the module exports could not be told", where)
    if resolution.problem and resolution.problem != "export missing":
        return not_applicable(f"the handler fails before its function is asked for: {resolution.problem}")
    default = _default(resolution)
    if not resolution.problem or not default:
        return passed("the handler does not miss a default export", where)
    place = resolution.path or resolution.module
    fix = with_handler(
        resolution,
        launch,
        function,
        image,
        code,
        f"Export the function by name in the source of {place}: `export const {resolution.export} = …`.",
    )
    return failed(
        f"the handler asks for `{resolution.export}`, and {place} has its function as the default export",
        where,
        resolution.cite("path", f"exports no `{resolution.export}`", label=f"module {place}"),
        *would_work(resolution),
        *said(timeline, r"is undefined or not exported|is not a function"),
        remediation=fix,
    )


def _default(resolution: HandlerResolution) -> str:
    """The handler that would reach the default export, where that is what was meant; else empty."""
    stem = resolution.handler.removesuffix(f".{resolution.export}")
    same = [a for a in resolution.alternatives if a.startswith(f"{stem}.")]
    meant = f"{stem}.default.{resolution.export}"
    if meant in same:
        return meant
    return f"{stem}.default" if same == [f"{stem}.default"] else ""
