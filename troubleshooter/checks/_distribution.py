"""Which distribution would bring a Python import that nothing provides, and how that is known.

Never by the import's name alone: whoever registers a name may put anything under it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Specified
from packaging.utils import canonicalize_name

from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.distributions import distributions_of, table_source
from troubleshooter.facts.packages import InstalledPackages, Requirement, Requirements
from troubleshooter.model import Evidence, Origin


@dataclass(frozen=True, slots=True)
class Bringer:
    """A distribution that brings an import."""

    name: str
    """As an installer takes it, with the versions that are asked for; empty where it does not come from a usual index."""
    how: str
    """What is to be done with it, and why it is this one, as a sentence."""
    evidence: tuple[Evidence, ...]


def bringer(
    each: Import,
    closure: ImportClosure,
    requirements: Requirements | Unavailable,
    installed: InstalledPackages | Unavailable,
) -> Bringer | None:
    """By what is installed and what is asked for, then by the table; None where none of them tells."""
    known = distributions_of(each.full)
    return (
        _recorded(each, known, installed)
        or _asked_for(each, known, requirements)
        or (_tabled(each, known, closure) if known else None)
    )


def _recorded(each: Import, known: tuple[str, ...], installed: InstalledPackages | Unavailable) -> Bringer | None:
    """The one installed distribution whose metadata lists the import, whose files then are gone."""
    there = installed.distributions if isinstance(installed, InstalledPackages) else ()
    having = [d for d in there if each.module in d.provides and (not known or canonicalize_name(d.name) in known)]
    # Several distributions may share one namespace; that one of them is there does not show that it brings this part.
    if len(having) != 1 or isinstance(installed, Unavailable) or (not known and each.full != each.module):
        return None
    found = having[0]
    name = f"{found.name}=={found.version}" if found.version else found.name
    how = f"Install `{found.name}` again: its metadata lists `{each.module}`, whose files are not there."
    cited = installed.cite("distributions", each.module, label=f"listed by {found.name}", source=f"image {found.path}")
    return Bringer(name, how, (cited,))


def _asked_for(each: Import, known: tuple[str, ...], requirements: Requirements | Unavailable) -> Bringer | None:
    """A requirement for what is known to bring the import; where nothing is known, one that has its name."""
    if isinstance(requirements, Unavailable):
        return None
    names = known or tuple(dict.fromkeys(canonicalize_name(n) for n in (each.full.replace(".", "-"), each.module)))
    for name in names:
        for asked in requirements.requirements:
            if asked.ecosystem == "pypi" and not asked.development and canonicalize_name(asked.name) == name:
                by_name = "" if known else f"; that it brings `{each.module}` is told by its name alone"
                how = f"`{asked.name}` is asked for ({asked.place}) and is not where the function looks{by_name}."
                shown = f"{asked.name}{asked.specifier}"
                cited = requirements.cite("requirements", shown, label="asked for", source=asked.place)
                elsewhere = asked.direct or requirements.index_options
                return Bringer("" if elsewhere else _installable(asked), how, (cited,))
    return None


def _installable(asked: Requirement) -> str:
    """A requirement as pip takes it; the name alone where its range is in another tool's words."""
    try:
        return str(Specified(f"{asked.name}{asked.specifier}"))
    except InvalidRequirement:
        return asked.name


def _tabled(each: Import, known: tuple[str, ...], closure: ImportClosure) -> Bringer:
    others = f" (so do {_listed(known[1:])})" if len(known) > 1 else ""
    how = f"Add `{known[0]}` to the requirements: it brings `{each.full}`{others}."
    label = f"`{each.full}` is known to come from"
    cited = Evidence(label, ", ".join(known), table_source(), closure.reading.at, Origin.BUILTIN)
    return Bringer(known[0], how, (cited,))


def unknown_bringers(imports: Iterator[str]) -> str:
    """What to do about imports of which nothing tells who brings them; empty where there is none."""
    names = list(dict.fromkeys(imports))
    if not names:
        return ""
    return (
        f"Copy {_listed(names)} where it is your own module; else add the distribution that its project's documentation "
        "names. Nothing here tells which that is, and one that merely has the import's name may be somebody else's."
    )


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
