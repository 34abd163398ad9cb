"""Which Python interpreter runs, and the folders of its sys.path in order."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from troubleshooter.facts.tree import FileTree, Kind

_NAME = re.compile(r"^python(\d)\.(\d+)t?$")
_FOLDER = re.compile(r"^python(\d)\.(\d+)t?$")
_HARMLESS_PTH = re.compile(
    r"distutils-precedence|_distutils_hack|_virtualenv|mfs|nspkg|coverage|COV_CORE|setuptools|ddtrace|debugpy",
    re.IGNORECASE,
)
"""Import lines of .pth files that add no folder to look in."""

_FILLED_LATER = ("/mnt/", "/tmp/")  # noqa: S108 - a place in the image, not on this machine
_CUSTOM = ("sitecustomize", "usercustomize")
_CHANGING = re.compile(r"\bsys\b|\bsite\b|meta_path|importlib|__import__")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One Python of an image."""

    version: tuple[int, ...]
    """Two numbers; empty where they could not be told."""
    prefix: str
    """Folder above `lib/python3.X`."""
    environment: str = ""
    """Folder of the virtual environment that it is started from; empty where it is none."""
    system_packages: bool = True
    """Whether the interpreter's own site-packages are used: not within most virtual environments."""
    doubts: tuple[str, ...] = ()


@dataclass(slots=True)
class SearchPath:
    """A sys.path being put together."""

    tree: FileTree
    folders: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add(self, *folders: str) -> None:
        for folder in folders:
            normal = posixpath.normpath(folder)
            if normal not in self.folders:
                self.folders.append(normal)
            entry = self.tree.resolve(normal).entry
            if entry is not None and entry.kind is Kind.FILE:
                self.doubts.append(f"the archive {normal} on the search path was not read")

    def add_site(self, folder: str) -> None:
        """Adds a site folder and what its .pth files name, as `site.addsitedir` does."""
        self.add(folder)
        for name in self.tree.children(folder):
            if name.endswith(".pth") and not name.startswith("."):
                self._pth(folder, name)

    def customised(self) -> tuple[str, ...]:
        """What runs before everything else and may change where modules are found."""
        found = []
        for folder in self.folders:
            for name in _CUSTOM:
                for path in (f"{folder}/{name}.py", f"{folder}/{name}/__init__.py"):
                    text = self.tree.text(path) if self.tree.is_file(path) else ""
                    if text is None or _CHANGING.search(text):
                        found.append(f"{path} runs code that may change where modules are found")
        return tuple(found)

    def _pth(self, folder: str, name: str) -> None:
        text = self.tree.text(posixpath.join(folder, name))
        if text is None:
            self.doubts.append(f"{posixpath.join(folder, name)} was not read")
            return
        for line in text.splitlines()[:1000]:
            if line.startswith(("import ", "import\t")):
                if not _HARMLESS_PTH.search(line) and not _HARMLESS_PTH.search(name):
                    self.doubts.append(
                        f"{posixpath.join(folder, name)} runs code that may change where modules are found"
                    )
            elif line.strip() and not line.startswith("#"):
                path = posixpath.normpath(posixpath.join(folder, line.rstrip()))
                if self.tree.exists(path):
                    self.add(path)


def find_interpreter(tree: FileTree, executable: str, hint: str | None = None) -> Interpreter:
    """The interpreter that starting `executable` runs; `hint` is the image's PYTHON_VERSION."""
    real = tree.resolve(executable)
    name, prefix = posixpath.basename(real.path), posixpath.dirname(posixpath.dirname(real.path))
    doubts: list[str] = []
    if real.entry is not None and real.entry.kind is Kind.FILE and real.entry.head.startswith(b"#!"):
        doubts.append(f"{executable} is a script that chooses the interpreter")
    version = _version(tree, name, prefix, hint)
    configuration, environment = _environment(tree, executable)
    if not configuration:
        return Interpreter(version, prefix, doubts=tuple(doubts))
    settings = dict(_settings(configuration))
    if not version:
        numbers = re.match(r"(\d+)\.(\d+)", settings.get("version") or settings.get("version_info") or "")
        version = (int(numbers[1]), int(numbers[2])) if numbers else ()
    home = settings.get("home")
    base = posixpath.dirname(tree.resolve(home).path) if home and tree.exists(home) else prefix
    system = settings.get("include-system-site-packages", "false").lower() == "true"
    return Interpreter(version, base, environment, system, tuple(doubts))


