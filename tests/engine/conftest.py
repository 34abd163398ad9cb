"""An engine and Lambda-like images for the tests of this folder.

Workers of pytest-xdist share nothing: with `--dist loadfile` a module and its engine stay on one of them. Where no engine
can run the tests are skipped with the reason; with TROUBLESHOOTER_REQUIRE_ENGINE set that is a failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import NoReturn

import docker
import pytest

from tests.lab import bases, engine
from tests.lab.emulator import Emulator
from tests.lab.isolation import ORIGINAL_ENVIRONMENT


def pytest_itemcollected(item: pytest.Item) -> None:
    """Everything in this folder needs the engine."""
    item.add_marker(pytest.mark.engine)


def without_engine(reason: str) -> NoReturn:
    """Skips, or fails where the engine is required."""
    if ORIGINAL_ENVIRONMENT.get("TROUBLESHOOTER_REQUIRE_ENGINE"):
        pytest.fail(f"an engine is required, and {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def running_engine() -> Iterator[engine.Engine]:
    """The machine's engine, or one of ours."""
    try:
        with engine.running() as running:
            yield running
    except engine.Unavailable as reason:
        without_engine(str(reason))


@pytest.fixture(scope="session")
def engine_host(running_engine: engine.Engine) -> str:
    """Its address, `unix://…`. `DOCKER_HOST` is not set: a test sets it if its subject reads it."""
    return running_engine.address


@pytest.fixture(scope="session")
def engine_client(engine_host: str) -> Iterator[docker.DockerClient]:
    """The docker SDK on that engine."""
    with closing(docker.DockerClient(base_url=engine_host, timeout=60)) as client:
        yield client


@pytest.fixture(scope="session")
def python_base(engine_client: docker.DockerClient) -> str:
    """`lab/python:amd64`, loaded; `lab/python:arm64` beside it."""
    return _loaded(engine_client, "python", "arm64", "amd64")


@pytest.fixture(scope="session")
def node_base(engine_client: docker.DockerClient) -> str:
    """`lab/node:amd64`, loaded."""
    return _loaded(engine_client, "node", "amd64")


def _loaded(client: docker.DockerClient, kind: str, *architectures: str) -> str:
    try:
        for architecture in architectures:
            with bases.image_archive(kind, architecture).open("rb") as archive:
                client.images.load(archive)
    except engine.Unavailable as reason:
        without_engine(str(reason))
    return f"lab/{kind}:{architectures[-1]}"


@pytest.fixture(scope="session")
def emulator(engine_client: docker.DockerClient) -> Emulator:
    """Runs images as Lambda does."""
    try:
        return Emulator(engine_client, bases.emulator())
    except engine.Unavailable as reason:
        without_engine(str(reason))
