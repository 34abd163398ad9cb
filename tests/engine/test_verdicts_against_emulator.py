"""Each variant image, run under the real emulator, says what the failure mode's page claims that Lambda says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.engine.variants import ALL, Variant
from tests.lab.emulator import Emulator
from tests.lab.engine import Engine


@pytest.fixture(scope="module")
def images(
    running_engine: Engine, engine_client: docker.DockerClient, python_base: str, node_base: str
) -> Iterator[dict[str, str]]:
    """Tags of the variants built so far, by variant; removed at the end from an engine that stays."""
    built: dict[str, str] = {}
    yield built
    for tag in built.values() if not running_engine.ours else ():
        engine_client.images.remove(tag)


@pytest.fixture(params=ALL, ids=lambda v: v.id.replace(" ", "-"))
def variant(request: pytest.FixtureRequest) -> Variant:
    chosen: Variant = request.param
    if "arm64" in chosen.id and Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists():
        pytest.skip("this machine runs arm64 programs, by qemu")
    return chosen


@pytest.fixture
def image(variant: Variant, images: dict[str, str], engine_client: docker.DockerClient) -> str:
    """The variant's image."""
    if variant.id not in images:
        images[variant.id] = variant.build_in(engine_client)
    return images[variant.id]


def test_what_the_emulator_says(variant: Variant, image: str, emulator: Emulator) -> None:
    run = emulator.run(image, variant.launch, freeze_s=variant.freeze_s, remove_workdir=variant.remove_workdir)
    expected = variant.expected
    assert run.error_type == expected.error, run.log
    assert run.healthy == (expected.error is None), run
    assert run.spawned == (expected.error not in ("Runtime.InvalidEntrypoint", "Runtime.InvalidWorkingDir"))
    assert expected.init_error in run.init_error
    assert run.exit == expected.exit or not expected.exit
    assert expected.log in run.log
    assert not expected.absent or expected.absent not in run.frozen_log
