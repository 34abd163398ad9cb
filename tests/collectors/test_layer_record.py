"""Records of layers are those of the code that reads: whatever takes part in reading is part of a record's name."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

from troubleshooter.collectors import layers
from troubleshooter.collectors.layer_record import READERS

OF_NO_EFFECT = {
    "troubleshooter.facts",
    "troubleshooter.facts.image",
}
"""What readers import that decides nothing of what a record holds: errors, and the manifest's entry of a layer."""


def test_every_module_that_takes_part_in_reading_counts() -> None:
    found: set[str] = set()
    waiting = [layers.__name__]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        source = importlib.import_module(name).__file__
        assert source is not None
        for node in ast.walk(ast.parse(Path(source).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("troubleshooter."):
                waiting += [node.module or ""] if node.module not in OF_NO_EFFECT else []
    assert {name for name in found if ".facts." in name or ".collectors." in name} == {m.__name__ for m in READERS}
