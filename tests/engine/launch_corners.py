"""Corners of launching and loading, beside the variants: first lines, PATH, links, rights, plain clients, extensions, code.

Not among them, because nothing here shows them: `npx aws-lambda-ric` and its cache (the bases have no npm), the Lambda Web
Adapter (no package brings it), Node.js 22 and 24 (the client's package is built for one version), `env -S` (the bases'
`env` is busybox's, which has no such option), and how long an init takes (the emulator does not end it).
"""

from __future__ import annotations

from tests.engine.variants import APP, INDEX, NO_FILE, Expected, File, Variant
from tests.lab.elf import elf

BUSYBOX = "/bin/busybox"
PASSES_ON = '#!/bin/sh\nexec /lambda-entrypoint.sh "$@"\n'
PLAIN = '["/var/lang/bin/python3.11", "-m", "awslambdaric"]'
LOADER = "/lib64/ld-linux-x86-64.so.2"


def run(*words: str) -> str:
    """A RUN line without a shell."""
    quoted = ", ".join(f'"{word}"' for word in (BUSYBOX, *words))
    return f"RUN [{quoted}]"


def _starts(id: str, entrypoint: str, *build: str, **others: object) -> Variant:
    return Variant(id, build=(*build, f"ENTRYPOINT {entrypoint}"), **others)  # type: ignore[arg-type]


