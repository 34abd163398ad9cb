"""What is put together while CDK code is read: the names that functions are given, and where they cannot be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from troubleshooter.facts.template import DeclaredVariable


@dataclass(slots=True)
class CdkFindings:
    """The findings of one file."""

    path: str
    functions: int = 0
    variables: list[DeclaredVariable] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def name(self, name: str, line: int) -> None:
        """A literal name that a function is given."""
        self.variables.append(DeclaredVariable(name, f"{self.path}:{line}"))

    def hidden(self, line: int) -> None:
        """A place where names come from what is not literal."""
        place = f"{self.path}:{line}"
        if place not in self.unread:
            self.unread.append(place)
