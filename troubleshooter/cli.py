"""The command line. Imports no SDK and no Textual at module level: each command imports what it needs.

Standard output is the result, standard error the narration.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from troubleshooter import __version__
from troubleshooter.exit import FAIL_ON, ExitCode, guarded, of_report, say

if TYPE_CHECKING:
    from troubleshooter.model import Target
    from troubleshooter.session import Session

EXIT_CODES = """exit codes: 0 nothing wrong · 3 cause confirmed or suspected · 4 inconclusive · 5 nothing could be read
because of credentials, network or rights · 2 usage · 1 our bug · 130 interrupted (129, 143: hung up, terminated)"""


def main(arguments: list[str]) -> int:
    """Parses and runs; returns the exit code."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminated)
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    return guarded(lambda: run(options))


def _terminated(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="troubleshooter",
        description="Proves why an AWS Lambda function does not start. Reads only; changes nothing.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"troubleshooter {__version__}")
    parser.set_defaults(run=_walk, **_TARGET_DEFAULTS, plain=False)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, epilog=EXIT_CODES)
        made.set_defaults(run=run)
        return made

    walk = command("walk", _walk, "walk the decision tree in the terminal (what happens without a command, too)")
    _target_options(walk, function=True)
    walk.add_argument("--plain", action="store_true", help="numbered prompts instead of the full screen")
    diagnose = command("diagnose", _diagnose, "walk unattended and print a report")
    _target_options(diagnose, function=True)
    _report_options(diagnose)
    preflight = command("preflight", _diagnose, "the same before anything is deployed: image, template, source")
    _target_options(preflight, function=False)
    _report_options(preflight)
    verify = command("verify", _verify, "read again what the last diagnosis used, and show before and after")
    verify.add_argument("journal", nargs="?", metavar="JOURNAL", help="session or file; the newest where not given")
    verify.add_argument(
        "--wait",
        type=_seconds,
        default=300,
        metavar="SECONDS",
        help="how long an update in progress is waited for (300)",
    )
    _report_options(verify)
    resume = command("resume", _resume, "go on where a session stopped")
    resume.add_argument("journal", nargs="?", metavar="JOURNAL", help="session or file; the newest where not given")
    resume.add_argument("--plain", action="store_true", help="numbered prompts instead of the full screen")
    command("history", _history, "list the recorded sessions, newest first")
    report = command("report", _report, "render a recorded session again")
    report.add_argument("journal", metavar="JOURNAL", help="session or file")
    _report_options(report)
    explain = command("explain", _explain, "the page of a failure mode")
    explain.add_argument("id", metavar="ID", nargs="?", help="the failure mode's id; all are listed where not given")
    playbook = command("playbook", _playbook, "list or lint playbooks")
    playbook.add_argument("action", choices=("list", "lint"))
    playbook.add_argument("folder", nargs="?", type=Path, help="folder of playbooks; the built-in ones where not given")
    permissions = command(
        "permissions", _permissions, "the IAM policy for what may be asked, of everything or one playbook"
    )
    permissions.add_argument(
        "target", nargs="?", metavar="TARGET", help="function name or ARN, whose ARNs are filled in"
    )
    permissions.add_argument("--playbook", metavar="NAME", help="only what this playbook and the triage before it ask")
    permissions.add_argument("--region", help="as for the AWS CLI")
    permissions.add_argument("--profile", help="as for the AWS CLI")
    permissions.add_argument("--endpoint-url", help="as for the AWS CLI")
    demo = command("demo", _demo, "five incidents to walk through: no account, no engine, no network")
    demo.add_argument("name", nargs="?", metavar="INCIDENT", help="one of them; chosen in the terminal where not given")
    demo.add_argument("--all", action="store_true", help="all of them, unattended")
    demo.add_argument("--format", default="markdown", help="with --all or a name: markdown (default), json or html")
    demo.add_argument("--plain", action="store_true", help="print the walk")
    return parser


_TARGET_DEFAULTS: dict[str, object] = {
    "target": None,
    "qualifier": None,
    "image": None,
    "template": None,
    "source": None,
    "logs": None,
    "error_file": None,
    "region": None,
    "profile": None,
    "endpoint_url": None,
    "context": None,
    "offline": False,
    "deep": False,
}


def _seconds(text: str) -> float:
    """A duration on the command line."""
    value = float(text)
    if not 0 <= value < 86_400:
        raise argparse.ArgumentTypeError(f"{text}: a number of seconds below a day")
    return value


