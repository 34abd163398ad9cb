"""The walk as numbered prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from troubleshooter import demo, plain
from troubleshooter.exit import ExitCode, guarded


def typing(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    left = list(lines)

    def answer(_: str) -> str:
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr("builtins.input", answer)


def test_numbers_names_and_enter_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typing(monkeypatch, "99", "4", "opaque")
    walk = demo.open_session(demo.incident("streaming"), within=tmp_path)
    assert plain.walk(walk, ask=True) == ExitCode.FOUND
    told = capsys.readouterr().out
    assert "give a number from 1 to 12" in told
    assert "**Confirmed**" in told


def test_an_end_of_the_input_interrupts_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typing(monkeypatch, "")
    walk = demo.open_session(demo.incident("streaming"), within=tmp_path)
    assert guarded(lambda: plain.walk(walk, ask=True)) == ExitCode.INTERRUPTED
    told = capsys.readouterr().err
    assert f"go on with `troubleshooter resume {walk.journal.session}`" in told
    assert "bug" not in told
