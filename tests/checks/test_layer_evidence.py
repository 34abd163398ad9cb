from __future__ import annotations

import dataclasses

import pytest

from tests.factories import IMAGE, image_config, tree
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.checks import Check, failed, passed
from troubleshooter.checks._brought import brought
from troubleshooter.facts import Fact, Reason, Store, Unavailable
from troubleshooter.facts.image import CodeTree, ImageConfig, ImageTree
from troubleshooter.facts.store import Need
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Verdict

IDS = tuple(f"sha256:{digit * 64}" for digit in "abc")
STEPS = ("ADD base.tar /", "RUN pip install -t /var/task numpy", "COPY . /var/task")
CONFIG = image_config(history=STEPS, diff_ids=IDS)
ENTRIES: dict[str, str | bytes | Entry] = {
    "/bin": Entry(Kind.SYMLINK, link="usr/bin", layer=0),
    "/usr": Entry(Kind.DIRECTORY, layer=0),
    "/usr/bin": Entry(Kind.DIRECTORY, layer=0),
    "/usr/bin/sh": Entry(Kind.FILE, 0o755, layer=0),
    "/var": Entry(Kind.DIRECTORY, layer=2),
    "/var/task": Entry(Kind.DIRECTORY, layer=2),
    "/var/task/app.py": Entry(Kind.FILE, layer=2),
    "/var/task/run": Entry(Kind.SYMLINK, link="/nowhere", layer=1),
    "/var/task/numpy.so": Entry(Kind.FILE, layer=1),
    "/var/task/a b:9/x.so": Entry(Kind.FILE, layer=1),
}
FILES = ImageTree(
    reading=dataclasses.replace(IMAGE, source="layers in docker-archive:/tmp/x.tar"),
    tree=tree(ENTRIES),
    layers=3,
    removed={"/opt/gone": 1},
)


def seen(source: str, origin: Origin = Origin.IMAGE) -> Evidence:
    return Evidence("file", "there", source, "2026-01-01T00:00:00Z", origin, fact="CodeTree")


@pytest.mark.parametrize(
    ("path", "label", "value"),
    [
        ("/var/task/numpy.so", "brought /var/task/numpy.so (layer 2 of 3, sha256:bbbbbbbbbbbb)", STEPS[1]),
        ("/var/task/app.py:12", "brought /var/task/app.py (layer 3 of 3, sha256:cccccccccccc)", STEPS[2]),
        ("/var/task/a b:9/x.so", "brought /var/task/a b:9/x.so (layer 2 of 3, sha256:bbbbbbbbbbbb)", STEPS[1]),
        ("/bin/sh", "brought /usr/bin/sh (layer 1 of 3, sha256:aaaaaaaaaaaa)", STEPS[0]),
        ("/var/task/run", "brought /var/task/run (layer 2 of 3, sha256:bbbbbbbbbbbb)", STEPS[1]),
        ("/var/task/src/x.py", "last brought the folder /var/task (layer 3 of 3, sha256:cccccccccccc)", STEPS[2]),
        ("/opt/gone/tool", "removed /opt/gone (layer 2 of 3, sha256:bbbbbbbbbbbb)", STEPS[1]),
    ],
)
def test_the_layer_and_its_step(path: str, label: str, value: str) -> None:
    (told,) = brought([seen(f"image {path}")], FILES, CONFIG)
    assert (told.label, told.value) == (f"build step that {label}", value)
    assert told.fact == ""


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(seen("image /opt/none"), id="nothing there, nor a folder above it"),
        pytest.param(seen("image PATH"), id="no path"),
        pytest.param(seen("layers in docker-archive:/tmp/x.tar"), id="the archive's own path"),
        pytest.param(seen("image config sha256:abc"), id="the configuration"),
        pytest.param(seen("image /var/task/app.py", Origin.SOURCE), id="not of the image"),
        pytest.param(seen("deployment package /var/task/app.py", Origin.PACKAGE), id="of a zip"),
    ],
)
def test_what_no_layer_brought(evidence: Evidence) -> None:
    assert brought([evidence], FILES, CONFIG) == ()


def test_one_line_a_layer() -> None:
    paths = ("/var/task/numpy.so", "/var/task/app.py", "/var/task/run", "/usr/bin/sh")
    told = brought([seen(f"image {path}") for path in (*paths, *paths)], FILES, CONFIG)
    assert [t.value for t in told] == [STEPS[1], STEPS[2], STEPS[0]]
    assert "numpy.so, /var/task/run (" in told[0].label


def test_without_a_step_for_each_layer_none_is_named() -> None:
    for config in (image_config(history=STEPS[:2], diff_ids=IDS), image_config(diff_ids=IDS)):
        (told,) = brought([seen("image /var/task/numpy.so")], FILES, config)
        assert told.value == "its step is not recorded"
        assert "(layer 2 of 3, sha256:bbbbbbbbbbbb)" in told.label
    (told,) = brought([seen("image /var/task/numpy.so")], FILES, None)
    assert told.label.endswith("(layer 2 of 3)")


def _check(verdict: Verdict) -> Check:
    def mode(files: ImageTree) -> Verdict:
        return verdict

    return Check("mode", "title", Severity.ERROR, Rung.SPAWN, (Need("files", ImageTree, False),), (), False, mode)


def test_every_failing_check_tells_it() -> None:
    cited = seen("image /var/task/numpy.so")
    bad = failed("bad", cited, remediation=Remediation("mend it"))
    store = Store({}, [FILES, CONFIG])
    assert [e.value for e in _check(bad).run(store).evidence] == ["there", STEPS[1]]
    assert _check(passed("good", cited)).run(store).evidence == (cited,)


def test_an_image_that_was_not_read_tells_nothing() -> None:
    cited = seen("image /var/task/numpy.so")
    bad = failed("bad", cited, remediation=Remediation("mend it"))

    def mode(config: ImageConfig) -> Verdict:
        return bad

    check = Check("mode", "title", Severity.ERROR, Rung.SPAWN, (Need("config", ImageConfig, False),), (), False, mode)
    gone = Unavailable(Reason.DENIED, "denied")
    assert check.run(Store({}, [CONFIG], missing={ImageTree: gone})).evidence == (cited,)
    assert check.run(Store({}, [CONFIG])).evidence == (cited,)


def test_facts_of_an_images_code_name_their_paths_so() -> None:
    reading = dataclasses.replace(IMAGE, origin=Origin.IMAGE)
    code = CodeTree(reading=reading, tree=FILES.tree, root="/var/task", kind="image")
    fact = Fact(reading=reading_of(code))
    cited = fact.cite("reading", "x", source=f"{fact.reading.source} /var/task/numpy.so:3")
    assert len(brought([cited], FILES, CONFIG)) == 1