def _version(tree: FileTree, name: str, prefix: str, hint: str | None) -> tuple[int, ...]:
    if found := _NAME.match(name):
        return int(found[1]), int(found[2])
    folders = [m for lib in ("lib", "lib64") for each in tree.children(f"{prefix}/{lib}") if (m := _FOLDER.match(each))]
    versions = {(int(m[1]), int(m[2])) for m in folders}
    if len(versions) == 1:
        return versions.pop()
    numbers = re.match(r"(\d+)\.(\d+)", hint or "")
    return (int(numbers[1]), int(numbers[2])) if numbers else ()


def _environment(tree: FileTree, executable: str) -> tuple[str, str]:
    """Text of the pyvenv.cfg beside or above an executable, and the environment's folder."""
    here = posixpath.dirname(executable)
    for folder in (here, posixpath.dirname(here)):
        text = tree.text(posixpath.join(folder, "pyvenv.cfg"))
        if text is not None:
            return text, posixpath.dirname(here) if folder == here else folder
    return "", ""


def _settings(text: str) -> Iterable[tuple[str, str]]:
    for line in text.splitlines()[:200]:
        key, equals, value = line.partition("=")
        if equals:
            yield key.strip().lower(), value.strip()


def default_folders(path: SearchPath, interpreter: Interpreter) -> None:
    """Adds what the interpreter itself puts on sys.path: standard library, then site-packages with their .pth files."""
    if not interpreter.version:
        path.doubts.append("the version of the interpreter could not be told")
        return
    major, minor = interpreter.version[:2]
    name, prefix = f"python{major}.{minor}", interpreter.prefix
    path.add(f"{prefix}/lib/python{major}{minor}.zip", f"{prefix}/lib/{name}", f"{prefix}/lib/{name}/lib-dynload")
    if path.tree.exists(f"{prefix}/lib64/{name}"):
        path.add(f"{prefix}/lib64/{name}", f"{prefix}/lib64/{name}/lib-dynload")
    if interpreter.environment:
        path.add_site(f"{interpreter.environment}/lib/{name}/site-packages")
        other = f"{interpreter.environment}/lib64/{name}/site-packages"
        # lib64 is mostly a link to lib, and then it is not searched twice.
        if path.tree.resolve(other).path == other and path.tree.exists(other):
            path.add_site(other)
    if not interpreter.system_packages:
        return
    if prefix == "/usr":
        _distribution_folders(path, name)
    path.add_site(f"{prefix}/lib/{name}/site-packages")


def _distribution_folders(path: SearchPath, name: str) -> None:
    """Where distributions' own interpreters look: Debian's dist-packages, Fedora's two libraries."""
    folders = (
        f"/usr/local/lib/{name}/dist-packages",
        "/usr/lib/python3/dist-packages",
        f"/usr/lib/{name}/dist-packages",
        f"/usr/local/lib64/{name}/site-packages",
        f"/usr/local/lib/{name}/site-packages",
        f"/usr/lib64/{name}/site-packages",
    )
    for folder in folders:
        if path.tree.exists(folder):
            path.add_site(folder)


def user_folder(path: SearchPath, interpreter: Interpreter, variables: Mapping[str, str | None]) -> None:
    """Adds the user's own site-packages. Lambda gives no HOME, so they count only where the image sets one."""
    home = variables.get("HOME")
    if home and interpreter.version and not interpreter.environment:
        folder = f"{home}/.local/lib/python{interpreter.version[0]}.{interpreter.version[1]}/site-packages"
        if path.tree.exists(folder):
            path.add_site(folder)


def given_folders(path: SearchPath, variables: Mapping[str, str | None], cwd: str) -> bool:
    """Adds the folders of PYTHONPATH; whether the variable is set at all, even empty."""
    if "PYTHONPATH" not in variables:
        return False
    value = variables["PYTHONPATH"]
    if value is None:
        path.doubts.append("the value of PYTHONPATH is not known")
    elif value:
        folders = [posixpath.normpath(posixpath.join(cwd, each)) for each in value.split(":")]
        path.add(*folders)
        path.doubts += [
            f"{folder} on the search path is mounted or filled at run time"
            for folder in folders
            if folder.startswith(_FILLED_LATER) and not path.tree.children(folder)
        ]
    if variables.get("PYTHONHOME"):
        path.doubts.append("PYTHONHOME is set")
    return True
