"""Asks the dynamic loader: run as a program, as root, in one process of its own, so that it may fork freely.

Reads `[[root, loader, path, cwd, LD_LIBRARY_PATH], …]` from standard input. Each is a run of the loader in a forked child, in
a chroot of `root`, that lists what it would load; writes the list of its outputs to standard output.
"""

from __future__ import annotations

import json
import os
import sys


def ask(root: str, loader: str, path: str, cwd: str, library_path: str | None) -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chroot(root)
            os.chdir(cwd)
            os.dup2(writer, 1)
            os.dup2(writer, 2)
            os.closerange(3, 64)
            environment = {} if library_path is None else {"LD_LIBRARY_PATH": library_path}
            if "musl" in loader:
                os.execve(loader, [loader, "--list", path], environment)  # noqa: S606
            os.execve(loader, [loader, path], {**environment, "LD_TRACE_LOADED_OBJECTS": "1"})  # noqa: S606
        finally:
            os._exit(1)
    os.close(writer)
    answer = b""
    while part := os.read(reader, 1 << 16):
        answer += part
    os.close(reader)
    os.waitpid(child, 0)
    return answer.decode("utf-8", "replace")


def main() -> None:
    json.dump([ask(*question) for question in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
