"""What templates of other tools have in common on their way to CloudFormation's shape: values, and what is not decided yet."""

from __future__ import annotations

from collections.abc import Mapping

from troubleshooter.analysis.document import Located

UNDECIDED = "!Value"
"""Key of an expression whose argument is shown as it stands."""


def undecided(text: str, line: int) -> Located:
    """A value that only a later step knows; `text` says which."""
    return Located({UNDECIDED: Located(text, line)}, line)


def is_set(value: Located | None) -> bool:
    """Whether there is a value: null counts as none."""
    return value is not None and value.value is not None


def placed(entries: Mapping[str, Located | None]) -> dict[str, Located]:
    """The entries that are set."""
    return {key: value for key, value in entries.items() if value is not None and value.value is not None}


def nested(line: int, entries: Mapping[str, Located | None]) -> Located | None:
    """A mapping of the entries that are set; None where there is none."""
    kept = placed(entries)
    return Located(kept, min([line, *(value.line for value in kept.values())])) if kept else None


def template_of(resources: Mapping[str, Located]) -> Located:
    """A document in CloudFormation's shape."""
    return Located({"Resources": Located(dict(resources), 1)}, 1)


def function_resource(
    line: int, properties: Mapping[str, Located], metadata: Mapping[str, Located] | None = None
) -> Located:
    """A Lambda function in CloudFormation's shape."""
    entries = {"Type": Located("AWS::Lambda::Function", line), "Properties": Located(dict(properties), line)}
    if metadata:
        entries["Metadata"] = Located(dict(metadata), line)
    return Located(entries, line)