SPAWN_CORNERS = (
    _starts(
        "entrypoint is a link to itself",
        '["/loop"]',
        run("ln", "-s", "/loop", "/loop"),
        blames="entrypoint_missing_file",
        expected=Expected("Runtime.InvalidEntrypoint", "too many levels of symbolic links"),
    ),
    _starts(
        "entrypoint is a link to nothing",
        '["/entry"]',
        run("ln", "-s", "/opt/gone/entry.sh", "/entry"),
        blames="entrypoint_missing_file",
        expected=Expected("Runtime.InvalidEntrypoint", NO_FILE),
    ),
    _starts(
        "entrypoint is empty",
        '["/entry"]',
        files={"/entry": File("")},
        blames="entrypoint_no_shebang_or_bom",
        expected=Expected("Runtime.InvalidEntrypoint", "exec format error"),
    ),
    _starts(
        "interpreters that are scripts, too many",
        '["/s1"]',
        files={**{f"/s{i}": File(f"#!/s{i + 1}\n") for i in range(1, 8)}, "/s8": File("#!/bin/sh\n")},
        blames="entrypoint_no_shebang_or_bom",
        expected=Expected("Runtime.InvalidEntrypoint", "too many levels of symbolic links"),
    ),
    _starts(
        "relative entrypoint that is not there",
        '["./entry.sh"]',
        blames="entrypoint_relative_path",
        expected=Expected("Runtime.InvalidEntrypoint", NO_FILE),
    ),
    _starts(
        "script that others may execute and not read",
        '["/entry"]',
        files={"/entry": File(PASSES_ON, 0o711)},
        blames="perm_entrypoint_path_unreadable",
        expected=Expected("Runtime.ExitError", exit="exit status 126", log="Permission denied"),
    ),
    _starts(
        "interpreter in a closed folder",
        '["/entry"]',
        run("mkdir", "-p", "/root/bin"),
        run("cp", "/bin/bash", "/root/bin/bash"),
        run("chmod", "0700", "/root"),
        files={"/entry": File("#!/root/bin/bash\n" + PASSES_ON)},
        blames="perm_entrypoint_path_unreadable",
        expected=Expected("Runtime.InvalidEntrypoint", "permission denied"),
    ),
    _starts(
        "bare name and a PATH without the base's folders",
        '["sh", "/lambda-entrypoint.sh"]',
        "ENV PATH=/opt/venv/bin",
        blames="env_path_clobbered",
        expected=Expected("Runtime.InvalidEntrypoint", "executable file not found in $PATH"),
    ),
    _starts(
        "env and a PATH without the base's folders",
        '["/entry"]',
        "ENV PATH=/opt/venv/bin",
        files={"/entry": File("#!/bin/env python3\n")},
        blames="env_path_clobbered",
        expected=Expected("Runtime.ExitError", exit="exit status 127", log="python3"),
    ),
    _starts(
        "start script and a PATH without the base's folders",
        '["/entry.sh"]',
        "ENV PATH=/opt/venv/bin PYTHONPATH=/var/runtime",
        files={"/entry.sh": File('#!/bin/sh\nexec python3 -m awslambdaric "$@"\n')},
        blames="env_path_clobbered",
        expected=Expected("Runtime.ExitError", exit="exit status 127", log="python3"),
    ),
    _starts(
        "LD_LIBRARY_PATH without the base's folders",
        '["/entry"]',
        "ENV LD_LIBRARY_PATH=/opt/mylibs",
        files={
            "/entry": File(elf(interpreter=LOADER, needed=["libown.so"])),
            "/var/lang/lib/libown.so": elf(shared=True),
        },
        blames="env_path_clobbered",
        expected=Expected("Runtime.ExitError", exit="exit status 127", log="libown.so"),
    ),
    Variant(
        "entry script without its bootstrap",
        build=(run("rm", "/var/runtime/bootstrap"),),
        blames="zip_missing_bootstrap",
        expected=Expected("Runtime.ExitError", exit="exit status 127", log="/var/runtime/bootstrap"),
    ),
    _starts(
        "plain client that is not installed",
        PLAIN,
        blames="ric_missing",
        expected=Expected("Runtime.ExitError", exit="exit status 1", log="No module named awslambdaric"),
    ),
    _starts(
        "plain client looks in the working directory",
        PLAIN,
        "ENV PYTHONPATH=/var/runtime",
        "WORKDIR /srv",
        blames="handler_module_missing",
        expected=Expected("Runtime.ImportModuleError", log="No module named 'app'"),
    ),
    _starts(
        "server in the client's place",
        '["/var/lang/bin/python3.11", "-m", "http.server", "8099"]',
        command=None,
        blames="image_entrypoint_hides_ric",
        expected=Expected("no answer"),
    ),
    Variant(
        "extension for another CPU",
        files={"/opt/extensions/agent": File(elf("arm64"))},
        blames="extension_arch_mismatch",
        expected=Expected("Extension.LaunchError"),
    ),
    Variant(
        "extension without #!",
        files={"/opt/extensions/agent": File("echo up\n")},
        blames="extension_launch_failure",
        expected=Expected("Extension.LaunchError"),
    ),
    Variant(
        "extension for an absent interpreter",
        files={"/opt/extensions/agent": File("#!/usr/bin/ruby\n")},
        blames="extension_launch_failure",
        expected=Expected("Extension.LaunchError"),
    ),
    Variant(
        "file in the extensions' folder that is not executable",
        files={"/opt/extensions/README.md": "read me\n"},
        blames="extension_launch_failure",
        expected=Expected("Extension.LaunchError"),
    ),
)

