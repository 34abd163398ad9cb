"""Evidence that the two modes of a wrong module system share."""

from __future__ import annotations

from troubleshooter.facts.runtime import ModuleFormat
from troubleshooter.model import Evidence

_NAMES = {"esm": "an ES module", "commonjs": "CommonJS", "other": "something that is no JavaScript"}


def loads(format: ModuleFormat) -> str:
    """What the file is loaded as, in words."""
    return _NAMES.get(format.loaded_as, format.loaded_as)


def decided_by(format: ModuleFormat) -> str:
    """Why it is loaded so, as a clause."""
    if format.because == "no package.json":
        return "it ends in .js and no package.json is on its way up"
    return format.because


def shown(format: ModuleFormat) -> tuple[Evidence, ...]:
    """The construct with its line, what decides, and the error that Node.js raises."""
    where = format.package_json or format.path
    return (
        format.cite("offence", label="construct that the loader refuses"),
        format.cite(
            "because",
            f"{loads(format)}: {decided_by(format)}",
            label="loaded as",
            source=f"{format.reading.source} {where}",
        ),
        format.cite("error", label="what Node.js says to it"),
    )
