from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.images import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    WHITEOUT,
    Built,
    Layer,
    archive,
    compress,
    digest,
    image,
)
from troubleshooter.collectors.image_files import OpenImage, open_path
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.facts import Reason, SourceError
from troubleshooter.redact import Secrets

FILES = {"/lambda-entrypoint.sh": "#!/bin/sh\n", "/var/task/app.py": "def handler(e, c): ...\n"}
SETTINGS: dict[str, Any] = {
    "entrypoint": ["/lambda-entrypoint.sh"],
    "cmd": ["app.handler"],
    "working_dir": "/var/task",
    "env": ["PATH=/usr/bin", "DB_PASSWORD=correct-horse-battery", "A=b=c", "broken"],
    "labels": {"org.example": "x"},
    "user": "993:990",
}
Written = Callable[[Built, Path], str]


def _write(data: bytes, path: Path) -> str:
    path.write_bytes(data)
    return str(path)


WAYS: dict[str, Written] = {
    "docker-archive": lambda b, p: _write(b.docker_archive(), p / "i.tar"),
    "hybrid": lambda b, p: _write(b.hybrid_archive(), p / "i.tar"),
    "oci-archive": lambda b, p: _write(b.oci_archive(), p / "i.tar"),
    "oci": lambda b, p: str(b.write_oci_dir(p / "layout")),
    "docker-archive gzip": lambda b, p: _write(compress(b.docker_archive(), "gzip"), p / "i.tgz"),
    "hybrid zstd": lambda b, p: _write(compress(b.hybrid_archive(), "zstd"), p / "i.tar.zst"),
    "oci-archive gzip": lambda b, p: _write(compress(b.oci_archive(), "gzip"), p / "i.tar.gz"),
}


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def written(request: pytest.FixtureRequest) -> Written:
    way: Written = request.param
    return way


def opened(built: Built, way: Written, folder: Path, architecture: str | None = None) -> OpenImage:
    return open_path("", way(built, folder), architecture)


def test_every_transport_gives_the_same_image(written: Written, tmp_path: Path) -> None:
    layers = [
        Layer(FILES),
        Layer({"/etc/os-release": "ID=x\n", "/var/task/old.py": "x"}),
        Layer({"/var/task/old.py": WHITEOUT}),
    ]
    found = opened(image(layers=layers, **SETTINGS), written, tmp_path)
    secrets = Secrets()
    config = found.config(secrets)
    assert (config.architecture, config.os) == ("amd64", "linux")
    assert config.entrypoint == ("/lambda-entrypoint.sh",)
    assert config.command == ("app.handler",)
    assert (config.workdir, config.user) == ("/var/task", "993:990")
    assert config.variable("PATH") == "/usr/bin"
    assert [(v.name, v.length, v.value) for v in config.environment][1:] == [("DB_PASSWORD", 21, None), ("A", 3, None)]
    assert "correct-horse" not in repr(config)
    assert "correct-horse" not in secrets.redact("it is correct-horse-battery")
    assert config.labels == {"org.example": "x"}
    assert config.history == ("COPY 0", "COPY 1", "COPY 2")
    assert len(config.diff_ids) == 3
    tree = found.tree(LayerCache(None))
    assert tree.layers == 3
    assert 3 * 512 < tree.size <= sum(len(layer.tar()) for layer in layers)
    assert tree.tree.text("/var/task/app.py") == FILES["/var/task/app.py"]
    assert tree.tree.children("/var/task") == ["app.py"]
    assert tree.removed == {"/var/task/old.py": 2}
    entry = tree.tree.entry("/etc/os-release")
    assert entry
    assert entry.layer == 1


@pytest.mark.parametrize("how", ["gzip", "zstd", "none"])
def test_every_compression_of_layers(how: str, written: Written, tmp_path: Path) -> None:
    found = opened(image(layers=[Layer(FILES, how)]), written, tmp_path)
    assert found.tree(LayerCache(None)).tree.text("/var/task/app.py") == FILES["/var/task/app.py"]