CODE_CORNERS = (
    Variant(
        "handler that others may not read",
        files={"/var/task/app.py": File(APP, 0o600)},
        blames="perm_files_unreadable",
        expected=Expected("PermissionError", log="Permission denied"),
    ),
    Variant(
        "folder of the task that others may not enter",
        files={"/var/task/lib/util.py": "", "/var/task/app.py": "import lib.util\n" + APP},
        build=(run("chmod", "0700", "/var/task/lib"),),
        blames="perm_files_unreadable",
        expected=Expected("Runtime.ImportModuleError"),
    ),
    Variant(
        "node handler that others may not read",
        kind="node",
        files={"/var/task/index.js": File(INDEX, 0o600)},
        blames="perm_files_unreadable",
        expected=Expected("Error", log="EACCES"),
    ),
    Variant(
        "require in an ES module by its name",
        kind="node",
        files={"/var/task/main.mjs": "const fs = require('fs');\nexport const handler = async () => typeof fs.read;\n"},
        command='CMD ["main.handler"]',
        blames="node_cjs_in_esm",
        expected=Expected("ReferenceError", log="require is not defined in ES module scope"),
    ),
    Variant(
        "CommonJS below a package.json of modules",
        kind="node",
        files={"/var/task/package.json": '{"type": "module"}', "/var/task/dist/index.js": INDEX},
        command='CMD ["dist/index.handler"]',
        blames="node_cjs_in_esm",
        expected=Expected("ReferenceError", log="exports is not defined in ES module scope"),
    ),
    Variant(
        "require of a package of modules",
        kind="node",
        files={
            "/var/task/index.js": "const l = require('esm-only');\n" + INDEX,
            "/var/task/node_modules/esm-only/package.json": '{"type": "module", "main": "index.js"}',
            "/var/task/node_modules/esm-only/index.js": "export const a = 1;\n",
        },
        blames="node_require_esm_disabled",
        expected=Expected("Error", log="ERR_REQUIRE_ESM"),
    ),
    Variant(
        "bundle that replaces its exports",
        kind="node",
        files={"/var/task/index.js": INDEX + "module.exports = { main: 1 };\n"},
        blames="node_handler_overwritten_by_bundler",
        expected=Expected("Runtime.HandlerNotFound"),
    ),
    Variant(
        "handler writes beside its code",
        files={"/var/task/app.py": "def handler(event, context):\n    open('/var/task/state.json', 'w')\n"},
        blames="fs_read_only",
        expected=Expected("OSError", log="Read-only file system"),
    ),
    Variant(
        "module writes to the working directory",
        files={"/var/task/app.py": "open('log.txt', 'a').write('x')\n" + APP},
        blames="fs_read_only",
        expected=Expected("OSError", log="Read-only file system"),
    ),
    Variant(
        "node handler writes beside its code",
        kind="node",
        files={
            "/var/task/index.js": "const fs = require('fs');\nexports.handler = async () => {\n"
            "  fs.writeFileSync('/var/task/state.json', '{}');\n};\n"
        },
        blames="fs_read_only",
        expected=Expected("Error", log="EROFS"),
    ),
    Variant(
        "handler ends the process",
        files={"/var/task/app.py": "import sys\n\ndef handler(event, context):\n    sys.exit(3)\n"},
        blames="sys_exit_in_code",
        expected=Expected("Runtime.ExitError"),
    ),
    Variant(
        "module ends the process",
        files={"/var/task/app.py": APP + "import sys\nsys.exit(0)\n"},
        blames="sys_exit_in_code",
        expected=Expected("Runtime.ExitError"),
    ),
    Variant(
        "node handler ends the process",
        kind="node",
        files={"/var/task/index.js": "exports.handler = async () => { process.exit(4); };\n"},
        blames="sys_exit_in_code",
        expected=Expected("Runtime.ExitError"),
    ),
    Variant(
        "promise that nothing settles",
        kind="node",
        files={"/var/task/index.js": "exports.handler = async () => { await new Promise(() => {}); };\n"},
        blames="node_promise_never_settles",
        # The client answers null, with success, once nothing is left to wait for.
        expected=Expected(),
    ),
)

