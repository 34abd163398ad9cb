"""The model of the dynamic loader against glibc's and musl's own: seeded random trees of real shared objects, in a chroot.

The objects are linked by `ld` with random needs, names, RPATH, RUNPATH, version needs and definitions; they lie behind links,
in configured, default and other folders, beside files that are no libraries. Compared are which file is loaded for each name,
which names are lost, what ends the start, and which versions are not found.

Some trees have `glibc-hwcaps` too, for the levels that every CPU of Lambda has; they are asked where this CPU has the same.

Left out, because the loaders of other distributions or kernels decide it: older folders of the hardware, `$PLATFORM`,
LD_PRELOAD and LD_AUDIT, RELR and the like as versions, objects marked NODEFLIB or PIE; for musl, other CPUs' files, whose
relocations it tries.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import posixpath
import random
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from troubleshooter.facts.elf import MAGIC
from troubleshooter.facts.loader import HARDWARE, Loader, Loading
from troubleshooter.facts.tree import Entry, FileTree, Kind

ORACLE = Path(__file__).with_name("loader_oracle.py")
GLIBC = Path("/lib64/ld-linux-x86-64.so.2")
MUSL = Path("/lib/ld-musl-x86_64.so.1")
MULTIARCH = Path("/lib/x86_64-linux-gnu")
TREES, QUESTIONS, POOL = 64, 9, 16
LEVELS = (*HARDWARE["amd64"], "x86-64-v9")
NAMES = tuple(f"lib{letter}.so.1" for letter in "abcdef")
VERSIONS = ("V_1", "V_2", "V_3")
FOLDERS = (
    *("/lib", "/usr/lib", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"),
    *("/usr/local/lib", "/opt/lib", "/opt/lib/deep", "/var/task", "/var/task/libs"),
)
PATHS = (
    *FOLDERS,
    "$ORIGIN",
    "${ORIGIN}/libs",
    "$ORIGIN/../lib",
    "$ORIGIN/deep",
    "libs",
    "/gone",
    "",
    "/usr/$LIB",
    "/link",
)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="asks this CPU's loader"),
    pytest.mark.skipif(not MULTIARCH.is_dir(), reason="another distribution's loader has other folders"),
    pytest.mark.skipif(sys.platform == "linux" and os.geteuid() != 0, reason="needs root for chroot"),
    pytest.mark.skipif(not shutil.which("gcc") or not shutil.which("ld"), reason="needs gcc and ld"),
]


@dataclass(frozen=True)
class Object:
    """How one shared object is linked."""

    soname: str
    needed: tuple[str, ...]
    wants: tuple[tuple[str, str], ...]
    defines: tuple[str, ...]
    path: str
    tag: str
    """`--enable-new-dtags` (RUNPATH) or `--disable-new-dtags` (RPATH)."""


@dataclass
class Linker:
    """Links objects, each combination once."""

    folder: Path
    made: dict[Object, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lines = [
            f"extern int {n[:4]}_{v}(void); int u_{n[:4]}_{v}(void) {{ return {n[:4]}_{v}(); }}" for n, v in _pairs()
        ]
        for (name, version), line in zip(_pairs(), lines, strict=True):
            self._source(f"use_{name[:4]}_{version}", line)
        for name in NAMES:
            body = "".join(f"int {name[:4]}_{v}(void) {{ return 1; }}\n" for v in VERSIONS)
            self._source(f"def_{name[:4]}", body)
        self._source("none", "int nothing_here;")
        sources = [str(p) for p in sorted(self.folder.glob("*.c"))]
        subprocess.run(["gcc", "-c", "-fPIC", "-O0", *sources], cwd=self.folder, check=True)
        subprocess.run(["gcc", "-m32", "-c", "-fPIC", "none.c", "-o", "none32.o"], cwd=self.folder, check=True)
        for name in NAMES:
            script = self._script(name, VERSIONS)
            self._ld(f"{name}.stub", f"def_{name[:4]}.o", "-soname", name, "--version-script", script)
            self._ld(f"{name}.plain", "none.o", "-soname", name)
        subprocess.run(["ld", "-m", "elf_i386", "-shared", "-o", "other.so", "none32.o"], cwd=self.folder, check=True)

    def link(self, wanted: Object) -> Path:
        if wanted not in self.made:
            target = f"object{len(self.made)}.so"
            self.made[wanted] = self.folder / target
            inputs = [f"use_{name[:4]}_{version}.o" for name, version in wanted.wants]
            stubs = [f"{n}.stub" if any(n == w for w, _ in wanted.wants) else f"{n}.plain" for n in wanted.needed]
            options = ["--no-as-needed", "--allow-shlib-undefined", wanted.tag]
            options += ["-soname", wanted.soname] if wanted.soname else []
            options += ["-rpath", wanted.path] if wanted.path else []
            if wanted.defines:
                name = next(n for n in NAMES if n[:4] == (wanted.soname or "liba")[:4])
                options += ["--version-script", self._script(name, wanted.defines)]
                inputs.append(f"def_{name[:4]}.o")
            self._ld(target, *inputs, "none.o", *stubs, *options)
        return self.made[wanted]

    def _source(self, name: str, text: str) -> None:
        (self.folder / f"{name}.c").write_text(text + "\n", "ascii")

    def _script(self, name: str, versions: tuple[str, ...]) -> str:
        script = self.folder / f"{name}.{'-'.join(versions)}.map"
        script.write_text("".join(f"{v} {{ global: {name[:4]}_{v}; }};\n" for v in versions), "ascii")
        return script.name

    def _ld(self, target: str, *arguments: str) -> None:
        subprocess.run(["ld", "-shared", "-o", target, *arguments], cwd=self.folder, check=True)


def _pairs() -> list[tuple[str, str]]:
    return [(name, version) for name in NAMES for version in VERSIONS]


def random_object(pick: random.Random, name: str) -> Object:
    others = [n for n in NAMES if n != name]
    needed = tuple(pick.sample(others, pick.choice([0, 1, 1, 2, 3])))
    wants = tuple((n, pick.choice(VERSIONS)) for n in needed if pick.random() < 0.5)
    defines = VERSIONS[: pick.choice([0, 1, 2, 3, 3])]
    path = ":".join(pick.sample(PATHS, pick.choice([0, 1, 1, 2, 3])))
    tag = pick.choice(["--enable-new-dtags", "--disable-new-dtags"])
    soname = name if defines else pick.choice([name, name, "", pick.choice(others)])
    return Object(soname, needed, wants, defines, path, tag)


@functools.cache
def objects_of(name: str) -> tuple[Object, ...]:
    """What may lie under a name: few enough to be linked in a moment."""
    pick = random.Random(name)  # noqa: S311
    return tuple(random_object(pick, name) for _ in range(POOL))


def build(pick: random.Random, root: Path, linker: Linker, *, levels: bool = False) -> None:
    """One tree: folders, objects, links to them, and files that are no libraries; with `levels`, builds for those of the CPU."""
    for folder in (*FOLDERS, "/etc", "/lib64", "/elsewhere"):
        (root / folder[1:]).mkdir(parents=True, exist_ok=True)
    shutil.copy(GLIBC, root / "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
    shutil.copy(MULTIARCH / "libc.so.6", root / "lib/x86_64-linux-gnu/libc.so.6")
    (root / "lib64/ld-linux-x86-64.so.2").symlink_to("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
    if MUSL.exists():
        shutil.copy(MUSL, root / "lib/ld-musl-x86_64.so.1")
    (root / "link").symlink_to(pick.choice(FOLDERS[4:]))
    for name in NAMES:
        folders = pick.sample(FOLDERS, pick.choice([0, 1, 1, 2]))
        if levels:
            some = [*folders, *pick.sample(FOLDERS, 1)] * 2
            below = [f"{folder}/glibc-hwcaps/{pick.choice(LEVELS)}" for folder in some if pick.random() < 0.6]
            folders += dict.fromkeys(below)
        for folder in folders:
            (root / folder[1:]).mkdir(parents=True, exist_ok=True)
            place = root / folder[1:] / name
            if pick.random() < 0.3:
                target = f"/elsewhere/{name}.{folder.count('/')}"
                place.symlink_to(pick.choice([target, f"{'../' * folder.count('/')}elsewhere/{Path(target).name}"]))
                place = root / target[1:]
            shutil.copy(linker.link(pick.choice(objects_of(name))), place)
    for _ in range(pick.choice([0, 0, 1, 2])):
        spoil(pick, root / pick.choice(FOLDERS)[1:] / pick.choice(NAMES), linker)
    configure(pick, root)


def spoil(pick: random.Random, place: Path, linker: Linker) -> None:
    """Puts something else than a library of this CPU there."""
    if place.exists() or place.is_symlink():
        return
    kind = pick.choice(["empty", "text", "short", "32", "cpu", "folder", "dangling"])
    if kind == "folder":
        place.mkdir()
    elif kind == "dangling":
        place.symlink_to("/gone/away.so")
    elif kind == "32":
        shutil.copy(linker.folder / "other.so", place)
    elif kind == "cpu":
        content = bytearray((linker.folder / f"{NAMES[0]}.plain").read_bytes())
        content[18] = 183
        place.write_bytes(content)
    else:
        place.write_bytes({"empty": b"", "text": b"version https://git-lfs\n" * 9, "short": MAGIC + b"\2\1\1"}[kind])


def configure(pick: random.Random, root: Path) -> None:
    """ld.so.conf with some folders, and a cache made of it, or an old one, or none."""
    folders = pick.sample(FOLDERS, pick.choice([0, 1, 2]))
    (root / "etc/ld.so.conf").write_text("".join(f"{f}\n" for f in folders), "ascii")
    (root / "etc/ld-musl-x86_64.path").write_text(":".join(pick.sample(FOLDERS, 3)), "ascii")
    if pick.random() < 0.5:
        (root / "etc/ld-musl-x86_64.path").unlink()
    if pick.random() < 0.7:
        subprocess.run(["/sbin/ldconfig", "-X", "-r", str(root)], check=True, capture_output=True)
        for folder in FOLDERS:
            for file in (root / folder[1:]).glob("lib?.so.1"):
                if not file.is_dir() and pick.random() < 0.1:
                    file.unlink()


def tree_of(root: Path) -> FileTree:
    """The folder as the product sees it."""
    entries: dict[str, Entry] = {}
    for place in sorted(root.rglob("*")):
        path = "/" + str(place.relative_to(root))
        if place.is_symlink():
            entries[path] = Entry(Kind.SYMLINK, 0o777, link=str(place.readlink()))
        elif place.is_dir():
            entries[path] = Entry(Kind.DIRECTORY, 0o755)
        else:
            with place.open("rb") as file:
                head = file.read(4096)
            entries[path] = Entry(Kind.FILE, 0o755, size=place.stat().st_size, head=head)
    return FileTree(entries, lambda path: (root / path[1:]).read_bytes())


@dataclass(frozen=True)
class Question:
    root: Path
    loader: str
    path: str
    cwd: str
    library_path: str | None


def questions(pick: random.Random, root: Path, loader: str) -> list[Question]:
    libraries = ["/" + str(p.relative_to(root)) for p in sorted(root.rglob("lib?.so.1")) if p.is_file()]
    asked = []
    for _ in range(QUESTIONS):
        if not libraries:
            break
        path = pick.choice(libraries)
        if (root / path[1:]).resolve().read_bytes()[:4] != MAGIC or (root / path[1:]).stat().st_size < 64:
            continue
        with (root / path[1:]).open("rb") as file:
            if file.read(20)[4:19:14] != b"\x02\x3e":
                continue
        chosen = pick.sample([*PATHS, "/link/../lib"], pick.choice([1, 2, 3]))
        given = ":".join(chosen) if pick.random() < 0.6 else pick.choice([None, ""])
        asked.append(Question(root, loader, path, pick.choice(["/", "/var/task"]), given))
    return asked


def answers(asked: list[Question]) -> list[str]:
    calls = [(str(q.root), q.loader, q.path, q.cwd, q.library_path) for q in asked]
    parts = [calls[0::2], calls[1::2]]

    def run(part: list[tuple[str, str, str, str, str | None]]) -> list[str]:
        ran = subprocess.run(
            [sys.executable, str(ORACLE)],
            input=json.dumps(part), capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        said: list[str] = json.loads(ran.stdout)
        return said

    with ThreadPoolExecutor(2) as pool:
        even, odd = pool.map(run, parts)
    return [even[i // 2] if i % 2 == 0 else odd[i // 2] for i in range(len(calls))]


def heard(output: str, question: Question) -> dict[str, Any]:
    """glibc's listing."""

    def whole(path: str) -> str:
        return posixpath.join(question.cwd, path)

    ended = re.search(r"error while loading shared libraries: (\S+): ", output)
    if ended and "cannot open shared object file: No such file" not in output:
        return {"ended": Path(ended[1]).name}
    loaded = [(n, whole(p)) for n, p in re.findall(r"^\t(\S+) => (\S+/\S+) \(0x", output, re.MULTILINE)]
    # What lies in the working directory is named by nothing else.
    loaded += [(name, whole(name)) for name in re.findall(r"^\t(lib\S+) \(0x", output, re.MULTILINE)]
    lost = re.findall(r"^\t(\S+) => not found", output, re.MULTILINE)
    unmet = re.findall(r"(\S+): version `(\S+)' not found \(required by (\S+)\)", output)
    # A start ends at a name that is lost; the listing goes on with a stand-in for it, whose versions it does not look at.
    unmet = [each for each in unmet if posixpath.basename(each[0]) not in lost]
    versions = {(whole(library), version, whole(by)) for library, version, by in unmet}
    return {"loaded": sorted(dict(loaded).items()), "lost": sorted(set(lost)), "versions": sorted(versions)}


