"""`python docs/screenshot.py`: draws the README's picture from the demonstration, so that it never lies."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from troubleshooter import demo
from troubleshooter.tui.app import TroubleshooterApp
from troubleshooter.tui.finding_screen import FindingScreen
from troubleshooter.tui.walk_screen import WalkScreen

FOLDER = Path(__file__).resolve().parent


def save(app: TroubleshooterApp, path: Path) -> None:
    """Writes the screen as SVG with the viewer's own monospace font in place of a remote one."""
    picture = re.sub(r"@font-face \{.*?\}", "", app.export_screenshot(title="troubleshooter demo"), flags=re.DOTALL)
    path.write_text(picture.replace("Fira Code", "Menlo, DejaVu Sans Mono"))


async def draw(size: tuple[int, int], folder: Path) -> None:
    """Walks the streaming incident and saves a picture of the diagnosis."""
    with tempfile.TemporaryDirectory() as journals:
        app = TroubleshooterApp(session=demo.open_session(demo.incident("streaming"), within=Path(journals)))
        async with app.run_test(size=size) as pilot:
            while not (isinstance(app.screen, WalkScreen) and app.screen.evaluation and not app.screen.busy_since):
                await pilot.pause(0.05)
            await pilot.press("enter")
            while not isinstance(app.screen, FindingScreen):
                await pilot.pause(0.05)
            await pilot.pause(0.2)
            save(app, folder / "diagnosis.svg")


if __name__ == "__main__":
    asyncio.run(draw((110, 34), FOLDER))
