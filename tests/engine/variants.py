"""Images that each show one failure mode, or look as if they did: how to build them and what the emulator says of them.

`blames` is the failure mode that a static look at the image has to name; none on a healthy look-alike.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import docker

from tests.lab.bases import ENTRYPOINT
from tests.lab.elf import elf
from tests.lab.emulator import Launch

APP = "def handler(event, context):\n    print('in handler')\n    return {'ok': True}\n"
INDEX = "exports.handler = async (event) => { console.log('in handler'); return { ok: true }; };\n"
EXEC_FORMAT = "exec format error"
NO_FILE = "no such file or directory"
NEEDS_HANDLER = "entrypoint requires the handler name to be the first argument"


@dataclass(frozen=True)
class File:
    """Content with a mode."""

    content: str | bytes
    mode: int = 0o755


Files = Mapping[str, "str | bytes | File"]


@dataclass(frozen=True)
class Expected:
    """What the emulator says. Empty fields are not looked at; `error` None means that the handler answered."""

    error: str | None = None
    """The runtime client's error type, else Lambda's name of the first fatal error."""
    init_error: str = ""
    """In the emulator's words of the failed init."""
    exit: str = ""
    log: str = ""
    """In the log."""
    absent: str = ""
    """Not in the log while the environment is frozen after the answer."""


@dataclass(frozen=True)
class Variant:
    """One image."""

    id: str
    kind: str = "python"
    """Of the base: `python` or `node`."""
    files: Files = field(default_factory=dict)
    """By absolute path; a handler is there anyway."""
    build: tuple[str, ...] = ()
    """Further lines of the Dockerfile."""
    command: str | None = ""
    """The line `CMD …`; a working one if empty, none if None."""
    base: str = ""
    """In place of the kind's amd64 base."""
    launch: Launch = field(default_factory=Launch)
    """The function's ImageConfig."""
    blames: str = ""
    expected: Expected = field(default_factory=Expected)
    commit: str = ""
    """A last instruction that is only written down. A builder makes the folder of WORKDIR; other tools do not."""
    freeze_s: float | None = None
    remove_workdir: bool = False

    @property
    def dockerfile(self) -> str:
        handler = "index.handler" if self.kind == "node" else "app.handler"
        command = f"CMD {json.dumps([handler])}" if self.command == "" else self.command
        base = self.base or f"lab/{self.kind}:amd64"
        return "\n".join([f"FROM {base}", "COPY root/ /", *self.build, *([command] if command else [])]) + "\n"

    def build_in(self, client: docker.DockerClient) -> str:
        """Builds it and returns its tag."""
        handler = {"/var/task/index.js": INDEX} if self.kind == "node" else {"/var/task/app.py": APP}
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            _add(tar, "Dockerfile", self.dockerfile)
            for path, content in {**handler, **self.files}.items():
                _add(tar, f"root{path}", content)
        context.seek(0)
        tag = f"lab/variant:{hashlib.sha256(self.id.encode()).hexdigest()[:12]}"
        client.images.build(fileobj=context, custom_context=True, rm=True, network_mode="none", tag=tag)
        if self.commit:
            container = client.containers.create(tag)
            container.commit(*tag.split(":"), changes=self.commit)
            container.remove()
        return tag


def _add(tar: tarfile.TarFile, name: str, content: str | bytes | File) -> None:
    file = content if isinstance(content, File) else File(content, 0o644)
    data = file.content.encode() if isinstance(file.content, str) else file.content
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), file.mode
    tar.addfile(member, io.BytesIO(data))


def _entrypoint(id: str, content: str | bytes | File, blames: str, init_error: str) -> Variant:
    """A variant whose entrypoint script is another."""
    file = content if isinstance(content, File) else File(content)
    expected = Expected("Runtime.InvalidEntrypoint", init_error)
    return Variant(id, files={"/lambda-entrypoint.sh": file}, blames=blames, expected=expected)


