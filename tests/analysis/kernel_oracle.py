"""Asks the kernel: run as a program, as root, in one process of its own, so that it may fork freely.

Reads `[[root, path, cwd], …]` from standard input. Each is an execve in a forked child, inside a chroot of the folder
`root`, as a user who owns nothing there; writes the list of errno names to standard output, `ok` for a start. With the
argument `status`, a PATH is the fourth part of each, and the exit statuses are written.
"""

from __future__ import annotations

import errno
import json
import os
import sys

UID, GID = 993, 990


def _start(root: str, path: str, cwd: str, search: str) -> None:
    """Becomes the program. Raises OSError where it does not start."""
    os.chroot(root)
    os.chdir(cwd)
    os.setgroups([])
    os.setgid(GID)
    os.setuid(UID)
    os.execve(path, [path], {"PATH": search})  # noqa: S606


def ask(root: str, path: str, cwd: str) -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _start(root, path, cwd, "/bin")
        except OSError as error:
            os.write(writer, str(error.errno).encode())
        finally:
            os._exit(1)
    os.close(writer)
    answer = os.read(reader, 16)
    os.close(reader)
    os.waitpid(child, 0)
    return errno.errorcode[int(answer)] if answer else "ok"


def status(root: str, path: str, cwd: str, search: str) -> int:
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            _start(root, path, cwd, search)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    question = status if sys.argv[1:] == ["status"] else ask
    json.dump([question(*each) for each in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
