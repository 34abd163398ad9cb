"""Whether a Node.js handler is wrapped in `awslambda.streamifyResponse`."""

from __future__ import annotations

from troubleshooter.analysis.javascript.syntax import Unparsed
from troubleshooter.analysis.javascript.values import Sort
from troubleshooter.analysis.node.exports import Answer
from troubleshooter.analysis.node.files import NodeFiles
from troubleshooter.analysis.node.handler import HandlerSearch
from troubleshooter.analysis.node.location import handler_text
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.account import StreamingHandler
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import RuntimeModel

WRAPPER = "awslambda.streamifyResponse"
_SPELLINGS = frozenset({WRAPPER, f"globalThis.{WRAPPER}", f"global.{WRAPPER}"})


@provides()
def streaming_handler(runtime: RuntimeModel, code: CodeTree) -> StreamingHandler | Unavailable:
    """What the exported handler is made by, where that is read from the file; an unknown wrapper may hide a stream."""
    handler = handler_text(runtime)
    try:
        location, answer = HandlerSearch(NodeFiles(code.tree), runtime).resolve(handler)
        if not isinstance(answer, Answer) or location.path is None:
            return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler is not found in the code")
        value = answer.value
        if value.script is None or not value.path or value.sort not in (Sort.FUNCTION, Sort.CALL):
            return Unavailable(Reason.UNSUPPORTED, f"what {handler} is shows only when it runs")
        node = value.path[-1]
        callee = node.child_by_field_name("function") if node.type == "call_expression" else None
        name = value.script.text(callee) if callee is not None else ""
        streams = name in _SPELLINGS
        if value.sort is Sort.CALL and not streams:
            return Unavailable(Reason.UNSUPPORTED, f"what {handler} is wrapped in is not followed")
        return StreamingHandler(
            reading=reading_of(code), path=value.script.path, line=value.script.line(node), streams=streams
        )
    except Unparsed as error:
        return Unavailable(Reason.UNSUPPORTED, f"the handler's file is not understood: {error}")