def test_manifests_of_a_layout(tmp_path: Path) -> None:
    built = image(FILES)
    manifest = opened(built, WAYS["oci"], tmp_path).manifest
    assert (manifest.digest, manifest.manifest_digest, manifest.media_type) == (
        built.digest,
        built.digest,
        OCI_MANIFEST,
    )
    assert not manifest.is_index
    assert manifest.config.digest == digest(built.single.config)
    assert [b.media_type for b in manifest.layers] == ["application/vnd.oci.image.layer.v1.tar+gzip"]
    docker = opened(image(FILES, docker=True), WAYS["oci-archive"], tmp_path).manifest
    assert docker.media_type == DOCKER_MANIFEST


def test_a_docker_archive_has_no_manifest_and_says_so(tmp_path: Path) -> None:
    built = image(FILES)
    manifest = opened(built, WAYS["docker-archive"], tmp_path).manifest
    assert (manifest.digest, manifest.manifest_digest, manifest.media_type) == (None, None, "")
    assert manifest.config.digest == digest(built.single.config)
    assert [b.digest for b in manifest.layers] == [digest(built.single.layers[0].tar())]


def test_what_docker_save_made_up_is_not_taken_for_the_images_manifest(tmp_path: Path) -> None:
    saved = opened(image(layers=[Layer(FILES, "none")]), WAYS["hybrid"], tmp_path)
    assert (saved.manifest.digest, saved.manifest.media_type) == (None, "")
    assert [b.media_type for b in saved.manifest.layers] == [""]
    assert saved.names == frozenset()
    stored = opened(image(FILES), WAYS["hybrid"], tmp_path)
    assert stored.manifest.digest in stored.names


def test_an_index_with_an_attestation(tmp_path: Path) -> None:
    built = image(FILES, attestation=True)
    for way in ("oci", "oci-archive", "hybrid", "oci-archive gzip"):
        folder = tmp_path / way
        folder.mkdir()
        found = opened(built, WAYS[way], folder)
        manifest = found.manifest
        assert (manifest.digest, manifest.media_type, manifest.is_index) == (built.digest, OCI_INDEX, True)
        assert manifest.manifest_digest == digest(built.single.manifest)
        assert [(p.architecture, p.attestation) for p in manifest.platforms] == [("amd64", False), ("unknown", True)]
        assert found.names == {built.digest, manifest.manifest_digest}
        assert found.tree(LayerCache(None)).tree.is_file("/var/task/app.py")


@pytest.mark.parametrize(
    ("architecture", "platforms", "expected"),
    [
        ("arm64", ["amd64", "arm64"], "arm64"),
        ("amd64", ["arm64", "amd64"], "amd64"),
        (None, ["arm64", "amd64"], "amd64"),
        ("amd64", ["arm64"], "arm64"),
        (None, ["arm64", "riscv64"], "arm64"),
    ],
)
def test_the_platform_that_is_looked_at(
    architecture: str | None, platforms: list[str], expected: str, tmp_path: Path
) -> None:
    built = image(platforms={p: [Layer({"/arch": p})] for p in platforms}, attestation=True)
    assert opened(built, WAYS["oci"], tmp_path, architecture).config(Secrets()).architecture == expected


def test_a_platform_that_was_not_saved_is_not_looked_at(tmp_path: Path) -> None:
    built = image(platforms={p: [Layer({"/arch": p})] for p in ("amd64", "arm64")})
    there = {d: b for d, b in built.blobs.items() if d != digest(built.singles[0].manifest)}
    found = opened(replace(built, blobs=there), WAYS["oci-archive"], tmp_path)
    assert found.config(Secrets()).architecture == "arm64"


def two_tags(tmp_path: Path) -> Path:
    one, two = image({"/one": "1"}, name="lab/x:one"), image({"/two": "2"}, name="lab/x:two")
    files = {**one.oci_files(), **two.oci_files()}
    index = json.loads(files["index.json"])
    index["manifests"] += json.loads(one.oci_files()["index.json"])["manifests"]
    path = tmp_path / "both.tar"
    path.write_bytes(archive({**files, "index.json": json.dumps(index).encode()}))
    return path


def test_one_of_several_images_is_named_behind_the_file(tmp_path: Path) -> None:
    path = two_tags(tmp_path)
    assert open_path("oci-archive", f"{path}:two", None).tree(LayerCache(None)).tree.children("/") == ["two"]
    with pytest.raises(SourceError, match="several images: one, two") as caught:
        open_path("oci-archive", str(path), None)
    assert caught.value.unavailable.unblock
    with pytest.raises(SourceError, match="holds no 'three', but one, two"):
        open_path("oci-archive", f"{path}:three", None)


