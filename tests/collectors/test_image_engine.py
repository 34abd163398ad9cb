"""Images in an engine, over a stand-in that speaks the engine's API on a Unix socket."""

from __future__ import annotations

import base64
import json
import shutil
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.lab.images import OCI_INDEX, Built, Layer, digest, image, layer_tar
from troubleshooter.collectors import engine as engine_module
from troubleshooter.collectors.engine import Engine
from troubleshooter.collectors.image_engine import open_engine
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.facts import CallLog, Reason, SourceError
from troubleshooter.redact import Secrets

FILES = {"/var/task/app.py": "def handler(e, c): ...\n"}


class FakeEngine:
    """Answers by path; an answer is bytes, a JSON value, or a status."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "e.sock"
        self.answers: dict[str, Any] = {"/version": {"ApiVersion": "1.41", "Version": "20.10.24"}}
        self.asked: list[str] = []
        self.delay = 0.0
        self.headers: dict[str, str] = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = unquote(urlsplit(self.path).path)
                fake.asked.append(path)
                time.sleep(fake.delay)
                short = path.removeprefix("/v1.41").removeprefix("/v1.24")
                answer = fake.answers.get(short, 404)
                status = answer if isinstance(answer, int) else 200
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                if status != 200:
                    body = json.dumps({"message": f"status {status}"}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in fake.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.do_GET()

            do_DELETE = do_GET

            def address_string(self) -> str:
                return "local"

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that waits no longer is none."""

        self.server = Server(str(self.path), Handler)

    def holds(self, reference: str, built: Built, **record: object) -> None:
        """Makes the engine have an image, in the way of an engine without the containerd store."""
        config = json.loads(built.single.config)
        shown = {
            "Id": digest(built.single.config),
            "RepoDigests": [],
            "Architecture": config["architecture"],
            "Os": "linux",
            "Config": config["config"],
            "RootFS": {"Type": "layers", "Layers": config["rootfs"]["diff_ids"]},
            **record,
        }
        history = [
            {"CreatedBy": "CMD", "Size": 0},
            *({"CreatedBy": f"COPY {i}", "Size": 9} for i in range(len(built.single.layers))),
        ]
        self.answers[f"/images/{reference}/json"] = shown
        self.answers[f"/images/{shown['Id']}/history"] = history
        self.answers[f"/images/{reference}/get"] = built.docker_archive()


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with running() as made:
        yield made


@contextmanager
def running() -> Iterator[FakeEngine]:
    folder = Path(tempfile.mkdtemp(prefix="e", dir="/tmp"))  # a socket's path has 107 characters at most
    made = FakeEngine(folder)
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        shutil.rmtree(folder)


def engine(fake: FakeEngine, calls: CallLog | None = None) -> Engine:
    return Engine(calls or CallLog(), environment={"DOCKER_HOST": f"unix://{fake.path}"})


def test_record_configuration_and_layers(fake: FakeEngine) -> None:
    layers = [Layer(FILES), Layer({"/bin/x.sh": "x"})]
    built = image(layers=layers, cmd=["app.handler"], env=["TOKEN=correct-horse-battery"], working_dir="/var/task")
    fake.holds("lab/demo:latest", built)
    calls, secrets = CallLog(), Secrets()
    found = open_engine("lab/demo:latest", None, engine(fake, calls))
    assert found.manifest.config.digest == digest(built.single.config)
    assert (found.manifest.digest, found.manifest.media_type, found.names) == (None, "", frozenset())
    config = found.config(secrets)
    assert (config.command, config.workdir, config.architecture) == (("app.handler",), "/var/task", "amd64")
    assert config.history == ("COPY 1", "COPY 0")
    assert "correct-horse" not in repr(config)
    tree = found.tree(LayerCache(None))
    assert tree.tree.text("/var/task/app.py") == FILES["/var/task/app.py"]
    assert tree.layers == 2
    recorded = [(c.service, c.operation, c.status) for c in calls.since(0)]
    assert recorded == [("engine", o, "ok") for o in ("ImageInspect", "ImageHistory", "ImageGet")]
    assert fake.asked.count("/v1.24/version") + fake.asked.count("/version") == 1


