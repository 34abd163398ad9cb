"""Native addons of a Node.js function: which of them loading the handler reaches, and which platform packages are absent.

The files that load are followed only where node_modules has an addon with a fault, or a package whose native part for
this platform is absent. Loaders of prebuilt addons choose at run time; what they choose is not told here.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from troubleshooter.analysis.javascript.imports import Wanted
from troubleshooter.analysis.javascript.loading import Runs
from troubleshooter.analysis.native.linking import Linking, chain_to, linking_of, native_file, programs_of, unloadable
from troubleshooter.analysis.native.modules import OCI
from troubleshooter.analysis.node.files import NodeFiles
from troubleshooter.analysis.node.imports import Walk
from troubleshooter.analysis.node.location import handler_text, locate
from troubleshooter.analysis.node.resolution import Resolver, module_version, package_name
from troubleshooter.analysis.python.finder import Access
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.launch import SpawnResult
from troubleshooter.facts.native import NativeModule, NativeModules, PlatformPackage
from troubleshooter.facts.runtime import RuntimeModel

PACKAGES = 6000
"""Most package.json files looked at."""
LARGEST = 256 << 10
"""Bytes of one package.json."""
CPUS = {"amd64": "x64", "arm64": "arm64"}
EAGER = frozenset({"sharp", "rollup", "lightningcss", "@parcel/watcher"})
"""Packages that load their platform package, under a name made at run time, as soon as they are loaded themselves, and throw
where there is none."""

_PLATFORM = re.compile(
    r"^(?P<prefix>.+?)[-/.](?P<os>linuxmusl|linux|darwin|win32|windows|android|freebsd)[-.]"
    r"(?P<cpu>x64|arm64|arm|ia32|riscv64|ppc64|ppc64le|s390x|loong64|universal|x86_64|aarch64)"
    r"(?:-(?P<libc>gnu|glibc|musl|msvc|gnueabihf|musleabihf|eabi))?$"
)
_PACKAGE_JSON = re.compile(r"/node_modules/((?:@[^/]+/)?[^/@.][^/]*)/package\.json$")
_WASM = ("wasm32", "wasm")


@provides(rank=1)
def node_native_modules(
    runtime: RuntimeModel,
    code: CodeTree,
    config: ImageConfig | Unavailable,
    function: FunctionRecord | Unavailable,
    spawn: SpawnResult | Unavailable,
) -> NativeModules | Unavailable:
    """Addons with a fault and platform packages that are absent, with what loading the handler does with them."""
    handler = handler_text(runtime)
    if code.kind == "source":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder does not show what is installed")
    files = NodeFiles(code.tree)
    linking = linking_of(code, config, function, spawn, runtime)
    machine = OCI.get(runtime.architecture, runtime.architecture)
    version = module_version(runtime.version)
    addons = {m.name: m for m in _addons(code, linking, machine, version)}
    musl = linking.libraries is not None and linking.libraries.musl
    absent = list(_absent(code, runtime, machine, musl=musl))
    unread: tuple[str, ...] = ()
    location = locate(handler, runtime.task_root, files, runtime)
    if (addons or absent) and location.path is not None:
        access = Access(code.tree, obeyed=True)
        walk = _AddonWalk(files, Resolver(files, runtime), runtime, access, addons=addons, absent=absent)
        walk.follow(location.path, location.loader)
        unread = tuple(dict.fromkeys((*runtime.open_ends, *walk.doubts())))
        addons, absent = walk.settled(certain=not unread)
    programs = [linking.program(path) for path in programs_of(code.tree, spawn, runtime)]
    modules = [*(each for each in programs if each is not None), *addons.values()]
    return NativeModules(
        reading=reading_of(code),
        language="node",
        modules=tuple(sorted(modules, key=lambda m: not m.certain)),
        platform_packages=tuple(sorted(absent, key=lambda p: not p.certain)),
        architecture=machine,
        unread=unread,
        system=linking.system,
        system_unknown=linking.unknown,
        library_path=linking.origin,
        module_version=version,
    )


def _addons(code: CodeTree, linking: Linking, machine: str, version: int) -> Iterator[NativeModule]:
    """Addons that cannot be loaded, by their real path."""
    for path in code.tree:
        entry = code.tree.entry(path)
        if not path.endswith(".node") or entry is None or entry.kind != "file":
            continue
        file = native_file(code.tree, path)
        package = re.findall(r"/node_modules/((?:@[^/]+/)?[^/]+)/", path)
        module = NativeModule(path, package[-1] if package else path, (file,), path, False)
        if file.format == "elf" and not unloadable(file, machine):
            module = linking.link(module)
        if unloadable(file, machine) or module.unlinked or file.is_for_another_node(version):
            yield module


def _absent(code: CodeTree, runtime: RuntimeModel, machine: str, *, musl: bool) -> Iterator[PlatformPackage]:
    """Packages whose optional packages name this platform, and none of those is there."""
    paths = [p for p in code.tree if p.endswith("/package.json") and _PACKAGE_JSON.search(p)]
    for path in paths[:PACKAGES]:
        content = code.tree.read(path)
        if content is None or len(content) > LARGEST or b"optionalDependencies" not in content:
            continue
        try:
            data = json.loads(content)
        except (ValueError, RecursionError):
            continue
        names = data.get("optionalDependencies") if isinstance(data, dict) else None
        if isinstance(names, dict):
            yield from _groups(code, runtime, path, [n for n in names if isinstance(n, str)], machine, musl)


def _groups(
    code: CodeTree, runtime: RuntimeModel, path: str, names: list[str], machine: str, musl: bool
) -> Iterator[PlatformPackage]:
    match = _PACKAGE_JSON.search(path)
    groups: dict[str, list[str]] = {}
    for name in names:
        found = _PLATFORM.match(name)
        if found:
            groups.setdefault(found["prefix"], []).append(name)
    for prefix, group in groups.items():
        wanted = tuple(n for n in group if _fits(n, machine, musl))
        if not wanted or match is None or "libvips" in prefix:
            continue
        folders = list(_folders(code, runtime, path))
        here = {n for n in names if any(code.tree.is_dir(posixpath.join(f, n)) for f in folders)}
        spare = any(n.rpartition("-")[2] in _WASM or "-wasm" in n for n in here)
        if here.isdisjoint(wanted) and not spare and not _built(code, posixpath.dirname(path), machine):
            yield PlatformPackage(match[1], path, wanted, tuple(sorted(here & set(group))))


def _fits(name: str, machine: str, musl: bool) -> bool:
    found = _PLATFORM.match(name)
    if found is None or not found["os"].startswith("linux"):
        return False
    cpu = {"x86_64": "x64", "aarch64": "arm64"}.get(found["cpu"], found["cpu"])
    is_musl = found["os"] == "linuxmusl" or found["libc"] == "musl"
    plain = found["os"] == "linux" and not found["libc"]
    return cpu == CPUS.get(machine) and (plain or is_musl == musl)


def _folders(code: CodeTree, runtime: RuntimeModel, path: str) -> Iterator[str]:
    """The node_modules folders that a file of the package looks in."""
    here = code.tree.resolve(posixpath.dirname(path)).path
    for start in dict.fromkeys((here, posixpath.dirname(path))):
        folder = start
        while folder not in ("/", ""):
            if posixpath.basename(folder) != "node_modules":
                yield posixpath.join(folder, "node_modules")
            folder = posixpath.dirname(folder)
    yield from (p for p in runtime.search_path if p)


def _built(code: CodeTree, folder: str, machine: str) -> bool:
    """Whether the package has a native part of its own for this CPU."""
    for path in code.tree.walk(folder):
        if path.endswith((".node", ".wasm")):
            file = native_file(code.tree, path)
            if path.endswith(".wasm") or (file.format == "elf" and machine in file.machines):
                return True
    return False


@dataclass
class _AddonWalk(Walk):
    """The walk over what loads, with the addons and the platform packages that it asks for."""

    addons: dict[str, NativeModule] = field(default_factory=dict)
    absent: list[PlatformPackage] = field(default_factory=list)
    loaded: dict[str, str] = field(default_factory=dict)
    """Addons that are sure to be loaded, with the place that does."""
    asked: dict[str, str] = field(default_factory=dict)
    """Platform packages that are asked for while loading, with the place that does."""
    origins: dict[str, str] = field(default_factory=dict)
    """`path:line` of what first loaded a file."""
    packages: dict[str, str] = field(default_factory=dict)
    """Packages that are sure to be loaded, by their folder."""

    def file(self, path: str, loader: str) -> list[tuple[str, str]]:
        found = re.search(r"^.*/node_modules/(?:@[^/]+/)?[^/]+(?=/)", path)
        if found:
            self.packages.setdefault(found[0], path)
        return super().file(path, loader)

    def want(self, path: str, want: Wanted, own: bool) -> tuple[str, str] | None:
        target = super().want(path, want, own)
        place = f"{path}:{want.line}"
        if target is not None:
            self.origins.setdefault(target[0], place)
            if target[0] in self.addons:
                self.loaded.setdefault(target[0], place)
        if want.runs is Runs.ALWAYS or (want.runs is Runs.PERHAPS and b"throw" in (self.files.tree.read(path) or b"")):
            self.asked.setdefault(package_name(want.specifier), place)
        return target

    def settled(self, *, certain: bool) -> tuple[dict[str, NativeModule], list[PlatformPackage]]:
        """The addons and absent packages, those marked that loading needs."""
        addons = {
            name: replace(
                m, certain=certain, importer=self.loaded[name], chain=chain_to(self.loaded[name], self.origins)
            )
            if name in self.loaded
            else m
            for name, m in self.addons.items()
        }
        absent = []
        for each in self.absent:
            folder = self.files.tree.resolve(posixpath.dirname(each.path)).path
            reached = self.packages.get(folder, "")
            place = next((self.asked[w] for w in each.wanted if w in self.asked), "")
            if not place and each.package in EAGER:
                place = reached
            absent.append(replace(each, certain=certain and bool(place and reached), importer=place or reached))
        return addons, absent
