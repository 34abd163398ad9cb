"""The words that every room shares: target, subject, rung, outcome, severity, evidence, verdict, finding.

Frozen values without behaviour beyond their own shape. Nothing here reads, decides or prints.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """What a check says. `unknown` is a result of its own and is never counted as a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    """`error` breaks the target now, `warning` will break it or costs it something real, `info` is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Rung(StrEnum):
    """The launch ladder, lowest first. `stale` stands beside it: what runs is not what was deployed."""

    BUILD = "build"
    DEPLOY = "deploy"
    READY = "ready"
    SPAWN = "spawn"
    RUNTIME = "runtime"
    HANDLER = "handler"
    INIT = "init"
    INVOKE = "invoke"
    RESPONSE = "response"
    COMPLETION = "completion"
    STALE = "stale"

    @property
    def height(self) -> int:
        """Position from the bottom, 0 for `build`."""
        return list(Rung).index(self)


class RungState(StrEnum):
    """Whether the newest attempt got past a rung."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """Whose truth a subject is: what AWS runs, what a refused update would run, what is at hand."""

    DEPLOYED = "deployed"
    ATTEMPTED = "attempted"
    PROPOSED = "proposed"


class Origin(Enum):
    """Where an observation comes from. The first group is proof; the second only suggests."""

    RECORD = "AWS record"
    PLATFORM_LOG = "platform log line"
    REGISTRY = "registry"
    IMAGE = "image"
    PACKAGE = "deployment package"
    TEMPLATE = "template"
    SOURCE = "source"
    INDEX = "package index"
    BUILTIN = "built-in knowledge"
    APPLICATION_LOG = "application log line"
    PASTED = "pasted text"
    ANSWER = "engineer's answer"

    @property
    def proves(self) -> bool:
        """Whether something read there can prove a cause."""
        return self not in (Origin.BUILTIN, Origin.APPLICATION_LOG, Origin.PASTED, Origin.ANSWER)


@dataclass(frozen=True, slots=True)
class Target:
    """What the engineer gave, unread. Every field is optional; an empty target is refused by the command line."""

    function: str | None = None
    """Function name or ARN."""
    qualifier: str | None = None
    image: str | None = None
    """Image reference with an optional skopeo transport prefix."""
    template: Path | None = None
    source: Path | None = None
    logs: Path | None = None
    error_text: str | None = None
    """Pasted text, already read from its file or standard input."""
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    docker_context: str | None = None
    offline: bool = False
    deep: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One function side and one image side that belong together."""

    role: Role
    name: str = ""
    """Tells proposed subjects apart: the template's logical id. Empty for the only one of its role."""

    def __str__(self) -> str:
        return f"{self.role}/{self.name}" if self.name else str(self.role)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observed value and where it was read."""

    label: str
    """What was observed, in words: `function architecture`."""
    value: str
    """The value as text, never empty: what is absent is said in words."""
    source: str
    """Where: `lambda:GetFunction`, `image config sha256:…`, `template.yaml:12`."""
    at: str
    """When, ISO 8601 in UTC."""
    origin: Origin
    request_id: str | None = None
    fact: str = ""
    """Name of the fact type that it was cited from; empty for an observation without one."""


@dataclass(frozen=True, slots=True)
class Remediation:
    """What to do about a finding. Commands are complete, safely quoted, shown and never run."""

    text: str
    commands: tuple[str, ...] = ()
    verify: str = ""
    """How to see that it worked."""


@dataclass(frozen=True, slots=True)
class Unblock:
    """What would settle what could not be told."""

    text: str
    action: str | None = None
    """IAM action, as `ecr:BatchGetImage`."""
    resource: str | None = None
    """The ARN to allow it on."""
    grant_in: str | None = None
    """The kind of policy in which the allow is missing."""
    lift: str | None = None
    """The policy whose explicit deny stands in the way: an allow does not help against it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check returns. Id, severity, rung and subject are stamped on by the runner."""

    outcome: Outcome
    message: str
    evidence: tuple[Evidence, ...] = ()
    remediation: Remediation | None = None
    unblock: Unblock | None = None
    """Set on `unknown`: what would settle it."""
    rung: Rung | None = None
    """Where it bites in this target, if not at the check's own rung."""
    ungiven: bool = False
    """`not_applicable` only because nothing was given that it could be asked of: this excludes nothing."""
    again: bool = False
    """`unknown` for a reason that may pass (credentials, network, rights): worth asking again."""
    our_fault: bool = False
    """The check itself crashed: `unknown`, and a bug of ours."""
    regardless: bool = False
    """It costs the target something although the rung is passed: that invocations succeed does not contradict it."""


ENGINEER = "engineer"
"""Source of what the engineer says."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with the name of its check, the subject it speaks of, and how it came about."""

    check: str
    subject: Subject
    rung: Rung
    severity: Severity
    verdict: Verdict
    on_path: bool = True
    elapsed_ms: float = 0.0
    explained_by: str | None = None
    """The finding of which this one is only the shadow; its outcome then is `not_applicable`."""

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome

    @property
    def proven(self) -> bool:
        """Fails, and at least one piece of its evidence comes from where proof comes from."""
        return self.outcome is Outcome.FAIL and any(e.origin.proves for e in self.verdict.evidence)

    @property
    def said(self) -> bool:
        """It is the engineer's word in place of the check's."""
        return any(e.origin is Origin.ANSWER and e.source == ENGINEER for e in self.verdict.evidence)


@dataclass(frozen=True, slots=True)
class RungReport:
    """One rung of the ladder with what shows its state."""

    rung: Rung
    state: RungState
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A failure mode that the symptom suggests and nothing has excluded."""

    cause: str
    why: str


@dataclass(frozen=True, slots=True)
class Symptom:
    """Where the newest attempt stopped, as far as evidence shows it."""

    rung: Rung | None
    role: Role
    """The subject in which it happened."""
    summary: str
    evidence: tuple[Evidence, ...] = ()
    since: str | None = None
    suspects: tuple[Suspect, ...] = ()
    texts: tuple[str, ...] = field(default=(), repr=False)
    """What suspects are ranked by, where they were not yet: only a diagnosis without proof needs them."""
    healthy: bool = False
    """The newest invocations after the last change succeeded."""


class Status(StrEnum):
    """How far a diagnosis goes."""

    CONFIRMED = "confirmed"
    SUSPECTED = "suspected"
    NONE = "none"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The conclusion: a pure fold over symptom and findings."""

    status: Status
    summary: str
    causes: tuple[str, ...] = ()
    """Check ids, the first one bites first."""
    next: tuple[str, ...] = ()
    """What will fail once the causes are fixed."""
    suspects: tuple[Suspect, ...] = ()
    ruled_out: tuple[str, ...] = ()
    deciding_question: str | None = None
    ladder: tuple[RungReport, ...] = ()
    rung: Rung | None = None
    subject: Subject | None = None
