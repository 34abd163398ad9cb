"""A repository's policy and key, where AWS says that it was not allowed to read the image."""

from __future__ import annotations

import re

from troubleshooter.collectors.aws import Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.address import EcrAddress, ecr_address
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.policy_document import statements
from troubleshooter.facts.repository import RepositoryKey, RepositoryPolicy
from troubleshooter.model import Origin, Role, Subject

_ACCESS = re.compile(
    r"ImageAccessDenied|ECR permissions|access the (?:ECR|specified) image|decrypt the container image"
)


@provides(cost=Cost.CALL, asks=("ecr:GetRepositoryPolicy",))
def repository_policy(
    function: FunctionRecord, code: FunctionCode, subject: Subject, aws: Aws
) -> RepositoryPolicy | Unavailable:
    """`ecr:GetRepositoryPolicy`. That there is none is a value."""
    name = _asked(function, code, subject)
    if isinstance(name, Unavailable):
        return name
    answer = aws.call(
        "ecr",
        "GetRepositoryPolicy",
        resource=name.arn,
        required=("policyText",),
        absent=("RepositoryPolicyNotFoundException",),
        region=name.region,
        registryId=name.account,
        repositoryName=name.repository,
    )
    reading = answer.reading(Origin.RECORD)
    if answer.absent:
        return RepositoryPolicy(reading=reading, repository=name.repository, statements=None)
    try:
        found = statements(f"repository {name.repository}", answer.data["policyText"])
    except ValueError as error:
        raise SourceError(Unavailable(Reason.MALFORMED, f"ecr:GetRepositoryPolicy: {error}")) from error
    return RepositoryPolicy(reading=reading, repository=name.repository, statements=found)


@provides(cost=Cost.CALL, asks=("ecr:DescribeRepositories", "kms:DescribeKey"))
def repository_key(
    function: FunctionRecord, code: FunctionCode, subject: Subject, aws: Aws
) -> RepositoryKey | Unavailable:
    """The state of the key that encrypts the repository, where it has one of KMS."""
    name = _asked(function, code, subject)
    if isinstance(name, Unavailable):
        return name
    answer = aws.call(
        "ecr",
        "DescribeRepositories",
        resource=name.arn,
        required=("repositories",),
        region=name.region,
        registryId=name.account,
        repositoryNames=[name.repository],
    )
    found = answer.data["repositories"]
    how = (found[0].get("encryptionConfiguration") or {}) if found else {}
    key = how.get("kmsKey")
    if not str(how.get("encryptionType") or "").startswith("KMS") or not isinstance(key, str):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "no key of KMS encrypts the repository")
    return _state(name, key, aws)


def _asked(function: FunctionRecord, code: FunctionCode, subject: Subject) -> EcrAddress | Unavailable:
    reasons = (function.state_reason_code, function.state_reason, function.update_reason_code, function.update_reason)
    name = ecr_address(code.resolved_image_uri or code.image_uri or "")
    if subject.role is not Role.DEPLOYED or name is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "no image of a private ECR repository is deployed")
    if not any(_ACCESS.search(reason or "") for reason in reasons):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "AWS does not say that it may not read the image")
    return name


def _state(name: EcrAddress, key: str, aws: Aws) -> RepositoryKey:
    region = key.split(":")[3] if key.count(":") >= 5 else None
    answer = aws.call(
        "kms",
        "DescribeKey",
        resource=key,
        required=("KeyMetadata",),
        absent=("NotFoundException",),
        region=region or name.region,
        KeyId=key,
    )
    if answer.absent:
        return RepositoryKey(reading=answer.reading(), repository=name.repository, arn=key, state=None)
    state = answer.data["KeyMetadata"].get("KeyState") if isinstance(answer.data["KeyMetadata"], dict) else None
    if not isinstance(state, str):
        raise SourceError(Unavailable(Reason.MALFORMED, "kms:DescribeKey gave a key without a state"))
    return RepositoryKey(reading=answer.reading(), repository=name.repository, arn=key, state=state)
