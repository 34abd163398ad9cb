"""An AWS account over HTTP on loopback, for tests: Lambda, ECR, CloudWatch Logs and STS, read only.

IAM is in `aws_iam`; network and keys are in `aws_surroundings`.

A test fills an `Account` in Python and lets the product ask it over real HTTP with real botocore. Wire formats come from
botocore's service models; whatever has no answer here is denied, as it is for a principal without the permission.

    def test_something(aws_account: Account) -> None:            # the fixture is in tests/conftest.py
        uri = aws_account.add_image("demo", "latest", image({"/var/task/app.py": "…"}, cmd=["app.handler"]))
        aws_account.add_function("demo", image_uri=uri, Architectures=["arm64"], ImageConfig={"Command": ["app.handler"]})
        aws_account.log("/aws/lambda/demo", "START RequestId: …", at=…)
        aws_account.deny("ecr", "BatchGetImage")                 # any single (service, operation)
        aws_account.delay(0.05)                                  # every call, or one
        …                                                        # botocore finds the account by the environment
        assert aws_account.operations == ["lambda:GetFunction"]  # what was asked
        aws_account.assert_only_reads()
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import unquote, urlsplit

from tests.lab import aws_wire
from tests.lab.aws_http import NO_CONNECTION, Server
from tests.lab.aws_iam import Iam
from tests.lab.aws_surroundings import Surroundings
from tests.lab.aws_wire import AwsError, Request, Response
from troubleshooter.collectors.aws import CREDENTIAL_CALLS
from troubleshooter.collectors.aws import operations as allowed_operations

ACCOUNT, REGION = "123456789012", "eu-west-1"
PRINCIPAL = f"arn:aws:sts::{ACCOUNT}:assumed-role/engineer/someone"
ALWAYS = frozenset({"lambda", "ecr", "logs", "sts"})


class StoredImage(Protocol):
    """What is pushed: a `tests.lab.images.Built`, for one."""

    @property
    def digest(self) -> str:
        """Of the manifest or index that a tag points to."""

    @property
    def media_type(self) -> str:
        """Of that manifest or index."""

    @property
    def blobs(self) -> Mapping[str, bytes]:
        """Every blob by digest: indexes, manifests, configurations, layers."""


def _action(service: str, operation: str) -> str:
    """The IAM action behind an operation, which is what AWS's refusal names."""
    listed = allowed_operations().get((service, operation))
    return listed["action"] if listed else f"{service}:{operation}"


@dataclass(slots=True)
class Repository:
    """One ECR repository."""

    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    policy: str | None = None
    pushed: dict[str, dt.datetime] = field(default_factory=dict)
    """When an image was pushed, by digest; a fixed day for others."""
    archived: set[str] = field(default_factory=set)
    """Digests in the archive."""


@dataclass(frozen=True, slots=True)
class Event:
    """One log event; `at` in milliseconds since 1970."""

    at: int
    stream: str
    message: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request that arrived. `status` is `ok` or the error's code; `region` the one it was signed for."""

    service: str
    operation: str
    region: str
    parameters: Mapping[str, Any]
    access_key: str
    status: str


@dataclass(slots=True)
class Rule:
    """What happens to matching calls instead of, or before, their answer."""

    service: str
    operation: str
    times: int | None = None
    delay_s: float = 0.0
    failure: AwsError | None = None
    raw: Response | None = None

    def matches(self, request: Request) -> bool:
        return self.service in ("*", request.service) and self.operation in ("*", request.operation) and self.times != 0


Handler = Callable[["Account", Request], Mapping[str, Any]]


