"""What stands in front of a function: API Gateway's integrations, and whether the question arises."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact

DEFAULT_MS = {"REST": 29_000, "HTTP": 30_000, "WEBSOCKET": 29_000}
"""How long each kind of API waits for its integration where nothing is set."""
NAMED = 8
"""APIs that were not read and are named."""


@dataclass(frozen=True, kw_only=True)
class FrontQuestion(Fact):
    """Something speaks of a caller who waits in front of the function."""

    why: str
    """What does, in words."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One way from an API to the function."""

    kind: str
    """`REST`, `HTTP` or `WEBSOCKET`."""
    api: str
    """The API's id."""
    name: str
    place: str
    """What the integration belongs to: `POST /chat`, or the integration's id."""
    timeout_ms: int
    proxy: bool = True
    asynchronous: bool = False
    """The API does not wait for the answer."""
    streams: bool = False
    """REST: response transfer mode STREAM."""
    qualifier: str | None = None
    """Version or alias that it calls."""
    resource: str = ""
    """REST: id of the resource."""
    method: str = ""
    """REST: HTTP method."""
    own_role: bool = False
    """It calls with credentials of its own, so that the function's policy need not name API Gateway."""


@dataclass(frozen=True, kw_only=True)
class ApiFronts(Fact):
    """The integrations with this function that were found."""

    integrations: tuple[Integration, ...] = ()
    complete: bool = True
    """False where there were more APIs than were read."""
    unread: tuple[str, ...] = ()
    """Names of APIs that were left out."""

    @property
    def left_out(self) -> str:
        """What was not read, as a clause."""
        if not self.unread:
            return "not every API of the account was read"
        names = ", ".join(self.unread[:NAMED]) + (", …" if len(self.unread) > NAMED else "")
        return f"{len(self.unread)} of the account's APIs were not read: {names}"
