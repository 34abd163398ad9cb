"""CDK code in Python: which environment names it gives to Lambda functions, read from the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from troubleshooter.analysis.cdk.findings import CdkFindings
from troubleshooter.analysis.python.source import parse

_FUNCTION = re.compile(r"aws_cdk\.aws_lambda\w*\.(?!Cfn)\w*Function")
_INTERFACE = re.compile(r"aws_cdk\.aws_lambda\w*\.I?(?!Cfn)\w*Function")
_CHANGES = frozenset({"clear", "pop", "popitem", "setdefault", "update"})
HOPS = 5
"""Names that are followed to a literal."""


def read_python(text: str, found: CdkFindings) -> None:
    """Adds what one file gives its functions."""
    tree = parse(text).tree
    if tree is None:
        found.hidden(1)
        return
    scan = _Scan(found)
    for node in ast.walk(tree):
        scan.collect(node)
    for node in scan.calls:
        scan.call(node)


@dataclass(slots=True)
class _Scan:
    """One file: first what names stand for, then the calls."""

    found: CdkFindings
    aliases: dict[str, str] = field(default_factory=dict)
    """Local name → dotted name that it was imported as."""
    assigned: dict[str, list[ast.expr]] = field(default_factory=dict)
    """Name or `self.name` → everything that is assigned to it."""
    keys: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """Name → literal keys that are set on it."""
    changed: set[str] = field(default_factory=set)
    """Names of which something is taken away, or changed in a way that is not literal."""
    typed: set[str] = field(default_factory=set)
    """Parameters that are annotated as a Lambda function."""
    calls: list[ast.Call] = field(default_factory=list)
    bases: dict[int, ast.ClassDef] = field(default_factory=dict)
    """`super().__init__` calls by identity → the class that they stand in."""

    def collect(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for each in node.names:
                self.aliases[each.asname or each.name.partition(".")[0]] = (
                    each.name if each.asname else each.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for each in node.names:
                self.aliases[each.asname or each.name] = f"{node.module}.{each.name}"
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self.assign(target, node.value)
        elif isinstance(node, ast.Delete):
            self.changed |= {_text(t.value) for t in node.targets if isinstance(t, ast.Subscript)}
        elif isinstance(node, ast.arg) and node.annotation is not None:
            self.typed |= {node.arg} if _INTERFACE.fullmatch(self.dotted(node.annotation)) else set()
        elif isinstance(node, ast.ClassDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and _is_super_init(inner):
                    self.bases[id(inner)] = node
        elif isinstance(node, ast.Call):
            self.calls.append(node)
            if isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
                self.changed.add(_text(node.func.value))

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        name = _text(target)
        if isinstance(target, ast.Subscript):
            key = target.slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                self.keys.setdefault(_text(target.value), []).append((key.value, key.lineno))
            else:
                self.changed.add(_text(target.value))
        elif name:
            self.assigned.setdefault(name, []).append(value)

    def dotted(self, node: ast.expr) -> str:
        """What a name stands for, by the imports: `aws_cdk.aws_lambda.Function`."""
        first, dot, rest = _text(node).partition(".")
        return self.aliases.get(first, first) + dot + rest

    def call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if self.makes_function(node):
            self.found.functions += 1
            self.construct(node)
        elif name == "add_environment" and isinstance(node.func, ast.Attribute) and self.is_function(node.func.value):
            key = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "key"), None)
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                self.found.name(key.value, key.lineno)
            else:
                self.found.hidden(node.lineno)

    def makes_function(self, node: ast.Call) -> bool:
        base = self.bases.get(id(node))
        if base is not None:
            return any(_FUNCTION.fullmatch(self.dotted(each)) for each in base.bases)
        return _FUNCTION.fullmatch(self.dotted(node.func)) is not None

    def is_function(self, node: ast.expr) -> bool:
        """Whether an expression is a function that this file makes or takes."""
        while (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_environment"
        ):
            node = node.func.value
        if isinstance(node, ast.Call):
            return self.makes_function(node)
        name = _text(node)
        made = any(isinstance(value, ast.Call) and self.is_function(value) for value in self.assigned.get(name, ()))
        return made or name in self.typed

    def construct(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg == "environment":
                self.literal_keys(keyword.value, HOPS)
            elif keyword.arg is None:
                for key, value in _entries(keyword.value):
                    if key is not None and key.value == "environment":
                        self.literal_keys(value, HOPS)
                if not isinstance(keyword.value, ast.Dict):
                    self.found.hidden(keyword.value.lineno)

    def literal_keys(self, node: ast.expr, hops: int) -> None:
        """Adds the literal keys of what makes an environment; hides what is not literal."""
        if isinstance(node, ast.Constant) and node.value is None:
            return
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            self.literal_keys(node.left, hops)
            self.literal_keys(node.right, hops)
        elif isinstance(node, ast.Dict) or (
            isinstance(node, ast.Call) and _text(node.func) == "dict" and not node.args
        ):
            self.entries_of(node, hops)
        else:
            self.named(node, hops)

    def entries_of(self, node: ast.expr, hops: int) -> None:
        for key, value in _entries(node):
            if key is None:
                self.literal_keys(value, hops)
            elif isinstance(key.value, str):
                self.found.name(key.value, key.lineno)
        if isinstance(node, ast.Dict) and any(k is not None and not isinstance(k, ast.Constant) for k in node.keys):
            self.found.hidden(node.lineno)

    def named(self, node: ast.expr, hops: int) -> None:
        """Follows a name that one literal is assigned to."""
        name = _text(node)
        values = self.assigned.get(name, ())
        if not name or len(values) != 1 or name in self.changed or hops == 0:
            self.found.hidden(node.lineno)
            return
        self.literal_keys(values[0], hops - 1)
        for key, line in self.keys.get(name, ()):
            self.found.name(key, line)


def _entries(node: ast.expr) -> Iterator[tuple[ast.Constant | None, ast.expr]]:
    """Constant keys and values of `{…}` or `dict(…)`; no key for what is spread into it."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None or isinstance(key, ast.Constant):
                yield key, value
    elif isinstance(node, ast.Call):
        for keyword in node.keywords:
            place = ast.Constant(keyword.arg, lineno=keyword.lineno, col_offset=0)
            yield (None if keyword.arg is None else place), keyword.value


def _is_super_init(node: ast.Call) -> bool:
    function = node.func
    if (
        not isinstance(function, ast.Attribute)
        or function.attr != "__init__"
        or not isinstance(function.value, ast.Call)
    ):
        return False
    return isinstance(function.value.func, ast.Name) and function.value.func.id == "super"


def _text(node: ast.expr) -> str:
    """`a.b.c` for names and attributes of names; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
