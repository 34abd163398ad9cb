"""A local image held against the deployed one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import IMAGE, image_config, tree, variable
from troubleshooter.comparison import CONTENT, DIFFERENT, SAME, Comparison, compare
from troubleshooter.facts import Reason, Store, Unavailable
from troubleshooter.facts.image import Blob, ImageConfig, ImageManifest, ImageTree
from troubleshooter.facts.tree import Entry, Kind

BASE = {"history": ("FROM base", "COPY app.py", "RUN chmod"), "diff_ids": ("sha256:1", "sha256:2", "sha256:3")}
GONE = Unavailable(Reason.DENIED, "ecr:BatchGetImage was denied")


def store(digest: str, *, files: Any = None, **config: Any) -> Store:
    blob = Blob(f"sha256:config{digest}", "", 1)
    manifest = ImageManifest(reading=IMAGE, reference="demo", digest=f"sha256:{digest}", media_type="", config=blob)
    seeds: list[object] = [manifest, image_config(**{**BASE, **config})]
    if files is not None:
        seeds.append(ImageTree(reading=IMAGE, tree=tree(files)))
    missing = {} if files is not None else {ImageTree: GONE}
    return Store({}, seeds, missing=missing)


def told(local: Store | None, deployed: Store) -> Comparison:
    found = compare(local, deployed, deep=False)
    assert found is not None
    return found


def test_the_same() -> None:
    assert told(None, store("a")).relation == SAME


def test_the_same_content_under_another_digest() -> None:
    found = told(store("a"), store("b"))
    assert (found.relation, found.layers, found.members) == (CONTENT, (3, 3, 3), ())


def test_members_that_differ() -> None:
    mine = store("a", command=("app.main",), environment=(variable("PATH", "/bin"),))
    theirs = store("b", environment=(variable("PATH", "/usr/bin"), variable("HOME", "/tmp")))
    found = told(mine, theirs)
    assert found.relation == DIFFERENT
    assert ("command", '["app.main"]', '["app.handler"]') in found.members
    assert ("environment HOME", "not set", "/tmp") in found.members


def test_the_first_layer_that_differs_and_its_step() -> None:
    found = told(store("a", diff_ids=("sha256:1", "sha256:2", "sha256:9")), store("b"))
    assert (found.relation, found.layers, found.step) == (DIFFERENT, (2, 3, 3), "RUN chmod")


def test_files_that_differ() -> None:
    mine = {
        "/start.sh": Entry(Kind.FILE, 0o755, size=2, head=b"#!"),
        "/new/a": "1",
        "/new/b": "1",
        "/same": "x",
        "/text": "one",
    }
    theirs = {"/start.sh": Entry(Kind.FILE, 0o644, size=2, head=b"#!"), "/old": "1", "/same": "x", "/text": "two"}
    found = told(store("a", files=mine, diff_ids=("sha256:8",)), store("b", files=theirs))
    assert found.files == ("+ /new", "- /old", "~ /start.sh (mode 0755 here, 0644 there)", "~ /text")


def test_an_engine_that_tells_no_layers() -> None:
    found = told(store("a", diff_ids=(), command=("x.y",)), store("b"))
    assert found.layers is None


@pytest.mark.parametrize("mine", [True, False])
def test_what_could_not_be_read_is_not_compared(mine: bool) -> None:
    empty = Store({}, [], missing={ImageManifest: GONE, ImageConfig: GONE})
    pair = (empty, store("a")) if mine else (store("a"), empty)
    assert compare(*pair, deep=False) is None
