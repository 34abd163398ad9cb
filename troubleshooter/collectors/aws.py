"""The only place that creates AWS clients. Read-only by construction.

An exact list of (service, operation) stands in `data/aws_operations.json`. Guards at four points of botocore's event
system, registered before the first client exists, refuse everything else: before parameters are built, before the call,
before a signer is chosen (which also covers presigned addresses), and before anything is sent.
"""

from __future__ import annotations

import functools
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from troubleshooter.collectors.aws_failures import (
    CREDENTIALS,
    ENDPOINT,
    NETWORK,
    PORTAL,
    botocore_error,
    client_error,
    foreign,
    login_command,
    skew,
)
from troubleshooter.collectors.aws_reach import reachable
from troubleshooter.errors import ReadOnlyViolation
from troubleshooter.facts import (
    CallLog,
    CallRecord,
    Reading,
    Reason,
    SourceError,
    Unavailable,
    now,
    patiently,
    undeclared,
)
from troubleshooter.model import Origin

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

GUARDED_EVENTS = ("provide-client-params", "before-call", "choose-signer", "before-send")
CONNECT_S, READ_S, ATTEMPTS, CONNECTIONS = 3, 10, 3, 32
PREPARE_S = 20.0
"""Seconds after which a client that does not come about is given up: a credential process may hang."""
CLOSE_S = 1.0
"""Seconds that closing waits for such a client."""
CALL_S = 20.0
"""Seconds after which a call is given up, its retries and a trickling answer included."""

Answerer = Callable[..., object]
"""Answers a prepared request in place of the network: the signature of botocore's `before-send` handlers."""


@functools.cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """The allow-list: (botocore service, operation) → what `data/aws_operations.json` says of it."""
    text = resources.files("troubleshooter.data").joinpath("aws_operations.json").read_text("utf-8")
    return {(o["service"], o["operation"]): o for o in json.loads(text)["operations"]}


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS answered. `absent` where it answered with one of the error codes that the caller takes for "there is none"."""

    data: dict[str, Any]
    source: str
    at: str
    request_id: str | None
    absent: str = ""

    def reading(self, origin: Origin = Origin.RECORD) -> Reading:
        return Reading(self.source, origin, self.at, self.request_id)


@dataclass(slots=True)
class _AtHand:
    """The session and its clients. Thrown away whole for new credentials, so that nobody waits for one that hangs."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Session | None = None
    clients: dict[tuple[str, str | None], BaseClient] = field(default_factory=dict)


