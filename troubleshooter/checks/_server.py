"""Whether a launch ends in a known server, and whether anything in an image speaks to Lambda."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from dataclasses import dataclass

from troubleshooter.checks._server_script import listens
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.tree import FileTree, Kind

DEEP = 5
"""Most programs that start each other."""
READ = 96 << 20
"""Bytes of code searched for the runtime's address."""

_SERVERS = {
    **dict.fromkeys(("uvicorn", "gunicorn", "hypercorn", "daphne", "waitress-serve", "uwsgi", "streamlit"), "python"),
    **dict.fromkeys(("next", "nuxt", "http-server", "serve", "vite", "nest"), "node"),
    **dict.fromkeys(("nginx", "httpd", "apache2", "php-fpm", "caddy", "puma", "rackup"), "other"),
}
_MODULES = frozenset({"uvicorn", "gunicorn", "hypercorn", "daphne", "waitress", "http.server", "streamlit", "flask"})
_WRAPPERS = frozenset({"tini", "dumb-init", "exec", "env", "nohup", "nice"})
_RUNS_NOTHING = frozenset({"build", "export", "lint", "init", "info", "generate", "help", "--help", "--version", "-v"})
_HARMLESS = re.compile(
    r"^\w+=\S*$|^(?:set|cd|echo|printf|export|umask|mkdir|chmod|sleep|test|\[\[?|fi|true|:|ls|date"
    r"|touch|rm|cp)(?:\s|;|$)|^(?:python3?\s+)?(?:\./)?manage\.py\s+(?:migrate|collectstatic|check)\b|^alembic\s+upgrade\b"
)
"""Commands of a start script that neither read another script nor start what may be a runtime client."""
_KEYWORDS = re.compile(r"^\s*(?:(?:if|then|elif|else|do|while|until|!)(?:\s+|$))+")
_ASKS = re.compile(r"lambda|\bAWS_|\b_HANDLER\b|`|\$\(", re.IGNORECASE)
"""What a start script may decide by, or start, that its own words do not show."""
_PYTHON = re.compile(r"^python(?:\d+(?:\.\d+)?)?$")
_CLIENTS = re.compile(
    r"/(?:awslambdaric|aws-lambda-ric|aws_lambda_ric|aws-lambda-rie|aws-lambda-java-runtime-interface-client[^/]*"
    r"|lambda-adapter|lambda-entrypoint\.sh)(?:/|$)|^/var/runtime/bootstrap$|^/(?:var/task|opt)/bootstrap$"
    r"|/(?:bref|serverless-express-runtime|lambda_runtime|lambda-runtime)(?:/|$)"
)
_ADDRESS = b"AWS_LAMBDA_RUNTIME_API"
_TEXTS = (".py", ".js", ".mjs", ".cjs", ".sh", ".ts", ".rb", ".php")


@dataclass(frozen=True, slots=True)
class Server:
    """A program that waits for connections."""

    name: str
    language: str
    path: str = ""
    because: str = ""
    script: bool = False
    """Known by its own text alone."""


@dataclass(frozen=True, slots=True)
class _Around:
    """Where programs are looked for."""

    tree: FileTree
    path: str
    """PATH."""


def server_of(launch: EffectiveLaunch, tree: FileTree) -> Server | None:
    """The server that the launch certainly ends in; None where it ends in something else, or that could not be told."""
    return _server(list(launch.argv), launch.workdir or "/", _Around(tree, launch.path or ""), 0)


def _server(argv: list[str], cwd: str, around: _Around, depth: int) -> Server | None:
    while argv and posixpath.basename(argv[0]) in _WRAPPERS:
        argv = argv[1:]
        while argv and (argv[0].startswith("-") or re.match(r"^\w+=", argv[0])):
            argv = argv[1:]
    if not argv or depth > DEEP:
        return None
    name, rest = posixpath.basename(argv[0]), argv[1:]
    if name in _SERVERS:
        if _RUNS_NOTHING & set(rest[:1]) or not _is_the_tool(argv[0], cwd, around):
            return None
        return Server(name, _SERVERS[name], argv[0] if argv[0].startswith("/") else "", " ".join(argv)[:200])
    if _PYTHON.match(name):
        return _python(rest, cwd, around.tree)
    if name in ("node", "nodejs"):
        return _script(next((w for w in rest if not w.startswith("-")), ""), cwd, around.tree, "node")
    if name in ("npm", "yarn", "pnpm"):
        return _npm(rest, cwd, around, depth)
    if name == "npx" and rest:
        return _server(rest, cwd, around, depth + 1)
    if name in ("sh", "bash", "ash", "dash"):
        if len(rest) > 1 and rest[0] in ("-c", "-lc", "-ec"):
            return _line(rest[1], cwd, around, depth)
        return _entry_script(rest, cwd, around, depth)
    return _entry_script(argv, cwd, around, depth)


