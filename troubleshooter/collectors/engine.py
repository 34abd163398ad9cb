"""The container engine: an image's record, its history, its content as `docker save` streams it, or one file of it.

Nothing of the engine's is changed. One file is read through a container that is made for it, never started, and removed: an
engine gives files of containers alone, and of an image nothing but `save`, which is all of it. What a killed process left of
these containers the next question removes.

The address is found as the docker command finds it: an explicit context, DOCKER_HOST, DOCKER_CONTEXT, the current context
of its configuration, then the sockets that engines are known to open. Every wait has a short limit of its own.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from troubleshooter.facts import CallLog, CallRecord, Reason, SourceError, Unavailable
from troubleshooter.model import Unblock

if TYPE_CHECKING:
    from docker import APIClient

T = TypeVar("T")

PING_S, CALL_S, SAVE_S = 3, 10, 180
"""Longest wait for one answer. An engine without the containerd store writes the whole image before it sends a byte."""
LABEL, NEVER_STARTED = "troubleshooter", "never started"
LEFT_BEHIND_S = 600
"""Age at which a container that a question made belongs to no question any more."""
CHUNK = 1 << 20
LARGEST_FILE = 65 << 20
OLDEST_API = "1.24"

_SAVE = Unblock("save the image to a file with `docker save --output`, and give that file with --image docker-archive:")


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine listens, and who said so."""

    url: str
    said_by: str
    tls: Any = None


