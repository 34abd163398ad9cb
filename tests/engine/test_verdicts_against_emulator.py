"""Each variant image is run under the real emulator and looked at without running: both must come to the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.engine.launch_corners import CORNERS
from tests.engine.variants import ALL, Variant
from tests.factories import function_record
from tests.lab.emulator import Emulator
from tests.lab.engine import Engine
from troubleshooter.checks import all_checks
from troubleshooter.diagnosis import settle
from troubleshooter.facts import Store
from troubleshooter.facts.function import ImageOverride
from troubleshooter.intake import given
from troubleshooter.model import Outcome, Role, Severity, Subject, Target
from troubleshooter.world import World, all_providers


@pytest.fixture(scope="module")
def images(
    running_engine: Engine, engine_client: docker.DockerClient, python_base: str, node_base: str
) -> Iterator[dict[str, str]]:
    """Tags of the variants built so far, by variant; removed at the end from an engine that stays."""
    built: dict[str, str] = {}
    yield built
    for tag in built.values() if not running_engine.ours else ():
        engine_client.images.remove(tag)


@pytest.fixture(params=(*ALL, *CORNERS), ids=lambda v: v.id.replace(" ", "-"))
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


def blamed(reference: str, variant: Variant) -> set[str]:
    """The failure modes, warnings and worse, that a look at the image finds for a function with the variant's override."""
    target = Target(image=reference, offline=True)
    world = World.real(target)
    launch = variant.launch
    override = ImageOverride(entrypoint=launch.entrypoint, command=launch.command, workdir=launch.workdir)
    seeds = [*world.seeds, *given(target).values(), Subject(Role.PROPOSED), function_record(override=override)]
    store = Store(all_providers(), seeds)
    found = [check.find(store, Subject(Role.PROPOSED), on_path=False) for check in all_checks().values()]
    crashed = [f for f in found if f.verdict.our_fault]
    assert not crashed
    settled = settle(found, (), Role.PROPOSED)
    return {f.check for f in settled if f.outcome is Outcome.FAIL and f.severity is not Severity.INFO}


def test_a_look_at_the_image_in_the_engine_agrees(
    variant: Variant, image: str, engine_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine_host)
    assert blamed(f"docker-daemon:{image}", variant) == {variant.blames} - {""}


def test_a_look_at_the_saved_image_agrees(
    variant: Variant, image: str, engine_client: docker.DockerClient, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    with archive.open("wb") as file:
        for part in engine_client.images.get(image).save(named=True):
            file.write(part)
    assert blamed(f"docker-archive:{archive}", variant) == {variant.blames} - {""}
