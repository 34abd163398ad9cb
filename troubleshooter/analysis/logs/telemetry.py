"""Where the function's own code batches its telemetry, and whether anything there sends the batch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import provides
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.telemetry import SourceLine, Telemetry
from troubleshooter.facts.tree import Kind

FILES, SIZE, LINES = 2000, 512 * 1024, 20
_SOURCE = re.compile(r"\.(?:py|[cm]?[jt]s|[jt]sx)$")
_FOREIGN = re.compile(r"/(?:site-packages|dist-packages|node_modules|opentelemetry|[^/]+\.(?:dist|egg)-info)/")
_COMMENT = re.compile(r"^\s*(?:#|//|\*|/\*)")
_BATCHES = re.compile(
    r"\b(?:Batch(?:Span|LogRecord|ExportSpan)Processor|PeriodicExporting(?:Metric|Log)\w*Reader)\s*\("
)
_FLUSHES = re.compile(r"flush|\bshutdown\b|AwsLambdaInstrument|instrumentation-aws-lambda", re.IGNORECASE)


@provides()
def own_telemetry(code: CodeTree) -> Telemetry:
    """Reads lines, not programs: what is found proves nothing by itself, and anything like a flush speaks for the code."""
    batches: list[SourceLine] = []
    flushes: list[SourceLine] = []
    for path, text in _own(code):
        for number, line in enumerate(text.splitlines(), 1):
            if _COMMENT.match(line):
                continue
            shown = SourceLine(path, number, line.strip()[:200])
            if _BATCHES.search(line):
                batches.append(shown)
            if _FLUSHES.search(line):
                flushes.append(shown)
    return Telemetry(reading=reading_of(code), batches=tuple(batches[:LINES]), flushes=tuple(flushes[:LINES]))


def _own(code: CodeTree) -> Iterator[tuple[str, str]]:
    """Source files that no installed distribution brought."""
    foreign = _installed(code)
    kept = 0
    for path in code.tree.walk(code.root):
        inside = path[len(code.root) :].lstrip("/")
        if not _SOURCE.search(path) or _FOREIGN.search(f"/{inside}") or inside.partition("/")[0] in foreign:
            continue
        entry = code.tree.entry(path)
        if entry is None or entry.kind is not Kind.FILE or entry.size > SIZE:
            continue
        text = code.tree.text(path)
        if text is not None:
            yield path, text
            kept += 1
            if kept >= FILES:
                return


def _installed(code: CodeTree) -> frozenset[str]:
    """First parts of the paths that distributions beside the code record as theirs."""
    found: set[str] = set()
    for name in code.tree.children(code.root):
        if name.endswith(".dist-info"):
            record = code.tree.text(f"{code.root.rstrip('/')}/{name}/RECORD") or ""
            found |= {line.partition(",")[0].partition("/")[0] for line in record.splitlines()}
    return frozenset(found - {"", "..", "bin"})
