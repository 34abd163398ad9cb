from __future__ import annotations

import pytest

from tests.factories import function_record, image_config, variable
from tests.launching import DENIED, NO_FUNCTION
from troubleshooter.analysis.spawn.launch import effective_launch
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.function import ImageOverride
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.model import Origin


def launch(override: ImageOverride | None = None, **image: object) -> EffectiveLaunch:
    made = effective_launch(function_record(override=override or ImageOverride()), image_config(**image))
    assert isinstance(made, EffectiveLaunch)
    return made


def test_the_image_alone() -> None:
    made = effective_launch(NO_FUNCTION, image_config())
    assert isinstance(made, EffectiveLaunch)
    assert made.argv == ("/lambda-entrypoint.sh", "app.handler")
    assert (made.entrypoint_origin, made.command_origin, made.workdir_origin) == ("image", "image", "image")
    assert {e.origin for e in made.evidence} == {Origin.REGISTRY}


def test_a_record_that_was_denied_is_no_reason_to_guess() -> None:
    assert effective_launch(DENIED, image_config()) is DENIED


def test_zip_functions_have_no_launch_of_an_image() -> None:
    made = effective_launch(function_record(package_type="Zip"), image_config())
    assert isinstance(made, Unavailable)
    assert made.reason is Reason.NOT_OF_THIS_KIND


@pytest.mark.parametrize(
    ("override", "argv", "workdir", "origins"),
    [
        pytest.param(ImageOverride(), ("/lambda-entrypoint.sh", "app.handler"), "/var/task", "iii", id="none"),
        pytest.param(
            ImageOverride(command=("other.run",)),
            ("/lambda-entrypoint.sh", "other.run"),
            "/var/task",
            "ioi",
            id="command",
        ),
        pytest.param(
            ImageOverride(workdir="/srv"), ("/lambda-entrypoint.sh", "app.handler"), "/srv", "iio", id="workdir"
        ),
        pytest.param(
            ImageOverride(entrypoint=("/x", "-y"), command=("z",)), ("/x", "-y", "z"), "/var/task", "ooi", id="both"
        ),
        pytest.param(
            ImageOverride((), (), ""), ("/lambda-entrypoint.sh", "app.handler"), "/var/task", "iii", id="empty"
        ),
    ],
)
def test_members_fall_back_one_by_one(
    override: ImageOverride, argv: tuple[str, ...], workdir: str, origins: str
) -> None:
    made = launch(override)
    assert made.argv == argv
    assert made.workdir == workdir
    assert "".join(o[0] for o in (made.entrypoint_origin, made.command_origin, made.workdir_origin)) == origins


def test_what_neither_side_sets() -> None:
    made = launch(entrypoint=None, command=(), workdir="")
    assert made.argv == ()
    assert made.workdir == "/"
    assert (made.entrypoint_origin, made.command_origin, made.workdir_origin) == ("none", "none", "none")
    assert [e.value for e in made.evidence[:3]] == ["not set", "[]", "empty"]


def test_each_member_is_cited_from_where_it_came() -> None:
    made = launch(ImageOverride(command=("other.run",)))
    entrypoint, command, workdir, path = made.evidence
    assert (entrypoint.origin, command.origin, workdir.origin) == (Origin.REGISTRY, Origin.RECORD, Origin.REGISTRY)
    assert command.label == "ImageConfig.Command"
    assert command.value == '["other.run"]'
    assert path.label == "PATH of the image"


def test_the_functions_path_wins() -> None:
    function = function_record(environment=(variable("PATH", "/opt/venv/bin"),))
    made = effective_launch(function, image_config())
    assert isinstance(made, EffectiveLaunch)
    assert made.path == "/opt/venv/bin"
    assert made.evidence[3].origin is Origin.RECORD
