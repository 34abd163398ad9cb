"""The options of the command line, and the target that they name."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from troubleshooter import __version__
from troubleshooter.exit import FAIL_ON, say
from troubleshooter.text import decoded

if TYPE_CHECKING:
    from troubleshooter.model import Target

Run = Callable[[argparse.Namespace], int]
Command = Callable[[str, str], argparse.ArgumentParser]

PASTED = 1 << 20
"""Characters of a pasted text that are read, of its beginning and of its end: the error is at one or the other."""
EXIT_CODES = """exit codes: 0 nothing wrong · 3 cause confirmed or suspected · 4 inconclusive · 5 nothing could be read
because of credentials, network or rights · 2 usage · 1 our bug · 130 interrupted (129, 143: hung up, terminated)"""


def parser(runs: Mapping[str, Run]) -> argparse.ArgumentParser:
    """The parser of every command; `run` of what it parses is the command's own of `runs`."""
    whole = argparse.ArgumentParser(
        prog="troubleshooter",
        description="Proves why an AWS Lambda function does not start. Reads only; changes nothing.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"troubleshooter {__version__}")
    whole.set_defaults(run=runs["walk"], **_TARGET_DEFAULTS, plain=False)
    commands = whole.add_subparsers(metavar="COMMAND", title="commands")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, epilog=EXIT_CODES)
        made.set_defaults(run=runs[name])
        return made

    _diagnosing(command)
    _of_sessions(command)
    _knowing(command)
    return whole


def mistyped(arguments: Sequence[str], commands: Iterable[str]) -> str:
    """What to say of a first word that is nearly a command: it is one mistyped, hardly a function; empty for any other."""
    first, known = (arguments[0] if arguments else ""), list(commands)
    close = get_close_matches(first, known, 1, 0.8) if first not in known else []
    if not close:
        return ""
    return f"there is no command {first!r}; did you mean {close[0]}? A function of that name: walk {shlex.quote(first)}"


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known ids that somebody may mean who wrote another: those with all its words, with all its parts, or spelt alike."""
    names, parts = list(known), [part for part in re.split(r"[\W_]+", word.lower()) if part]
    if not parts:
        return []
    words = [name for name in names if set(parts) <= set(name.split("_"))]
    within = [name for name in names if all(part in name for part in parts)]
    return (words or within)[:most] or get_close_matches(word, names, most)


def completed(arguments: Sequence[str], commands: Iterable[str]) -> list[str]:
    """The arguments with `walk` in front where they begin with a target, or one of its options, in place of a command."""
    first = arguments[0] if arguments else ""
    if not first or first in (*commands, "-h", "--help", "--version"):
        return list(arguments)
    return ["walk", *arguments]


def _diagnosing(command: Command) -> None:
    walk = command("walk", "walk the decision tree in the terminal (what happens without a command, too)")
    _target_options(walk, function=True)
    walk.add_argument("--plain", action="store_true", help="numbered prompts instead of the full screen")
    diagnose = command("diagnose", "walk unattended and print a report")
    _target_options(diagnose, function=True)
    _report_options(diagnose)
    preflight = command("preflight", "the same before anything is deployed: image, template, source")
    _target_options(preflight, function=False)
    _report_options(preflight)


def _of_sessions(command: Command) -> None:
    verify = command("verify", "read again what the last diagnosis used, and show before and after")
    verify.add_argument("journal", nargs="?", metavar="JOURNAL", help="session or file; the newest where not given")
    verify.add_argument(
        "--wait",
        type=_seconds,
        default=300,
        metavar="SECONDS",
        help="how long an update in progress is waited for (300)",
    )
    _report_options(verify)
    resume = command("resume", "go on where a session stopped")
    resume.add_argument("journal", nargs="?", metavar="JOURNAL", help="session or file; the newest where not given")
    resume.add_argument("--plain", action="store_true", help="numbered prompts instead of the full screen")
    command("history", "list the recorded sessions, newest first")
    report = command("report", "render a recorded session again")
    report.add_argument("journal", metavar="JOURNAL", help="session or file")
    _report_options(report)


def _knowing(command: Command) -> None:
    explain = command("explain", "the page of a failure mode")
    explain.add_argument("id", metavar="ID", nargs="?", help="the failure mode's id; all are listed where not given")
    playbook = command("playbook", "list or lint playbooks")
    playbook.add_argument("action", choices=("list", "lint"))
    playbook.add_argument("folder", nargs="?", type=Path, help="folder of playbooks; the built-in ones where not given")
    permissions = command("permissions", "the IAM policy for what may be asked, of everything or one playbook")
    permissions.add_argument(
        "target", nargs="?", metavar="TARGET", help="function name or ARN, whose ARNs are filled in"
    )
    permissions.add_argument("--playbook", metavar="NAME", help="only what this playbook and the triage before it ask")
    permissions.add_argument("--region", help="as for the AWS CLI")
    permissions.add_argument("--profile", help="as for the AWS CLI")
    permissions.add_argument("--endpoint-url", help="as for the AWS CLI")
    demo = command("demo", "five incidents to walk through: no account, no engine, no network")
    demo.add_argument("name", nargs="?", metavar="INCIDENT", help="one of them; chosen in the terminal where not given")
    demo.add_argument("--all", action="store_true", help="all of them, unattended")
    demo.add_argument("--format", default="markdown", help="with --all or a name: markdown (default), json or html")
    demo.add_argument("--plain", action="store_true", help="print the walk")


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
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 86_400:
        raise argparse.ArgumentTypeError(f"{text}: not a number of seconds below a day")
    return value


def _target_options(parser: argparse.ArgumentParser, *, function: bool) -> None:
    if function:
        parser.add_argument("target", nargs="?", metavar="TARGET", help="function name or ARN")
        parser.add_argument("--qualifier", help="version or alias")
    else:
        parser.add_argument("misplaced", nargs="?", help=argparse.SUPPRESS)
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


def target_of(options: argparse.Namespace) -> Target:
    """What the options name. Raises UsageError for a text that cannot be read."""
    from troubleshooter.errors import UsageError
    from troubleshooter.model import Target

    if misplaced := getattr(options, "misplaced", None):
        from troubleshooter.intake import meant

        raise UsageError(f"{misplaced}: preflight takes options alone; {meant(misplaced)}")
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
    if name == "-" and sys.stdin.isatty():
        say("troubleshooter: paste the error, then press Enter and Ctrl+D")
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise usage_error(f"--error-file {name}: {error.strerror}") from error
    text = decoded(content)
    if len(text) <= 2 * PASTED:
        return text
    left = len(text) - 2 * PASTED
    say(
        f"troubleshooter: the text is long: its first and last {PASTED >> 20} MiB are read, {left} characters between are not"
    )
    return f"{text[:PASTED]}\n[{left} characters left out]\n{text[-PASTED:]}"