def test_an_image_whose_layers_are_known_is_not_saved(fake: FakeEngine, isolated: Path) -> None:
    files = {**FILES, "/var/task/credentials.json": "{}"}
    fake.holds("lab/demo:latest", image(layers=[Layer({"/bin/x.sh": "x"}), Layer(files)]))
    cache = LayerCache.of_user()
    open_engine("lab/demo:latest", None, engine(fake)).tree(cache)
    fake.answers["/images/lab/demo:latest/get"] = 500
    fake.answers["/containers/json"] = []
    fake.answers["/containers/create"] = {"Id": "c1"}
    fake.answers["/containers/c1/archive"] = layer_tar({"credentials.json": "{}"}, parents=False)
    fake.answers["/containers/c1"] = {}
    fake.asked.clear()
    tree = open_engine("lab/demo:latest", None, engine(fake)).tree(cache)
    assert (tree.layers, tree.tree.text("/var/task/app.py")) == (2, FILES["/var/task/app.py"])
    assert not [path for path in fake.asked if path.endswith("/get") or "containers" in path]
    fake.headers["X-Docker-Container-Path-Stat"] = base64.b64encode(b"{}").decode()
    assert tree.tree.text("/var/task/credentials.json") == "{}", "not kept on disk, so the engine is asked for it"
    assert "/v1.41/containers/c1" in fake.asked, "the container is removed"
    fake.answers["/containers/c1/archive"] = 404
    assert tree.tree.text("/var/task/credentials.json") is None


def test_only_old_containers_of_our_own_that_never_ran_are_cleared(fake: FakeEngine) -> None:
    def container(name: str, **others: object) -> dict[str, object]:
        made = {"Id": name, "Labels": {"troubleshooter": "never started"}, "State": "created", "Created": 1_700_000_000}
        return {**made, **others}

    # An engine that does not know a filter answers with everything.
    fake.answers["/containers/json"] = [
        container("old"),
        container("new", Created=int(time.time()) - 60),
        container("ahead", Created=int(time.time()) + 3600),
        container("running", State="running"),
        container("ended", State="exited"),
        container("others", Labels={"troubleshooter": "keep"}),
        container("none", Labels=None),
        container("odd", Created="yesterday"),
    ]
    fake.answers["/containers/create"] = {"Id": "c1"}
    fake.answers["/containers/c1/archive"] = layer_tar({"x": "x"}, parents=False)
    fake.answers |= {f"/containers/{name}": {} for name in ("c1", "old")}
    fake.headers["X-Docker-Container-Path-Stat"] = base64.b64encode(b"{}").decode()
    assert engine(fake).archive("x", "/x")
    touched = [path.removeprefix("/v1.41/containers/") for path in fake.asked if "/containers/" in path]
    assert touched == ["create", "c1/archive", "c1", "json", "old"]


@pytest.mark.parametrize("answer", [500, {}, [{}], b"<html>"])
def test_a_list_of_containers_that_makes_no_sense_keeps_no_question_from_its_answer(
    fake: FakeEngine, answer: object
) -> None:
    fake.answers["/containers/json"] = answer
    fake.answers["/containers/create"] = {"Id": "c1"}
    fake.answers["/containers/c1/archive"] = layer_tar({"x": "x"}, parents=False)
    fake.answers["/containers/c1"] = {}
    fake.headers["X-Docker-Container-Path-Stat"] = base64.b64encode(b"{}").decode()
    assert engine(fake).archive("x", "/x")


def test_digests_that_an_engine_knows(fake: FakeEngine) -> None:
    pushed = "sha256:" + "a" * 64
    fake.holds("pushed", image(FILES), RepoDigests=[f"123.dkr.ecr.eu-west-1.amazonaws.com/x@{pushed}", "<none>@<none>"])
    found = open_engine("pushed", None, engine(fake))
    assert (found.manifest.digest, found.names) == (pushed, frozenset({pushed}))
    index = "sha256:" + "b" * 64
    fake.holds("stored", image(FILES), Id=index, Descriptor={"mediaType": OCI_INDEX, "digest": index})
    stored = open_engine("stored", None, engine(fake))
    assert (stored.manifest.digest, stored.manifest.is_index, stored.names) == (index, True, frozenset({index}))
    assert stored.manifest.config.digest == "", "the id is not the configuration's digest there"


def test_an_image_that_it_does_not_have(fake: FakeEngine) -> None:
    with pytest.raises(SourceError) as caught:
        open_engine("absent", None, engine(fake))
    assert caught.value.unavailable.reason is Reason.ABSENT
    assert "'absent'" in caught.value.unavailable.detail


@pytest.mark.parametrize("answer", [[], {}, {"Id": 7}, b"<html>", b""])
def test_records_that_make_no_sense(fake: FakeEngine, answer: object) -> None:
    fake.answers["/images/x/json"] = answer
    with pytest.raises(SourceError) as caught:
        open_engine("x", None, engine(fake))
    assert caught.value.unavailable.reason in (Reason.MALFORMED, Reason.UNREACHABLE)


