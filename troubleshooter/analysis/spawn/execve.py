"""What Linux's execve answers to one path in a file tree, for a user who owns nothing there.

Follows the kernel's own order: path walk with search permission on every directory, execute bit, first line (`#!`, 256
bytes, at most five scripts deep), ELF header, loader. Nothing is executed.

Words of `cause`:
    ok                 it starts
    missing            nothing lies there
    dangling_link      a link lies there, nothing behind it
    link_loop          more than 40 links on the way
    through_file       a part of the path is a file, not a directory
    name_too_long      a part of the path has more than 255 bytes
    not_on_path        a bare name that no directory of PATH holds
    directory          it is a directory
    not_a_file         it is a device, socket or pipe
    not_executable     no execute bit for others
    closed_directory   a directory on the way (or the working directory) without search bit for others
    unreadable         a script that its interpreter may not read
    machine            an ELF program of another CPU
    compat             an ELF program of the CPU's 32-bit sister, which some kernels run
    foreign_format     a macOS or Windows program
    elf_malformed      an ELF file that no kernel takes: damaged, cut short, or not a program
    no_shebang         neither ELF nor `#!` at the very beginning
    bom                a byte order mark before `#!`
    empty              an empty file
    shebang_empty      `#!` without an interpreter
    shebang_too_long   the interpreter's name reaches beyond the kernel's 256 bytes
    crlf               a carriage return at the end of the first line
    script_chain       interpreters that are scripts themselves, too many deep
    no_program         neither entrypoint nor command
    workdir            a relative name, and no working directory to start from
"""

from __future__ import annotations

import struct
from collections.abc import Container
from dataclasses import dataclass, field, replace

from troubleshooter.facts.elf import MAGIC, identify, read_elf
from troubleshooter.facts.tree import HOPS, Entry, FileTree, Kind

BUFFER = 256
"""Bytes of a file that the kernel looks at to tell its format (BINPRM_BUF_SIZE since Linux 5.1)."""
NESTED = 5
"""Interpreters that may be scripts themselves before the kernel gives up."""
NAME = 255
MACHINES = {"amd64": 62, "arm64": 183}
SISTERS = {"amd64": "386", "arm64": "arm"}


class UndecidedError(Exception):
    """The tree does not hold the bytes that would decide."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path walk ended."""

    path: str
    """Real path as far as it was followed; where `errno` is set, the part that stopped it."""
    entry: Entry | None = None
    errno: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One file that is opened on the way."""

    role: str
    """`entrypoint`, `interpreter`, or `loader`."""
    name: str
    """As it was named."""
    found: Found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What execve answers."""

    errno: str = "ok"
    cause: str = "ok"
    detail: str = "it starts"
    steps: tuple[Step, ...] = ()
    """Files in the order of opening; the last one decided."""
    arguments: tuple[str | None, ...] = ()
    """For each script on the way, what follows the interpreter on its first line."""
    machine: str = ""
    machine_path: str = ""


def shown(text: str) -> str:
    """Text with what cannot be printed escaped: a carriage return becomes `\\r`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def follow(tree: FileTree, path: str, cwd: str = "/") -> Found:
    """The kernel's path walk; `cwd` is a real path."""
    here = "" if path.startswith("/") or cwd == "/" else cwd
    todo = [(part, False) for part in _parts(path)]
    if not path:
        return Found(path, None, "ENOENT", "missing")
    hops = 0
    while todo:
        part, linked = todo.pop(0)
        directory = tree.entry(here or "/")
        if directory is not None and not directory.mode & 0o001:
            return Found(here or "/", directory, "EACCES", "closed_directory")
        if part == ".":
            continue
        if part == "..":
            here = here.rpartition("/")[0]
            continue
        there = f"{here}/{part}"
        if len(part.encode("utf-8", "surrogateescape")) > NAME:
            return Found(there, None, "ENAMETOOLONG", "name_too_long")
        entry = tree.entry(there)
        if entry is None:
            return Found(there, None, "ENOENT", "dangling_link" if linked else "missing")
        if entry.kind is Kind.SYMLINK:
            hops += 1
            if hops > HOPS:
                return Found(there, entry, "ELOOP", "link_loop")
            if not entry.link:
                return Found(there, entry, "ENOENT", "dangling_link")
            last = linked or not todo
            todo = [(each, last) for each in _parts(entry.link)] + todo
            here = "" if entry.link.startswith("/") else here
            continue
        if todo and entry.kind is not Kind.DIRECTORY:
            return Found(there, entry, "ENOTDIR", "through_file")
        here = there
    return Found(here or "/", tree.entry(here or "/"))


def _parts(path: str) -> list[str]:
    """Parts of a path. A slash at its end asks for a directory, as `.` does."""
    parts = [part for part in path.split("/") if part]
    return [*parts, "."] if path.endswith("/") else parts


