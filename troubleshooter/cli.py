"""The command line. Imports no SDK and no Textual at module level: each command imports what it needs.

Standard output is the result, standard error the narration.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from troubleshooter.exit import ExitCode, guarded, of_report, say
from troubleshooter.options import Run, completed, mistyped, parser, target_of

if TYPE_CHECKING:
    from troubleshooter.model import Target
    from troubleshooter.session import Session


HISTORY = 80
"""Characters of a session's conclusion in the list of sessions."""


def main(arguments: list[str]) -> int:
    """Parses and runs; returns the exit code."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows no ✓ shows another character; it must not cost the report.
            stream.reconfigure(errors="replace")
    whole = parser(_RUNS)
    if meant := mistyped(arguments, _RUNS):
        whole.error(meant)
    options = whole.parse_args(completed(arguments, _RUNS))
    run: Run = options.run
    return guarded(lambda: run(options))


def _terminated(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _given(target: Target) -> bool:
    parts = (target.function, target.image, target.template, target.source, target.logs, target.error_text)
    return any(part is not None for part in parts)


def _diagnose(options: argparse.Namespace) -> int:
    from troubleshooter import playbook, reports, session
    from troubleshooter.errors import UsageError

    target = target_of(options)
    if not _given(target):
        raise UsageError("nothing to look at: give a function, or --image, --template, --source, --logs, --error-file")
    if options.format not in reports.formats():
        raise UsageError(f"--format {options.format}: there is {', '.join(sorted(reports.formats()))}")
    _writable(options.output)
    walk = session.new(target, playbook.load())
    if walk.unrecorded:
        say(f"troubleshooter: this session is not recorded: {walk.unrecorded}")
    return _run(walk, options)


def _run(walk: Session, options: argparse.Namespace) -> int:
    """Runs a session unattended; a report is written however it ends."""
    from troubleshooter import reports
    from troubleshooter.narration import Narration

    code: int | None = None
    try:
        with Narration(walk, lambda text: say(f"troubleshooter: {text}")):
            walk.run()
    except (KeyboardInterrupt, SystemExit) as stop:
        code = stop.code if isinstance(stop, SystemExit) and isinstance(stop.code, int) else ExitCode.INTERRUPTED
    finally:
        walk.end("ended" if code is None else "interrupted")
    report = reports.from_journal(walk.journal.records)
    _write(reports.render(report, options.format), options.output)
    if code is None:
        code = of_report(report, fail_on=options.fail_on, blind=walk.blind)
    return (
        ExitCode.OK if options.exit_zero and code in (ExitCode.FOUND, ExitCode.INCONCLUSIVE, ExitCode.BLIND) else code
    )


def _writable(output: Path | None) -> None:
    """Raises UsageError for a place where no report can be written, before minutes are spent on one."""
    from troubleshooter.errors import UsageError

    if output is None:
        return
    if output.is_dir():
        raise UsageError(f"--output {output}: is a folder; give the name of a file in it")
    if not output.parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.parent}; make it first, or write elsewhere")


def _write(text: str, output: Path | None) -> None:
    """The result: to standard output, or whole or not at all to a file."""
    from troubleshooter.errors import UsageError

    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(output)
    except OSError as error:
        raise UsageError(f"--output {output}: {error.strerror}") from error


def _walk(options: argparse.Namespace) -> int:
    from troubleshooter.errors import UsageError

    target = target_of(options)
    if options.plain or not _terminal():
        if not _given(target):
            raise UsageError(
                "no terminal to ask in: give a function, or --image, --template, --source, --logs, --error-file"
            )
        from troubleshooter import plain, playbook, session

        return plain.walk(session.new(target, playbook.load()))
    from troubleshooter import tui

    return tui.run(target if _given(target) else None)


def _terminal() -> bool:
    """Whether a full screen can be drawn."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")


def _verify(options: argparse.Namespace) -> int:
    from troubleshooter import demo, journal, playbook, reports, verification

    _writable(options.output)
    path = journal.find(options.journal)
    before = verification.last_causes(journal.read(path))
    walk = demo.resume(path, playbook.load())
    result: verification.Verification | None = None
    try:
        result = walk.verify(before, wait_s=options.wait, say=lambda text: say(f"troubleshooter: {text}"))
    finally:
        walk.end("fixed" if result is not None and result.fixed else "ended")
    _write(reports.render(reports.from_journal(walk.journal.records), options.format), options.output)
    for was, now in zip(result.before, result.after, strict=True):
        say(f"{was['check']}: was: {was['message']}; now: {now.verdict.message}")
    if result.note:
        say(result.note)
    if result.fixed is None:
        return ExitCode.INCONCLUSIVE
    return ExitCode.OK if result.fixed or options.exit_zero else ExitCode.FOUND


