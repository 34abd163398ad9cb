"""Finds Python modules in a file tree as the import system of the target's interpreter would.

Imitates `PathFinder` over `FileFinder`: for each folder of the search path in turn a package, an extension module, a
source file, a compiled file; folders without any of these are portions of a namespace package if nothing else is found.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from functools import cached_property

from troubleshooter.facts.tree import Entry, FileTree, Kind

UID, GID = 993, 990
"""Lambda's own user and group; files of images and zips belong to others."""
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Found:
    """One module."""

    name: str
    kind: str
    """`source`, `extension`, `bytecode`, `namespace`, or `foreign`: an extension module for another interpreter or CPU."""
    path: str = ""
    """The file, real path; for a package its `__init__`; empty for a namespace package."""
    folders: tuple[str, ...] = ()
    """Where submodules are looked for; empty where it is no package."""

    @property
    def is_package(self) -> bool:
        return bool(self.folders)


@dataclass(frozen=True, slots=True)
class Search:
    """Result of looking for a dotted name: every module on the way that was found, the last one being the wanted one."""

    chain: tuple[Found, ...] = ()
    missing: str = ""
    """The name at which it stopped, as in `No module named 'a.b'`; empty where everything was found."""
    because: str = ""
    """`not found`, or `not a package`."""
    tried: tuple[str, ...] = ()
    """Paths that would have been the missing name."""
    hidden: str = ""
    """A folder or file that Lambda's user may not look into, where that may be why it was not found."""

    @property
    def found(self) -> Found | None:
        return None if self.missing or not self.chain else self.chain[-1]


@dataclass(frozen=True)
class Access:
    """What Lambda's unprivileged user may do in a tree."""

    tree: FileTree
    obeyed: bool = True
    """False where the modes are not those that the function will have: a source folder."""
    _searchable: dict[str, bool] = field(default_factory=dict, compare=False)

    def allowed(self, entry: Entry, want: int) -> bool:
        """Whether the entry's mode grants `want` (4 read, 2 write, 1 search)."""
        if not self.obeyed or entry.mode & 0o777 == 0:
            # No bits at all is what archives without Unix modes show.
            return True
        shift = 6 if entry.uid == UID else 3 if entry.gid == GID else 0
        return (entry.mode >> shift) & want == want

    def searchable(self, folder: str) -> bool:
        """Whether every folder down to and including `folder`, a real path, lets a path pass through it."""
        known = self._searchable.get(folder)
        if known is None:
            parent = posixpath.dirname(folder)
            entry = self.tree.entry(folder)
            above = folder == "/" or self.searchable(parent)
            known = above and (entry is None or self.allowed(entry, 1))
            self._searchable[folder] = known
        return known

    def listable(self, folder: str) -> bool:
        entry = self.tree.entry(folder)
        return self.searchable(posixpath.dirname(folder)) and (entry is None or self.allowed(entry, 4))

    def readable(self, path: str) -> bool:
        """Whether the file at `path`, a real path, can be opened for reading."""
        if not self.obeyed:
            return True
        entry = self.tree.entry(path)
        return entry is not None and self.searchable(posixpath.dirname(path)) and self.allowed(entry, 4)