class Account:
    """One account in one region. Filled by the test's thread, read by the server's; `url` is its endpoint."""

    def __init__(self) -> None:
        self.account_id, self.region, self.principal = ACCOUNT, REGION, PRINCIPAL
        self.functions: dict[tuple[str, str], dict[str, Any]] = {}
        """(name, version or alias) → GetFunction's answer."""
        self.packages: dict[str, bytes] = {}
        self.repositories: dict[str, Repository] = {}
        self.groups: dict[str, list[Event]] = {}
        self.iam, self.around = Iam(), Surroundings()
        self.page_size = 1000
        """Events, functions and so on in one page of an answer."""
        self.empty_first_page = False
        """FilterLogEvents first answers with no events and a token, as AWS may."""
        self.calls: list[Call] = []
        self.downloads: list[tuple[str, str | None]] = []
        """(digest or package, Range header) of everything fetched by a download address."""
        self.faults: list[str] = []
        """What the stand-in itself could not do; the fixture fails the test if there is any."""
        self._rules: list[Rule] = []
        self._answers: dict[tuple[str, str], Handler] = {}
        self._lock = threading.Lock()
        self._server = Server(self.respond)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="aws", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What makes a program find the account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-EXAMPLE",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    # -- what is in the account

    def arn(self, name: str, qualifier: str = "$LATEST") -> str:
        """ARN of a function; `$LATEST` has no suffix."""
        arn = f"arn:aws:lambda:{self.region}:{self.account_id}:function:{name}"
        return arn if qualifier == "$LATEST" else f"{arn}:{qualifier}"

    def add_image(self, repository: str, tag: str | None, image: StoredImage) -> str:
        """Pushes an image; returns its URI, by digest where there is no tag."""
        stored = self.repositories.setdefault(repository, Repository())
        root = image.blobs[image.digest]
        listed = {d["digest"]: d["mediaType"] for d in json.loads(root).get("manifests", ())}
        for digest, media_type in {**listed, image.digest: image.media_type}.items():
            stored.manifests[digest] = (media_type, image.blobs[digest])
        stored.blobs.update({d: b for d, b in image.blobs.items() if d not in stored.manifests})
        if tag is not None:
            stored.tags[tag] = image.digest
        where = f"{self.account_id}.dkr.ecr.{self.region}.amazonaws.com/{repository}"
        return f"{where}:{tag}" if tag is not None else f"{where}@{image.digest}"

    def add_function(
        self,
        name: str,
        *,
        image_uri: str | None = None,
        package: bytes | None = None,
        digest: str | None = None,
        version: str = "$LATEST",
        **configuration: Any,
    ) -> str:
        """Adds a function, or one of its versions, and returns its ARN.

        `image_uri` or `package` (bytes of a zip) is its code. `digest` is the image's, where it is not in `repositories`.
        `configuration` takes members of FunctionConfiguration by AWS's names, and for convenience `ImageConfig` and
        `Environment` as CreateFunction takes them (the latter as a plain mapping).
        """
        arn = self.arn(name, version)
        record: dict[str, Any] = {
            "FunctionName": name,
            "FunctionArn": arn,
            "Role": f"arn:aws:iam::{self.account_id}:role/{name}",
            "CodeSize": 0,
            "Description": "",
            "Timeout": 30,
            "MemorySize": 512,
            "LastModified": "2026-01-02T03:04:05.000+0000",
            "Version": version,
            "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": "00000000-aaaa-bbbb-cccc-000000000000",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "Architectures": ["x86_64"],
            "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        }
        if image_uri is not None:
            resolved = digest or self.digest_of(image_uri)
            code = {
                "RepositoryType": "ECR",
                "ImageUri": image_uri,
                "ResolvedImageUri": f"{_repository_part(image_uri)}@{resolved}",
            }
            record |= {"PackageType": "Image", "CodeSha256": resolved.removeprefix("sha256:")}
        else:
            content = package or b""
            self.packages[arn] = content
            code = {
                "RepositoryType": "S3",
                "Location": f"{self.url}/packages/{arn}?X-Amz-Expires=600&X-Amz-Signature=0",
            }
            sha = base64.b64encode(hashlib.sha256(content).digest()).decode()
            record |= {"PackageType": "Zip", "CodeSha256": sha, "CodeSize": len(content)}
            record |= {"Runtime": "python3.12", "Handler": "app.handler"}
        if "ImageConfig" in configuration:
            record["ImageConfigResponse"] = {"ImageConfig": configuration.pop("ImageConfig")}
        if "Environment" in configuration and "Variables" not in configuration["Environment"]:
            configuration["Environment"] = {"Variables": configuration["Environment"]}
        self.functions[name, version] = {"Configuration": record | configuration, "Code": code, "Tags": {}}
        return arn

    def add_alias(self, name: str, alias: str, version: str) -> str:
        """Points an alias at a version that was added, and returns its ARN."""
        self.functions[name, alias] = self.functions[name, version]
        return self.arn(name, alias)

    def digest_of(self, image_uri: str) -> str:
        """The digest that an image URI of this account resolves to."""
        repository, _, digest = image_uri.partition("@")
        name = repository.partition("/")[2]
        if digest:
            return digest
        name, _, tag = name.partition(":")
        return self.repositories[name].tags[tag or "latest"]

    def log(
        self,
        group: str,
        *messages: str,
        at: dt.datetime | None = None,
        stream: str = "2026/01/02/[$LATEST]0123456789abcdef",
    ) -> None:
        """Appends events to a group, which is made if need be, a millisecond apart from `at` on (now, if not given)."""
        began = int((at or dt.datetime.now(dt.UTC)).timestamp() * 1000)
        events = self.groups.setdefault(group, [])
        events.extend(Event(began + i, stream, text) for i, text in enumerate(messages))
        events.sort(key=lambda e: e.at)

    # -- how it answers

    def answer(self, service: str, operation: str, output: Mapping[str, Any] | Handler) -> None:
        """Answers an operation of any service of protocol json, rest-json or query; keys are botocore's member names."""
        handler: Handler = output if callable(output) else lambda account, request: output
        self._answers[service, operation] = handler

    def deny(self, service: str, operation: str = "*", *, explicit: bool = False) -> None:
        """Denies an operation as a missing permission does, or as an explicit deny does."""
        code = "AccessDenied" if service in ("sts", "cloudformation", "iam") else "AccessDeniedException"
        status = 400 if service in ("ecr", "logs") else 403
        why = "with an explicit deny in an identity-based policy" if explicit else _NO_POLICY
        failure = AwsError(
            code, f"User: {self.principal} is not authorized to perform: {_action(service, operation)} {why}", status
        )
        self._rules.insert(0, Rule(service, operation, failure=failure))

    def fail(
        self, service: str, operation: str, code: str, message: str = "", *, status: int = 400, times: int | None = None
    ) -> None:
        """Answers with an error, `times` times or always."""
        self._rules.insert(0, Rule(service, operation, times, failure=AwsError(code, message, status)))

    def delay(self, seconds: float, service: str = "*", operation: str = "*") -> None:
        """Every matching call takes so much longer."""
        self._rules.append(Rule(service, operation, delay_s=seconds))

    def reply_raw(
        self, service: str, operation: str, body: bytes, *, status: int = 200, kind: str = "text/html"
    ) -> None:
        """Answers with any bytes: what a captive portal, a proxy or a broken endpoint says."""
        self._rules.insert(0, Rule(service, operation, raw=Response(status, body, {"content-type": kind})))

    def drop(self, service: str, operation: str, *, times: int | None = None) -> None:
        """Closes the connection without an answer."""
        self._rules.insert(0, Rule(service, operation, times, raw=Response(NO_CONNECTION, b"")))

    # -- what was asked

    @property
    def operations(self) -> list[str]:
        """`service:Operation` of every call, in order of arrival, retries included."""
        with self._lock:
            return [f"{c.service}:{c.operation}" for c in self.calls]

    def assert_only_reads(self) -> None:
        """Fails if anything was asked that is neither on the product's list of reads nor a credential provider's call."""
        allowed = {*allowed_operations(), *CREDENTIAL_CALLS}
        with self._lock:
            strange = [c for c in self.calls if (c.service, c.operation) not in allowed]
        assert not strange, f"not on the list of reads: {strange}"

    # -- the server's side

    def respond(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """The answer to one HTTP request. Called by the server's threads."""
        path = urlsplit(target).path
        if method == "GET" and path.startswith(("/blobs/", "/packages/")):
            return self._download(unquote(path), headers.get("range"))
        with self._lock:
            services = ALWAYS | {s for s, _ in self._answers} | {s for s, _ in allowed_operations()}
        request = aws_wire.parse(method, target, headers, body, frozenset(services))
        response, status = self._answered(request)
        with self._lock:
            self.calls.append(
                Call(request.service, request.operation, request.region, request.parameters, request.access_key, status)
            )
        return response

    def _answered(self, request: Request) -> tuple[Response, str]:
        try:
            raw = self._obey_rules(request)
            if raw is not None:
                return raw, "raw"
            return aws_wire.answer(request, self._handler(request)(self, request)), "ok"
        except AwsError as failure:
            return aws_wire.error(request, failure), failure.code
        except Exception as bug:
            self.faults.append(f"{request.service}:{request.operation}: {type(bug).__name__}: {bug}")
            return aws_wire.error(request, AwsError("InternalFailure", str(bug), 500)), "InternalFailure"

    def _obey_rules(self, request: Request) -> Response | None:
        with self._lock:
            rules = [r for r in self._rules if r.matches(request)]
            decisive = next((r for r in rules if r.failure or r.raw), None)
            if decisive is not None and decisive.times is not None:
                decisive.times -= 1
        time.sleep(sum(r.delay_s for r in rules))
        if decisive is not None and decisive.failure is not None:
            raise decisive.failure
        return decisive.raw if decisive is not None else None

    def _handler(self, request: Request) -> Handler:
        from tests.lab.aws_answers import HANDLERS

        key = (request.service, request.operation)
        handler = self._answers.get(key) or HANDLERS.get(key)
        if not request.access_key:
            raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
        if handler is None:
            what = _action(request.service, request.operation or "unknown operation")
            raise AwsError(
                "AccessDeniedException",
                f"User: {self.principal} is not authorized to perform: {what} {_NO_POLICY}",
                403,
            )
        if request.service not in ("sts", "iam") and request.region != self.region:
            return _elsewhere(handler)
        return handler

    def _download(self, path: str, wanted: str | None) -> Response:
        kind, _, name = path.lstrip("/").partition("/")
        content = self.packages.get(name) if kind == "packages" else self._blob(name)
        with self._lock:
            self.downloads.append((name.rpartition("/")[2], wanted))
        if content is None:
            return Response(403, b"<Error><Code>AccessDenied</Code></Error>", {"content-type": "application/xml"})
        headers = {"content-type": "application/octet-stream", "accept-ranges": "bytes"}
        if wanted is None:
            return Response(200, content, headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        begin = int(first) if first else max(0, len(content) - int(last))
        end = min(int(last), len(content) - 1) if first and last else len(content) - 1
        if begin > end:
            return Response(416, b"", {"content-range": f"bytes */{len(content)}"})
        return Response(
            206, content[begin : end + 1], headers | {"content-range": f"bytes {begin}-{end}/{len(content)}"}
        )

    def _blob(self, name: str) -> bytes | None:
        repository, _, digest = name.rpartition("/")
        stored = self.repositories.get(repository)
        return stored.blobs.get(digest) if stored else None


_NO_POLICY = "because no identity-based policy allows the action"


def _repository_part(image_uri: str) -> str:
    host, _, path = image_uri.partition("@")[0].partition("/")
    return f"{host}/{path.partition(':')[0]}"


def _elsewhere(handler: Handler) -> Handler:
    """The same operation in another region, where nothing exists."""

    def asked(account: Account, request: Request) -> Mapping[str, Any]:
        empty = Account.__new__(Account)
        empty.__dict__.update(account.__dict__, region=request.region, functions={}, repositories={}, groups={})
        return handler(empty, request)

    return asked


def paged(items: Sequence[Any], token: object, size: int) -> tuple[Sequence[Any], str | None]:
    """One page of `items` and the token of the next, which is the position as text."""
    begin = int(str(token)) if token else 0
    rest = begin + size
    return items[begin:rest], str(rest) if rest < len(items) else None
