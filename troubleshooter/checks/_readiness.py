"""What AWS's own record says of a function that is not ready: its state, its last update, and their reasons."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from troubleshooter.checks import not_applicable, passed, unknown
from troubleshooter.checks._launch_fix import deployed, region
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.address import EcrAddress, ecr_address
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.model import Evidence, Origin, Outcome, Unblock, Verdict


@dataclass(frozen=True, slots=True)
class Refusal:
    """A state or an update that AWS declares failed, with the reason that it gives."""

    what: str
    """`State` or `LastUpdateStatus`."""
    value: str
    code: str
    text: str
    evidence: tuple[Evidence, ...]

    def __str__(self) -> str:
        return f"{self.what} is {self.value} ({self.code or 'no reason code'})"


def refusals(function: FunctionRecord) -> tuple[Refusal, ...]:
    """State Failed, or Inactive for another reason than idling; an update that Failed. Empty where nothing is failed."""
    found = []
    idle = function.state == "Inactive" and function.state_reason_code in (None, "Idle")
    if function.state in ("Failed", "Inactive") and not idle:
        cited = tuple(map(function.cite, ("state", "state_reason_code", "state_reason")))
        code, text = function.state_reason_code or "", function.state_reason or ""
        found.append(Refusal("State", function.state, code, text, cited))
    if function.update_status == "Failed":
        cited = tuple(map(function.cite, ("update_status", "update_reason_code", "update_reason")))
        code, text = function.update_reason_code or "", function.update_reason or ""
        found.append(Refusal("LastUpdateStatus", "Failed", code, text, cited))
    return tuple(found)


def refuses_media_type(function: FunctionRecord | Unavailable) -> bool:
    """Whether AWS's own record says that the image it resolved is of a type that Lambda does not take."""
    given = refusals(function) if isinstance(function, FunctionRecord) else ()
    return any("media type for the source image" in each.text for each in given)


def refusal(
    function: FunctionRecord,
    code: FunctionCode | Unavailable | None,
    ours: Callable[[Refusal], bool],
    doubtful: Callable[[Refusal], bool] = lambda _: False,
) -> Refusal | Verdict:
    """The refusal that `ours` knows; else the verdict: AWS took it, failed it for another reason, or does not say which.

    `code`: where the image lies that is asked about; None where the reason has nothing to do with an image.
    """
    if code is not None and not function.is_image:
        return not_applicable("the function is deployed from a zip package, not an image")
    if isinstance(code, FunctionCode) and code.reading.origin is Origin.PASTED:
        text = "the function's state speaks of the image that is deployed, not of the one that was refused"
        return Verdict(Outcome.NOT_APPLICABLE, text, ungiven=True)
    if function.state is None and function.update_status is None:
        return not_applicable("there is no state yet: the function is not deployed, or its state was not told")
    found = refusals(function)
    for each in found:
        if ours(each):
            return each
    for each in found:
        if doubtful(each):
            return unknown(f"{each}, without words that tell this reason from others", *each.evidence, unblock=_REASON)
    if found:
        return not_applicable(f"{found[0]}, which is another reason")
    state, update = function.cite("state"), function.cite("update_status")
    if function.state == "Active" and function.update_status in ("Successful", None):
        return passed("AWS made the function ready", state, update)
    return not_applicable(f"AWS declares nothing failed: State {state.value}, LastUpdateStatus {update.value}")


_REASON = Unblock("Update the function's code again and read StateReason and LastUpdateStatusReason.")


def invalid_image(function: FunctionRecord, code: FunctionCode | Unavailable, word: str) -> Refusal | Verdict:
    """The refusal of an image whose reason has `word`; one that has no known word stays open."""

    def ours(r: Refusal) -> bool:
        return r.code == "InvalidImage" and re.search(word, r.text) is not None

    def doubtful(r: Refusal) -> bool:
        return r.code == "InvalidImage" and IMAGE_REASONS.search(r.text) is None

    return refusal(function, code, ours, doubtful)


IMAGE_REASONS = re.compile(r"SizeLimitExceeded|MissingParentDirectory|UnsupportedImageLayer")
"""Words by which AWS tells the reasons of InvalidImage apart."""


def repository(code: FunctionCode) -> EcrAddress | None:
    """Where the image lies that AWS runs; None where it is no ECR address."""
    return ecr_address(code.resolved_image_uri or "") or ecr_address(code.image_uri or "")


def access_denied(refused: Refusal) -> bool:
    """Whether AWS's reason is that it was not allowed to read the image."""
    return refused.code == "ImageAccessDenied"


def sides(
    function: FunctionRecord, code: FunctionCode | Unavailable, refused: Refusal
) -> tuple[EcrAddress, tuple[Evidence, ...]] | Verdict:
    """The repository of a refused image and the evidence for both accounts; else the verdict that they are not known."""
    place = repository(code) if isinstance(code, FunctionCode) else None
    if isinstance(code, Unavailable) or place is None or function.account is None:
        text = f"{refused}; in whose account the image lies could not be told"
        unblock = code.unblock if isinstance(code, Unavailable) else None
        return unknown(text, *refused.evidence, unblock=unblock or Unblock("Allow reading it.", "lambda:GetFunction"))
    image = code.cite("image_uri" if code.image_uri else "resolved_image_uri", label="image")
    return place, (image, function.cite("arn", label="function"))


def let_lambda_in(function: FunctionRecord, place: EcrAddress) -> tuple[str, ...]:
    """Shows the repository's policy, and sets one that lets Lambda pull for the account's functions."""
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    functions = f"arn:{place.partition}:lambda:{function.region}:{function.account}:function:*"
    service = {
        "Sid": "LambdaECRImageRetrievalPolicy",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": actions,
        "Condition": {"StringLike": {"aws:sourceArn": functions}},
    }
    account = {
        "Sid": "CrossAccountPermission",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{place.partition}:iam::{function.account}:root"},
        "Action": actions,
    }
    statements = [service] if place.account == function.account else [account, service]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    named = ["--registry-id", place.account, "--repository-name", place.repository]
    return (
        shlex.join(["aws", "ecr", "get-repository-policy", *named, "--region", place.region]),
        shlex.join(["aws", "ecr", "set-repository-policy", *named, "--policy-text", policy, "--region", place.region]),
    )


def deploy_again(function: FunctionRecord, code: FunctionCode | Unavailable) -> tuple[str, ...]:
    """Deploys what was pushed anew under the image's tag; nothing where AWS does not know function or tag."""
    uri = code.image_uri if isinstance(code, FunctionCode) else None
    if uri is None or not deployed(function):
        return ()
    return (aws_lambda(function, "update-function-code", "--image-uri", uri.partition("@")[0]),)


def aws_lambda(function: FunctionRecord, *words: str) -> str:
    """`aws lambda …` for this function, with its region."""
    split = 2 if words[0] == "wait" else 1
    named = ["--function-name", function.name]
    return shlex.join(["aws", "lambda", *words[:split], *named, *words[split:], *region(function)])


def update_configuration(function: FunctionRecord | Unavailable, *options: str) -> tuple[str, ...]:
    """`aws lambda update-function-configuration` with the options; nothing where AWS knows no function by that name."""
    if isinstance(function, Unavailable) or not deployed(function):
        return ()
    return (aws_lambda(function, "update-function-configuration", *options),)


READY = "State is Active and LastUpdateStatus is Successful."
NO_IMAGE = Unavailable(Reason.NOT_GIVEN, "the image's own configuration does not matter here")