SPAWN = (
    Variant(
        "arm64 image",
        base="lab/python:arm64",
        blames="arch_image_function_mismatch",
        expected=Expected("Runtime.InvalidEntrypoint", EXEC_FORMAT),
    ),
    Variant(
        "arm64 interpreter in an amd64 image",
        build=("COPY --from=lab/python:arm64 /var/lang/bin/python3.11 /var/lang/bin/python3.11",),
        blames="arch_mixed_multistage",
        expected=Expected("Runtime.ExitError", exit="exit status 126", log="Exec format error"),
    ),
    Variant(
        "entrypoint override names a program of another image",
        launch=Launch(entrypoint=("/usr/local/bin/python", "-m", "awslambdaric"), command=("app.handler",)),
        blames="entrypoint_override_wrong",
        expected=Expected("Runtime.InvalidEntrypoint", NO_FILE),
    ),
    Variant(
        "entrypoint override is the handler",
        launch=Launch(entrypoint=("app.handler",)),
        blames="entrypoint_override_wrong",
        expected=Expected("Runtime.InvalidEntrypoint"),
    ),
    Variant(
        "entrypoint missing",
        build=('ENTRYPOINT ["/no-such-entrypoint.sh"]',),
        blames="entrypoint_missing_file",
        expected=Expected("Runtime.InvalidEntrypoint", f"/no-such-entrypoint.sh: {NO_FILE}"),
    ),
    _entrypoint("entrypoint with Windows line ends", ENTRYPOINT.replace("\n", "\r\n"), "entrypoint_crlf", NO_FILE),
    _entrypoint("entrypoint not executable", File(ENTRYPOINT, 0o644), "entrypoint_not_executable", "permission denied"),
    _entrypoint("entrypoint without #!", ENTRYPOINT.split("\n", 1)[1], "entrypoint_no_shebang_or_bom", EXEC_FORMAT),
    _entrypoint(
        "entrypoint behind a byte order mark",
        b"\xef\xbb\xbf" + ENTRYPOINT.encode(),
        "entrypoint_no_shebang_or_bom",
        EXEC_FORMAT,
    ),
    _entrypoint(
        "entrypoint for an absent interpreter",
        ENTRYPOINT.replace("#!/bin/sh", "#!/usr/bin/zsh"),
        "entrypoint_interpreter_missing",
        NO_FILE,
    ),
    Variant(
        "entrypoint is a directory",
        files={"/entry/file": ""},
        build=('ENTRYPOINT ["/entry"]',),
        blames="entrypoint_is_directory",
        expected=Expected("Runtime.InvalidEntrypoint", "permission denied"),
    ),
    Variant(
        "entrypoint for an absent loader",
        files={"/entry": File(elf(interpreter="/lib/ld-musl-x86_64.so.1", needed=["libc.so"]))},
        build=('ENTRYPOINT ["/entry"]',),
        blames="entrypoint_loader_missing",
        expected=Expected("Runtime.InvalidEntrypoint", NO_FILE),
    ),
    Variant(
        "entrypoint without a path",
        build=('ENTRYPOINT ["lambda-entrypoint.sh"]',),
        blames="entrypoint_relative_path",
        expected=Expected("Runtime.InvalidEntrypoint", "executable file not found in $PATH"),
    ),
    Variant(
        "entrypoint in a closed folder",
        files={"/closed/entry.sh": File(ENTRYPOINT)},
        build=('RUN ["/bin/busybox", "chmod", "0700", "/closed"]', 'ENTRYPOINT ["/closed/entry.sh"]'),
        blames="perm_entrypoint_path_unreadable",
        expected=Expected("Runtime.InvalidEntrypoint", "permission denied"),
    ),
    Variant(
        "env with a Windows line end",
        files={"/lambda-entrypoint.sh": File(ENTRYPOINT.replace("#!/bin/sh\n", "#!/bin/env sh\r\n", 1))},
        blames="entrypoint_env_crlf",
        expected=Expected("Runtime.ExitError", exit="exit status 127", log="sh\r"),
    ),
    Variant(
        "exec wrapper missing",
        build=("ENV AWS_LAMBDA_EXEC_WRAPPER=/opt/otel-instrument",),
        blames="exec_wrapper_missing",
        expected=Expected("Runtime.ExitError", exit="exit status 127", log="/opt/otel-instrument"),
    ),
    Variant(
        "exec wrapper not executable",
        files={"/opt/wrapper": '#!/bin/sh\nexec "$@"\n'},
        build=("ENV AWS_LAMBDA_EXEC_WRAPPER=/opt/wrapper",),
        blames="exec_wrapper_not_executable",
        expected=Expected("Runtime.ExitError", exit="exit status 126", log="/opt/wrapper"),
    ),
    Variant(
        "working directory missing",
        commit="WORKDIR /nowhere",
        remove_workdir=True,
        blames="workdir_missing",
        expected=Expected("Runtime.InvalidWorkingDir", "the working directory doesn't exist: /nowhere"),
    ),
    Variant(
        "working directory override missing",
        launch=Launch(workdir="/app"),
        remove_workdir=True,
        blames="workdir_missing",
        expected=Expected("Runtime.InvalidWorkingDir", "the working directory doesn't exist: /app"),
    ),
)

