"""The interface, driven by keys on the demonstration's accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets._footer import FooterKey

from tests.test_dead_aws import silent
from troubleshooter import demo, journal, playbook, reports, session
from troubleshooter.model import Status, Target
from troubleshooter.tui.app import TroubleshooterApp
from troubleshooter.tui.base import OwnScreen
from troubleshooter.tui.demo_screen import DemoScreen
from troubleshooter.tui.finding_screen import FindingScreen
from troubleshooter.tui.intake_screen import IntakeScreen, understood
from troubleshooter.tui.modals import AnswerModal, HelpModal
from troubleshooter.tui.report_screen import ReportScreen
from troubleshooter.tui.timeline_screen import TimelineScreen
from troubleshooter.tui.walk_screen import WalkScreen

SIZES = [(80, 24), (120, 36)]


async def until(pilot: Pilot[Any], condition: Any) -> None:
    """Waits for something to become true; fails after some seconds."""
    for _ in range(400):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came true")


def text_of(app: TroubleshooterApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def app_on(name: str, tmp_path: Path) -> TroubleshooterApp:
    return TroubleshooterApp(session=demo.open_session(demo.incident(name), within=tmp_path))


def at(app: TroubleshooterApp, kind: type) -> Any:
    return lambda: isinstance(app.screen, kind)


def ready(app: TroubleshooterApp) -> Any:
    return lambda: isinstance(app.screen, WalkScreen) and app.screen.busy_since is None and app.screen.evaluation


@pytest.mark.parametrize("size", SIZES)
async def test_from_the_first_question_to_the_fix(size: tuple[int, int], tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=size) as pilot:
        await until(pilot, ready(app))
        assert "✗ spawn" in text_of(app, "#ladder")
        assert "Where does it stop?" in text_of(app, "#step")
        await pilot.press("enter")
        await until(pilot, at(app, FindingScreen))
        shown = text_of(app, "#verdict")
        assert "confirmed" in shown
        assert "the function runs on arm64, its image was built for amd64" in shown
        assert app.screen.query_one("#commands", OptionList).option_count == 3
        await pilot.press("c")
        assert app.clipboard.startswith("docker buildx build --platform linux/arm64")
        assert "copied" in text_of(app, "#status")


async def test_a_person_may_overrule_and_take_back(tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, ready(app))
        await pilot.press("a")
        await until(pilot, at(app, AnswerModal))
        await pilot.press("up", "enter")
        await until(pilot, lambda: app.session and app.session.steps)
        assert app.session is not None
        first = app.session.steps[0]
        assert (first.by, first.reply) == ("engineer", "ready")
        await until(pilot, at(app, FindingScreen))
        await pilot.press("escape")
        while app.session.steps:
            await pilot.press("b")
        await until(pilot, ready(app))
        assert app.session.node is not None
        assert app.session.node.name == "where"


async def test_taking_back_before_the_first_answer_drops_nothing_that_is_read(tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, at(app, WalkScreen))
        await pilot.press("b", "b")
        await until(pilot, ready(app))
        assert "Where does it stop?" in text_of(app, "#step")


async def test_while_nothing_answers_the_pasted_text_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-EXAMPLE")
    text = "fork/exec /app/run: exec format error"
    with silent() as url:
        target = Target(function="demo", region="eu-west-1", endpoint_url=url, error_text=text)
        app = TroubleshooterApp(session=session.new(target, playbook.load(), within=tmp_path))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "not proven" in text_of(app, "#step"))
            assert text_of(app, "#step").startswith("Still waiting for: ")
            assert "? arch_image_function_mismatch: the text says" in text_of(app, "#step")


async def test_ctrl_c_says_how_to_quit(tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, ready(app))
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert any("Ctrl+Q quits" in each.message for each in app._notifications)


async def test_notes_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_on("vision", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, ready(app))
        await pilot.press("i", *"told", "enter")
        await pilot.press("enter")
        await until(pilot, at(app, FindingScreen))
        await pilot.press("e")
        await until(pilot, at(app, ReportScreen))
        preview = app.screen.query_one("#preview", TextArea).text
        assert "**Confirmed**" in preview
        assert "told" in preview
        await pilot.press("w", "enter")
        await pilot.pause()
        await pilot.press("escape")
    (written,) = tmp_path.glob("*.md")
    assert app.session is not None
    assert written.read_text() == reports.render(reports.from_journal(app.session.journal.records), "markdown")


async def test_verify_compares_before_and_now(tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, ready(app))
        await pilot.press("enter")
        await until(pilot, at(app, FindingScreen))
        await pilot.press("v")
        await until(pilot, lambda: "not fixed" in text_of(app, "#status"))
        assert "before" in text_of(app, "#verdict")


async def test_a_session_that_was_left_is_gone_on_with(tmp_path: Path) -> None:
    from troubleshooter import playbook, session

    first = app_on("streaming", tmp_path)
    async with first.run_test(size=(80, 24)) as pilot:
        await until(pilot, ready(first))
        await pilot.press("i", *"halfway", "enter")
        await pilot.press("ctrl+q")
    assert first.session is not None
    first.session.journal.close()
    path = first.session.journal.path
    assert path is not None
    assert journal.read(path).records
    world = demo.open_session(demo.incident("streaming"), within=tmp_path).world
    again = TroubleshooterApp(session=session.resume(path, playbook.load(), world_=world))
    async with again.run_test(size=(80, 24)) as pilot:
        await until(pilot, ready(again))
        await pilot.press("enter")
        await until(pilot, at(again, FindingScreen))
        assert again.session is not None
        assert again.session.diagnosis is not None
        assert again.session.diagnosis.status is Status.CONFIRMED


async def test_intake_refuses_bad_input_and_keeps_it() -> None:
    app = TroubleshooterApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, at(app, IntakeScreen))
        await pilot.press("enter")
        assert "Type what is failing" in text_of(app, "#problem")
        await pilot.press(*"my$fn", "enter")
        await pilot.pause()
        assert "neither a function name" in text_of(app, "#problem")
        assert app.screen.query_one("#what", Input).value == "my$fn"


async def test_pasted_text_alone_is_enough_to_start(tmp_path: Path) -> None:
    app = TroubleshooterApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, at(app, IntakeScreen))
        app.screen.query_one("#paste", TextArea).load_text("fork/exec /lambda-entrypoint.sh: exec format error")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, FindingScreen) or ready(app)())
        for _ in range(20):
            if isinstance(app.screen, FindingScreen):
                break
            await pilot.press("enter")
            await pilot.pause(0.05)
        assert app.session is not None
        assert app.session.diagnosis is not None
        assert app.session.diagnosis.status is Status.SUSPECTED


@pytest.mark.parametrize("size", [(40, 12), *SIZES])
async def test_the_timeline_is_drawn_within_the_screen(size: tuple[int, int], tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=size) as pilot:
        await until(pilot, ready(app))
        await pilot.press("t")
        await until(pilot, at(app, TimelineScreen))
        shown = text_of(app, "#lanes")
        assert "Runtime.Invalid" in shown
        assert "1 invocation" in text_of(app, "#status")
        if size[0] >= 80:
            assert max(map(len, shown.splitlines())) <= size[0] - 2


async def test_every_screen_has_help(tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, ready(app))
        await pilot.press("question_mark")
        await until(pilot, at(app, HelpModal))
        await pilot.press("escape")
        await until(pilot, at(app, WalkScreen))


HOSTILE = "\x1b]52;c;aGk=\x07[bold]x[/bold][@click=app.leave]y[/] \u202e"


async def test_outside_text_stays_text(tmp_path: Path) -> None:
    app = TroubleshooterApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, at(app, IntakeScreen))
        app.screen.query_one("#paste", TextArea).load_text(HOSTILE + " exec format error")
        await pilot.press("f2")
        await until(pilot, lambda: not isinstance(app.screen, IntakeScreen))
        await pilot.pause(0.3)
        for widget in app.screen.query(Static):
            rendered = str(widget.render())
            assert "\x1b" not in rendered
            assert "\u202e" not in rendered


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
async def test_no_size_crashes(width: int, tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=(width, 12)) as pilot:
        await until(pilot, ready(app))
        await pilot.press("a")
        await pilot.pause()
        await pilot.press("escape", "enter")
        await until(pilot, at(app, FindingScreen))
        await pilot.press("e")
        await until(pilot, at(app, ReportScreen))


def test_what_was_typed_is_understood(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {}")
    (tmp_path / "x.log").write_text("START")
    assert understood("my-fn", "") == Target(function="my-fn")
    assert understood("arn:aws:lambda:eu-west-1:123456789012:function:x", "").function
    assert understood("oci-archive:x.tar", "") == Target(image="oci-archive:x.tar")
    assert understood("team/app:1.2", "") == Target(image="team/app:1.2")
    assert understood(str(tmp_path), "").source == tmp_path
    assert understood(str(tmp_path / "template.yaml"), "").template
    assert understood(str(tmp_path / "x.log"), "").logs
    assert understood("", " boom ") == Target(error_text="boom")


@pytest.mark.parametrize("screen", [DemoScreen, FindingScreen, IntakeScreen, ReportScreen, TimelineScreen, WalkScreen])
def test_help_has_one_key_a_line_within_a_narrow_dialog(screen: type[OwnScreen]) -> None:
    _, *parts = screen.HELP_TEXT.split("\n\n")
    rows = [row for part in parts if "\n" in part for row in part.splitlines()]
    assert rows
    assert max(map(len, rows)) <= 60 - len("││  ││")


async def test_a_tiny_screen_names_the_marked_answer_and_the_way_to_the_help(tmp_path: Path) -> None:
    app = app_on("streaming", tmp_path)
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, ready(app))
        assert "Enter takes ▸ The process is not started;" in text_of(app, "#status")
        await pilot.press("escape")
        await pilot.pause()
        assert any("Ctrl+Q quits" in each.message for each in app._notifications)
        assert app.focused is app.screen.query_one("#right")
        footer = [key for key in app.screen.query(FooterKey) if key.region.right <= 60]
        assert {"Go on", "Answer", "Undo", "Back", "Help"} <= {key.description for key in footer}
        assert app.screen.query_one("#right").size.width > 30


async def test_the_demonstration_begins_with_a_choice(tmp_path: Path) -> None:
    app = TroubleshooterApp(demo=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, at(app, DemoScreen))
        assert app.screen.query_one(OptionList).highlighted == 0
        assert "Walk it" in {key.description for key in app.screen.query(FooterKey)}
        await pilot.press("enter")
        await until(pilot, ready(app))


async def test_a_function_that_was_not_read_says_what_lets_it_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    app = TroubleshooterApp(target=Target(function="demo", profile="nope"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, ready(app))
        shown = text_of(app, "#step")
        assert "to settle it: give a --profile that `aws configure list-profiles` names; r reads again" in shown
        await pilot.press("enter")
        await until(pilot, at(app, FindingScreen))
        await pilot.press("escape")
        await until(pilot, at(app, WalkScreen))
        steps = app.screen.query_one("#steps", Static)
        assert max(map(len, str(steps.render()).splitlines())) <= steps.size.width
