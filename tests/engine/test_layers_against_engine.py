"""Generated layers, merged by us and by the engine's own file system."""

from __future__ import annotations

import io
import random
import tarfile
from dataclasses import replace
from pathlib import Path

import docker

from tests.lab.images import OPAQUE, WHITEOUT, Content, Directory, File, Hardlink, Layer, Symlink, image
from troubleshooter.collectors.image_files import open_path
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.facts.tree import FileTree, Kind

CASES = 600
NAMES = [f"/{a}" for a in "abc"]
PATHS = [
    *NAMES,
    *(f"{p}/{b}" for p in NAMES for b in "abc"),
    *(f"{p}/{b}/{c}" for p in NAMES for b in "ab" for c in "ab"),
]
KINDS = {tarfile.REGTYPE: "file", tarfile.LNKTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink"}
Seen = dict[str, tuple[str, int, str, bytes]]


def parents(path: str) -> list[str]:
    parts = path.split("/")[1:-1]
    return ["/" + "/".join(parts[: i + 1]) for i in range(len(parts))]


def layer(dice: random.Random, number: int) -> dict[str, Content]:
    """Entries as a builder writes them: nothing below a file of the same layer, links to files that came before."""
    made: dict[str, Content] = {}
    for _ in range(dice.randrange(1, 8)):
        path = dice.choice(PATHS)
        blocked = {p for p, c in made.items() if not isinstance(c, Directory) and c != OPAQUE}
        if path in made or blocked & set(parents(path)):
            continue
        files = [p for p, c in made.items() if isinstance(c, File)]
        content = dice.choice(
            [
                File(f"{number}{path}", dice.choice([0o644, 0o755, 0o600])),
                File(f"{number}{path}", 0o4755, uid=993, gid=990),
                Symlink(dice.choice(["/c", "a", "../b/a", "/nowhere"])),
                Directory(dice.choice([0o755, 0o700, 0o1777])),
                WHITEOUT,
                OPAQUE,
                Hardlink(dice.choice(files), dice.choice([None, 0o640])) if files else File("x"),
            ]
        )
        leaf = not isinstance(content, Directory) and content != OPAQUE
        if leaf and any(path in parents(p) for p in made):
            continue
        made[path] = content
    return dict(sorted(made.items(), key=lambda item: (isinstance(item[1], Hardlink), item[0].count("/"))))


def layers() -> list[Layer]:
    """All cases in one image, each in a folder of its own, over one to four layers."""
    made: list[dict[str, Content]] = [{"/base": "x"}, {}, {}, {}, {}]
    for seed in range(CASES):
        dice = random.Random(seed)  # noqa: S311
        for number in range(1, dice.randrange(2, 6)):
            for path, content in layer(dice, number).items():
                if isinstance(content, Hardlink):
                    content = replace(content, target=f"/{seed}{content.target}")
                made[number][f"/{seed}{path}"] = content
    return [Layer(files) for files in made]


def ours(tree: FileTree) -> Seen:
    seen: Seen = {}
    for path in tree:
        entry = tree.entry(path)
        assert entry
        content = (tree.read(path) or b"") if entry.kind is Kind.FILE else b""
        seen[path] = (entry.kind.value, 0 if entry.kind is Kind.SYMLINK else entry.mode, entry.link, content)
    return seen


def theirs(exported: bytes) -> Seen:
    seen: Seen = {}
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        for member in tar:
            name = "/" + member.name.rstrip("/")
            if not name.split("/")[1].isdigit() and name != "/base":
                continue
            kind = KINDS[member.type]
            file = tar.extractfile(member) if kind == "file" else None
            mode = 0 if kind == "symlink" else member.mode & 0o7777
            seen[name] = (kind, mode, member.linkname if kind == "symlink" else "", file.read() if file else b"")
    return seen


def test_merged_as_the_engine_merges(engine_client: docker.DockerClient, tmp_path: Path) -> None:
    built = image(layers=layers(), name="lab/layers:generated")
    path = tmp_path / "image.tar"
    path.write_bytes(built.docker_archive())
    engine_client.images.load(built.docker_archive())
    container = engine_client.api.create_container(built.name, command=["/none"])["Id"]
    try:
        exported = b"".join(engine_client.api.export(container))
    finally:
        engine_client.api.remove_container(container)
        engine_client.api.remove_image(built.name)
    merged = ours(open_path("docker-archive", str(path), None).tree(LayerCache(None)).tree)
    expected = theirs(exported)
    assert len(expected) > 5 * CASES
    differ = {
        p: (merged.get(p), expected.get(p)) for p in merged.keys() | expected.keys() if merged.get(p) != expected.get(p)
    }
    assert not differ, dict(sorted(differ.items())[:10])
