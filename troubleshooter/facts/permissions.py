"""Who may do what: denials that were written somewhere, a role with its policies, and what those say of an action."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from troubleshooter.facts.base import Fact, Unavailable
from troubleshooter.model import Evidence


class Level(Enum):
    """How loudly a line was written."""

    LOUD = "as an error"
    QUIET = "as a warning or less"
    PLAIN = "without a level"


@dataclass(frozen=True, slots=True)
class Denial:
    """One `… is not authorized to perform …`, taken apart. All of it is outside text."""

    action: str
    """`service:Operation`, the service in lower case."""
    evidence: Evidence
    principal: str | None = None
    """ARN of whoever asked; None where the text does not tell."""
    resource: str | None = None
    """As written: an ARN, a bare name, or None."""
    policy: str = ""
    """The kind of policy that the text blames: `identity-based policy`, `service control policy`, …; empty where it names none."""
    explicit: bool = False
    """Whether that policy denies; otherwise it only does not allow."""
    level: Level = Level.PLAIN
    place: str = "text"
    """`invocation`, `init`, `log` (outside of both), `record`, or `text` (pasted)."""
    status: str = ""
    """How that invocation or init ended; empty elsewhere."""
    raised: bool = False
    """It is the very error with which the invocation or init ended."""

    @property
    def role(self) -> tuple[str, str] | None:
        """Account and name of the role that was assumed; None where the principal is no assumed role."""
        parts = (self.principal or "").split(":", 5)
        if len(parts) != 6 or parts[2] != "sts" or not parts[5].startswith("assumed-role/"):
            return None
        return parts[4], parts[5].split("/")[1]

    @property
    def question(self) -> tuple[str, str | None]:
        """What it makes one ask of policies. A bare name is no resource that a policy could be held against."""
        known = self.resource is not None and (self.resource == "*" or self.resource.startswith("arn:"))
        return self.action, self.resource if known else None

    @property
    def role_decides(self) -> bool:
        """Whether the function's role has a say: not in a pasted text that names nobody, which may be the deployer's."""
        return self.place != "text" or self.role is not None


@dataclass(frozen=True, kw_only=True)
class Denials(Fact):
    """What the newest invocations, the record's reasons and a pasted text say was denied."""

    own: tuple[Denial, ...] = ()
    """By the function's execution role, or by someone whom the text does not name."""
    others: tuple[Denial, ...] = ()
    """By another principal."""
    vague: Evidence | None = None
    """A denial that does not tell of what, where there is no other."""
    newest_failed: bool | None = None
    """Whether the newest invocation failed, or logged an error; None where the log shows none."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    policy: str
    """Name or ARN of the policy that it stands in."""
    effect: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    """Instead of `actions`: everything but these."""
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    conditional: bool = False
    """Has a Condition, which is not evaluated."""
    sid: str = ""
    principals: tuple[str, ...] = ()
    """In trust, key and resource policies: `*`, ARNs, account ids, services."""
    negated_principals: bool = False
    """Has NotPrincipal instead."""


@dataclass(frozen=True, kw_only=True)
class RoleRecord(Fact):
    """`iam:GetRole` of the function's execution role."""

    arn: str
    """As the function's record names it."""
    exists: bool = True
    """False: IAM answered that there is no role of that name."""
    actual_arn: str | None = None
    """As IAM names it; differs from `arn` where a path is wrong."""
    created: dt.datetime | None = None
    boundary: str | None = None
    """ARN of the permissions boundary."""
    trust: tuple[Statement, ...] = ()
    """The trust policy."""

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class RolePolicies(Fact):
    """The policies of the execution role: attached, inline, and its permissions boundary."""

    role: str
    """ARN."""
    names: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    boundary: tuple[Statement, ...] | None = None
    """None: the role has no boundary, or it is not known."""
    boundary_known: bool = True
    gaps: tuple[Unavailable, ...] = ()
    """What could not be read of them; then nothing can be said not to be allowed."""


@dataclass(frozen=True, kw_only=True)
class OtherCredentials(Fact):
    """Whether code may ask AWS as somebody else than the execution role."""

    evidence: Evidence | None = None
    """What speaks for it; None where nothing does."""


class Decision(Enum):
    """What policies say of one action."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed by any statement"
    DENIED = "denied by a statement"
    UNDECIDED = "depends on conditions or on what could not be read"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the execution role's policies, and IAM's simulation where it was asked, say of one action."""

    action: str
    resource: str | None
    decision: Decision
    by: tuple[Statement, ...] = ()
    """The statements that decide."""
    boundary: bool = False
    """It is the permissions boundary that does not allow it."""
    simulated: str = ""
    """`allowed`, `implicitDeny`, `explicitDeny` as IAM simulates it; empty where it was not asked."""
    organization: bool | None = None
    """Whether the organisation's policies allow it, where the simulation tells."""
    conditions: tuple[str, ...] = ()
    """Condition keys whose values the simulation lacked."""

    @property
    def forbidden(self) -> bool:
        return self.decision in (Decision.NOT_ALLOWED, Decision.DENIED)


@dataclass(frozen=True, kw_only=True)
class RoleQuestions(Fact):
    """What is asked about the execution role in this diagnosis, because something speaks of it."""

    questions: tuple[tuple[str, str | None], ...] = ()
    """(action, resource); none where only the role itself is in question."""
    writing_logs: tuple[tuple[str, str | None], ...] = ()
    """Those of them that writing to the function's log group takes, where nothing was logged."""
    polling: tuple[tuple[str, str | None], ...] = ()
    """Those of them that polling the function's event sources takes, where nobody calls it."""


@dataclass(frozen=True, kw_only=True)
class Rulings(Fact):
    """A ruling for each of the questions, IAM's simulation taken in."""

    rulings: tuple[Ruling, ...] = ()
    policies: tuple[str, ...] = ()
    """Names or ARNs of the role's policies."""
    gaps: tuple[Unavailable, ...] = ()
    """What could not be read for them."""

    def of(self, action: str, resource: str | None) -> Ruling | None:
        return next((r for r in self.rulings if (r.action, r.resource) == (action, resource)), None)


@dataclass(frozen=True, kw_only=True)
class ReadRulings(Fact):
    """A ruling for each of the questions by the policies' documents alone."""

    rulings: tuple[Ruling, ...] = ()