def test_an_engine_that_refuses(fake: FakeEngine) -> None:
    fake.answers["/images/x/json"] = 500
    with pytest.raises(SourceError) as caught:
        open_engine("x", None, engine(fake))
    assert caught.value.unavailable.reason is Reason.REFUSED
    assert "status 500" in caught.value.unavailable.detail


def test_an_engine_that_hangs_costs_one_short_wait(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "PING_S", 0.2)
    fake.delay = 40.0
    hung = engine(fake)
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(SourceError) as caught:
            open_engine("x", None, hung)
        assert caught.value.unavailable.reason is Reason.UNREACHABLE
        assert "in time" in caught.value.unavailable.detail
    assert time.monotonic() - began < 30


def test_a_saved_image_that_breaks_off(fake: FakeEngine) -> None:
    built = image(FILES)
    fake.holds("x", built)
    fake.answers["/images/x/get"] = built.docker_archive()[:3000]
    with pytest.raises(SourceError) as caught:
        open_engine("x", None, engine(fake)).tree(LayerCache(None))
    assert caught.value.unavailable.reason is Reason.MALFORMED


# -- which engine


def found_by(environment: dict[str, str], context: str | None = None) -> str:
    return Engine(CallLog(), context, environment=environment)._address().said_by


def write_context(home: Path, name: str, host: str) -> None:
    import hashlib

    folder = home / ".docker/contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (folder / "meta.json").write_text(json.dumps(meta))


def test_the_order_in_which_an_engine_is_looked_for(isolated: Path) -> None:
    docker = isolated / ".docker"
    docker.mkdir(exist_ok=True)
    (docker / "config.json").write_text(json.dumps({"currentContext": "current"}))
    for name in ("asked", "variable", "current"):
        write_context(isolated, name, f"unix:///{name}.sock")
    every = {"DOCKER_HOST": "unix:///host.sock", "DOCKER_CONTEXT": "variable", "HOME": str(isolated)}
    assert found_by(every, "asked") == "--context 'asked'"
    assert found_by(every) == "DOCKER_HOST"
    assert found_by({**every, "DOCKER_HOST": ""}) == "DOCKER_CONTEXT 'variable'"
    assert found_by({"HOME": str(isolated)}) == "the current docker context 'current'"


def test_known_sockets_come_last(isolated: Path, fake: FakeEngine) -> None:
    if Path("/var/run/docker.sock").exists():
        assert found_by({"HOME": str(isolated)}) == "/var/run/docker.sock"
        return
    place = isolated / ".docker/run"
    place.mkdir(parents=True)
    (place / "docker.sock").symlink_to(fake.path)
    assert found_by({"HOME": str(isolated)}) == str(place / "docker.sock")


@pytest.mark.parametrize(
    ("environment", "context", "reason", "words"),
    [
        ({}, None, Reason.UNREACHABLE, "no container engine was found"),
        ({"DOCKER_HOST": "unix:///nowhere.sock"}, None, Reason.UNREACHABLE, "DOCKER_HOST"),
        ({"DOCKER_HOST": "ssh://user@host"}, None, Reason.UNSUPPORTED, "ssh"),
        ({"DOCKER_HOST": "nonsense::"}, None, Reason.UNREACHABLE, "DOCKER_HOST"),
        ({}, "absent", Reason.UNREACHABLE, "no docker context 'absent'"),
        ({"DOCKER_CONTEXT": "absent"}, None, Reason.UNREACHABLE, "no docker context 'absent'"),
    ],
)
def test_no_engine(
    isolated: Path,
    environment: dict[str, str],
    context: str | None,
    reason: Reason,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sockets: Callable[[Engine], Iterator[Path]] = lambda self: iter(())  # noqa: E731
    monkeypatch.setattr(Engine, "_known_sockets", sockets)
    asked = Engine(CallLog(), context, environment={"HOME": str(isolated), **environment})
    with pytest.raises(SourceError) as caught:
        asked.inspect("x")
    assert caught.value.unavailable.reason is reason
    assert words in caught.value.unavailable.detail
    assert caught.value.unavailable.unblock


def test_a_context_that_cannot_be_read(isolated: Path) -> None:
    write_context(isolated, "broken", "x")
    (isolated / ".docker/config.json").write_text("{}")
    meta = next((isolated / ".docker/contexts/meta").rglob("meta.json"))
    meta.write_text("{")
    with pytest.raises(SourceError) as caught:
        Engine(CallLog(), "broken", environment={}).inspect("x")
    assert caught.value.unavailable.reason is Reason.MALFORMED