class Engine:
    """One engine. Nothing is contacted before it is asked for something. Safe to use from any thread."""

    def __init__(
        self, calls: CallLog, context: str | None = None, *, environment: Mapping[str, str] | None = None
    ) -> None:
        """`context` names a docker context; `environment` stands in place of the process's own."""
        self._calls, self._context = calls, context
        self._environment = os.environ if environment is None else environment
        self._lock = threading.Lock()
        self._opened: tuple[Address, str] | None = None
        self._down: Unavailable | None = None
        self._cleared = False
        """Whether it was looked for what an earlier run left."""

    def inspect(self, reference: str) -> dict[str, Any]:
        """The engine's record of an image. Raises SourceError; `Reason.ABSENT` where the engine has no such image."""
        found: dict[str, Any] = self._ask("ImageInspect", reference, lambda client: client.inspect_image(reference))
        if not isinstance(found, dict) or not isinstance(found.get("Id"), str):
            raise SourceError(Unavailable(Reason.MALFORMED, "the engine's record of the image makes no sense"))
        return found

    def history(self, reference: str) -> list[dict[str, Any]]:
        """The build steps of an image, newest first. Raises SourceError."""
        found = self._ask("ImageHistory", reference, lambda client: client.history(reference))
        return [step for step in found if isinstance(step, dict)] if isinstance(found, list) else []

    def save(self, reference: str) -> Iterator[bytes]:
        """The bytes of `docker save`, in pieces of about a megabyte. Raises SourceError, also while it is read."""
        began, status = time.perf_counter(), "error"
        try:
            client = self._client(SAVE_S)
            try:
                yield from client.get_image(reference, chunk_size=CHUNK)
                status = "ok"
            finally:
                client.close()
        except GeneratorExit:
            status = "ok"
            raise
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(_failure(error, reference, self._where)) from error
        finally:
            self._record("ImageGet", status, began)

    def archive(self, reference: str, path: str) -> bytes:
        """One path of an image as a tar archive of at most 64 MiB. Raises SourceError; `Reason.ABSENT` where it is not there."""

        def question(client: APIClient) -> bytes:
            data = _archive(client, reference, path)
            with self._lock:
                first, self._cleared = not self._cleared, True
            if first:
                # Whatever goes wrong there keeps no question from its answer.
                with contextlib.suppress(Exception):
                    _clear(client)
            return data

        return self._ask("ContainerArchive", reference, question)

    @property
    def _where(self) -> str:
        return self._opened[0].said_by if self._opened else "the engine"

    def _ask(self, operation: str, reference: str, question: Callable[[Any], T]) -> T:
        began, status = time.perf_counter(), "error"
        try:
            client = self._client(CALL_S)
            try:
                answer = question(client)
            finally:
                client.close()
            status = "ok"
            return answer
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(_failure(error, reference, self._where)) from error
        finally:
            self._record(operation, status, began)

    def _record(self, operation: str, status: str, began: float) -> None:
        self._calls.add(CallRecord("engine", operation, "", status, round((time.perf_counter() - began) * 1000, 1)))

    def _client(self, timeout: int) -> APIClient:
        """A client of its own for one question: sessions of the SDK are not made for threads."""
        address, version = self._open()
        return _connect(address, version, timeout)

    def _open(self) -> tuple[Address, str]:
        """The address and the version to speak. The engine is asked for it once."""
        with self._lock:
            if self._down is not None:
                raise SourceError(self._down)
            if self._opened is None:
                where = "no address yet"
                try:
                    address = self._address()
                    where = address.said_by
                    _knock(address)
                    client = _connect(address, OLDEST_API, PING_S)
                    try:
                        version = str(client.version(api_version=False)["ApiVersion"])
                    finally:
                        client.close()
                    self._opened = (address, version)
                except SourceError as error:
                    self._down = error.unavailable
                    raise
                except Exception as error:
                    self._down = _failure(error, "", where)
                    raise SourceError(self._down) from error
            return self._opened

    def _address(self) -> Address:
        """The engine's address. Raises SourceError where nothing tells it, or where it cannot be spoken to."""
        host = self._environment.get("DOCKER_HOST")
        if self._context:
            return self._of_context(self._context, "--context")
        if host:
            return self._checked(Address(host, "DOCKER_HOST", self._environment_tls()))
        name = self._environment.get("DOCKER_CONTEXT")
        if name and name != "default":
            return self._of_context(name, "DOCKER_CONTEXT")
        current = _current_context()
        if current != "default":
            return self._of_context(current, "the current docker context")
        for path in self._known_sockets():
            if path.is_socket():
                return Address(f"unix://{path}", str(path))
        detail = "no container engine was found: DOCKER_HOST is not set, no context is in use, no known socket is there"
        raise SourceError(Unavailable(Reason.UNREACHABLE, detail, Unblock(f"start the engine, or {_SAVE.text}")))

    def _of_context(self, name: str, said_by: str) -> Address:
        from docker.context import ContextAPI

        try:
            context = ContextAPI.get_context(name)
        except Exception as error:
            detail = f"the docker context {name!r} ({said_by}) cannot be read ({type(error).__name__})"
            raise SourceError(Unavailable(Reason.MALFORMED, detail, _SAVE)) from error
        if context is None or not context.Host:
            detail = f"there is no docker context {name!r} ({said_by})"
            raise SourceError(Unavailable(Reason.UNREACHABLE, detail, Unblock("see `docker context ls`")))
        return self._checked(Address(str(context.Host), f"{said_by} {name!r}", context.TLSConfig))

    def _checked(self, address: Address) -> Address:
        if address.url.startswith("ssh://"):
            detail = f"the engine of {address.said_by} is reached over ssh, which this program does not start"
            raise SourceError(Unavailable(Reason.UNSUPPORTED, detail, _SAVE))
        return address

    def _environment_tls(self) -> Any:
        """TLS settings of DOCKER_TLS_VERIFY and DOCKER_CERT_PATH; None where they are not set."""
        if not self._environment.get("DOCKER_TLS_VERIFY") and not self._environment.get("DOCKER_CERT_PATH"):
            return None
        from docker.tls import TLSConfig

        folder = Path(self._environment.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
        verify = bool(self._environment.get("DOCKER_TLS_VERIFY"))
        pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
        return TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=verify)

    def _known_sockets(self) -> Iterator[Path]:
        home = Path(self._environment.get("HOME") or Path.home())
        runtime = self._environment.get("XDG_RUNTIME_DIR")
        yield Path("/var/run/docker.sock")
        if runtime:
            yield Path(runtime) / "docker.sock"
        for each in (".docker/run/docker.sock", ".docker/desktop/docker.sock", ".colima/default/docker.sock"):
            yield home / each
        yield home / ".orbstack/run/docker.sock"
        yield home / ".rd/docker.sock"
        if runtime:
            yield Path(runtime) / "podman/podman.sock"


