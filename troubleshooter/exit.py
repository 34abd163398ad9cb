"""Exit codes, and the one place where an exception becomes one."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from troubleshooter.errors import JournalError, UsageError
from troubleshooter.text import for_screen


class ExitCode(IntEnum):
    """What a command ends with. Part of the contract: meanings never change."""

    OK = 0
    """Nothing wrong was found; or the command did what it was asked."""
    OUR_BUG = 1
    USAGE = 2
    FOUND = 3
    """A cause is confirmed or suspected; or a verified fix did not take."""
    INCONCLUSIVE = 4
    BLIND = 5
    """Nothing about the target could be read because of our surroundings."""
    INTERRUPTED = 130


FAIL_ON = ("error", "warning", "suspected", "never")


def of_report(report: dict[str, Any], *, fail_on: str = "suspected", blind: bool = False) -> ExitCode:
    """The code that a diagnosis of one target ends with."""
    diagnosis = report["diagnosis"]
    status = diagnosis["status"]
    if status == "inconclusive":
        return ExitCode.BLIND if blind else ExitCode.INCONCLUSIVE
    if status == "none" or fail_on == "never" or (status == "suspected" and fail_on != "suspected"):
        return ExitCode.OK
    causes = set(diagnosis["causes"])
    loud = {f["severity"] for f in report["findings"] if f["check"] in causes and f["outcome"] == "fail"}
    if status == "confirmed" and fail_on == "error" and "error" not in loud:
        return ExitCode.OK
    return ExitCode.FOUND


def guarded(command: Callable[[], int]) -> int:
    """Runs a command; its exceptions become a sentence and a code. Tracebacks are shown without local variables."""
    try:
        return command()
    except (UsageError, JournalError) as error:
        say(f"troubleshooter: {error}")
        return ExitCode.USAGE
    except KeyboardInterrupt:
        say("troubleshooter: interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes at exit.
        sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115, PTH123
        return ExitCode.OK
    except Exception:
        say("troubleshooter: this is a bug of troubleshooter's; please report it with the lines below")
        say(traceback.format_exc())
        return ExitCode.OUR_BUG


def say(text: str) -> None:
    """Narration goes to standard error, made harmless."""
    print(for_screen(text), file=sys.stderr, flush=True)  # noqa: T201
