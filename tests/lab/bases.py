"""Base images laid out like Lambda's, with the real runtime clients and the real Runtime Interface Emulator.

Made of packages alone, by the package clients as this machine has them set up: Debian's python3.11, bash and busybox
(apt-get), awslambdaric and the emulator inside aws-sam-cli's wheel (pip), Node and aws-lambda-ric (npm, whose native part
is compiled). Downloads and finished images are kept in `tests.lab.parts.cache_folder()`. `python -m tests.lab.bases` fills it.

Two choices decide what errors read like. `/bin/sh` is bash, as on Lambda: busybox's shell would run a foreign binary as a
script. Node gets the two flags by which Lambda turns the loading of ES modules by require() off.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from tests.lab import parts
from tests.lab.engine import Unavailable

LEFT_OUT = (
    *("usr/share/*", "usr/lib/*/gconv/*", "usr/lib/*/audit/*", "usr/lib/valgrind/*", "usr/lib/mime/*", "sbin/*"),
    *("usr/sbin/*", "var/lib/*", "*.a"),
    *(
        f"var/lang/lib/python3.11/{name}/*"
        for name in ("pydoc_data", "lib2to3", "distutils", "unittest", "wsgiref", "curses")
    ),
)
MOVED = re.compile(r"^usr/(bin/python3\.11|lib/python3\.11(?=/|$))")
"""To /var/lang, where Lambda's interpreters live."""
SITE = "var/lang/lib/python3.11/site.py"
"""Debian's looks into folders called dist-packages; this takes that back."""
APPLETS = (
    *("ls", "cat", "echo", "env", "test", "[", "id", "uname", "mkdir", "rm", "rmdir", "cp", "mv", "ln", "chmod"),
    *("sleep", "date", "grep", "sed", "head", "tail", "wc", "true", "false"),
)

ENTRYPOINT = """#!/bin/sh
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" 1>&2
  exit 142
fi
export _HANDLER="$1"
if [ -z "${AWS_LAMBDA_RUNTIME_API}" ]; then
  exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap
fi
exec /var/runtime/bootstrap
"""
PYTHON_BOOTSTRAP = """#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_python3.11
exec ${AWS_LAMBDA_EXEC_WRAPPER} /var/lang/bin/python3.11 /var/runtime/bootstrap.py
"""
PYTHON_MAIN = """import os
import site
import sys

own = "/var/lang/lib/python3.11/site-packages"
task = os.environ["LAMBDA_TASK_ROOT"]
site.addsitedir(task)
sys.path.insert(0, "/var/runtime")
from awslambdaric.__main__ import main

first = [task]
if "PYTHONPATH" not in os.environ:
    first += ["/opt/python/lib/python3.11/site-packages", "/opt/python", own]
sys.path[:] = first + [path for path in sys.path if path not in first]
main(["bootstrap", os.environ["_HANDLER"]])
"""
NODE_BOOTSTRAP = """#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_nodejs20.x
modules=/opt/nodejs/node20/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules
export NODE_PATH="$modules:/var/runtime:${LAMBDA_TASK_ROOT}"
exec ${AWS_LAMBDA_EXEC_WRAPPER} /var/lang/bin/node --no-experimental-require-module \\
  --no-experimental-detect-module --max-http-header-size 81920 /var/runtime/main.mjs
"""
NODE_MAIN = """import { run } from "/var/runtime/ric/index.mjs";
await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
"""
LIBRARIES = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
CONFIG = {
    "Env": [
        "LANG=C.UTF-8",
        "TZ=:/etc/localtime",
        "PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        f"LD_LIBRARY_PATH={LIBRARIES}",
        "LAMBDA_TASK_ROOT=/var/task",
        "LAMBDA_RUNTIME_DIR=/var/runtime",
    ],
    "Entrypoint": ["/lambda-entrypoint.sh"],
    "WorkingDir": "/var/task",
}
USERS = "root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/home/sbx_user1051:/bin/sh\n"
FOLDERS = ("tmp", "var/task", "var/runtime", "var/lang/bin", "opt", "proc", "dev", "sys", "etc", "usr/local/bin")


def image_archive(kind: str, architecture: str = "amd64") -> Path:
    """A docker archive of `lab/<kind>:<architecture>`, made if it is not in the cache. Raises Unavailable.

    `kind` is `python` (amd64, arm64) or `node` (amd64). Safe to call from several processes at once.
    """
    if platform.machine() != "x86_64":
        raise Unavailable(f"the base images run on x86_64, and this machine is {platform.machine()}")
    cache = parts.cache_folder()
    sources = [Path(name).read_bytes() for name in (__file__, parts.__file__)]
    recipe = hashlib.sha256(b"".join(sources)).hexdigest()[:12]
    archive = cache / f"{kind}-{architecture}-{recipe}.tar"
    with parts.lock(cache):
        if not archive.exists():
            for old in cache.glob(f"{kind}-{architecture}-*.tar"):
                old.unlink()
            _write_archive(archive, kind, architecture)
    return archive