def test_a_docker_archive_of_several_images(tmp_path: Path) -> None:
    path = tmp_path / "both.tar"
    one, two = image({"/one": "1"}, name="lab/one:1"), image({"/two": "2"}, name="lab/two:2")
    listed = [json.loads(archive_member(b.docker_archive(), "manifest.json"))[0] for b in (one, two)]
    files: dict[str, bytes] = {}
    for built in (one, two):
        layer = built.single.layers[0].tar()
        files[f"{digest(layer)[7:]}/layer.tar"] = layer
        files[f"{digest(built.single.config)[7:]}.json"] = built.single.config
    path.write_bytes(archive({**files, "manifest.json": json.dumps(listed).encode()}))
    assert open_path("docker-archive", f"{path}:lab/two:2", None).tree(LayerCache(None)).tree.children("/") == ["two"]
    with pytest.raises(SourceError, match="several images"):
        open_path("docker-archive", str(path), None)


def archive_member(data: bytes, name: str) -> bytes:
    import io
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = tar.extractfile(name)
        assert member
        return member.read()


def test_layers_that_are_links_to_one_another(tmp_path: Path) -> None:
    """What engines before 1.10 onwards write for a layer that occurs twice."""
    import io
    import tarfile

    layer = Layer(FILES).tar()
    config = image(layers=[Layer(FILES), Layer(FILES)]).single.config
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in {
            "aa/layer.tar": layer,
            "c.json": config,
            "manifest.json": json.dumps([{"Config": "c.json", "Layers": ["aa/layer.tar", "bb/layer.tar"]}]).encode(),
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("bb/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../aa/layer.tar"
        tar.addfile(link)
    for data in (buffer.getvalue(), gzip.compress(buffer.getvalue())):
        (tmp_path / "i.tar").write_bytes(data)
        assert open_path("", str(tmp_path / "i.tar"), None).tree(LayerCache(None)).layers == 2


# -- what is hostile, damaged or absent is a typed gap that names its place


def changed(built: Built, change: Callable[[dict[str, bytes]], None], path: Path) -> OpenImage:
    files = built.oci_files()
    change(files)
    path.write_bytes(archive(files))
    return open_path("oci-archive", str(path), None)


def blob_path(data: bytes) -> str:
    return f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"


def manifest_saying(built: Built, **changes: object) -> Built:
    body = json.loads(built.single.manifest)
    body.update(changes)
    manifest = json.dumps(body).encode()
    single = replace(built.single, manifest=manifest)
    return Built(built.name, (single,), manifest, built.media_type, {**built.blobs, digest(manifest): manifest})


def test_lying_blobs_are_found(tmp_path: Path) -> None:
    built = image(FILES)
    path, layer, config = tmp_path / "i.tar", built.single.packed[0], built.single.config

    def other_layer(files: dict[str, bytes]) -> None:
        files[blob_path(layer)] = compress(Layer({"/evil": "x"}).tar(), "gzip").ljust(len(layer), b"\0")[: len(layer)]

    def longer_layer(files: dict[str, bytes]) -> None:
        files[blob_path(layer)] = layer + b"\0" * 10

    def other_config(files: dict[str, bytes]) -> None:
        files[blob_path(config)] = config + b" "

    def other_manifest(files: dict[str, bytes]) -> None:
        files[blob_path(built.root)] = built.root + b" "

    for change in (other_layer, longer_layer):
        with pytest.raises(SourceError, match="layer 1 of 1") as caught:
            changed(built, change, path).tree(LayerCache(None))
        assert caught.value.unavailable.reason is Reason.MALFORMED
        assert digest(layer) in caught.value.unavailable.detail
    for change in (other_config, other_manifest):
        with pytest.raises(SourceError, match="digest"):
            changed(built, change, path)


@pytest.mark.parametrize(
    "changes",
    [
        {"layers": "x"},
        {"layers": [1]},
        {"layers": [{"digest": "sha256:../../etc/passwd", "size": 1}]},
        {"layers": [{"digest": "sha256:" + "0" * 64, "size": -1}]},
        {"layers": [{"digest": "sha256:" + "0" * 64, "size": True}]},
        {"config": None},
        {"config": {"digest": 7}},
        {"schemaVersion": 1},
        {"manifests": [{}], "config": {}},
    ],
)
def test_manifests_that_make_no_sense(changes: dict[str, object], tmp_path: Path) -> None:
    built = manifest_saying(image(FILES), **changes)
    with pytest.raises(SourceError) as caught:
        opened(built, WAYS["oci-archive"], tmp_path).tree(LayerCache(None))
    assert caught.value.unavailable.reason in (Reason.MALFORMED, Reason.UNSUPPORTED)


def test_a_missing_layer_is_named(tmp_path: Path) -> None:
    built = image(FILES)
    for way in ("oci-archive", "oci", "oci-archive gzip"):
        folder = tmp_path / way
        folder.mkdir()
        there = {d: b for d, b in built.blobs.items() if d != digest(built.single.packed[0])}
        found = opened(replace(built, blobs=there), WAYS[way], folder)
        assert found.config(Secrets()).os == "linux"
        with pytest.raises(SourceError, match=r"layer 1 of 1 .* missing"):
            found.tree(LayerCache(None))


def test_too_many_layers(tmp_path: Path) -> None:
    layer = json.loads(image(FILES).single.manifest)["layers"][0]
    built = manifest_saying(image(FILES), layers=[layer] * 1001)
    with pytest.raises(SourceError) as caught:
        opened(built, WAYS["oci-archive"], tmp_path)
    assert caught.value.unavailable.reason is Reason.TOO_BIG


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b"[" * 100_000,
        b'{"manifests": []}',
        b'{"x": 1' + b"1" * 5000 + b"}",
        b'{"manifests": [1]}',
    ],
)
@pytest.mark.parametrize("name", ["index.json", "manifest.json"])
def test_lists_that_make_no_sense(name: str, text: bytes, tmp_path: Path) -> None:
    (tmp_path / "i.tar").write_bytes(archive({name: text}))
    with pytest.raises(SourceError) as caught:
        open_path("", str(tmp_path / "i.tar"), None)
    assert caught.value.unavailable.reason in (Reason.MALFORMED, Reason.ABSENT)
    assert "i.tar" in caught.value.unavailable.detail


