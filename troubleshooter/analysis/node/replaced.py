"""Whether own JavaScript may put another function in the place of one of Node's: `process.exit = …`, a stub, a mock."""

from __future__ import annotations

import re
from collections.abc import Collection

from troubleshooter.facts.image import CodeTree

FILES, SIZE = 400, 2_000_000
"""Own files that are searched, and the bytes of each."""
_SOURCES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_MOCKS = re.compile(r"""["'](?:mock-fs|memfs|unionfs|fs-monkey|graceful-fs|proxyquire|rewire|mock-require)["']""")


def is_replaced(code: CodeTree, names: Collection[str]) -> bool:
    """Whether a file of the function's own assigns to a property of such a name, or names it to what replaces functions."""
    either = "|".join(map(re.escape, sorted(names)))
    assigned = re.compile(rf"\.\s*(?:{either})\s*=(?![=>])|\[\s*[\"'](?:{either})[\"']\s*\]\s*=(?![=>])")
    handed = re.compile(rf"[,{{]\s*(?:[\"'](?:{either})[\"']|(?:{either})\s*[:(])")
    replacing = re.compile(
        r"\b(?:spyOn|stub|mock\w*|define(?:Property|Properties)|assign|replace\w*|override\w*|wrap\w*)\s*\("
    )
    own = [p for p in code.tree.walk(code.root) if p.endswith(_SOURCES) and "/node_modules/" not in p]
    if len(own) > FILES:
        return True
    for path in own:
        content = code.tree.read(path)
        if content is None or len(content) > SIZE:
            return True
        text = content.decode("utf-8", "replace")
        if assigned.search(text) or _MOCKS.search(text) or (handed.search(text) and replacing.search(text)):
            return True
    return False