def thought(result: Loading) -> dict[str, Any]:
    ended = next((each for each in result.lost if each.problem), None)
    if ended is not None:
        return {"ended": ended.name}
    named = {name: each.path for each in result.objects[1:] for name in each.names}
    lost = {each.name for each in result.lost}
    unmet = [each for each in result.unmet if posixpath.basename(each.path) not in lost]
    versions = sorted({(each.path, each.version, each.wanted_by) for each in unmet})
    return {"loaded": sorted(named.items()), "lost": sorted(lost), "versions": versions}


def agree(theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Whether the answers are one; glibc lists a file under the first of its names alone."""
    if not theirs.keys() == ours.keys() >= {"loaded"}:
        return theirs == ours
    files, modelled = ({path for _, path in each["loaded"]} for each in (theirs, ours))
    rest = all(theirs[key] == ours[key] for key in ("lost", "versions"))
    return rest and files == modelled and set(theirs["loaded"]) <= set(ours["loaded"])


def model(question: Question, tree: FileTree, *, musl: bool) -> Loading:
    given = question.library_path
    path = tuple(re.split("[:;]", given)) if given else ()
    return Loader(tree, "amd64", path, question.cwd, musl).load(question.path)


@functools.cache
def linker(folder: Path) -> Linker:
    folder.mkdir()
    return Linker(folder)


@pytest.fixture(scope="module")
def leveled_forest(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    base = tmp_path_factory.mktemp("levels")
    objects = linker(base / "objects")
    roots = [base / f"tree{seed}" for seed in range(TREES)]
    for seed, root in enumerate(roots):
        build(random.Random(f"level {seed}"), root, objects, levels=True)  # noqa: S311
    return roots


def levels_here() -> tuple[str, ...]:
    """The levels that this machine's loader searches, the best first."""
    said = subprocess.run([str(GLIBC), "--help"], capture_output=True, text=True, check=True).stdout
    return tuple(re.findall(r"^\s+(x86-64-v\d) \(supported, searched\)", said, re.MULTILINE))


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    base = tmp_path_factory.mktemp("loader")
    objects = linker(base / "objects")
    roots = [base / f"tree{seed}" for seed in range(TREES)]
    for seed, root in enumerate(roots):
        build(random.Random(seed), root, objects)  # noqa: S311
    return roots


def ask_all(forest: list[Path], loader: Path, *, musl: bool) -> list[tuple[Question, str, Loading]]:
    asked: list[Question] = []
    mine: list[Loading] = []
    for seed, root in enumerate(forest):
        tree = tree_of(root)
        for question in questions(random.Random(1000 + seed), root, str(loader)):  # noqa: S311
            asked.append(question)
            mine.append(model(question, tree, musl=musl))
    return list(zip(asked, answers(asked), mine, strict=True))


def test_glibc_loads_and_refuses_what_the_model_does(forest: list[Path]) -> None:
    all_of_them = ask_all(forest, GLIBC, musl=False)
    wrong = []
    kinds: list[str] = []
    for question, said, result in all_of_them:
        theirs, ours = heard(said, question), thought(result)
        if not agree(theirs, ours):
            wrong.append((question, said, theirs, ours))
        kinds += [kind for kind, value in theirs.items() if value]
    assert wrong == [], f"{len(wrong)} of {len(all_of_them)}: {wrong[:5]}"
    # The generator must reach every answer often enough for agreement to mean something.
    assert len(all_of_them) >= 500
    assert min(kinds.count(kind) for kind in ("ended", "loaded", "lost", "versions")) >= 15, kinds


def test_glibc_takes_the_builds_for_the_cpus_level_that_the_model_takes(leveled_forest: list[Path]) -> None:
    if [level for level in levels_here() if level != "x86-64-v4"] != list(HARDWARE["amd64"]):
        pytest.skip("this CPU, or its loader, has other levels than Lambda's")
    all_of_them = ask_all(leveled_forest, GLIBC, musl=False)
    wrong = [
        (q, said, thought(result)) for q, said, result in all_of_them if not agree(heard(said, q), thought(result))
    ]
    assert wrong == [], f"{len(wrong)} of {len(all_of_them)}: {wrong[:5]}"
    assert len(all_of_them) >= 500
    assert sum("/glibc-hwcaps/" in said for _, said, _ in all_of_them) >= 150


@pytest.mark.skipif(not MUSL.exists(), reason="needs musl's loader")
def test_musl_loads_and_refuses_what_the_model_does(forest: list[Path]) -> None:
    all_of_them = ask_all([root for root in forest if not foreign(root)], MUSL, musl=True)
    wrong = []
    for question, said, result in all_of_them:
        loaded = re.findall(r"^\t(\S+) => (\S+) \(0x", said, re.MULTILINE)
        lost = re.findall(r"^Error loading shared library (\S+): ", said, re.MULTILINE)
        loaded = [(n, posixpath.join(question.cwd, p)) for n, p in loaded if "ld-musl" not in p]
        theirs = set(loaded), set(lost)
        ours = {(n, e.path) for e in result.objects[1:] for n in e.names}, {e.name for e in result.lost}
        if theirs != ours:
            wrong.append((question, said, theirs, ours))
    assert wrong == [], f"{len(wrong)} of {len(all_of_them)}: {wrong[:5]}"
    assert len(all_of_them) >= 300
    assert sum(1 for _, _, result in all_of_them if result.lost) >= 100


def foreign(root: Path) -> bool:
    """Whether a library of another CPU lies in the tree."""
    for place in root.rglob("lib?.so.1"):
        if place.is_file():
            with place.open("rb") as file:
                head = file.read(20)
            if head.startswith(MAGIC) and head[4:5] + head[18:19] not in (b"", b"\x02", b"\x02\x3e"):
                return True
    return False
