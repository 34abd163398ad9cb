"""A made-up AWS account inside the process: it answers botocore's and httpx's requests where the network would.

The product's own clients build, sign and parse everything as always; only the transport is replaced. No socket is opened.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from troubleshooter.demo.image import MANIFEST_TYPE, Image

if TYPE_CHECKING:
    import httpx

ACCOUNT, REGION = "123456789012", "eu-west-1"
BLOBS = "https://blobs.example"
Answer = tuple[int, str, bytes]
"""Status, content type, body."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One function with what belongs to it."""

    configuration: Mapping[str, Any]
    """Members of `FunctionConfiguration` over realistic defaults."""
    image: Image | None = None
    image_tag: str = "latest"
    package: Mapping[str, str] = field(default_factory=dict)
    """Files of a zip function."""
    logs: tuple[tuple[float, str], ...] = ()
    """(seconds after the first event, message); `%R` stands for the request id."""
    projects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Package index: project → versions. Others do not exist."""
    denied: frozenset[str] = frozenset()
    """`service:Operation` that is refused."""
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    """What its times are told from: a function whose record changes with the clock would look as if it were deployed anew."""

    @property
    def name(self) -> str:
        return str(self.configuration["FunctionName"])

    @property
    def uri(self) -> str:
        return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{self.name}"

    def answer_aws(self, request: Any, event_name: str, **_: Any) -> Any:
        """botocore's `before-send` handler: the response in place of the network's."""
        from botocore.awsrequest import AWSResponse
        from botocore.compat import HTTPHeaders

        _event, service, operation = event_name.split(".")
        status, kind, body = self._aws(service, operation, request)
        headers = {"x-amzn-requestid": str(uuid.uuid4()), "content-type": kind}
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), _Raw(body))

    def transport(self) -> httpx.BaseTransport:
        """Answers downloads and package index look-ups."""
        import httpx

        def answer(request: httpx.Request) -> httpx.Response:
            status, kind, body = self._web(str(request.url))
            return httpx.Response(status, headers={"content-type": kind}, stream=httpx.ByteStream(body))

        return httpx.MockTransport(answer)

    def _aws(self, service: str, operation: str, request: Any) -> Answer:
        if f"{service}:{operation}" in self.denied:
            body = {"__type": "AccessDeniedException", "message": f"not authorized to perform: {service}:{operation}"}
            return 400, "application/x-amz-json-1.1", json.dumps(body).encode()
        answers: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "GetFunction": self._get_function,
            "GetFunctionConfiguration": lambda _: _json(self._configuration()),
            "GetCallerIdentity": self._caller,
            "BatchGetImage": self._batch_get_image,
            "GetDownloadUrlForLayer": lambda asked: _json(
                {"downloadUrl": f"{BLOBS}/{asked['layerDigest']}", "layerDigest": asked["layerDigest"]}
            ),
            "FilterLogEvents": self._events,
            "DescribeImages": self._describe_images,
            "GetMetricData": lambda _: _json({"MetricDataResults": []}),
            "LookupEvents": lambda _: _json({"Events": []}),
            "ListVersionsByFunction": lambda _: _json({"Versions": [self._configuration()]}),
            "ListAliases": lambda _: _json({"Aliases": []}),
            "ListFunctionUrlConfigs": lambda _: _json({"FunctionUrlConfigs": []}),
        }
        if operation == "GetLifecyclePolicy":
            return (
                400,
                "application/x-amz-json-1.1",
                json.dumps({"__type": "LifecyclePolicyNotFoundException"}).encode(),
            )
        if operation not in answers:
            body = {"__type": "AccessDeniedException", "message": f"not authorized to perform: {service}:{operation}"}
            return 400, "application/x-amz-json-1.1", json.dumps(body).encode()
        asked = (
            json.loads(request.body)
            if operation in ("BatchGetImage", "GetDownloadUrlForLayer", "FilterLogEvents", "DescribeImages")
            else {}
        )
        return answers[operation](asked)

    def _configuration(self) -> dict[str, Any]:
        changed = self.now - dt.timedelta(hours=2)
        defaults = {
            "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}",
            "Role": f"arn:aws:iam::{ACCOUNT}:role/{self.name}",
            "PackageType": "Image" if self.image else "Zip",
            "Architectures": ["x86_64"],
            "Timeout": 30,
            "MemorySize": 512,
            "Version": "$LATEST",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "LastModified": changed.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "CodeSha256": self.image.digest.removeprefix("sha256:") if self.image else "bWFkZSB1cA==",
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.name}"},
        }
        return {**defaults, **self.configuration}

    def _get_function(self, _: dict[str, Any]) -> Answer:
        code: dict[str, Any] = {"RepositoryType": "S3", "Location": f"{BLOBS}/package.zip?X-Amz-Signature=made-up"}
        if self.image is not None:
            tag = f"{self.uri}:{self.image_tag}"
            code = {"RepositoryType": "ECR", "ImageUri": tag, "ResolvedImageUri": f"{self.uri}@{self.image.digest}"}
        return _json({"Configuration": self._configuration(), "Code": code})

    def _caller(self, _: dict[str, Any]) -> Answer:
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/ReadOnly/demo"
        body = (
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            f"<Arn>{arn}</Arn><UserId>AROA:demo</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
            f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        )
        return 200, "text/xml", body.encode()

    def _batch_get_image(self, asked: dict[str, Any]) -> Answer:
        images, failures = [], []
        for wanted in asked["imageIds"]:
            if self.image and wanted.get("imageDigest", self.image.digest) == self.image.digest:
                images.append(
                    {
                        "registryId": ACCOUNT,
                        "repositoryName": self.name,
                        "imageId": {"imageDigest": self.image.digest, "imageTag": self.image_tag},
                        "imageManifest": self.image.manifest.decode(),
                        "imageManifestMediaType": MANIFEST_TYPE,
                    }
                )
            else:
                failures.append({"imageId": wanted, "failureCode": "ImageNotFound", "failureReason": "not found"})
        return _json({"images": images, "failures": failures})

    def _describe_images(self, asked: dict[str, Any]) -> Answer:
        if self.image is None:
            return 400, "application/x-amz-json-1.1", json.dumps({"__type": "RepositoryNotFoundException"}).encode()
        pushed = self.now - dt.timedelta(hours=2, minutes=5)
        detail = {
            "registryId": ACCOUNT,
            "repositoryName": self.name,
            "imageDigest": self.image.digest,
            "imageTags": [self.image_tag],
            "imagePushedAt": int(pushed.timestamp()),
            "imageStatus": "ACTIVE",
        }
        return _json({"imageDetails": [detail for _ in asked["imageIds"]]})

    def _events(self, asked: dict[str, Any]) -> Answer:
        first = self.now - dt.timedelta(hours=1)
        request = str(uuid.uuid4())
        events = []
        for number, (after, message) in enumerate(self.logs):
            if message.startswith("START "):
                request = str(uuid.uuid4())
            at = first + dt.timedelta(seconds=after)
            stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            events.append(
                {
                    "eventId": f"{number:056d}",
                    "timestamp": int(at.timestamp() * 1000),
                    "ingestionTime": int(at.timestamp() * 1000) + 500,
                    "logStreamName": f"{at:%Y/%m/%d}/[$LATEST]0123456789abcdef0123456789abcdef",
                    "message": message.replace("%R", request).replace("%T", stamp) + "\n",
                }
            )
        start = asked.get("startTime", 0)
        return _json({"events": [e for e in events if e["timestamp"] >= start], "searchedLogStreams": []})

    def _web(self, url: str) -> Answer:
        path = url.partition("://")[2].partition("/")[2].partition("?")[0]
        if url.startswith(f"{BLOBS}/package.zip"):
            return 200, "application/zip", self._zip()
        if url.startswith(BLOBS):
            blob = self.image.blobs.get(unquote(path)) if self.image else None
            return (200, "application/octet-stream", blob) if blob is not None else (404, "text/plain", b"no such blob")
        name = re.sub(r"[-_.]+", "-", path.rstrip("/").rpartition("/")[2]).lower()
        versions = self.projects.get(name)
        if versions is None:
            return 404, "text/plain", b"no such project"
        files = [
            {"filename": f"{name.replace('-', '_')}-{v}-py3-none-any.whl", "url": "", "hashes": {}} for v in versions
        ]
        body = {"meta": {"api-version": "1.1"}, "name": name, "versions": list(versions), "files": files}
        return 200, "application/vnd.pypi.simple.v1+json", json.dumps(body).encode()

    def _zip(self) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.package.items():
                info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
                info.external_attr = 0o100644 << 16
                archive.writestr(info, text)
        return buffer.getvalue()


class _Raw:
    """The little of a raw HTTP body that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._body

    def read(self, *_: Any, **__: Any) -> bytes:
        body, self._body = self._body, b""
        return body


def _json(body: Mapping[str, Any]) -> Answer:
    return 200, "application/x-amz-json-1.1", json.dumps(body).encode()
