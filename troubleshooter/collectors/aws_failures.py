"""What a call to AWS failed with, as the kind of gap that it is, and what would close it."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import shlex
from collections.abc import Mapping
from typing import Any

from troubleshooter.facts import Reason, Unavailable
from troubleshooter.model import Unblock

CREDENTIALS = Unblock("see what the profile's credential_process, or the network to its login, waits for")
PORTAL = Unblock("check for a proxy or captive portal between this machine and AWS")
NETWORK = Unblock("check the network and --region, then `troubleshooter resume`")
ENDPOINT = Unblock("correct --endpoint-url or AWS_ENDPOINT_URL: an address begins with https:// or http://")
LATER = Unblock("try again in a minute: `troubleshooter resume`")
SKEW_S = 60
"""Seconds that our clock may differ from AWS's before it is told; signatures are refused at 300."""

_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden", "403"}
    | {"AuthorizationErrorException", "NotAuthorized", "KMSAccessDeniedException"}
)
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "ThrottledException"}
    | {"LimitExceededException", "RequestThrottled", "RequestThrottledException", "SlowDown", "429"}
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_INVALID = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"})
_SIGNATURE = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"})

_PERFORMED = re.compile(
    r"not authorized to perform: (?P<action>[a-z0-9-]+:\w+)"
    r"(?: on (?:the )?resource:? \"?(?P<resource>arn:[^\s\"]+|\*)\"?)?"
)
_EXPLICIT = re.compile(
    r"with an explicit deny in an? (?P<kind>[\w -]+?polic(?:y|ies)|permissions boundary)(?:: (?P<arn>arn:\S+))?"
)
_IMPLICIT = re.compile(r"because no (?P<kind>[\w -]+?policy|permissions boundary) allows")
_KINDS = {
    "identity-based policy": "an identity-based policy",
    "resource-based policy": "a resource-based policy",
    "permissions boundary": "a permissions boundary",
    "session policy": "a session policy",
    "service control policy": "a service control policy of the organisation",
    "resource control policy": "a resource control policy of the organisation",
    "VPC endpoint policy": "a VPC endpoint policy",
}


def client_error(error: Any, source: str, action: str, resource: str | None, login: str) -> Unavailable:
    """AWS's own refusal. `action`: what the operation needs; `login`: the command that renews the credentials."""
    body = error.response.get("Error", {})
    code, message = (
        str(body.get("Code", "")),
        str(body.get("Message", "")).partition("Encoded authorization")[0].strip(),
    )
    meta = error.response.get("ResponseMetadata", {})
    headers, status = meta.get("HTTPHeaders") or {}, meta.get("HTTPStatusCode", 0)
    if foreign(headers):
        return Unavailable(Reason.MALFORMED, f"{source} was answered by a web page (HTTP {status}), not by AWS", PORTAL)
    if code in _DENIED or _PERFORMED.search(message):
        return _denied(source, code, message, action, resource)
    if code in _THROTTLED:
        return Unavailable(Reason.THROTTLED, f"{source} was throttled, each time it was asked", LATER)
    if code in _SIGNATURE or (code in _EXPIRED and "ignature" in message):
        return _signature(source, code, headers, login)
    if code in _EXPIRED:
        return Unavailable(Reason.EXPIRED, f"{source}: the credentials have expired ({code})", renew(login))
    if code in _INVALID:
        return Unavailable(Reason.EXPIRED, f"{source}: AWS does not know these credentials ({code})", renew(login))
    if "NotFound" in code:
        return Unavailable(Reason.ABSENT, f"{source}: {message or code}")
    if status >= 500 or not code or code.isdigit():
        return Unavailable(Reason.UNREACHABLE, f"{source} failed with {status or code}", LATER)
    return Unavailable(Reason.REFUSED, f"{source} answered {code}: {message}"[:300])


def foreign(headers: Mapping[str, str]) -> bool:
    """Whether an answer carries a web page: AWS's own answers to these operations never do."""
    return str(headers.get("content-type", "")).lower().startswith("text/html")


def skew(headers: Mapping[str, str]) -> int | None:
    """Seconds by which our clock is ahead of the one that wrote the Date header; None where it says nothing."""
    try:
        theirs = email.utils.parsedate_to_datetime(str(headers["date"]))
    except (KeyError, ValueError, TypeError):
        return None
    if theirs.tzinfo is None:
        return None
    return round((dt.datetime.now(dt.UTC) - theirs).total_seconds())


def said_of_clock(seconds: int) -> str:
    """The difference in words."""
    return f"this machine's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} AWS's"


