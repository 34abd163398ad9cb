"""What the services of the stand-in account answer: Lambda, ECR, CloudWatch Logs, STS. Outputs in botocore's member names."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.lab import aws_iam, aws_surroundings
from tests.lab.aws import Event, Handler, Repository, paged
from tests.lab.aws_wire import AwsError, Request

if TYPE_CHECKING:
    from tests.lab.aws import Account

Output = Mapping[str, Any]


# -- sts


def get_caller_identity(account: Account, request: Request) -> Output:
    return {"Account": account.account_id, "Arn": account.principal, "UserId": "AROAEXAMPLE:someone"}


# -- lambda


def _function(account: Account, request: Request) -> dict[str, Any]:
    """The function that a name, a partial or a full ARN means, with a qualifier in it or beside it."""
    asked = str(request.parameters["FunctionName"])
    parts = asked.split(":")
    name, suffix = (parts[6], parts[7:8]) if len(parts) >= 7 else (parts[0], parts[1:2])
    qualifier = str(request.parameters.get("Qualifier") or (suffix[0] if suffix else "$LATEST"))
    found = account.functions.get((name, qualifier))
    if found is None:
        arn = f"{account.arn(name)}:{qualifier}" if suffix or "Qualifier" in request.parameters else account.arn(name)
        raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404)
    return found


def get_function(account: Account, request: Request) -> Output:
    return _function(account, request)


def get_function_configuration(account: Account, request: Request) -> Output:
    configuration: Output = _function(account, request)["Configuration"]
    return configuration


def list_functions(account: Account, request: Request) -> Output:
    every = [f["Configuration"] for (_, version), f in sorted(account.functions.items()) if version == "$LATEST"]
    size = min(int(request.parameters.get("MaxItems", 50)), account.page_size)
    page, marker = paged(every, request.parameters.get("Marker"), size)
    return {"Functions": page, "NextMarker": marker}


def list_versions(account: Account, request: Request) -> Output:
    _function(account, request)
    name = str(request.parameters["FunctionName"]).split(":")[-1]
    found = [f["Configuration"] for (n, v), f in sorted(account.functions.items()) if n == name]
    return {"Versions": [c for i, c in enumerate(found) if c not in found[:i]]}


def list_aliases(account: Account, request: Request) -> Output:
    _function(account, request)
    name = str(request.parameters["FunctionName"]).split(":")[-1]
    found = [
        {"AliasArn": account.arn(name, key), "Name": key, "FunctionVersion": f["Configuration"]["Version"]}
        for (n, key), f in sorted(account.functions.items())
        if n == name and key != f["Configuration"]["Version"]
    ]
    page, marker = paged(found, request.parameters.get("Marker"), account.page_size)
    return {"Aliases": page, "NextMarker": marker}


def list_function_url_configs(account: Account, request: Request) -> Output:
    """There is none, unless a test answers otherwise."""
    _function(account, request)
    return {"FunctionUrlConfigs": []}


def get_policy(account: Account, request: Request) -> Output:
    _function(account, request)
    raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)


# -- ecr


_PUSHED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _repository(account: Account, request: Request) -> Repository:
    name = request.parameters["repositoryName"]
    found = account.repositories.get(name)
    registry = request.parameters.get("registryId") or account.account_id
    if found is None or registry != account.account_id:
        text = f"The repository with name '{name}' does not exist in the registry with id '{registry}'"
        raise AwsError("RepositoryNotFoundException", text)
    return found


def batch_get_image(account: Account, request: Request) -> Output:
    repository = _repository(account, request)
    images: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for wanted in request.parameters["imageIds"]:
        digest = wanted.get("imageDigest") or repository.tags.get(wanted.get("imageTag", ""), "")
        if digest not in repository.manifests:
            why = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            failures.append({"imageId": wanted, **why})
            continue
        media_type, manifest = repository.manifests[digest]
        images.append(
            {
                "registryId": account.account_id,
                "repositoryName": request.parameters["repositoryName"],
                "imageId": {**wanted, "imageDigest": digest},
                "imageManifest": manifest.decode(),
                "imageManifestMediaType": media_type,
            }
        )
    return {"images": images, "failures": failures}


def get_download_url(account: Account, request: Request) -> Output:
    digest = request.parameters["layerDigest"]
    name = request.parameters["repositoryName"]
    if digest not in _repository(account, request).blobs:
        text = f"The layer with digest '{digest}' does not exist in the repository with name '{name}'"
        raise AwsError("LayersNotFoundException", text)
    url = f"{account.url}/blobs/{name}/{digest}?X-Amz-Expires=3600&X-Amz-Signature=0"
    return {"downloadUrl": url, "layerDigest": digest}


def describe_images(account: Account, request: Request) -> Output:
    repository = _repository(account, request)
    wanted = request.parameters.get("imageIds") or [{"imageDigest": d} for d in repository.manifests]
    details = []
    hidden = repository.archived if request.parameters.get("filter", {}).get("imageStatus") != "ANY" else set()
    for each in wanted:
        digest = each.get("imageDigest") or repository.tags.get(each.get("imageTag", ""), "")
        if digest not in repository.manifests or digest in hidden:
            text = f"The image with imageId {{imageDigest:'{digest or 'null'}', imageTag:'{each.get('imageTag', 'null')}'}}"
            raise AwsError("ImageNotFoundException", f"{text} does not exist")
        media_type, manifest = repository.manifests[digest]
        details.append(
            {
                "registryId": account.account_id,
                "repositoryName": request.parameters["repositoryName"],
                "imageDigest": digest,
                "imageTags": [t for t, d in repository.tags.items() if d == digest],
                "imageSizeInBytes": sum(len(b) for d, b in repository.blobs.items() if d.encode() in manifest),
                "imageManifestMediaType": media_type,
                "imagePushedAt": repository.pushed.get(digest, _PUSHED).timestamp(),
                "imageStatus": "ARCHIVED" if digest in repository.archived else "ACTIVE",
            }
        )
    return {"imageDetails": details}


def describe_repositories(account: Account, request: Request) -> Output:
    names = request.parameters.get("repositoryNames") or sorted(account.repositories)
    for name in names:
        _repository(account, Request("ecr", "", "", "", {**request.parameters, "repositoryName": name}))
    where = f"{account.account_id}.dkr.ecr.{account.region}.amazonaws.com"
    return {"repositories": [{"repositoryName": n, "repositoryUri": f"{where}/{n}"} for n in names]}


def get_repository_policy(account: Account, request: Request) -> Output:
    name, policy = request.parameters["repositoryName"], _repository(account, request).policy
    if policy is None:
        text = f"Repository policy does not exist for the repository with name '{name}'"
        raise AwsError("RepositoryPolicyNotFoundException", f"{text} in the registry with id '{account.account_id}'")
    return {"registryId": account.account_id, "repositoryName": name, "policyText": policy}


def get_lifecycle_policy(account: Account, request: Request) -> Output:
    """There is none, unless a test answers otherwise."""
    name = request.parameters["repositoryName"]
    _repository(account, request)
    text = f"Lifecycle policy does not exist for the repository with name '{name}'"
    raise AwsError("LifecyclePolicyNotFoundException", text)


# -- logs


def _group(account: Account, request: Request) -> list[Event]:
    name = request.parameters.get("logGroupName") or str(request.parameters.get("logGroupIdentifier")).split(":")[-1]
    if name not in account.groups:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return account.groups[name]


def filter_log_events(account: Account, request: Request) -> Output:
    asked = request.parameters
    matches = _pattern(asked.get("filterPattern", ""))
    found = [
        e
        for e in _group(account, request)
        if asked.get("startTime", 0) <= e.at <= asked.get("endTime", e.at)
        and e.stream in asked.get("logStreamNames", [e.stream])
        and e.stream.startswith(asked.get("logStreamNamePrefix", ""))
        and matches(e.message)
    ]
    if account.empty_first_page and not asked.get("nextToken"):
        return {"events": [], "searchedLogStreams": [], "nextToken": "0"}
    page, token = paged(found, asked.get("nextToken"), min(asked.get("limit", 10_000), account.page_size))
    events = [
        {
            "logStreamName": e.stream,
            "timestamp": e.at,
            "message": e.message,
            "ingestionTime": e.at + 500,
            "eventId": str(i),
        }
        for i, e in enumerate(page)
    ]
    return {"events": events, "searchedLogStreams": [], "nextToken": token}


def _pattern(text: str) -> Any:
    """Terms, "phrases", ?any ?of, -none, %expressions%; other syntaxes are not known here."""
    if text.startswith(("{", "[")):
        raise ValueError(f"filter pattern {text!r}: only terms are known to the stand-in")
    words = re.findall(r'([?-]?)(?:"([^"]*)"|%([^%]*)%|(\S+))', text)
    tests = [(sign, re.compile(regex or re.escape(phrase or word))) for sign, phrase, regex, word in words]
    every = [p for sign, p in tests if sign == ""]
    # Beside a plain term, AWS ignores the optional ones.
    some = [] if every else [p for sign, p in tests if sign == "?"]
    none = [p for sign, p in tests if sign == "-"]

    def matches(message: str) -> bool:
        return (
            all(p.search(message) for p in every)
            and (not some or any(p.search(message) for p in some))
            and not any(p.search(message) for p in none)
        )

    return matches


def describe_log_streams(account: Account, request: Request) -> Output:
    streams: dict[str, list[int]] = {}
    for event in _group(account, request):
        streams.setdefault(event.stream, []).append(event.at)
    by_time = request.parameters.get("orderBy") == "LastEventTime"
    names = sorted(
        (n for n in streams if n.startswith(request.parameters.get("logStreamNamePrefix", ""))),
        key=lambda n: (streams[n][-1] if by_time else 0, n),
        reverse=bool(request.parameters.get("descending")),
    )
    size = min(request.parameters.get("limit", 50), account.page_size)
    page, token = paged(names, request.parameters.get("nextToken"), size)
    shown = [
        {"logStreamName": n, "firstEventTimestamp": streams[n][0], "lastEventTimestamp": streams[n][-1]} for n in page
    ]
    return {"logStreams": shown, "nextToken": token}


def describe_log_groups(account: Account, request: Request) -> Output:
    names = sorted(n for n in account.groups if n.startswith(request.parameters.get("logGroupNamePrefix", "")))
    page, token = paged(names, request.parameters.get("nextToken"), min(request.parameters.get("limit", 50), 50))
    arn = f"arn:aws:logs:{account.region}:{account.account_id}:log-group:"
    return {"logGroups": [{"logGroupName": n, "arn": f"{arn}{n}:*"} for n in page], "nextToken": token}


HANDLERS: dict[tuple[str, str], Handler] = {
    ("sts", "GetCallerIdentity"): get_caller_identity,
    ("lambda", "GetFunction"): get_function,
    ("lambda", "GetFunctionConfiguration"): get_function_configuration,
    ("lambda", "ListFunctions"): list_functions,
    ("lambda", "ListVersionsByFunction"): list_versions,
    ("lambda", "ListAliases"): list_aliases,
    ("lambda", "ListFunctionUrlConfigs"): list_function_url_configs,
    ("lambda", "GetPolicy"): get_policy,
    ("ecr", "BatchGetImage"): batch_get_image,
    ("ecr", "GetDownloadUrlForLayer"): get_download_url,
    ("ecr", "DescribeImages"): describe_images,
    ("ecr", "DescribeRepositories"): describe_repositories,
    ("ecr", "GetLifecyclePolicy"): get_lifecycle_policy,
    ("ecr", "GetRepositoryPolicy"): get_repository_policy,
    ("logs", "FilterLogEvents"): filter_log_events,
    ("logs", "DescribeLogStreams"): describe_log_streams,
    ("logs", "DescribeLogGroups"): describe_log_groups,
    **aws_iam.HANDLERS,
    **aws_surroundings.HANDLERS,
}
