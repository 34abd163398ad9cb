"""Native modules that loading the handler reaches, and what the loader would say to them."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.facts.libraries import MissingLibrary, OldLibrary, ShadowedLibrary


@dataclass(frozen=True, slots=True)
class NativeFile:
    """One file that holds a native module."""

    path: str
    tag: str = ""
    """Python: interpreter in the file's name, as `cpython-39`, `cp39` or `abi3`; empty where it names none."""
    platform: str = ""
    """Python: platform in the file's name, as `x86_64-linux-gnu` or `darwin`; empty where it names none."""
    format: str = ""
    """`elf`, `mach-o`, `pe`; empty where the file's beginning is none of them."""
    machines: tuple[str, ...] = ()
    """OCI architectures by the file's own header."""
    named_for_us: bool = True
    """Python: whether this interpreter looks at a file of that name."""
    addon: tuple[int, ...] = ()
    """Node: NODE_MODULE_VERSIONs that it registers for, 0 for Node-API; empty where that is not told."""

    def is_for_another_node(self, version: int) -> bool:
        """Whether the Node.js of that NODE_MODULE_VERSION refuses it."""
        return bool(self.addon and version) and 0 not in self.addon and version not in self.addon


@dataclass(frozen=True, slots=True)
class NativeModule:
    """One native module: every file that could have been it, and which the runtime takes."""

    name: str
    """Dotted name (Python), or the file's path (Node)."""
    package: str
    """Top-level import name, or the npm package."""
    files: tuple[NativeFile, ...]
    taken: str = ""
    """Path of the file that the runtime loads; empty where it takes none of them."""
    certain: bool = True
    """Whether loading the handler is sure to import it: unguarded, at load time, all the way."""
    importer: str = ""
    """`path:line` of the import; empty where none was found."""
    chain: tuple[str, ...] = ()
    """The imports that lead to it, from the handler's file on, `importer` last."""
    missing: tuple[MissingLibrary, ...] = ()
    """Libraries that the taken file needs and that the image does not have. Known for images only."""
    outdated: tuple[OldLibrary, ...] = ()
    shadowed: tuple[ShadowedLibrary, ...] = ()
    foreign_libc: str = ""
    """The library or symbol of the other C library that it needs."""
    program: bool = False
    """The program that is started, no module."""

    @property
    def chosen(self) -> NativeFile | None:
        """The taken file; None where there is none."""
        return next((each for each in self.files if each.path == self.taken), None)

    @property
    def unlinked(self) -> bool:
        """Whether the loader refuses the taken file for its libraries."""
        return bool(self.missing or self.outdated or self.shadowed or self.foreign_libc)


@dataclass(frozen=True, slots=True)
class PlatformPackage:
    """Node: a package that loads its native part from an optional package of each platform, and has none for this one."""

    package: str
    path: str
    """Its package.json."""
    wanted: tuple[str, ...]
    """Optional packages, any of which would do here."""
    installed: tuple[str, ...] = ()
    """Those of other platforms that are installed."""
    certain: bool = False
    """Whether loading it is sure to need one."""
    importer: str = ""


@dataclass(frozen=True, kw_only=True)
class NativeModules(Fact):
    """The native modules that the handler's imports reach, with those of the search path that have a fault."""

    language: str
    modules: tuple[NativeModule, ...] = ()
    """Those that are reached, and faulty ones that may not be."""
    platform_packages: tuple[PlatformPackage, ...] = ()
    suffixes: tuple[str, ...] = ()
    """Python: file name endings that the interpreter looks for."""
    architecture: str = ""
    """OCI architecture that the function runs on."""
    unread: tuple[str, ...] = ()
    """Why a native module may be provided or reached otherwise; where it is not empty, none is certain."""
    system: str = ""
    """Whose shared libraries could be looked for: `image`, its own; `managed`, AWS's, of which glibc's version is known; or none."""
    system_unknown: str = ""
    """Why they could not be, where the question arises."""
    library_path: str = ""
    """Who sets LD_LIBRARY_PATH: `function`, `image`, or empty."""
    module_version: int = 0
    """Node: the runtime's NODE_MODULE_VERSION; 0 where it is not known."""