def renew(login: str) -> Unblock:
    """How to get valid credentials and go on."""
    return Unblock(f"{login}, then go on with `troubleshooter resume`")


def _signature(source: str, code: str, headers: Mapping[str, str], login: str) -> Unavailable:
    seconds = skew(headers)
    if seconds is not None and abs(seconds) > SKEW_S:
        detail = f"{source}: AWS refused the signature ({code}) because {said_of_clock(seconds)}"
        return Unavailable(
            Reason.EXPIRED, detail, Unblock("set this machine's clock by NTP, then go on with `troubleshooter resume`")
        )
    detail = f"{source}: AWS refused the signature ({code}), and the clock is right: the secret key is not the key id's"
    return Unavailable(Reason.EXPIRED, detail, renew(login))


def _denied(source: str, code: str, message: str, action: str, resource: str | None) -> Unavailable:
    """Which action on which resource, and which kind of policy stands in the way, in AWS's own words where it says."""
    named = _PERFORMED.search(message)
    if named:
        action, resource = named["action"], named["resource"] or (resource if named["action"] == action else None)
    elif code.startswith("KMS") or "KMS" in message:
        action, resource = "kms:Decrypt", next(iter(re.findall(r"arn:[\w-]+:kms:[^\s,\"']+", message)), None)
    where = _in_account(resource or "*", message)
    key = action.startswith("kms:")
    explicit, implicit = _EXPLICIT.search(message), _IMPLICIT.search(message)
    if explicit or "explicit deny" in message:
        lift = _KINDS.get(explicit["kind"], explicit["kind"]) if explicit else "a policy that AWS does not name"
        lift += f" ({explicit['arn'].rstrip('.,)')})" if explicit and explicit["arn"] else ""
        text = f"have the deny of {action} on {where} in {lift} lifted; an allow does not help against it"
        return Unavailable(
            Reason.DENIED, f"{source} was denied by an explicit deny in {lift}", Unblock(text, action, where, lift=lift)
        )
    kind = _KINDS.get(implicit["kind"], "") if implicit else ""
    place = kind or ("the key's policy or an identity-based policy" if key else "an identity-based policy")
    said = f"no {implicit['kind']} allows {action}" if implicit else f"no permission for {action}"
    prefix = "the encryption key is out of reach: " if key else ""
    text = f"allow {action} on {where}" + ("" if place == "an identity-based policy" else f" in {place}")
    return Unavailable(
        Reason.DENIED, f"{source} was denied ({prefix}{said})", Unblock(text, action, where, grant_in=place)
    )


def _in_account(resource: str, message: str) -> str:
    """The ARN with the account of who was denied where it leaves that open: by its name a thing of one's own was asked for."""
    who = re.search(r"arn:(?P<partition>[\w-]+):(?:sts|iam)::(?P<account>\d{12}):", message)
    parts = resource.split(":")
    if who is None or len(parts) < 6 or parts[4] != "*":
        return resource
    return ":".join([parts[0], who["partition"], *parts[2:4], who["account"], *parts[5:]])


def botocore_error(error: Exception, source: str, login: str) -> Unavailable:
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
        return Unavailable(Reason.EXPIRED, f"{source}: {error}"[:300], renew(login))
    if isinstance(error, e.HTTPClientError):
        return Unavailable(Reason.UNREACHABLE, f"{source} could not be reached ({name})", NETWORK)
    if isinstance(error, e.ParamValidationError | e.ClientError):
        return Unavailable(Reason.REFUSED, f"{source}: {error}"[:300])
    return Unavailable(Reason.MALFORMED, f"the answer to {source} could not be read ({name})", PORTAL)


def login_command(profile: str | None, settings: Mapping[str, Any]) -> str:
    """What renews the credentials of a profile, which `settings` describes; as a clause that begins a sentence."""
    named = f" --profile {shlex.quote(profile)}" if profile else ""
    if any(key.startswith("sso_") for key in settings):
        return f"log in again: `aws sso login{named}`"
    if "login_session" in settings:
        return f"log in again: `aws login{named}`"
    if settings.get("credential_process"):
        return "renew what the profile's credential_process hands out"
    if "role_arn" in settings and settings.get("source_profile"):
        return f"renew the credentials of profile {shlex.quote(str(settings['source_profile']))}"
    if profile:
        return f"renew the credentials: `aws sso login{named}` if the profile uses SSO, else `aws configure{named}`"
    return "renew the credentials (`aws sso login`, or the AWS_* variables of the environment)"