COMMAND = (
    Variant(
        "no command",
        command=None,
        blames="cmd_missing",
        expected=Expected("Runtime.ExitError", exit="exit status 142", log=NEEDS_HANDLER),
    ),
    Variant(
        "command in shell form",
        command="CMD app.handler",
        blames="cmd_shell_form",
        expected=Expected("Runtime.ExitError", exit="exit status 142", log=NEEDS_HANDLER),
    ),
    Variant(
        "command of two words",
        command='CMD ["python", "app.py"]',
        blames="cmd_multiple_args",
        expected=Expected("Runtime.ExitError", exit="exit status 142", log=NEEDS_HANDLER),
    ),
    Variant(
        "command override names another image's handler",
        launch=Launch(command=("worker.handler",)),
        blames="imageconfig_command_wrong",
        expected=Expected("Runtime.ImportModuleError", log="No module named 'worker'"),
    ),
    Variant(
        "handler module missing",
        command='CMD ["lambda_handler.handler"]',
        blames="handler_module_missing",
        expected=Expected("Runtime.ImportModuleError", log="No module named 'lambda_handler'"),
    ),
    Variant(
        "handler function missing",
        command='CMD ["app.lambda_handler"]',
        blames="handler_export_missing",
        expected=Expected("Runtime.HandlerNotFound", log="Handler 'lambda_handler' missing on module 'app'"),
    ),
    Variant(
        "handler without a dot",
        command='CMD ["app"]',
        blames="handler_malformed",
        expected=Expected("Runtime.MalformedHandlerName", log="Bad handler 'app'"),
    ),
    Variant(
        "node handler module missing",
        kind="node",
        command='CMD ["dist/main.handler"]',
        blames="handler_module_missing",
        expected=Expected("Runtime.ImportModuleError", log="Cannot find module 'main'"),
    ),
    Variant(
        "node handler function missing",
        kind="node",
        files={"/var/task/index.js": "exports.main = async () => 1;\n"},
        blames="handler_export_missing",
        expected=Expected("Runtime.HandlerNotFound", log="index.handler is undefined or not exported"),
    ),
)