def _target_options(parser: argparse.ArgumentParser, *, function: bool) -> None:
    if function:
        parser.add_argument("target", nargs="?", metavar="TARGET", help="function name or ARN")
        parser.add_argument("--qualifier", help="version or alias")
    parser.add_argument(
        "--image", metavar="REF", help="docker-daemon:, docker-archive:, oci-archive:, oci:, docker:// or a bare name"
    )
    parser.add_argument(
        "--template",
        type=Path,
        metavar="FILE",
        help="CloudFormation or SAM template, cdk.out, serverless.yml, or Terraform's plan as JSON",
    )
    parser.add_argument("--source", type=Path, metavar="DIR", help="folder with the function's code")
    parser.add_argument("--logs", type=Path, metavar="FILE", help="log events in any usual format")
    parser.add_argument("--error-file", metavar="FILE", help="pasted error text; - reads standard input")
    parser.add_argument("--region", help="as for the AWS CLI")
    parser.add_argument("--profile", help="as for the AWS CLI")
    parser.add_argument("--endpoint-url", help="as for the AWS CLI")
    parser.add_argument("--context", metavar="NAME", help="Docker context")
    parser.add_argument("--offline", action="store_true", help="ask no package index")
    parser.add_argument("--deep", action="store_true", help="read the image's layers for every check")


def _report_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", default="markdown", help="markdown (default), json or html")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write the report there; standard output stays empty"
    )
    parser.add_argument("--fail-on", choices=FAIL_ON, default="suspected", help="what ends with 3 (default: suspected)")
    parser.add_argument("--exit-zero", action="store_true", help="end with 0 whatever was found")


def _target(options: argparse.Namespace) -> Target:
    from troubleshooter.errors import UsageError
    from troubleshooter.model import Target

    return Target(
        function=getattr(options, "target", None),
        qualifier=getattr(options, "qualifier", None),
        image=options.image,
        template=options.template,
        source=options.source,
        logs=options.logs,
        error_text=_error_text(options.error_file, UsageError),
        region=options.region,
        profile=options.profile,
        endpoint_url=options.endpoint_url,
        docker_context=options.context,
        offline=options.offline,
        deep=options.deep,
    )


def _error_text(name: str | None, usage_error: type[Exception]) -> str | None:
    if name is None:
        return None
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise usage_error(f"--error-file {name}: {error.strerror}") from error
    return content.decode("utf-8-sig", "replace")


def _given(target: Target) -> bool:
    parts = (target.function, target.image, target.template, target.source, target.logs, target.error_text)
    return any(part is not None for part in parts)


def _diagnose(options: argparse.Namespace) -> int:
    from troubleshooter import playbook, reports, session
    from troubleshooter.errors import UsageError

    target = _target(options)
    if not _given(target):
        raise UsageError("nothing to look at: give a function, or --image, --template, --source, --logs, --error-file")
    if options.format not in reports.formats():
        raise UsageError(f"--format {options.format}: there is {', '.join(sorted(reports.formats()))}")
    walk = session.new(target, playbook.load())
    if walk.unrecorded:
        say(f"troubleshooter: this session is not recorded: {walk.unrecorded}")
    return _run(walk, options)


def _run(walk: Session, options: argparse.Namespace) -> int:
    """Runs a session unattended; a report is written however it ends."""
    from troubleshooter import reports

    code: int | None = None
    try:
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

    target = _target(options)
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
    from troubleshooter import journal, playbook, reports, session, verification

    path = journal.find(options.journal)
    before = verification.last_causes(journal.read(path))
    walk = session.resume(path, playbook.load())
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
    from troubleshooter import journal, playbook, session

    walk = session.resume(journal.find(options.journal), playbook.load())
    if options.plain or not _terminal():
        from troubleshooter import plain

        return plain.walk(walk)
    from troubleshooter import tui

    return tui.run_session(walk)


def _history(_: argparse.Namespace) -> int:
    from troubleshooter import journal, reports
    from troubleshooter.errors import JournalError
    from troubleshooter.text import one_line

    for path in journal.sessions():
        try:
            report = reports.from_journal(journal.read(path).records)
        except JournalError as error:
            say(str(error))
            continue
        diagnosis = report["diagnosis"]
        cause = diagnosis["causes"][0] if diagnosis["causes"] else ""
        print(one_line(f"{path.name.removesuffix(journal.SUFFIX)}  {diagnosis['status']}  {cause}"))  # noqa: T201
    return ExitCode.OK


def _report(options: argparse.Namespace) -> int:
    from troubleshooter import journal, reports

    report = reports.from_journal(journal.read(journal.find(options.journal)).records)
    _write(reports.render(report, options.format), options.output)
    return ExitCode.OK


def _explain(options: argparse.Namespace) -> int:
    import difflib

    from troubleshooter.checks import all_modes
    from troubleshooter.errors import UsageError

    modes = all_modes()
    if options.id is None:
        width = max(map(len, modes))
        _write("".join(f"{m.id:<{width}}  {m.title}\n" for m in modes.values()), None)
        return ExitCode.OK
    mode = modes.get(options.id.replace("-", "_"))
    if mode is None:
        close = difflib.get_close_matches(options.id, modes, n=1)
        hint = f"; did you mean {close[0]}?" if close else "; `troubleshooter explain` lists them"
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
