"""Lambda's record of a function, and the code package of a zip function."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troubleshooter import grants
from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.collectors.aws_regions import not_here
from troubleshooter.facts import Cost, Fact, Reading, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.environment import describe
from troubleshooter.facts.function import Caller, FunctionCode, FunctionRecord, ImageOverride, RecordAtEnd
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Origin, Role, Subject
from troubleshooter.redact import Secrets

_NOT_DEPLOYED = Unavailable(Reason.NOT_OF_THIS_KIND, "AWS has no record of what is only proposed")


@dataclass(frozen=True, kw_only=True)
class GetFunctionAnswer(Fact):
    """One `lambda:GetFunction`, taken apart at once: environment values are described and dropped."""

    record: FunctionRecord
    code: FunctionCode
    location: str | None = field(repr=False, default=None)
    """Presigned address of a zip's package: a credential for ten minutes."""


@provides(cost=Cost.CALL, asks=("lambda:GetFunction",))
def get_function(given: GivenFunction, subject: Subject, aws: Aws, secrets: Secrets) -> GetFunctionAnswer | Unavailable:
    """`lambda:GetFunction`."""
    if subject.role is not Role.DEPLOYED:
        return _NOT_DEPLOYED
    try:
        answer = aws.call(
            "lambda", "GetFunction", resource=_arn(given, aws), required=("Configuration", "Code"), **_named(given)
        )
    except SourceError as error:
        return not_here(error.unavailable, given, aws)
    code = answer.data["Code"]
    secrets.spare(code.get("ImageUri"), code.get("ResolvedImageUri"))
    location = code.get("Location") if code.get("RepositoryType") != "ECR" else None
    if location:
        secrets.remember("code location", str(location))
    return GetFunctionAnswer(
        reading=answer.reading(),
        record=read_record(answer, answer.data["Configuration"], secrets),
        code=FunctionCode(
            reading=answer.reading(),
            image_uri=code.get("ImageUri"),
            resolved_image_uri=code.get("ResolvedImageUri"),
            repository_type=code.get("RepositoryType"),
        ),
        location=location,
    )


@provides()
def record_of_get_function(answer: GetFunctionAnswer) -> FunctionRecord:
    """The configuration part."""
    return answer.record


@provides(cost=Cost.CALL, rank=1, asks=("lambda:GetFunctionConfiguration",))
def get_function_configuration(
    given: GivenFunction, subject: Subject, whole: GetFunctionAnswer | Unavailable, aws: Aws, secrets: Secrets
) -> FunctionRecord | Unavailable:
    """`lambda:GetFunctionConfiguration`: the same record where GetFunction is denied."""
    if subject.role is not Role.DEPLOYED:
        return _NOT_DEPLOYED
    if isinstance(whole, Unavailable) and whole.reason is not Reason.DENIED:
        return whole
    return _configuration(given, aws, secrets)


@provides(cost=Cost.CALL, asks=("lambda:GetFunctionConfiguration",))
def record_at_end(
    given: GivenFunction, subject: Subject, record: FunctionRecord, aws: Aws, secrets: Secrets
) -> RecordAtEnd | Unavailable:
    """`lambda:GetFunctionConfiguration`, asked when everything else was read."""
    if subject.role is not Role.DEPLOYED or record.reading.source != "lambda:GetFunction":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the record was read by this call, and no call is made twice")
    try:
        again = _configuration(given, aws, secrets)
    except SourceError as error:
        # Whoever may not ask this has lost nothing but the comparison.
        return Unavailable(Reason.NOT_OF_THIS_KIND, f"not compared: {error.unavailable.detail}")
    return RecordAtEnd(reading=again.reading, record=again)


def package_of(given: GivenFunction, aws: Aws, secrets: Secrets) -> tuple[Reading, str]:
    """Where a version's package lies: a credential for ten minutes. Raises SourceError, also where AWS tells no address."""
    answer = aws.call("lambda", "GetFunction", resource=_arn(given, aws), required=("Code",), **_named(given))
    location = answer.data["Code"].get("Location")
    if not isinstance(location, str) or not location:
        raise SourceError(Unavailable(Reason.DENIED, "AWS gave no address of the code package", None))
    secrets.remember("code location", location)
    return answer.reading(Origin.PACKAGE), location


def _configuration(given: GivenFunction, aws: Aws, secrets: Secrets) -> FunctionRecord:
    answer = aws.call(
        "lambda",
        "GetFunctionConfiguration",
        resource=_arn(given, aws),
        required=("FunctionName", "FunctionArn"),
        **_named(given),
    )
    return read_record(answer, answer.data, secrets)


@provides()
def code_of_get_function(answer: GetFunctionAnswer) -> FunctionCode:
    """The code part."""
    return answer.code