class Aws:
    """AWS calls of one session. Safe to use from any thread."""

    def __init__(
        self,
        calls: CallLog,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        answerer: Answerer | None = None,
    ) -> None:
        """`answerer` replaces the network: nothing is sent then, and no credentials are looked for."""
        self._calls, self._profile, self._endpoint_url, self._answerer = calls, profile, endpoint_url, answerer
        # As for the AWS CLI; botocore alone knows AWS_DEFAULT_REGION only.
        self._region = region or os.environ.get("AWS_REGION") or None
        self._lock = threading.Lock()
        self._at_hand = _AtHand()
        self._down: dict[tuple[str, str | None], Unavailable] = {}
        self._probed: dict[str, list[Callable[[SourceError], None]]] = {}
        self._answered = False
        self.clock_ahead_s: int | None = None
        """Seconds by which our clock was ahead of AWS's at the last answer."""

    @property
    def region(self) -> str:
        """The region in effect; empty where none is configured, or where the configuration cannot be read."""
        from botocore.exceptions import BotoCoreError

        try:
            return str(self._region or self._opened().get_config_variable("region") or "")
        except BotoCoreError:  # as of a profile that is not there: told by the call that needs it
            return ""

    @property
    def known_region(self) -> str:
        """The region as far as it is known without asking any configuration; never blocks."""
        return self._region or "default region"

    def close(self) -> None:
        """Gives the connections back; waits for no client that is still being made: a credential process may hang."""
        at_hand = self._at_hand
        if at_hand.lock.acquire(timeout=CLOSE_S):
            try:
                for client in at_hand.clients.values():
                    client.close()
                at_hand.clients.clear()
            finally:
                at_hand.lock.release()

    def again(self) -> None:
        """Forgets what was out of reach, and looks for credentials anew."""
        self.close()
        self._at_hand, self._answered = _AtHand(), False
        self._down.clear()
        with self._lock:
            self._probed.clear()

    @property
    def login(self) -> str:
        """What renews the credentials in use, as a clause."""
        profile = self._profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
        try:
            settings = self._opened().get_scoped_config()
        except Exception:  # whatever is wrong with the configuration is told where it is used
            settings = {}
        if not self._profile and os.environ.get("AWS_ACCESS_KEY_ID"):
            profile, settings = None, {}
        return login_command(profile, settings)

    def call(
        self,
        service: str,
        operation: str,
        *,
        resource: str | None = None,
        required: tuple[str, ...] = (),
        absent: tuple[str, ...] = (),
        region: str | None = None,
        **parameters: Any,
    ) -> Answer:
        """One call. `required` names keys that an answer must have; `absent` error codes that mean "there is none".

        `region` asks another region than the session's, as a repository may lie in one.

        Raises SourceError for whatever else goes wrong, ReadOnlyViolation for an operation that is not on the list, or
        that the provider which asks has not declared.
        """
        if (service, operation) not in operations():
            raise ReadOnlyViolation(f"{service}:{operation} is not on the list of reads")
        if provider := undeclared(f"{service}:{operation}"):
            raise ReadOnlyViolation(f"{provider} has not declared that it asks {service}:{operation}")
        place = (service, region)
        if (down := self._out_of_reach(place)) is not None:
            raise SourceError(down)
        began, status = time.perf_counter(), "ok"
        try:
            reply = self._sent(service, operation, region, parameters)
            return self._checked(reply, f"{service}:{operation}", required)
        except Exception as error:
            answer, status, gone = self._failed(error, service, operation, resource, absent)
            if answer is not None:
                return answer
            if gone is None:
                raise
            if gone.reason is Reason.UNREACHABLE and getattr(error, "response", None) is None:
                self._down[place] = gone  # nothing was answered; an error that was is one call's alone
            raise SourceError(gone) from error
        finally:
            elapsed = round((time.perf_counter() - began) * 1000, 1)
            self._calls.add(CallRecord(service, operation, region or self._region or "", status, elapsed))

    def _out_of_reach(self, place: tuple[str, str | None]) -> Unavailable | None:
        """Why a call need not be tried: this service failed before, or another did and nothing was ever answered."""
        return self._down.get(place) or (None if self._answered else next(iter(list(self._down.values())), None))

    def _sent(self, service: str, operation: str, region: str | None, parameters: dict[str, Any]) -> Any:
        """botocore's own call on a thread of its own: it has no deadline that holds against an answer that trickles."""
        outcome: list[Any] = []
        raised: list[BaseException] = []
        prepared, settled = threading.Event(), threading.Event()

        def refused(error: SourceError) -> None:
            raised.append(error)
            prepared.set()
            settled.set()

        def run() -> None:
            try:
                client = self._client(service, region)
                if self._answerer is None:
                    self._probe(str(client.meta.endpoint_url), refused)
                prepared.set()
                outcome.append(client._make_api_call(operation, parameters))  # type: ignore[attr-defined]
            except BaseException as error:
                raised.append(error)
            prepared.set()
            settled.set()

        threading.Thread(target=run, name=f"{service}:{operation}", daemon=True).start()
        ready = patiently(prepared, PREPARE_S)
        if ready:
            patiently(settled, CALL_S)
        if outcome:
            return outcome[0]
        if raised:
            raise raised[0]
        if not ready:
            detail = f"{service}:{operation} was not sent: no credentials came within {PREPARE_S:g} s"
            raise SourceError(Unavailable(Reason.UNREACHABLE, detail, CREDENTIALS))
        detail = f"{service}:{operation} gave no whole answer within {CALL_S:g} s"
        raise SourceError(Unavailable(Reason.UNREACHABLE, detail, NETWORK))

    def _probe(self, url: str, refused: Callable[[SourceError], None]) -> None:
        """Tries a host beside the first call to it, so that one which is not there is known before the client gives up."""
        with self._lock:
            waiting = self._probed.setdefault(url, [])
            waiting.append(refused)
            if len(waiting) > 1:
                return

        def probe() -> None:
            try:
                reachable(url)
            except SourceError as error:
                for each in list(waiting):
                    each(error)

        threading.Thread(target=probe, name=f"probe {url}", daemon=True).start()

    def _failed(
        self, error: Exception, service: str, operation: str, resource: str | None, absent: tuple[str, ...]
    ) -> tuple[Answer | None, str, Unavailable | None]:
        """What a failure amounts to: the answer "there is none", else the status to log and the gap; no gap for our bugs."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        source = f"{service}:{operation}"
        if isinstance(error, SourceError):
            return None, error.unavailable.reason.value, error.unavailable
        if isinstance(error, ClientError):
            meta = error.response.get("ResponseMetadata", {})
            code = str(error.response.get("Error", {}).get("Code", "error"))
            headers = meta.get("HTTPHeaders") or {}
            self._seen(headers)
            if code in absent and not foreign(headers):
                return Answer({}, source, now(), meta.get("RequestId"), code), code, None
            action = str(operations()[service, operation]["action"])
            return None, code, client_error(error, source, action, resource, self.login)
        if isinstance(error, BotoCoreError):
            return None, type(error).__name__, botocore_error(error, source, self.login)
        if isinstance(error, ValueError) and str(error).startswith("Invalid endpoint"):
            return None, "endpoint", Unavailable(Reason.UNREACHABLE, f"{source} was not sent: {error}"[:300], ENDPOINT)
        if isinstance(
            error, ResponseParserError | ValueError | RecursionError | LookupError | TypeError | AttributeError
        ):
            detail = f"{source} gave an answer that is not AWS's ({type(error).__name__})"
            return None, "malformed", Unavailable(Reason.MALFORMED, detail, PORTAL)
        return None, type(error).__name__, None

    def _seen(self, headers: dict[str, str]) -> None:
        if not foreign(headers):
            self._answered = True
            self.clock_ahead_s = skew(headers)

    def _checked(self, reply: Any, source: str, required: tuple[str, ...]) -> Answer:
        meta = reply.get("ResponseMetadata", {}) if isinstance(reply, dict) else {}
        lacks = [key for key in required if not isinstance(reply, dict) or reply.get(key) is None]
        headers = meta.get("HTTPHeaders") or {}
        if not meta.get("RequestId") or lacks or foreign(headers):
            what = f"lacks {', '.join(lacks)}" if lacks else "has no request id"
            what = "is a web page" if foreign(headers) else what
            raise SourceError(Unavailable(Reason.MALFORMED, f"the answer to {source} is not AWS's: it {what}", PORTAL))
        self._seen(headers)
        return Answer(reply, source, now(), meta["RequestId"])

    def _client(self, service: str, region: str | None) -> BaseClient:
        from botocore.config import Config

        at_hand = self._at_hand
        with at_hand.lock:
            key = (service, None if region == self._region else region)
            if key not in at_hand.clients:
                config = Config(
                    connect_timeout=CONNECT_S,
                    read_timeout=READ_S,
                    max_pool_connections=CONNECTIONS,
                    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                    user_agent_extra="troubleshooter",
                )
                at_hand.clients[key] = self._session(at_hand).create_client(
                    service, region_name=region or self._region, endpoint_url=self._endpoint_url, config=config
                )
                if region is None and self._region is None:
                    # not the client's: one of a global service answers with a region that no other service has
                    self._region = self._session(at_hand).get_config_variable("region")
            return at_hand.clients[key]

    def _opened(self) -> Session:
        at_hand = self._at_hand
        with at_hand.lock:
            return self._session(at_hand)

    def _session(self, at_hand: _AtHand) -> Session:
        """The session, its lock being held."""
        if at_hand.session is None:
            import botocore.session

            session = botocore.session.Session(profile=self._profile)
            if self._region:
                session.set_config_variable("region", self._region)
            guard(session, self._answerer)
            if self._answerer is not None:
                session.set_credentials("AKIAIOSFODNN7EXAMPLE", "nothing-is-signed-for-anyone")
            at_hand.session = session
        return at_hand.session


def guard(session: Session, answerer: Answerer | None = None) -> None:
    """Registers the read-only guards, and behind them `answerer`, on a session that has no client yet."""
    for event in GUARDED_EVENTS:
        session.get_component("event_emitter").register_first(f"{event}.*.*", _refuse_writes)
    if answerer is not None:
        session.get_component("event_emitter").register_last("before-send.*.*", answerer)


@functools.cache
def _allowed_events() -> frozenset[str]:
    """`service-id.Operation` of every allowed call, as botocore's event names spell it."""
    pairs = (*operations(), *CREDENTIAL_CALLS)
    return frozenset(f"{SERVICE_IDS.get(service, service)}.{operation}" for service, operation in pairs)


SERVICE_IDS = {"logs": "cloudwatch-logs", "apigateway": "api-gateway"}
"""Services whose id in botocore's event names differs from their name; a test holds this against botocore's models."""
CREDENTIAL_CALLS = (
    ("sts", "AssumeRole"),
    ("sts", "AssumeRoleWithWebIdentity"),
    ("sso", "GetRoleCredentials"),
    ("sso-oidc", "CreateToken"),
)
"""What botocore's own credential providers call. Not reachable through `Aws.call`."""


def _refuse_writes(event_name: str, **_: object) -> None:
    """Event handler: raises unless the operation of `event_name` (`before-call.lambda.GetFunction`) is allowed."""
    if event_name.partition(".")[2] not in _allowed_events():
        raise ReadOnlyViolation(f"refused {event_name}: not on the list of reads")
