"""Reading again in the interface: after a login, or once a permission was granted."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from tests.tui.test_walk import app_on, at, text_of, until
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Status, Unblock
from troubleshooter.tui.app import TroubleshooterApp
from troubleshooter.tui.finding_screen import FindingScreen
from troubleshooter.tui.walk_screen import WalkScreen


def status_of(app: TroubleshooterApp) -> Status | None:
    return app.session.diagnosis.status if app.session and app.session.diagnosis else None


async def test_what_was_denied_is_read_again_and_its_policy_copied(tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    assert app.session is not None
    whole = app.session.world
    unblock = Unblock("allow ecr:BatchGetImage on arn:x", "ecr:BatchGetImage", "arn:x")
    denied = Unavailable(Reason.DENIED, "ecr:BatchGetImage was denied", unblock)
    app.session.world = dataclasses.replace(whole, withheld={ImageConfig: denied})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.session is not None and app.screen.query("#step") and app.session.triage)
        await pilot.press("enter")
        await until(pilot, at(app, FindingScreen))
        assert status_of(app) is not Status.CONFIRMED
        assert "p copies the policy" in text_of(app, "#verdict")
        await pilot.press("p")
        assert '"ecr:BatchGetImage"' in app.clipboard
        app.session.world = whole
        await pilot.press("r")
        await until(pilot, lambda: at(app, FindingScreen)() and app.session and app.session.diagnosis)
        assert status_of(app) is Status.CONFIRMED


async def test_nothing_is_read_again_while_it_is_still_being_read(tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.session is not None and app.screen.query("#step") and app.session.triage)
        walk = app.screen
        assert isinstance(walk, WalkScreen)
        assert app.session is not None
        await until(pilot, lambda: walk.busy_since is None)
        walk.busy_since = time.monotonic()
        await pilot.press("r")
        await pilot.pause()
        assert app.session.triage is not None