@provides(cost=Cost.CALL, asks=("sts:GetCallerIdentity",))
def get_caller_identity(given: GivenFunction, aws: Aws) -> Caller:
    """`sts:GetCallerIdentity`, asked only where a function was given: nothing else calls AWS for its own sake."""
    answer = aws.call("sts", "GetCallerIdentity", required=("Account", "Arn"))
    return Caller(
        reading=answer.reading(), account=answer.data["Account"], arn=answer.data["Arn"], region=aws.region or "not set"
    )


def _named(given: GivenFunction) -> dict[str, Any]:
    name: dict[str, Any] = {"FunctionName": given.call_name}
    return name if given.qualifier is None else {**name, "Qualifier": given.qualifier}


def _arn(given: GivenFunction, aws: Aws) -> str:
    where = f"arn:{grants.partition_of(aws.region)}:lambda:{aws.region or '*'}:{given.account or '*'}"
    return given.arn or f"{where}:function:{given.name}"


def read_record(answer: Answer, data: Mapping[str, Any], secrets: Secrets) -> FunctionRecord:
    """A `FunctionConfiguration` structure of the API as a fact. Raises SourceError for one that makes no sense."""
    try:
        return _parsed(answer, data, secrets)
    except (AttributeError, TypeError, KeyError, IndexError, ValueError) as error:
        detail = f"{answer.source} gave a configuration that makes no sense ({type(error).__name__})"
        raise SourceError(Unavailable(Reason.MALFORMED, detail)) from error


def _parsed(answer: Answer, data: Mapping[str, Any], secrets: Secrets) -> FunctionRecord:
    architectures = data.get("Architectures") or []
    _spare(data, secrets)
    logging = data.get("LoggingConfig") or {}
    environment = data.get("Environment") or {}
    variables = environment.get("Variables") or {}
    network = data.get("VpcConfig") or {}
    return FunctionRecord(
        reading=answer.reading(),
        name=str(data["FunctionName"]),
        arn=str(data["FunctionArn"]),
        version=data.get("Version"),
        package_type=data.get("PackageType") or "Zip",
        architecture=str(architectures[0]) if architectures else "x86_64",
        architecture_stated=bool(architectures),
        runtime=data.get("Runtime"),
        handler=data.get("Handler"),
        state=data.get("State"),
        state_reason=data.get("StateReason"),
        state_reason_code=data.get("StateReasonCode"),
        update_status=data.get("LastUpdateStatus"),
        update_reason=data.get("LastUpdateStatusReason"),
        update_reason_code=data.get("LastUpdateStatusReasonCode"),
        last_modified=_time(data.get("LastModified")),
        revision=data.get("RevisionId"),
        timeout_s=data.get("Timeout"),
        memory_mb=data.get("MemorySize"),
        ephemeral_mb=(data.get("EphemeralStorage") or {}).get("Size"),
        role=data.get("Role"),
        log_group=logging.get("LogGroup"),
        log_format=logging.get("LogFormat") or "Text",
        system_log_level=logging.get("SystemLogLevel"),
        override=_override((data.get("ImageConfigResponse") or {}).get("ImageConfig") or {}),
        environment=tuple(describe(str(k), str(v), secrets) for k, v in sorted(variables.items())),
        environment_error=(environment.get("Error") or {}).get("ErrorCode"),
        layers=tuple(str(layer["Arn"]) for layer in data.get("Layers") or []),
        code_sha256=data.get("CodeSha256"),
        vpc_attached=bool(network.get("VpcId")),
        vpc=network.get("VpcId") or None,
        subnets=tuple(str(subnet) for subnet in network.get("SubnetIds") or ()),
        security_groups=tuple(str(group) for group in network.get("SecurityGroupIds") or ()),
        ipv6=bool(network.get("Ipv6AllowedForDualStack")),
        key=data.get("KMSKeyArn") or None,
        dead_letters=(data.get("DeadLetterConfig") or {}).get("TargetArn") or None,
    )


def _spare(data: Mapping[str, Any], secrets: Secrets) -> None:
    """What the record shows openly stays readable, even where an environment value repeats it."""
    config = (data.get("ImageConfigResponse") or {}).get("ImageConfig") or {}
    words = [*(config.get("EntryPoint") or []), *(config.get("Command") or [])]
    keys = ("FunctionName", "FunctionArn", "Runtime", "Handler", "Role", "CodeSha256", "KMSKeyArn")
    network = data.get("VpcConfig") or {}
    words += [*(network.get("SubnetIds") or []), *(network.get("SecurityGroupIds") or [])]
    secrets.spare(*(data.get(key) for key in keys), *words, (data.get("LoggingConfig") or {}).get("LogGroup"))


def _override(config: Mapping[str, Any]) -> ImageOverride:
    def words(key: str) -> tuple[str, ...] | None:
        return None if config.get(key) is None else tuple(str(word) for word in config[key])

    return ImageOverride(words("EntryPoint"), words("Command"), config.get("WorkingDirectory"))


def _time(text: object) -> dt.datetime | None:
    """`2026-01-02T03:04:05.678+0000` as the API writes it."""
    if not isinstance(text, str):
        return None
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except ValueError:
        return None