HEALTHY_CORNERS = (
    _starts(
        "interpreter that is a script",
        '["/outer"]',
        files={
            "/outer": File("#!/inner\n"),
            "/inner": File('#!/bin/sh\nshift\nexec /lambda-entrypoint.sh "$@"\n'),
        },
        expected=Expected(log="in handler"),
    ),
    _starts(
        "blanks and an option in the first line",
        '["/entry"]',
        files={"/entry": File('#!  /bin/sh   -e\nexec /lambda-entrypoint.sh "$@"\n')},
        expected=Expected(log="in handler"),
    ),
    _starts(
        "env in the first line",
        '["/entry"]',
        files={"/entry": File('#!/bin/env sh\nexec /lambda-entrypoint.sh "$@"\n')},
        expected=Expected(log="in handler"),
    ),
    _starts(
        "relative entrypoint in the working directory",
        '["./entry.sh"]',
        files={"/var/task/entry.sh": File(PASSES_ON)},
        expected=Expected(log="in handler"),
    ),
    _starts(
        "entrypoint through links",
        '["/current/entry.sh"]',
        run("ln", "-s", "releases/v2", "/current"),
        run("ln", "-s", "/lambda-entrypoint.sh", "/releases/v2/entry.sh"),
        files={"/releases/v2/readme": ""},
        expected=Expected(log="in handler"),
    ),
    Variant("a user that Lambda does not know", build=("USER 4321:4321",), expected=Expected(log="in handler")),
    _starts(
        "plain client in a folder of its own",
        PLAIN,
        "ENV PYTHONPATH=/var/runtime",
        "WORKDIR /function",
        files={"/function/app.py": APP},
        expected=Expected(log="in handler"),
    ),
    _starts(
        "plain client behind a script that sets PATH",
        '["/entry.sh"]',
        "ENV PATH=/opt/venv/bin",
        files={
            "/entry.sh": File(
                '#!/bin/sh\nexport PATH=/var/lang/bin:$PATH PYTHONPATH=/var/runtime\nexec python3 -m awslambdaric "$@"\n'
            )
        },
        expected=Expected(log="in handler"),
    ),
    Variant(
        "PATH without the base's folders, and nobody looks there",
        build=("ENV PATH=/opt/venv/bin",),
        expected=Expected(log="in handler"),
    ),
    Variant(
        "handler with dots for folders",
        files={"/var/task/api/v1/app.py": APP},
        command='CMD ["api.v1.app.handler"]',
        expected=Expected(log="in handler"),
    ),
    Variant(
        "node handler in a folder with a dot",
        kind="node",
        files={"/var/task/v1.2/index.js": INDEX},
        command='CMD ["v1.2/index.handler"]',
        expected=Expected(log="in handler"),
    ),
    Variant(
        "CommonJS by its name below a package.json of modules",
        kind="node",
        files={"/var/task/package.json": '{"type": "module"}', "/var/task/main.cjs": INDEX},
        command='CMD ["main.handler"]',
        expected=Expected(log="in handler"),
    ),
    Variant(
        "nested package.json says CommonJS",
        kind="node",
        files={
            "/var/task/package.json": '{"type": "module"}',
            "/var/task/dist/package.json": '{"type": "commonjs"}',
            "/var/task/dist/index.js": INDEX,
        },
        command='CMD ["dist/index.handler"]',
        expected=Expected(log="in handler"),
    ),
    Variant(
        "package of modules by import()",
        kind="node",
        files={
            "/var/task/index.js": "exports.handler = async () => (await import('esm-only')).a;\n",
            "/var/task/node_modules/esm-only/package.json": '{"type": "module", "main": "index.js"}',
            "/var/task/node_modules/esm-only/index.js": "export const a = 1;\n",
        },
    ),
    Variant(
        "handler writes to /tmp",
        files={"/var/task/app.py": "def handler(event, context):\n    open('/tmp/x', 'w').write('x')\n    return 1\n"},
    ),
    Variant(
        "write whose failure is handled",
        files={
            "/var/task/app.py": "def handler(event, context):\n    try:\n        open('/var/task/x', 'w')\n"
            "    except OSError:\n        return 1\n"
        },
    ),
    Variant(
        "exit of a command line only",
        files={
            "/var/task/app.py": APP + "if __name__ == '__main__':\n    import sys\n    sys.exit(handler({}, None))\n"
        },
        expected=Expected(log="in handler"),
    ),
    Variant(
        "promise that a timer settles",
        kind="node",
        files={
            "/var/task/index.js": "exports.handler = async () => new Promise((done) => setTimeout(() => done(1), 20));\n"
        },
    ),
)

CORNERS = (*SPAWN_CORNERS, *CODE_CORNERS, *HEALTHY_CORNERS)