def emulator() -> Path:
    """The Runtime Interface Emulator as a program. Raises Unavailable."""
    cache = parts.cache_folder()
    with parts.lock(cache):
        return parts.emulators(cache) / parts.EMULATORS["amd64"]


def _write_archive(archive: Path, kind: str, architecture: str) -> None:
    """One layer, one configuration, in the form of `docker save`."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        layer = Path(folder) / "layer.tar"
        with tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as tar:
            _Root(tar).fill(archive.parent, kind, architecture)
        with layer.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        config = {
            "architecture": architecture,
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": CONFIG,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": f"lab/{kind}"}],
        }
        described = json.dumps(config).encode()
        name = f"{hashlib.sha256(described).hexdigest()}.json"
        index = [{"Config": name, "RepoTags": [f"lab/{kind}:{architecture}"], "Layers": [f"{digest}/layer.tar"]}]
        part = Path(folder) / "archive.tar"
        with tarfile.open(part, "w") as tar:
            tar.add(layer, f"{digest}/layer.tar")
            _Root(tar).write(name, described)
            _Root(tar).write("manifest.json", json.dumps(index).encode())
        part.replace(archive)


class _Root:
    """Writes a root file system into a tar: everything owned by root, times fixed, nothing twice."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._seen: set[str] = set()

    def fill(self, cache: Path, kind: str, architecture: str) -> None:
        wanted = parts.SYSTEM if kind == "node" else parts.SYSTEM + parts.PYTHON
        for deb in sorted(parts.debs(cache, architecture).glob("*.deb")):
            if deb.name.partition("_")[0] in wanted:
                self.unpack(deb)
        for name in FOLDERS:
            self.folder(name, 0o1777 if name == "tmp" else 0o755)
        for name in APPLETS:
            self.link(f"bin/{name}", "busybox")
        self.link("bin/sh", "bash")
        self.write("etc/passwd", USERS.encode())
        self.write("etc/group", b"root:x:0:\n")
        self.write("lambda-entrypoint.sh", ENTRYPOINT.encode(), 0o755)
        self.copy("usr/local/bin/aws-lambda-rie", parts.emulators(cache) / parts.EMULATORS[architecture], 0o755)
        if kind == "node":
            self.copy("var/lang/bin/node", parts.node(cache) / "node", 0o755)
            self.write("var/runtime/bootstrap", NODE_BOOTSTRAP.encode(), 0o755)
            self.write("var/runtime/main.mjs", NODE_MAIN.encode())
            self.tree("var/runtime/ric", parts.node_client(cache))
        else:
            for name, to in (
                ("python3.11", "/usr/bin/python3.11"),
                ("python3", "python3.11"),
                ("python", "python3.11"),
            ):
                self.link(f"var/lang/bin/{name}", to)
            self.write("var/runtime/bootstrap", PYTHON_BOOTSTRAP.encode(), 0o755)
            self.write("var/runtime/bootstrap.py", PYTHON_MAIN.encode())
            self.tree("var/runtime", parts.python_client(cache, architecture))

    def unpack(self, deb: Path) -> None:
        """The files of a Debian package, without what no function needs."""
        done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE, check=True)
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as package:
            for member in package:
                content = package.extractfile(member) if member.isreg() else None
                member.name = MOVED.sub(r"var/lang/\1", member.name.removeprefix("./").rstrip("/"))
                if member.name and not any(fnmatch(member.name, pattern) for pattern in LEFT_OUT):
                    self._add(member, content)

    def tree(self, prefix: str, folder: Path) -> None:
        for path in _walk(folder):
            self.copy(f"{prefix}/{path.relative_to(folder)}", path)

    def copy(self, name: str, path: Path, mode: int = 0o644) -> None:
        self.write(name, path.read_bytes(), mode)

    def write(self, name: str, content: bytes, mode: int = 0o644) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), mode
        self._add(member, io.BytesIO(content))

    def folder(self, name: str, mode: int = 0o755) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.mode = tarfile.DIRTYPE, mode
        self._add(member, None)

    def link(self, name: str, to: str) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, to, 0o777
        self._add(member, None)

    def _add(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        parent = member.name.rpartition("/")[0]
        if parent and parent not in self._seen:
            self.folder(parent)
        if member.name in self._seen:
            return
        self._seen.add(member.name)
        if member.name == SITE and content is not None:
            data = content.read().replace(b"dist-packages", b"site-packages")
            member.size, content = len(data), io.BytesIO(data)
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = 0
        member.pax_headers = {}
        self._tar.addfile(member, content)


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            yield path


def main(arguments: Sequence[str]) -> int:
    """Fills the cache: `KIND/ARCHITECTURE …`, all of them by default."""
    for each in arguments or ("python/amd64", "python/arm64", "node/amd64"):
        kind, _, architecture = each.partition("/")
        print(image_archive(kind, architecture or "amd64"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
