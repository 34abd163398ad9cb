"""How SAM's transform merges the `Globals` section into a function.

Mappings are merged, lists are joined (the global's items first), everything else is the function's own where it has it.
An intrinsic function counts as a plain value. Policies, names and events cannot be global.
"""

from __future__ import annotations

from collections.abc import Mapping

from troubleshooter.analysis.document import Located

SERVERLESS_FUNCTION = "AWS::Serverless::Function"


def merged(resource: Located, root: Located) -> Mapping[str, Located]:
    """The properties of a function resource with `Globals.Function` merged in."""
    properties = resource.get("Properties")
    own: Mapping[str, Located] = properties.mapping if properties is not None else {}
    kind = resource.get("Type")
    section = root.get("Globals", "Function")
    if kind is None or kind.text != SERVERLESS_FUNCTION or section is None:
        return own
    ignored = resource.get("IgnoreGlobals")
    if ignored is not None and ignored.text == "*":
        return own
    without = {item.text for item in ignored.items} if ignored is not None else set()
    shared = {key: value for key, value in section.mapping.items() if key not in without}
    return _join(shared, own)


def _join(shared: Mapping[str, Located], own: Mapping[str, Located]) -> dict[str, Located]:
    return {**shared, **{key: _pair(shared.get(key), value) for key, value in own.items()}}


def _pair(shared: Located | None, own: Located) -> Located:
    if shared is None or shared.function or own.function:
        return own
    if isinstance(shared.value, Mapping) and isinstance(own.value, Mapping):
        return Located(_join(shared.mapping, own.mapping), own.line)
    if isinstance(shared.value, tuple) and isinstance(own.value, tuple):
        return Located(shared.value + own.value, own.line)
    return own