@dataclass(frozen=True)
class Finder:
    """The import system over one search path."""

    tree: FileTree
    search_path: tuple[str, ...]
    version: tuple[int, ...] = ()
    architecture: str = "x86_64"
    access: Access = field(default_factory=lambda: Access(FileTree({}, lambda path: None), obeyed=False))
    _listings: dict[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def extension_suffixes(self) -> tuple[str, ...]:
        """Suffixes of extension modules that this interpreter loads; empty where its version is not known."""
        if len(self.version) < 2:
            return ()
        tag = f"cpython-{self.version[0]}{self.version[1]}" + ("m" if self.version < (3, 8) else "")
        machine = MACHINES.get(self.architecture, self.architecture)
        triplets = [f".{tag}-{machine}-linux-{libc}.so" for libc in ("gnu", "musl")]
        return (*triplets, ".abi3.so", ".so")

    def find(self, name: str) -> Search:
        """Looks for a dotted name, its parents first."""
        chain: list[Found] = []
        folders = self.search_path
        parts = name.split(".")
        for index, part in enumerate(parts):
            here = ".".join(parts[: index + 1])
            if index and not chain[-1].is_package:
                return Search(tuple(chain), here, "not a package")
            found = self.child(here, part, folders)
            if found is None:
                return Search(tuple(chain), here, "not found", *self._account(part, folders))
            chain.append(found)
            folders = found.folders
        return Search(tuple(chain))

    def child(self, name: str, part: str, folders: tuple[str, ...]) -> Found | None:
        """The module `part` in the first of the folders that has it."""
        portions: list[str] = []
        foreign: Found | None = None
        for folder in folders:
            found = self._in_folder(name, part, folder)
            if isinstance(found, str):
                portions.append(found)
            elif found is not None and found.kind == "foreign":
                foreign = foreign or found
            elif found is not None:
                return found
        if portions and foreign is None:
            return Found(name, "namespace", "", tuple(portions))
        return foreign

    def _in_folder(self, name: str, part: str, folder: str) -> Found | str | None:
        """What one folder holds: a module, a portion of a namespace package (its path), or nothing."""
        listing = self.listing(folder)
        portion: str | None = None
        if part in listing:
            base = posixpath.join(folder, part)
            if self._is(base, Kind.DIRECTORY):
                inside = self._file(name, base, "__init__")
                if inside is not None:
                    return Found(name, inside.kind, inside.path, (self.tree.resolve(base).path,))
                portion = self.tree.resolve(base).path
        found = self._file(name, folder, part)
        if found is not None:
            return found
        if portion is not None:
            return portion
        foreign = sorted(f for f in listing if f.startswith(part + ".") and f.endswith(".so"))
        if part and foreign:
            return Found(name, "foreign", self.tree.resolve(posixpath.join(folder, foreign[0])).path)
        return None

    def _file(self, name: str, folder: str, stem: str) -> Found | None:
        listing = None if stem == "__init__" else self.listing(folder)
        kinds = [(suffix, "extension") for suffix in self.extension_suffixes]
        for suffix, kind in (*kinds, (".py", "source"), (".pyc", "bytecode")):
            file = stem + suffix
            path = posixpath.join(folder, file)
            if (listing is None or file in listing) and self._is(path, Kind.FILE):
                return Found(name, kind, self.tree.resolve(path).path)
        return None

    def _is(self, path: str, kind: Kind) -> bool:
        """Whether something of that kind is at `path` for a user who may only look where modes allow."""
        found = self.tree.resolve(path)
        if found.entry is None or found.entry.kind is not kind:
            return False
        above = self.tree.resolve(posixpath.dirname(path)).path
        return self.access.searchable(above) and self.access.searchable(posixpath.dirname(found.path))

    def listing(self, folder: str) -> frozenset[str]:
        """Names in a folder, as far as Lambda's user may list it."""
        if folder not in self._listings:
            real = self.tree.resolve(folder)
            names: frozenset[str] = frozenset()
            if real.entry is not None and real.entry.kind is Kind.DIRECTORY and self.access.listable(real.path):
                names = frozenset(self.tree.children(real.path))
            self._listings[folder] = names
        return self._listings[folder]

    def _account(self, part: str, folders: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """What was looked for, and what the modes keep from being seen."""
        tried = [posixpath.join(f, part) + end for f in folders for end in (".py", "/__init__.py")]
        if not self.access.obeyed:
            return tuple(tried[:40]), ""
        bare = Finder(self.tree, self.search_path, self.version, self.architecture)
        hidden = bare.child(part, part, folders)
        return tuple(tried[:40]), (hidden.path or hidden.folders[0]) if hidden is not None else ""