def test_json_that_is_too_big(tmp_path: Path) -> None:
    (tmp_path / "i.tar").write_bytes(archive({"index.json": b"{" + b" " * (5 << 20) + b"}"}))
    with pytest.raises(SourceError) as caught:
        open_path("", str(tmp_path / "i.tar"), None)
    assert caught.value.unavailable.reason is Reason.TOO_BIG


def test_indexes_within_indexes_end(tmp_path: Path) -> None:
    built = image(FILES)
    inner, blobs = built.root, dict(built.blobs)
    media_type = OCI_MANIFEST
    for _ in range(6):
        entry = {"mediaType": media_type, "digest": digest(inner), "size": len(inner)}
        inner, media_type = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(), OCI_INDEX
        blobs[digest(inner)] = inner
    deep = Built(built.name, built.singles, inner, OCI_INDEX, blobs)
    with pytest.raises(SourceError, match="nested"):
        opened(deep, WAYS["oci-archive"], tmp_path)


def test_files_that_are_no_image(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    (tmp_path / "empty.tar").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.tar").write_bytes(archive({"x": b"y"}))
    for name in ("text", "empty.tar", "folder", "other.tar"):
        with pytest.raises(SourceError) as caught:
            open_path("oci-archive", str(tmp_path / name), None)
        assert caught.value.unavailable.reason is Reason.MALFORMED
    with pytest.raises(SourceError) as caught:
        open_path("oci-archive", str(tmp_path / "absent.tar"), None)
    assert caught.value.unavailable.reason is Reason.ABSENT


def test_a_layer_that_is_no_tar_is_named(written: Written, tmp_path: Path) -> None:
    built = image(layers=[Layer(FILES), Layer(raw=b"not a tar at all" * 100)])
    with pytest.raises(SourceError, match="layer 2 of 2"):
        opened(built, written, tmp_path).tree(LayerCache(None))


def test_a_later_read_of_a_file_that_shrank_gives_nothing(tmp_path: Path) -> None:
    found = opened(image(layers=[Layer({"/a.py": "x" * 50_000}, "none")]), WAYS["oci-archive"], tmp_path).tree(
        LayerCache(None)
    )
    (tmp_path / "i.tar").write_bytes(b"")
    assert found.tree.read("/a.py") is None
