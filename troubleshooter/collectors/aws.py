"""The only place that creates AWS clients. Read-only by construction.

An exact list of (service, operation) stands in `data/aws_operations.json`. Guards at four points of botocore's event
system, registered before the first client exists, refuse everything else: before parameters are built, before the call,
before a signer is chosen (which also covers presigned addresses), and before anything is sent.
"""

from __future__ import annotations

import functools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from troubleshooter.errors import ReadOnlyViolation
from troubleshooter.facts import CallLog, CallRecord, Reading, Reason, SourceError, Unavailable, now, undeclared
from troubleshooter.model import Origin, Unblock

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

GUARDED_EVENTS = ("provide-client-params", "before-call", "choose-signer", "before-send")
CONNECT_S, READ_S, ATTEMPTS, CONNECTIONS = 3, 10, 3, 32

Answerer = Callable[..., object]
"""Answers a prepared request in place of the network: the signature of botocore's `before-send` handlers."""


@functools.cache
def operations() -> dict[tuple[str, str], dict[str, str]]:
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
        self._region = region
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._clients: dict[tuple[str, str | None], BaseClient] = {}
        self._down: Unavailable | None = None

    @property
    def region(self) -> str:
        """The region in effect; empty where none is configured."""
        return str(self._region or self._opened().get_config_variable("region") or "")

    @property
    def known_region(self) -> str:
        """The region as far as it is known without asking any configuration; never blocks."""
        return self._region or "default region"

    def close(self) -> None:
        """Gives the connections back."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

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
        from botocore.exceptions import BotoCoreError, ClientError

        if (service, operation) not in operations():
            raise ReadOnlyViolation(f"{service}:{operation} is not on the list of reads")
        if provider := undeclared(f"{service}:{operation}"):
            raise ReadOnlyViolation(f"{provider} has not declared that it asks {service}:{operation}")
        if self._down is not None:
            raise SourceError(self._down)
        source = f"{service}:{operation}"
        began, status = time.perf_counter(), "ok"
        try:
            client = self._client(service, region)
            reply = client._make_api_call(operation, parameters)  # type: ignore[attr-defined]
            return self._checked(reply, source, required)
        except ClientError as error:
            status = str(error.response.get("Error", {}).get("Code", "error"))
            if status in absent:
                meta = error.response.get("ResponseMetadata", {})
                return Answer({}, source, now(), meta.get("RequestId"), status)
            raise SourceError(_client_error(error, source, resource)) from error
        except BotoCoreError as error:
            status = type(error).__name__
            gone = _botocore_error(error, source)
            if gone.reason is Reason.UNREACHABLE:
                self._down = gone
            raise SourceError(gone) from error
        except SourceError:
            status = "malformed"
            raise
        except (ValueError, RecursionError, UnicodeError, KeyError, TypeError, AttributeError) as error:
            status = "malformed"
            detail = f"{source} gave an answer that is not AWS's ({type(error).__name__})"
            raise SourceError(Unavailable(Reason.MALFORMED, detail, _PORTAL)) from error
        finally:
            elapsed = round((time.perf_counter() - began) * 1000, 1)
            self._calls.add(CallRecord(service, operation, region or self._region or "", status, elapsed))

    def _checked(self, reply: Any, source: str, required: tuple[str, ...]) -> Answer:
        meta = reply.get("ResponseMetadata", {}) if isinstance(reply, dict) else {}
        lacks = [key for key in required if not isinstance(reply, dict) or key not in reply]
        if not meta.get("RequestId") or lacks:
            what = f"lacks {', '.join(lacks)}" if lacks else "has no request id"
            raise SourceError(Unavailable(Reason.MALFORMED, f"the answer to {source} is not AWS's: it {what}", _PORTAL))
        return Answer(reply, source, now(), meta["RequestId"])

    def _client(self, service: str, region: str | None) -> BaseClient:
        from botocore.config import Config

        with self._lock:
            key = (service, None if region == self._region else region)
            if key not in self._clients:
                config = Config(
                    connect_timeout=CONNECT_S,
                    read_timeout=READ_S,
                    max_pool_connections=CONNECTIONS,
                    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                    user_agent_extra="troubleshooter",
                )
                self._clients[key] = self._opened(locked=True).create_client(
                    service, region_name=region or self._region, endpoint_url=self._endpoint_url, config=config
                )
                if region is None:
                    self._region = self._clients[key].meta.region_name
            return self._clients[key]

    def _opened(self, *, locked: bool = False) -> Session:
        if not locked:
            with self._lock:
                return self._opened(locked=True)
        if self._session is None:
            import botocore.session

            session = botocore.session.Session(profile=self._profile)
            guard(session, self._answerer)
            if self._answerer is not None:
                session.set_credentials("AKIAIOSFODNN7EXAMPLE", "nothing-is-signed-for-anyone")
            self._session = session
        return self._session


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


_PORTAL = Unblock("check for a proxy or captive portal between this machine and AWS")
_LOGIN = Unblock("log in again: `aws sso login`, or renew the credentials, then resume")
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden", "403"}
)
_THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "429"})
_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException"}
    | {"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"}
)


def _client_error(error: Any, source: str, resource: str | None) -> Unavailable:
    """AWS's own refusal, as the kind of gap that it is."""
    body = error.response.get("Error", {})
    code, message = str(body.get("Code", "")), str(body.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _DENIED:
        action = operations()[tuple(source.split(":", 1))]["action"]  # type: ignore[index]
        where = resource or "*"
        how = "an explicit deny" if "explicit deny" in message else "no permission"
        return Unavailable(
            Reason.DENIED, f"{source} was denied ({how})", Unblock(f"allow {action} on {where}", action, where)
        )
    if code in _THROTTLED:
        return Unavailable(
            Reason.THROTTLED, f"{source} was throttled {ATTEMPTS} times", Unblock("try again in a minute")
        )
    if code in _EXPIRED:
        return Unavailable(Reason.EXPIRED, f"{source}: the credentials are not valid ({code})", _LOGIN)
    if "NotFound" in code:
        return Unavailable(Reason.ABSENT, f"{source}: {message or code}")
    if status >= 500 or not code or code.isdigit():
        return Unavailable(
            Reason.UNREACHABLE, f"{source} failed with {status or code}", Unblock("try again in a minute")
        )
    return Unavailable(Reason.REFUSED, f"{source} answered {code}: {message}"[:300])


def _botocore_error(error: Exception, source: str) -> Unavailable:
    """What botocore could not even ask."""
    from botocore import exceptions as e

    name = type(error).__name__
    if isinstance(error, e.NoCredentialsError | e.PartialCredentialsError):
        text = "configure AWS credentials (`aws configure`, a profile, or an SSO login) and try again"
        return Unavailable(Reason.EXPIRED, f"{source}: no AWS credentials were found", Unblock(text))
    if isinstance(error, e.NoRegionError):
        return Unavailable(
            Reason.EXPIRED, f"{source}: no region is configured", Unblock("give --region, or set AWS_REGION")
        )
    if isinstance(error, e.ProfileNotFound):
        return Unavailable(
            Reason.EXPIRED, f"{source}: {error}", Unblock("give a --profile that `aws configure list-profiles` names")
        )
    if "SSO" in name or "Token" in name or "Credential" in name or "Unauthorized" in name:
        return Unavailable(Reason.EXPIRED, f"{source}: {error}", _LOGIN)
    if isinstance(error, e.HTTPClientError):
        return Unavailable(
            Reason.UNREACHABLE, f"{source} could not be reached ({name})", Unblock("check the network and --region")
        )
    if isinstance(error, e.ParamValidationError | e.ClientError):
        return Unavailable(Reason.REFUSED, f"{source}: {error}"[:300])
    return Unavailable(Reason.MALFORMED, f"the answer to {source} could not be read ({name})", _PORTAL)


def policy() -> dict[str, object]:
    """The smallest IAM policy that allows everything on the list."""
    actions: dict[str, set[str]] = {}
    for entry in operations().values():
        if entry["action"] != "sts:GetCallerIdentity":  # needs no grant
            actions.setdefault(entry["service"], set()).add(entry["action"])
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"Read{service.replace('-', '').title()}",
                "Effect": "Allow",
                "Action": sorted(names),
                "Resource": "*",
            }
            for service, names in sorted(actions.items())
        ],
    }
