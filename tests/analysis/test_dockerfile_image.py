from __future__ import annotations

from typing import Any

import pytest

from tests.factories import SOURCE, declared_resource, function_record, tree
from troubleshooter.analysis.dockerfile.image import entry_script, image_of_recipe, image_recipe
from troubleshooter.analysis.spawn.launch import launch_of
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.build import EntryScript, ImageRecipe
from troubleshooter.facts.given import GivenImage
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.model import Role, Subject
from troubleshooter.redact import Secrets

NONE = Unavailable(Reason.NOT_GIVEN, "not given")
AWS = "FROM public.ecr.aws/lambda/python:3.12\n"


def recipe(files: dict[str, str], metadata: dict[str, object] | None = None, **more: Any) -> ImageRecipe | Unavailable:
    manifests = SourceManifests(reading=SOURCE, root="/p", files=files)
    resource = declared_resource({"PackageType": "Image", **more}, metadata=metadata) if metadata is not None else NONE
    return image_recipe(manifests, resource, Secrets(b"salt"), Subject(Role.PROPOSED))


def config(text: str, *, function: bool = True, given: bool = False) -> ImageConfig | Unavailable:
    found = recipe({"Dockerfile": text})
    assert isinstance(found, ImageRecipe)
    image = GivenImage(reading=SOURCE, transport="", reference="x") if given else NONE
    return image_of_recipe(found, image, function_record() if function else NONE, NONE)


@pytest.mark.parametrize(
    ("files", "metadata", "path"),
    [
        ({"Dockerfile": AWS}, None, "Dockerfile"),
        ({"web/Dockerfile": "FROM nginx\n", "fn/Dockerfile": AWS}, None, "fn/Dockerfile"),
        ({"a/Dockerfile": AWS, "b/Dockerfile": AWS}, None, ""),
        (
            {"a/Dockerfile": AWS, "b/Dockerfile": AWS},
            {"Dockerfile": "Dockerfile", "DockerContext": "./b"},
            "b/Dockerfile",
        ),
        ({"Dockerfile": AWS, "x/Dockerfile": AWS}, {"Dockerfile": "Dockerfile", "DockerContext": "./"}, "Dockerfile"),
        (
            {"infra/b/Dockerfile.fn": AWS},
            {"Dockerfile": "Dockerfile.fn", "DockerContext": "../b"},
            "infra/b/Dockerfile.fn",
        ),
        ({"Dockerfile": AWS, "x/Dockerfile": AWS}, {"Dockerfile": "gone", "DockerContext": "y"}, ""),
        ({"app.py": ""}, None, ""),
        ({"tests/Dockerfile": AWS}, None, ""),
    ],
)
def test_which_dockerfile_counts(files: dict[str, str], metadata: dict[str, object] | None, path: str) -> None:
    found = recipe(files, metadata)
    assert (found.path if isinstance(found, ImageRecipe) else "") == path


def test_a_zip_function_and_what_runs_have_none() -> None:
    assert isinstance(recipe({"Dockerfile": AWS}, {}, PackageType="Zip"), Unavailable)
    manifests = SourceManifests(reading=SOURCE, root="/p", files={"Dockerfile": AWS})
    assert isinstance(image_recipe(manifests, NONE, Secrets(b"salt"), Subject(Role.DEPLOYED)), Unavailable)


def test_an_image_that_was_given_counts_instead() -> None:
    assert isinstance(config(AWS + 'CMD ["a.b"]\n', given=True), Unavailable)


def test_a_missing_command_counts_only_where_the_function_is_known() -> None:
    assert isinstance(config(AWS, function=False), Unavailable)
    found = config(AWS)
    assert isinstance(found, ImageConfig)
    assert (found.command, found.places["entrypoint"]) == (None, "Dockerfile:1")


@pytest.mark.parametrize(
    ("platform", "named"),
    [
        ("linux/arm/v7", ("linux", "arm", "v7")),
        ("linux/arm64/v8", ("linux", "arm64", "")),
        ("windows/amd64", ("windows", "amd64", "")),
        ("$BUILDPLATFORM", ("linux", "", "")),
    ],
)
def test_the_platform_that_from_fixes(platform: str, named: tuple[str, str, str]) -> None:
    found = config(f'FROM --platform={platform} python:3.12-slim\nCMD ["a.b"]\n')
    assert isinstance(found, ImageConfig)
    assert (found.os, found.architecture, found.variant) == named


def test_an_unknown_base_without_entrypoint_is_not_told() -> None:
    assert isinstance(config('FROM own/base:1\nCMD ["a.b"]\n'), Unavailable)


def script(dockerfile: str, files: dict[str, Any]) -> EntryScript | Unavailable:
    found = recipe({"Dockerfile": dockerfile})
    assert isinstance(found, ImageRecipe)
    made = image_of_recipe(found, NONE, function_record(), NONE)
    assert isinstance(made, ImageConfig)
    code = CodeTree(reading=SOURCE, tree=tree(files), root="/", kind="source")
    return entry_script(found, launch_of(made), code)


@pytest.mark.parametrize(
    ("copy", "entrypoint", "origin"),
    [
        ("COPY entry.sh /entry.sh", "/entry.sh", "entry.sh"),
        ("COPY bin/entry.sh /opt/", "/opt/entry.sh", "bin/entry.sh"),
        ("WORKDIR /app\nCOPY . .", "/app/entry.sh", "entry.sh"),
        ("COPY bin /usr/local/bin", "/usr/local/bin/entry.sh", "bin/entry.sh"),
        ("COPY entry.sh /other.sh", "/entry.sh", ""),
        ("COPY --from=x /entry.sh /entry.sh", "/entry.sh", ""),
    ],
)
def test_which_file_is_launched(copy: str, entrypoint: str, origin: str) -> None:
    files = {"/entry.sh": "#!/bin/sh\r\n", "/bin/entry.sh": "#!/bin/sh\n"}
    found = script(f'FROM debian:12\n{copy}\nENTRYPOINT ["{entrypoint}"]\n', files)
    assert (found.origin if isinstance(found, EntryScript) else "") == origin


def test_steps_that_may_change_it_are_told() -> None:
    text = 'FROM debian:12\nCOPY e.sh /e.sh\nRUN dos2unix /e.sh && chmod +x /e.sh\nENTRYPOINT ["/e.sh"]\n'
    found = script(text, {"/e.sh": "#!/bin/sh\r\n"})
    assert isinstance(found, EntryScript)
    assert (found.rewritten, found.mode_set, found.first_line) == (True, True, "#!/bin/sh\r")