def _entry_script(argv: list[str], cwd: str, around: _Around, depth: int) -> Server | None:
    """What a shell script ends in, where that is one `exec` at its end and nothing in it decides between two ways."""
    if not argv or argv[0].startswith("-") or ("/" not in argv[0] and not around.tree.is_file(argv[0], cwd=cwd)):
        return None
    head = around.tree.resolve(argv[0], cwd=cwd).entry
    if head is None or not re.match(rb"#!\s*/(?:usr/)?bin/(?:env )?(?:ba|da|a)?sh\b", head.head):
        return None
    text = around.tree.text(argv[0], cwd=cwd) or ""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    commands = re.findall(
        r"(?:^|[;&|]|\bthen|\belse|\bdo)\s*(?:exec|exit|return|set --)\b", "\n".join(lines), re.MULTILINE
    )
    if not lines or not lines[-1].startswith("exec ") or len(commands) != 1 or _ASKS.search(text):
        return None
    parts = (_KEYWORDS.sub("", part).strip() for line in lines[:-1] for part in re.split(r"[;&|]+", line))
    if not all(_HARMLESS.match(part) for part in parts if part):
        return None
    last = lines[-1].removeprefix("exec ").strip()
    if last in ('"$@"', "$@", '"${@}"'):
        return _server(argv[1:], cwd, around, depth + 1)
    return _line(last.replace('"$@"', "").strip(), cwd, around, depth)


def _is_the_tool(program: str, cwd: str, around: _Around) -> bool:
    """Whether the program is there and, for tools written in a script language, is a script: others have such names too."""
    folders = [cwd] if "/" in program else around.path.split(":")
    for folder in folders:
        entry = around.tree.resolve(posixpath.join(folder, program), cwd=cwd).entry
        if entry is not None and entry.kind is Kind.FILE:
            name = posixpath.basename(program)
            return name == "uwsgi" or _SERVERS[name] == "other" or entry.head.startswith(b"#!")
    return False


def _line(line: str, cwd: str, around: _Around, depth: int) -> Server | None:
    """One simple command of shell."""
    if re.search(r"[;&|<>`(){}\n]", re.sub(r"\$\{\w+(?::?-\w*)?\}", "0", line)):
        return None
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    return _server(words, cwd, around, depth + 1)


def _python(rest: list[str], cwd: str, tree: FileTree) -> Server | None:
    while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c"):
        rest = rest[2:] if rest[0] in ("-X", "-W") else rest[1:]
    if rest[:1] == ["-m"] and len(rest) > 1:
        return Server(rest[1], "python", "", f"python -m {rest[1]}") if rest[1] in _MODULES else None
    if not rest or rest[0] == "-c":
        return None
    if posixpath.basename(rest[0]) == "manage.py" and "runserver" in rest[1:2]:
        return Server("manage.py runserver", "python", posixpath.join(cwd, rest[0]), "manage.py runserver")
    return _script(rest[0], cwd, tree, "python")


def _script(name: str, cwd: str, tree: FileTree, language: str) -> Server | None:
    """A script whose own text opens a port."""
    if not name:
        return None
    path = posixpath.normpath(posixpath.join(cwd, name))
    text = tree.text(path)
    found = listens(text, language) if text is not None else ""
    return Server(name, language, path, found, script=True) if found else None


def _npm(rest: list[str], cwd: str, around: _Around, depth: int) -> Server | None:
    words = [w for w in rest if not w.startswith("-")]
    name = words[1] if words[:1] == ["run"] and len(words) > 1 else words[0] if words else ""
    try:
        data = json.loads(around.tree.text(posixpath.join(cwd, "package.json")) or "null")
        line = data["scripts"][name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return _line(line, cwd, around, depth) if isinstance(line, str) else None


def client_of(tree: FileTree) -> str:
    """A runtime client that lies in the image; empty where there is none."""
    found = (path for path in tree if _CLIENTS.search(path) and not path.startswith("/opt/extensions/"))
    clients = [p for p in found if "aws-lambda-rie" not in p and "lambda-adapter" not in p]
    return min(clients, key=lambda p: (p.count("/"), p), default="")


def speaks_to_lambda(tree: FileTree) -> str:
    """A file of the image that is, or may be, a runtime client or an adapter; empty where there certainly is none."""
    for name in tree.children("/opt/extensions"):
        return f"/opt/extensions/{name}"
    size = 0
    for path in tree:
        if _CLIENTS.search(path):
            return path
        if path.endswith(_TEXTS) and "/node_modules/npm/" not in path:
            content = tree.read(path)
            size += len(content or b"")
            if content is not None and _ADDRESS in content:
                return path
            if size > READ:
                return "a file that was not read"
    return ""