CODE = (
    Variant(
        "no entrypoint at all",
        build=("ENTRYPOINT []",),
        blames="entrypoint_none",
        expected=Expected("Runtime.InvalidEntrypoint", "executable file not found in $PATH"),
    ),
    Variant(
        "node default export",
        kind="node",
        files={"/var/task/main.mjs": "export default async () => ({ ok: true });\n"},
        command='CMD ["main.handler"]',
        blames="node_default_export",
        expected=Expected("Runtime.HandlerNotFound", log="main.handler is undefined or not exported"),
    ),
    Variant(
        "node handler in a file with a dot",
        kind="node",
        files={"/var/task/api.users.js": INDEX},
        command='CMD ["api.users.handler"]',
        blames="node_handler_dotted_file",
        expected=Expected("Runtime.ImportModuleError", log="Cannot find module 'api'"),
    ),
    Variant(
        "handler module named like a built-in one",
        files={"/var/task/time.py": APP},
        command='CMD ["time.handler"]',
        blames="py_builtin_conflict",
        expected=Expected("Runtime.BuiltInModuleConflict", log="Cannot use built-in module time"),
    ),
    Variant(
        "handler with a leading slash",
        command='CMD ["/var/task/app.handler"]',
        blames="py_handler_leading_slash",
        expected=Expected("TypeError", log="relative import"),
    ),
    Variant(
        "dependency of another interpreter",
        files={
            "/var/task/app.py": "import requests\n" + APP,
            "/usr/lib/python3/dist-packages/requests/__init__.py": "",
            "/usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA": "Name: requests\nVersion: 2.31.0\n",
            "/usr/lib/python3/dist-packages/requests-2.31.0.dist-info/top_level.txt": "requests\n",
        },
        blames="py_installed_in_wrong_place",
        expected=Expected("Runtime.ImportModuleError", log="No module named 'requests'"),
    ),
    Variant(
        "syntax of a newer Python",
        files={"/var/task/app.py": "type Number = int | float\n" + APP},
        blames="py_syntax_version",
        expected=Expected("Runtime.UserCodeSyntaxError", log="invalid syntax (app.py, line 1)"),
    ),
    Variant(
        "export in a CommonJS file",
        kind="node",
        files={"/var/task/index.js": "export const handler = async () => ({ ok: true });\n"},
        blames="node_esm_in_cjs",
        expected=Expected("Runtime.UserCodeSyntaxError", log="Unexpected token 'export'"),
    ),
    Variant(
        "import in a CommonJS file",
        kind="node",
        files={"/var/task/index.js": "import fs from 'node:fs';\nexport const handler = async () => fs.sep;\n"},
        blames="node_esm_in_cjs",
        expected=Expected("Runtime.UserCodeSyntaxError", log="Cannot use import statement outside a module"),
    ),
    Variant(
        "exports in an ES module",
        kind="node",
        files={"/var/task/package.json": '{"type": "module"}'},
        blames="node_cjs_in_esm",
        expected=Expected("ReferenceError", log="exports is not defined in ES module scope"),
    ),
    Variant(
        "python dependency missing",
        files={"/var/task/app.py": "import requests\n" + APP},
        blames="py_dep_missing",
        expected=Expected("Runtime.ImportModuleError", log="No module named 'requests'"),
    ),
    Variant(
        "python distribution named like the import",
        files={
            "/var/task/app.py": "from strands import Agent\n" + APP,
            "/var/task/requirements.txt": "strands>=0.2.0\n",
        },
        blames="py_dist_vs_import_name",
        expected=Expected("Runtime.ImportModuleError", log="No module named 'strands'"),
    ),
    Variant(
        "node dependency missing",
        kind="node",
        files={"/var/task/index.js": "const l = require('@vectors/store');\n" + INDEX},
        blames="node_dep_missing",
        expected=Expected("Runtime.ImportModuleError", log="Cannot find module '@vectors/store'"),
    ),
)

TASK = """import asyncio


async def work():
    print("work began")
    await asyncio.sleep(0.3)
    print("work done")


async def main():
    {start}
    await asyncio.sleep(0)
    return {{"status": "started"}}


def handler(event, context):
    return asyncio.run(main())
"""
TIMER = """const later = () => new Promise((resolve) => setTimeout(resolve, 300));
async function work() {{
  await later();
  console.log('work done');
}}
exports.handler = async () => {{
  {start}
  return {{ status: 'started' }};
}};
"""
THREAD = """import threading
import time


def work():
    time.sleep(0.3)
    print("work done")


def handler(event, context):
    thread = threading.Thread(target=work)
    thread.start()
    {end}
    return {{"status": "started"}}
"""
COMPLETION = (
    Variant(
        "thread frozen with the environment",
        files={"/var/task/app.py": THREAD.format(end="")},
        freeze_s=0.6,
        blames="background_thread",
        expected=Expected(absent="work done"),
    ),
    Variant(
        "task lost when asyncio.run returns",
        files={"/var/task/app.py": TASK.format(start="asyncio.create_task(work())")},
        freeze_s=0.6,
        blames="background_python_task",
        expected=Expected(log="work began", absent="work done"),
    ),
    Variant(
        "promise frozen with the environment",
        kind="node",
        files={"/var/task/index.js": TIMER.format(start="work();")},
        freeze_s=0.6,
        blames="background_node_promise",
        expected=Expected(absent="work done"),
    ),
)