def open_exec(tree: FileTree, path: str, cwd: str = "/") -> Found:
    """The file that would be executed, or why not."""
    # A first line or loader entry may name nothing at all: the kernel then opens the working directory.
    found = follow(tree, path or ".", cwd)
    if found.errno or found.entry is None:
        return found
    if found.entry.kind is Kind.DIRECTORY:
        return replace(found, errno="EACCES", cause="directory")
    if found.entry.kind is not Kind.FILE:
        return replace(found, errno="EACCES", cause="not_a_file")
    if not found.entry.mode & 0o001:
        return replace(found, errno="EACCES", cause="not_executable")
    return found


@dataclass(slots=True)
class _Run:
    """One execve while it is followed."""

    tree: FileTree
    cpu: str
    cwd: str
    steps: list[Step] = field(default_factory=list)
    arguments: list[str | None] = field(default_factory=list)

    def stop(self, errno: str, cause: str, detail: str) -> Outcome:
        return Outcome(errno, cause, detail, tuple(self.steps), tuple(self.arguments))

    def open(self, role: str, name: str) -> Outcome | Entry:
        found = open_exec(self.tree, name, self.cwd)
        self.steps.append(Step(role, name, found))
        if found.errno or found.entry is None:
            cause = "crlf" if role == "interpreter" and name.endswith("\r") and found.errno == "ENOENT" else found.cause
            asks = f"the first line of {shown(self.steps[-2].name)}" if role == "interpreter" else "the launch"
            return self.stop(found.errno, cause, f"{asks} asks for {_why(cause, name, found)}")
        return found.entry


def execve(tree: FileTree, path: str, cpu: str, cwd: str = "/") -> Outcome:
    """The kernel's answer. `cpu` is an OCI architecture, empty where any machine is taken; `cwd` a real path.

    Raises UndecidedError where the tree does not hold the bytes that decide.
    """
    if not path:
        found = Found("", None, "ENOENT", "missing")
        return Outcome("ENOENT", "missing", "the program's name is empty", (Step("entrypoint", "", found),))
    run = _Run(tree, cpu, cwd)
    role, name = "entrypoint", path
    while True:
        opened = run.open(role, name)
        if isinstance(opened, Outcome):
            return opened
        if len(run.arguments) > NESTED:
            return run.stop("ELOOP", "script_chain", f"{shown(path)} leads through more than {NESTED} interpreters")
        head = _bytes(run, 0, BUFFER)
        if not head.startswith(b"#!"):
            return _elf(run, head) if head.startswith(MAGIC) else _no_format(run, head)
        line = first_line(head)
        if isinstance(line, str):
            return run.stop("ENOEXEC", line, f"the first line of {shown(name)} names no interpreter that fits")
        role, (name, argument) = "interpreter", line
        run.arguments.append(argument)


def first_line(head: bytes) -> tuple[str, str | None] | str:
    """Interpreter and argument of a `#!` line as the kernel cuts them, or the cause of its refusal."""
    buffer = head[:BUFFER].ljust(BUFFER, b"\0")
    end = buffer.split(b"\0", 1)[0].find(b"\n")
    if end < 0:
        start = next((i for i in range(2, BUFFER) if buffer[i] not in b" \t"), None)
        if start is None:
            return "shebang_empty"
        if not any(buffer[i] in b" \t\0" for i in range(start, BUFFER)):
            return "shebang_too_long"
        end = BUFFER - 1
    line = buffer[2:end].rstrip(b" \t").lstrip(b" \t")
    if not line:
        return "shebang_empty"
    cut = next((i for i, byte in enumerate(line) if byte in b" \t\0"), len(line))
    rest = line[cut:].lstrip(b" \t").split(b"\0", 1)[0] if line[cut : cut + 1] not in (b"", b"\0") else b""
    return line[:cut].decode("utf-8", "surrogateescape"), rest.decode("utf-8", "surrogateescape") or None


def _no_format(run: _Run, head: bytes) -> Outcome:
    name = shown(run.steps[-1].name)
    binary = identify(head)
    if not head:
        return run.stop("ENOEXEC", "empty", f"{name} is empty")
    if binary is not None:
        system = {"mach-o": "macOS", "pe": "Windows"}.get(binary.format, binary.format)
        return run.stop("ENOEXEC", "foreign_format", f"{name} is a program for {system}")
    if head.startswith(b"\xef\xbb\xbf#!"):
        return run.stop("ENOEXEC", "bom", f"{name} begins with a byte order mark (EF BB BF) before its #!")
    begins = shown(head[:16].decode("utf-8", "replace"))
    return run.stop("ENOEXEC", "no_shebang", f'{name} begins with "{begins}": neither a program nor #!')


def _elf(run: _Run, head: bytes) -> Outcome:
    """Loads an ELF file as far as the kernel can still refuse it."""
    step = run.steps[-1]
    name, size = shown(step.name), step.found.entry.size if step.found.entry else 0
    machine, problem = _header(head, run.cpu)
    done = run.stop("ok", "ok", "it starts")
    known = replace(done, machine=machine, machine_path=step.found.path)
    if problem == "compat":
        return replace(known, cause="compat", detail=f"{name} is a 32-bit program ({machine})")
    if problem == "machine":
        detail = f"{name} is an ELF program for {machine}, the CPU is {run.cpu}"
        return replace(known, errno="ENOEXEC", cause="machine", detail=detail)
    interpreter = problem or _interpreter(run, head, size)
    if isinstance(interpreter, tuple):
        return _load(run, known, interpreter[0])
    if interpreter:
        errno = "EIO" if interpreter == "cut" else "ENOEXEC"
        return replace(known, errno=errno, cause="elf_malformed", detail=f"{name} is a damaged or cut ELF file")
    return known