def _resume(options: argparse.Namespace) -> int:
    from troubleshooter import demo, journal, playbook

    walk = demo.resume(journal.find(options.journal), playbook.load())
    if options.plain or not _terminal():
        from troubleshooter import plain

        return plain.walk(walk)
    from troubleshooter import tui

    return tui.run_session(walk)


def _history(_: argparse.Namespace) -> int:
    from troubleshooter import journal, reports
    from troubleshooter.errors import JournalError
    from troubleshooter.text import one_line

    paths = list(journal.sessions())
    width = max((len(path.name.removesuffix(journal.SUFFIX)) for path in paths), default=0)
    for path in paths:
        try:
            report = reports.from_journal(journal.read(path).records)
        except JournalError as error:
            say(str(error))
            continue
        diagnosis = report["diagnosis"]
        told = diagnosis["causes"][0] if diagnosis["causes"] else diagnosis["summary"]
        columns = f"{one_line(path.name.removesuffix(journal.SUFFIX)):<{width}}  {diagnosis['status']:<12}  "
        print(f"{columns}{one_line(told, HISTORY)}".rstrip())  # noqa: T201
    return ExitCode.OK


def _report(options: argparse.Namespace) -> int:
    from troubleshooter import journal, reports

    report = reports.from_journal(journal.read(journal.find(options.journal)).records)
    _write(reports.render(report, options.format), options.output)
    return ExitCode.OK


def _explain(options: argparse.Namespace) -> int:
    from troubleshooter.checks import all_modes
    from troubleshooter.errors import UsageError
    from troubleshooter.options import nearest

    modes = all_modes()
    if options.id is None:
        width = max(map(len, modes))
        _write("".join(f"{m.id:<{width}}  {m.title}\n" for m in modes.values()), None)
        return ExitCode.OK
    mode = modes.get(options.id.replace("-", "_"))
    if mode is None:
        close = " or ".join(nearest(options.id, modes))
        hint = f"; did you mean {close}?" if close else "; `troubleshooter explain` lists them"
        raise UsageError(f"there is no failure mode {options.id!r}{hint}")
    _write(f"{mode.id}\n\n{mode.page}\n", None)
    return ExitCode.OK


def _playbook(options: argparse.Namespace) -> int:
    from troubleshooter import playbook

    books = playbook.load(options.folder)
    for name, book in sorted(books.by_name.items()):
        if options.action == "list":
            print(f"{name:<12} {len(book.nodes):>3} nodes  {book.title}")  # noqa: T201
    if options.action == "lint":
        print(f"{len(books.by_name)} playbooks, no problems")  # noqa: T201
    return ExitCode.OK


def _permissions(options: argparse.Namespace) -> int:
    from troubleshooter import grants, permissions
    from troubleshooter.model import Target
    from troubleshooter.world import World

    wanted = permissions.actions(options.playbook)
    known: dict[str, str] = {}
    if options.target is not None:
        target = Target(
            function=options.target, region=options.region, profile=options.profile, endpoint_url=options.endpoint_url
        )
        surroundings = World.real(target)
        try:
            known, missing = permissions.known_parts(target, surroundings)
        finally:
            surroundings.close()
        if missing:
            say(f"troubleshooter: some names stay open: {missing}")
    _write(grants.as_text(grants.for_actions(wanted, known)) + "\n", None)
    return ExitCode.OK


def _demo(options: argparse.Namespace) -> int:
    from troubleshooter import demo

    if options.all or (options.name and (options.plain or not _terminal())):
        return demo.print_all([options.name] if options.name else None, options.format)
    if options.plain or not _terminal():
        return demo.print_walks()
    from troubleshooter import tui

    return tui.run_demo(options.name)


_RUNS: dict[str, Run] = {
    "walk": _walk,
    "diagnose": _diagnose,
    "preflight": _diagnose,
    "verify": _verify,
    "resume": _resume,
    "history": _history,
    "report": _report,
    "explain": _explain,
    "playbook": _playbook,
    "permissions": _permissions,
    "demo": _demo,
}