def _current_context() -> str:
    from docker.context.config import get_current_context_name

    name = get_current_context_name()
    return name if isinstance(name, str) and name else "default"


def _knock(address: Address) -> None:
    """Opens and closes the engine's socket: the SDK, whose errors say less, leaves it open where that fails. Raises OSError."""
    scheme, _, path = address.url.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            knock.settimeout(PING_S)
            knock.connect(path)


def _connect(address: Address, version: str, timeout: int) -> APIClient:
    from docker import APIClient

    client = APIClient(base_url=address.url, version=version, timeout=timeout, tls=address.tls or False)
    client.trust_env = False
    return client


def _archive(client: APIClient, reference: str, path: str) -> bytes:
    # Without a command of its own an image may have none, and then no container is made.
    made = client.create_container(reference, command=["/none"], labels={LABEL: NEVER_STARTED})["Id"]
    try:
        pieces, _ = client.get_archive(made, path, chunk_size=CHUNK)
        data = b""
        for piece in pieces:
            data += piece
            if len(data) > LARGEST_FILE:
                raise SourceError(Unavailable(Reason.TOO_BIG, f"a file of {reference} has more than 64 MiB"))
        return data
    finally:
        client.remove_container(made, v=True, force=True)


def _clear(client: APIClient) -> None:
    """Removes containers of ours that a killed process left: those with our label, never started, and older than any question."""
    mine = {"label": f"{LABEL}={NEVER_STARTED}", "status": "created"}
    found = client.containers(all=True, filters=mine)
    for each in found if isinstance(found, list) else []:
        labels, made = each.get("Labels") or {}, each.get("Created")
        old = isinstance(made, int) and time.time() - made > LEFT_BEHIND_S
        if old and labels.get(LABEL) == NEVER_STARTED and each.get("State") == "created":
            # Not forced: what somebody has started meanwhile stays.
            with contextlib.suppress(Exception):
                client.remove_container(each["Id"], v=True)


def _failure(error: Exception, reference: str, where: str) -> Unavailable:
    """Any failure of the SDK or of what it stands on, as the kind of gap that it is."""
    from docker.errors import APIError, ImageNotFound, NotFound

    causes = _chain(error)
    if isinstance(error, ImageNotFound | NotFound):
        pull = Unblock(f"pull or build it: the engine of {where} does not have it")
        return Unavailable(Reason.ABSENT, f"the engine has no image {reference!r}", pull)
    if isinstance(error, APIError):
        return Unavailable(Reason.REFUSED, f"the engine answered: {error.explanation or error}"[:300], _SAVE)
    if any(isinstance(c, PermissionError) for c in causes):
        text = "join the group that owns the engine's socket (usually docker), or use a rootless context"
        return Unavailable(Reason.DENIED, f"this user may not speak to the engine ({where})", Unblock(text))
    if any(isinstance(c, TimeoutError) or "Timeout" in type(c).__name__ for c in causes):
        return Unavailable(Reason.UNREACHABLE, f"the engine ({where}) does not answer in time", _SAVE)
    if any(isinstance(c, FileNotFoundError | ConnectionError) for c in causes) or "Connection" in type(error).__name__:
        return Unavailable(Reason.UNREACHABLE, f"the engine ({where}) is not running", Unblock("start the engine"))
    return Unavailable(Reason.UNREACHABLE, f"the engine ({where}) could not be asked ({type(error).__name__})", _SAVE)


def _chain(error: BaseException) -> list[BaseException]:
    """The error, its causes, and the errors it carries as arguments."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        each = todo.pop()
        if isinstance(each, BaseException) and not any(each is f for f in found):
            found.append(each)
            todo += [each.__cause__, each.__context__, *each.args, getattr(each, "reason", None)]
    return found
