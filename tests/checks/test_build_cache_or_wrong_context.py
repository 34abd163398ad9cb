from __future__ import annotations

import contextlib
from typing import Any

import pytest

from tests.factories import IMAGE, RECORD, REGISTRY, function_code, function_record, image_config, variable
from tests.lab.aws import Account
from tests.lab.images import image
from troubleshooter.checks.stale.build_cache_or_wrong_context import build_cache_or_wrong_context as the_check
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.web import Web
from troubleshooter.facts import CallLog, Reading, Reason, Store, Unavailable
from troubleshooter.facts.changes import PublishedVersions, Trail, Trouble, Unchanged
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import Blob, ImageConfig, ImageManifest, PreviousImage
from troubleshooter.facts.lifecycle import LifecycleRules
from troubleshooter.model import Origin, Outcome, Role, Subject, Unblock, Verdict
from troubleshooter.redact import Secrets
from troubleshooter.world import all_providers

STALE = GivenText(reading=Reading("pasted text", Origin.PASTED), text="still the old code after the deploy")
MISSED = Unchanged(reading=STALE.reading)
TROUBLE = Trouble(reading=RECORD, why="someone complains")
GONE = Unavailable(Reason.DENIED, "denied")


def blob(number: int) -> Blob:
    return Blob(f"sha256:{number:064x}", "", 1)


def manifest_of(now: tuple[Blob, ...]) -> ImageManifest:
    return ImageManifest(
        reading=IMAGE, reference="demo", digest="sha256:new", media_type="", config=blob(9), layers=now
    )


def ask(
    *before: int,
    now: tuple[int, ...] = (1, 2),
    digest: str = "sha256:old",
    config: ImageConfig | Unavailable | None = None,
    had: ImageConfig | Unavailable | None = None,
) -> Verdict:
    manifest = manifest_of(tuple(map(blob, now)))
    previous = PreviousImage(
        reading=REGISTRY,
        digest=digest,
        how="version 7",
        layers=tuple(blob(n).digest for n in before),
        config=had or image_config(),
    )
    return the_check(function_record(), manifest, config or image_config(), MISSED, previous, STALE)


def test_another_digest_with_the_same_layers() -> None:
    verdict = ask(1, 2)
    assert verdict.outcome is Outcome.FAIL
    assert any(e.origin.proves for e in verdict.evidence if e.fact)
    assert verdict.remediation
    assert "--no-cache" in verdict.remediation.commands[0]


def test_new_layers() -> None:
    verdict = ask(1, 3)
    assert verdict.outcome is Outcome.PASS
    assert "1 of 2 layers" in verdict.message


@pytest.mark.parametrize(
    ("word", "changes"),
    [
        ("ENV", {"environment": (variable("TZ", "UTC"),)}),
        ("CMD", {"command": ("other.handler",)}),
        ("ENTRYPOINT", {"entrypoint": ("/x",)}),
        ("WORKDIR", {"workdir": "/x"}),
        ("USER", {"user": "app"}),
    ],
)
def test_a_change_of_settings_makes_no_layer(word: str, changes: dict[str, Any]) -> None:
    verdict = ask(1, 2, had=image_config(**changes))
    assert verdict.outcome is Outcome.PASS
    assert word in verdict.message


def test_labels_say_nothing_of_what_was_changed() -> None:
    assert ask(1, 2, had=image_config(labels={"revision": "1"})).outcome is Outcome.FAIL


def test_settings_that_cannot_be_read() -> None:
    denied = Unavailable(Reason.DENIED, "denied", Unblock("Allow it.", "ecr:GetDownloadUrlForLayer"))
    for verdict in (ask(1, 2, had=denied), ask(1, 2, config=denied)):
        assert verdict.outcome is Outcome.UNKNOWN
        assert verdict.unblock is denied.unblock


def test_nothing_to_compare() -> None:
    assert ask(now=()).outcome is Outcome.UNKNOWN
    assert ask(1, 2, digest="sha256:new").outcome is Outcome.NOT_APPLICABLE


OLD, NEW, OTHER = (image({"/a": "same"}, labels={"n": n}, env=[f"N={n}"]) for n in "123")


def read(account: Account, text: GivenText = STALE, published: Any = GONE) -> PreviousImage | Unavailable:
    for tag, built in (("v1", OLD), ("v2", OTHER), ("latest", NEW)):
        account.add_image("demo", tag, built)
    where = f"{account.account_id}.dkr.ecr.{account.region}.amazonaws.com/demo"
    code = function_code(image_uri=f"{where}:latest", resolved_image_uri=f"{where}@{NEW.digest}")
    function = function_record(code_sha256=NEW.digest.removeprefix("sha256:"))
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    missing: dict[type[Any], Unavailable] = {PublishedVersions: GONE, Trail: GONE, LifecycleRules: GONE}
    seeds: list[object] = [TROUBLE, text, function, code, aws, Secrets(), Subject(Role.DEPLOYED)]
    if isinstance(published, PublishedVersions):
        seeds.append(published)
        del missing[PublishedVersions]
    with contextlib.closing(Web(CallLog())) as web:
        return Store(all_providers(), [*seeds, web], missing=missing).get(PreviousImage)


def test_the_image_of_the_version_before(aws_account: Account) -> None:
    records = tuple(
        function_record(version=version, code_sha256=built.digest.removeprefix("sha256:"))
        for version, built in (("$LATEST", NEW), ("6", OTHER), ("7", OLD), ("8", NEW))
    )
    found = read(aws_account, published=PublishedVersions(reading=RECORD, records=records))
    assert isinstance(found, PreviousImage)
    assert (found.digest, found.how) == (OLD.digest, "version 7")
    assert len(found.layers) == 1
    assert isinstance(found.config, ImageConfig)
    assert [v.name for v in found.config.environment] == ["N"]


@pytest.mark.parametrize(
    "said",
    [
        "No module named 'x'",
        "It is still the same error",
        "Nothing changed in the code, and it keeps failing",
        "The cache is cold",
    ],
)
def test_another_complaint_asks_for_nothing(said: str, aws_account: Account) -> None:
    text = GivenText(reading=STALE.reading, text=said)
    assert isinstance(read(aws_account, text), Unavailable)
    assert set(aws_account.operations) <= {"ecr:DescribeImages"}
    assert all("imageIds" in c.parameters for c in aws_account.calls), "the repository is not listed"


@pytest.mark.parametrize(
    "said",
    [
        "the answer is still the old text. Rebuilt twice.",
        "it still returns the previous message",
        "My changes are not showing up",
        "new code isn't picked up",
        "the fix has no effect",
    ],
)
def test_words_of_those_who_miss_a_change(said: str, aws_account: Account) -> None:
    assert isinstance(read(aws_account, GivenText(reading=STALE.reading, text=said)), PreviousImage)


@pytest.mark.parametrize("how", ["gone"])
def test_an_image_before_that_is_gone(how: str, aws_account: Account) -> None:
    record = function_record(version="7", code_sha256="e" * 64)
    found = read(aws_account, published=PublishedVersions(reading=RECORD, records=(record,)))
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.ABSENT