HEALTHY = (
    Variant("python", expected=Expected(log="in handler")),
    Variant("node", kind="node", expected=Expected(log="in handler")),
    Variant(
        "command override alone keeps the image's entrypoint",
        files={"/var/task/worker.py": APP},
        launch=Launch(command=("worker.handler",)),
        expected=Expected(log="in handler"),
    ),
    Variant(
        "no command, but an override",
        command=None,
        launch=Launch(command=("app.handler",)),
        expected=Expected(log="in handler"),
    ),
    Variant(
        "nested handler path",
        files={"/var/task/api/v1/users.py": APP},
        command='CMD ["api/v1/users.handler"]',
        expected=Expected(log="in handler"),
    ),
    Variant(
        "nested node handler path",
        kind="node",
        files={"/var/task/http/any-api-streams-000/index.js": INDEX},
        command='CMD ["http/any-api-streams-000/index.handler"]',
        expected=Expected(log="in handler"),
    ),
    Variant(
        "ES module with type: module",
        kind="node",
        files={
            "/var/task/package.json": '{"type": "module"}',
            "/var/task/index.js": "import fs from 'node:fs';\nexport const handler = async () => typeof fs.read;\n",
        },
    ),
    Variant(
        "exec wrapper",
        files={"/opt/wrapper": File('#!/bin/sh\necho wrapped\nexec "$@"\n')},
        build=("ENV AWS_LAMBDA_EXEC_WRAPPER=/opt/wrapper",),
        expected=Expected(log="wrapped"),
    ),
    Variant(
        "entrypoint on PATH without a path",
        build=('ENTRYPOINT ["sh", "/lambda-entrypoint.sh"]',),
        expected=Expected(log="in handler"),
    ),
    Variant(
        "dependency in the interpreter's own folder",
        files={
            "/var/task/app.py": "import requests\n" + APP,
            "/var/lang/lib/python3.11/site-packages/requests/__init__.py": "",
        },
        expected=Expected(log="in handler"),
    ),
    Variant(
        "scoped dependency",
        kind="node",
        files={
            "/var/task/index.js": "require('@vectors/store');\n" + INDEX,
            "/var/task/node_modules/@vectors/store/package.json": '{"main": "dist/main.js"}',
            "/var/task/node_modules/@vectors/store/dist/main.js": "",
        },
        expected=Expected(log="in handler"),
    ),
    Variant(
        "ES module by its file name",
        kind="node",
        files={
            "/var/task/main.mjs": "import fs from 'node:fs';\nexport const handler = async () => typeof fs.read;\n",
        },
        command='CMD ["main.handler"]',
    ),
    Variant(
        "guarded and deferred imports",
        files={
            "/var/task/app.py": "try:\n    import orjson\nexcept ImportError:\n    orjson = None\n"
            "def unused():\n    import numpy\n" + APP
        },
        expected=Expected(log="in handler"),
    ),
    Variant(
        "task awaited",
        files={"/var/task/app.py": TASK.format(start="await asyncio.create_task(work())")},
        expected=Expected(log="work done"),
    ),
    Variant(
        "thread joined",
        files={"/var/task/app.py": THREAD.format(end="thread.join()")},
        expected=Expected(log="work done"),
    ),
    Variant(
        "promise awaited",
        kind="node",
        files={"/var/task/index.js": TIMER.format(start="await work();")},
        expected=Expected(log="work done"),
    ),
)

BROKEN = (*SPAWN, *COMMAND, *CODE, *COMPLETION)
ALL = (*BROKEN, *HEALTHY)
