"""Small container images made in memory: true manifests, configurations, layers and ELF headers, nothing that could run."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MACHINES = {"amd64": 62, "arm64": 183}
LOADERS = {"amd64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1"}
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"

ENTRYPOINT = """#!/bin/sh
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" 1>&2
  exit 142
fi
export _HANDLER="$1"
exec /var/runtime/bootstrap
"""
"""What the AWS language images start with, in short: exactly one argument, or exit 142."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image as a registry keeps it."""

    manifest: bytes
    blobs: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        return digest(self.manifest)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def elf(machine: str) -> bytes:
    """An ELF64 header for a CPU with the loader that a glibc program names."""
    loader = LOADERS[machine].encode() + b"\0"
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, MACHINES[machine], 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    offset = 64 + 56
    program = struct.pack("<IIQQQQQQ", 3, 4, offset, 0x400000 + offset, 0x400000 + offset, len(loader), len(loader), 1)
    return ident + header + program + loader


def language_base(language: str, version: str, machine: str) -> dict[str, bytes]:
    """Files of an AWS language image that a launch touches, by path; executables have their bit set by `build`."""
    interpreter = f"/var/lang/bin/python{version}" if language == "python" else "/var/lang/bin/node"
    files = {
        "/bin/sh": elf(machine),
        "/bin/bash": elf(machine),
        "/usr/bin/env": elf(machine),
        LOADERS[machine]: elf(machine),
        "/lambda-entrypoint.sh": ENTRYPOINT.encode(),
        "/usr/local/bin/aws-lambda-rie": elf(machine),
        "/var/runtime/bootstrap": f'#!/bin/bash\nexec {interpreter} "$@"\n'.encode(),
        interpreter: elf(machine),
    }
    if language == "python":
        files[f"/var/lang/lib/python{version}/os.py"] = b""
        files[f"/var/lang/lib/python{version}/site-packages/boto3/__init__.py"] = b""
        files["/var/runtime/bootstrap.py"] = b""
        files["/var/runtime/awslambdaric/__init__.py"] = b""
    else:
        files["/var/runtime/index.mjs"] = b""
        files["/var/lang/include/node/node_version.h"] = (
            f"#define NODE_MAJOR_VERSION {version}\n#define NODE_MINOR_VERSION 19\n#define NODE_PATCH_VERSION 0\n".encode()
        )
    return files


_EXECUTABLE = ("/bin/", "/usr/bin/", "/usr/local/bin/", "/var/lang/bin/", "/lib64/", "/lib/")


def build(
    machine: str, layers: list[Mapping[str, bytes]], config: Mapping[str, Any], history: tuple[str, ...] = ()
) -> Image:
    """An image of `machine` with these layers, lowest first. `config`: the image's `config` object."""
    tars = [_layer(files) for files in layers]
    packed = [gzip.compress(tar, mtime=0) for tar in tars]
    document = {
        "architecture": machine,
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in tars]},
        "history": [{"created_by": line} for line in history],
    }
    encoded = json.dumps(document).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": _CONFIG_TYPE, "digest": digest(encoded), "size": len(encoded)},
        "layers": [{"mediaType": _LAYER_TYPE, "digest": digest(blob), "size": len(blob)} for blob in packed],
    }
    return Image(json.dumps(manifest).encode(), {digest(blob): blob for blob in (encoded, *packed)})


def _layer(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder in sorted({p for path in files for p in _parents(path)}):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        for path, content in sorted(files.items()):
            info = tarfile.TarInfo(path.lstrip("/"))
            executable = path.startswith(_EXECUTABLE) or content.startswith(b"#!")
            info.size, info.mode = len(content), 0o755 if executable else 0o644
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]
