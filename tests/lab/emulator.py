"""Runs an image as Lambda does: the Runtime Interface Emulator spawns the image's entrypoint and sends it one event.

The emulator is the container's first program and is told the launch, so a process that cannot be spawned shows as
`Runtime.InvalidEntrypoint`, as on Lambda. The user, the read-only disk and the missing capabilities are Lambda's too.
Known to differ: the environment is not frozen after an answer (see `freeze_s`), the ten seconds of init are not enforced,
and the error types of spawn and init failures stand in the emulator's log, not in Lambda's words.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

INVOKE = "/2015-03-31/functions/function/invocations"
STARTED_S, ANSWERED_S, LOGGED_S = 10.0, 15.0, 3.0
USER = "993:990"
DONE = re.compile(r"INVOKE RTDONE|Invoke DONE")
INIT_FAILED = re.compile(r"Init failed (?:InvokeID=\S* )?error=(.*?)(?: InvokeID=\S*)?$", re.MULTILINE)
FATAL = re.compile(r"First fatal error stored in appctx: ([\w.]+)")
EXITED = "Runtime exited with error: "
NOT_SPAWNED = frozenset({"Runtime.InvalidEntrypoint", "Runtime.InvalidWorkingDir", "Runtime.InvalidTaskConfig"})


@dataclass(frozen=True, slots=True)
class Launch:
    """What differs from the image's own configuration: the function's ImageConfig. None leaves the image's."""

    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    workdir: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What happened to one event."""

    spawned: bool
    """The entrypoint became a process."""
    init_error: str
    """The emulator's words where init failed: `fork/exec /x: exec format error`; empty where it did not."""
    exit: str
    """How the runtime ended by itself: `exit status 142`, `signal: killed`; empty where it did not."""
    fatal: str | None
    """The first fatal error by Lambda's name: `Runtime.InvalidEntrypoint`, `Runtime.ExitError`."""
    status: int | None
    """HTTP status of the answer."""
    answer: Any
    """The answer's JSON, or its text where it is none."""
    log: str
    """Everything that emulator, runtime client and function wrote."""
    frozen_log: str = ""
    """With `freeze_s`: the log while the environment was still frozen."""

    @property
    def error_type(self) -> str | None:
        """The runtime client's `errorType`, else the first fatal error; `no answer`; None where it succeeded."""
        if self.status is None and self.fatal is None:
            return "no answer"
        if isinstance(self.answer, Mapping) and "errorType" in self.answer:
            return str(self.answer["errorType"])
        return self.fatal

    @property
    def message(self) -> str:
        """The runtime client's `errorMessage`, or empty."""
        return str(self.answer.get("errorMessage", "")) if isinstance(self.answer, Mapping) else ""

    @property
    def healthy(self) -> bool:
        """The handler answered, and not with an error."""
        return self.status == 200 and self.error_type is None


class Emulator:
    """Runs images of one engine that shares this machine's loopback and files."""

    def __init__(self, client: docker.DockerClient, program: Path) -> None:
        self._client, self._program = client, program

    def run(
        self,
        image: str,
        launch: Launch | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        freeze_s: float | None = None,
        remove_workdir: bool = False,
    ) -> Run:
        """Starts the image and sends it one event.

        `freeze_s` freezes the environment right after the answer for so long, as Lambda does until the next event.
        `remove_workdir` removes the working directory before the launch: the engine makes any that is missing, which
        Lambda does not.
        """
        launch = launch or Launch()
        with self._container(image, launch, dict(environment or {}), writable=remove_workdir) as (container, port):
            if remove_workdir:
                gone = container.exec_run(["/bin/rmdir", launch.workdir or self._config(image)["WorkingDir"]], user="0")
                if gone.exit_code != 0:
                    raise RuntimeError(f"the working directory could not be removed: {gone.output!r}")
            status, body = _post(port)
            frozen = _frozen(container, freeze_s) if freeze_s is not None else ""
            log = _whole_log(container)
        return _judged(status, body, log, frozen)

    def _config(self, image: str) -> dict[str, Any]:
        config: dict[str, Any] = self._client.images.get(image).attrs["Config"]
        return config

    @contextlib.contextmanager
    def _container(
        self, image: str, launch: Launch, environment: dict[str, str], *, writable: bool
    ) -> Iterator[tuple[Container, int]]:
        config = self._config(image)
        entrypoint = _first(launch.entrypoint, config.get("Entrypoint"))
        # As on Lambda, and unlike `docker run`, each of the three is replaced by itself.
        command = _first(launch.command, config.get("Cmd"))
        port, api = _free_ports()
        addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
        addresses += ["--runtime-api-address", f"127.0.0.1:{api}"]
        container = self._client.containers.create(
            image,
            entrypoint=["/lab-emulator", *addresses],
            command=[*entrypoint, *command],
            working_dir=launch.workdir,
            environment=environment,
            network_mode="host",
            volumes={str(self._program): {"bind": "/lab-emulator", "mode": "ro"}},
            user=USER,
            read_only=not writable,
            tmpfs={"/tmp": "mode=1777"},
            cap_drop=["ALL"],
            cap_add=["DAC_OVERRIDE"] if writable else [],
            security_opt=["no-new-privileges"],
        )
        try:
            container.start()
            _wait_for(port, container)
            yield container, port
        finally:
            container.remove(force=True)


def _first(override: Sequence[str] | None, own: Sequence[str] | None) -> list[str]:
    return list(override if override is not None else own or ())


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _wait_for(port: int, container: Container) -> None:
    deadline = time.monotonic() + STARTED_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise RuntimeError("the emulator did not start: " + container.logs().decode(errors="replace")[-1000:])


def _post(port: int) -> tuple[int | None, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERED_S)
    try:
        connection.request("POST", INVOKE, b"{}")
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except OSError as error:
        return None, f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def _frozen(container: Container, seconds: float) -> str:
    container.pause()
    try:
        time.sleep(seconds)
        return container.logs().decode(errors="replace")
    finally:
        container.unpause()


def _whole_log(container: Container) -> str:
    """The log after the emulator closed the event. Ends the container: only then has the engine written every stream."""
    deadline = time.monotonic() + LOGGED_S
    while not DONE.search(container.logs().decode(errors="replace")) and time.monotonic() < deadline:
        time.sleep(0.02)
    container.kill()
    container.wait()
    return str(container.logs().decode(errors="replace"))


def _judged(status: int | None, body: str, log: str, frozen: str) -> Run:
    init, fatal = INIT_FAILED.search(log), FATAL.search(log)
    try:
        answer = json.loads(body)
    except ValueError:
        answer = body
    error = init[1] if init else ""
    return Run(
        spawned=fatal is None or fatal[1] not in NOT_SPAWNED,
        init_error=error,
        exit=error.removeprefix(EXITED) if error.startswith(EXITED) else "",
        fatal=fatal[1] if fatal else None,
        status=status,
        answer=answer,
        log=log,
        frozen_log=frozen,
    )