def _header(head: bytes, cpu: str, kinds: Container[int] = (2, 3)) -> tuple[str, str]:
    """Machine, and what is wrong with the header: `machine`, `compat`, `elf_malformed`, or nothing."""
    buffer = head.ljust(64, b"\0")
    elf = read_elf(buffer)
    machine = elf.machine if elf else "unknown"
    kind, number = struct.unpack_from("<HH", buffer, 16)
    entry, count = struct.unpack_from("<HH", buffer, 54)
    wanted = MACHINES.get(cpu or machine)
    if kind not in kinds:
        return machine, "elf_malformed"
    if wanted is not None and number != wanted:
        return machine, "compat" if elf and elf.bits == 32 and machine == SISTERS.get(cpu) else "machine"
    if entry != 56 or not count or count * 56 > 65536:
        return machine, "elf_malformed"
    return machine, ""


def _interpreter(run: _Run, head: bytes, size: int) -> tuple[str] | str:
    """The loader that PT_INTERP names, or what is wrong with it: empty text where there is none."""
    offset, count = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
    if offset + count * 56 > size:
        return "elf_malformed"
    table = _bytes(run, offset, count * 56)
    for index in range(count):
        kind, _, start, _, _, length = struct.unpack_from("<IIQQQQ", table, index * 56)
        if kind != 3:
            continue
        if not 2 <= length <= 4096:
            return "elf_malformed"
        if start + length > size:
            return "cut"
        name = _bytes(run, start, length)
        if name[-1:] != b"\0":
            return "elf_malformed"
        return (name.split(b"\0", 1)[0].decode("utf-8", "surrogateescape"),)
    return ""


def _load(run: _Run, known: Outcome, loader: str) -> Outcome:
    """Opens the loader of a dynamically linked program."""
    program = shown(run.steps[-1].name)
    opened = run.open("loader", loader)
    if isinstance(opened, Outcome):
        step = run.steps[-1]
        detail = f"{program} asks for the loader {_why(opened.cause, loader, step.found)}"
        return replace(opened, detail=detail, machine=known.machine, machine_path=known.machine_path)
    whole = replace(known, steps=tuple(run.steps))
    if opened.size < 64:
        return replace(whole, errno="EIO", cause="elf_malformed", detail=f"the loader {shown(loader)} is cut short")
    head = _bytes(run, 0, 64)
    machine, problem = "", "elf_malformed"
    if head.startswith(MAGIC):
        # The kernel looks at a loader's type only when there is no way back; whatever it is, execve succeeds.
        machine, problem = _header(head, run.cpu or known.machine, range(1 << 16))
    offset, count = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
    if problem in ("machine", "compat"):
        detail = f"the loader {shown(loader)} is for {machine}, the program for {known.machine}"
        return replace(whole, errno="ELIBBAD", cause="machine", detail=detail)
    if problem or offset + count * 56 > opened.size:
        return replace(whole, errno="ELIBBAD", cause="elf_malformed", detail=f"{shown(loader)} is no loader")
    return whole


def _bytes(run: _Run, start: int, length: int) -> bytes:
    """Bytes of the file opened last, fewer at its end."""
    found = run.steps[-1].found
    if found.entry is None:
        return b""
    length = max(0, min(length, found.entry.size - start))
    if start + length <= len(found.entry.head):
        return found.entry.head[start : start + length]
    content = run.tree.read(found.path)
    if content is None or len(content) < start + length:
        raise UndecidedError(f"{shown(found.path)} is known by its first {len(found.entry.head)} bytes only")
    return content[start : start + length]


def _why(cause: str, name: str, found: Found) -> str:
    """One clause on a path that could not be opened for execution."""
    mode = f"{found.entry.mode:04o}" if found.entry else ""
    name, path = shown(name), shown(found.path)
    below = f" (at {path})" if found.path and path != name else ""
    return {
        "missing": f"{name}, where nothing lies{below}",
        "dangling_link": f"{name}, a link to {path}, where nothing lies",
        "link_loop": f"{name}, which leads through more than {HOPS} links",
        "through_file": f"{name}, but {path} is no directory",
        "name_too_long": f"{name[:40]}…, which is longer than a name can be",
        "crlf": f"{name}: a carriage return ends the first line and is taken as part of the name",
        "directory": f"{name}, which is a directory",
        "not_a_file": f"{name}, which is no regular file",
        "not_executable": f"{name}, whose mode {mode} does not let others execute it{below}",
        "closed_directory": f"{name}, but {path} (mode {mode}) does not let others in",
    }.get(cause, name)
