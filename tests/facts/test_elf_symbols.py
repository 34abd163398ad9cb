"""What addons register for, against Node.js itself: addons compiled by gcc without Node's headers, required by node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from troubleshooter.facts.elf import read_elf
from troubleshooter.facts.native import NativeFile

STRUCTURE = """
struct node_module { int version; unsigned flags; void *handle; const char *file; void *f, *g; const char *name; void *p, *l; };
extern void node_module_register(void *);
static void start(void) {}
static struct node_module own = { VERSION, 0, 0, "../src/addon.cc", start, 0, "addon", 0, 0 };
__attribute__((constructor)) static void enrol(void) { node_module_register(&own); }
"""
NODE_API = "void *napi_register_module_v1(void *env, void *exports) { return exports; }\n"
CONSTRUCTED = """
struct napi_module { int version; unsigned flags; const char *file; void *f; const char *name; void *p; void *r[4]; };
extern void napi_module_register(void *);
static void *start(void *env, void *exports) { return exports; }
static struct napi_module own = { 1, 0, "addon.c", start, "addon", 0, {0} };
__attribute__((constructor)) static void enrol(void) { napi_module_register(&own); }
"""

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")


def entry(version: int) -> str:
    return f"void node_register_module_v{version}(void) {{}}\n"


def compiled(folder: Path, text: str, *options: str) -> Path:
    source, target = folder / "addon.c", folder / "addon.node"
    source.write_text(text, "ascii")
    subprocess.run(["gcc", "-shared", "-fPIC", *options, "-o", str(target), str(source)], check=True)
    return target


@needs_gcc
@pytest.mark.parametrize(
    ("text", "options", "versions"),
    [
        (STRUCTURE, ("-DVERSION=108",), (108,)),
        (STRUCTURE, ("-DVERSION=127", "-O2", "-s"), (127,)),
        (entry(115), (), (115,)),
        (entry(115) + entry(127), (), (115, 127)),
        (NODE_API, (), (0,)),
        (CONSTRUCTED, (), (0,)),
        (NODE_API + entry(108), (), (0, 108)),
        ("int nothing;\n", (), ()),
        ('const char *text = "node_register_module_v115";\n', (), ()),
    ],
)
def test_versions_are_read(tmp_path: Path, text: str, options: tuple[str, ...], versions: tuple[int, ...]) -> None:
    elf = read_elf(compiled(tmp_path, text, *options).read_bytes())
    assert elf is not None
    assert elf.addon == versions


@needs_gcc
@pytest.mark.skipif(not shutil.which("node"), reason="asks node")
def test_node_refuses_what_is_called_another_nodes(tmp_path: Path) -> None:
    ran = subprocess.run(["node", "-p", "process.versions.modules"], capture_output=True, text=True, check=True)
    mine = int(ran.stdout)
    texts = [
        *((STRUCTURE, f"-DVERSION={version}") for version in (mine, mine - 7, mine + 12)),
        *((entry(version), "-O0") for version in (mine, mine - 7, mine + 12)),
        *((text, "-O1") for text in (NODE_API, CONSTRUCTED, NODE_API + entry(mine - 7), entry(mine - 7) + entry(mine))),
    ]
    files = []
    for index, (text, option) in enumerate(texts):
        folder = tmp_path / str(index)
        folder.mkdir()
        files.append(compiled(folder, text, option))
    script = (
        "const said = JSON.parse(process.argv[1]).map((file) => { try { require(file); return true; } "
        "catch (error) { return !/NODE_MODULE_VERSION|self-register/.test(error.message); } });"
        "console.log(JSON.stringify(said));"
    )
    asked = json.dumps([str(file) for file in files])
    said = subprocess.run(["node", "-e", script, asked], capture_output=True, text=True, check=True)
    elves = [read_elf(file.read_bytes()) for file in files]
    taken = [not NativeFile("x", addon=elf.addon).is_for_another_node(mine) for elf in elves if elf is not None]
    assert json.loads(said.stdout) == taken
    assert taken.count(False) == 4
