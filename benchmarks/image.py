"""`python -m benchmarks image`: reading images of about 1 GB and 3 GB, as ratios to what was measured beside them.

Walls and processor times are the best of the rounds, the rounds interleaved; ratios of one-core rows are of processor times,
which a busy machine disturbs least, all others of walls.
"""

from __future__ import annotations

import argparse
import contextlib
import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.image_content import Prepared, prepare
from benchmarks.timing import Run, best, program
from tests.lab.images import OCI_MANIFEST

MIB = 1 << 20
OWN = (sys.executable, "-m", "benchmarks.inventory")


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of comparisons: `more` runs longer than `less` by at least, or at most, `ratio`."""

    what: str
    more: str
    less: str
    ratio: float
    at_least: bool = True
    cpu: bool = False


GOALS = (
    Goal("gzip inventory above bare decompression, one core", "gzip, one core", "isal alone", 1.3, False, cpu=True),
    Goal("the same with the cache being filled", "gzip, one core, filling", "isal alone", 1.3, False, cpu=True),
    Goal("tarfile above gzip inventory, one core", "tarfile r|gz", "gzip, one core", 2.3, cpu=True),
    Goal("tarfile above gzip inventory, all cores", "tarfile r|gz", "gzip", 3.8),
    Goal("docker archive above tar tf", "docker archive", "tar tf", 3.0, False),
    Goal("tarfile above docker archive", "tarfile", "docker archive", 4.0),
    Goal(
        "zstd inventory above bare decompression, one core", "zstd, one core", "zstandard alone", 1.3, False, cpu=True
    ),
    Goal("skopeo copy + umoci unpack above gzip inventory", "skopeo copy + umoci unpack", "gzip", 10.0),
    Goal("docker save above one named path of the engine", "docker save", "engine, one path", 50.0),
    Goal("inventory of docker save above docker save", "engine", "docker save", 1.3, False),
)


def main(arguments: Sequence[str]) -> int:
    """Prepares, measures, prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks image", description=__doc__)
    parser.add_argument("--size", choices=("1", "3"), action="append", help="GB of the image; both where not given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prepare", action="store_true", help="only prepare the images")
    parser.add_argument("--without", action="append", default=[], help="engine or skopeo", choices=("engine", "skopeo"))
    options = parser.parse_args(arguments)
    for size in options.size or ("1", "3"):
        image, following = prepare(size, say), prepare("1-next", say) if size == "1" else None
        if not options.prepare:
            with _Bench(image, following, options.without) as bench:
                show(image, best(bench.runs(), options.rounds, say), bench.once())
    return 0


def say(text: str) -> None:
    """At once: a run that is cut short shows what it had."""
    print(text, file=sys.stderr, flush=True)


class _Bench:
    """Everything that one image is measured with."""

    def __init__(self, image: Prepared, following: Prepared | None, without: Sequence[str]) -> None:
        self.image, self.following, self.without = image, following, without
        self._stack = contextlib.ExitStack()
        self.home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        self.registry = self._stack.enter_context(registry([each for each in (image, following) if each]))
        self.engine = "" if "engine" in without else self._engine()

    def __enter__(self) -> _Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def own(self, *words: str, cores: int | None = None, cache: str = "") -> Run:
        """One job in a process of its own; `cache` names the folder of its layer cache."""
        environment = [f"XDG_CACHE_HOME={self.home / (cache or 'none')}", f"DOCKER_HOST={self.engine}"]
        environment += [] if cache else ["TROUBLESHOOTER_NO_CACHE=1"]
        return program(["env", *environment, *OWN, *words], cores=cores, printed=True)

    def runs(self) -> dict[str, Callable[[], Run]]:
        """What is measured in every round."""
        image = self.image
        gzip, zstd = (list(map(str, image.blobs(how))) for how in ("gzip", "zstd"))
        docker, oci = (
            f"docker-archive:{image.docker_archive}",
            {h: f"oci-archive:{image.oci_archive(h)}" for h in ("gzip", "zstd")},
        )
        found: dict[str, Callable[[], Run]] = {
            "isal alone": lambda: self.own("isal", *gzip, cores=1),
            "zlib alone": lambda: self.own("zlib", *gzip, cores=1),
            "zstandard alone": lambda: self.own("zstd", *zstd, cores=1),
            "tarfile": lambda: self.own("tarfile", str(image.docker_archive), cores=1),
            "tarfile r|gz": lambda: self.own("tarfile-gzip", *gzip, cores=1),
            "tar tf": self._tar,
            "docker archive": lambda: self.own("ours", docker),
            "gzip": lambda: self.own("ours", oci["gzip"]),
            "gzip, one core": lambda: self.own("ours", oci["gzip"], cores=1),
            "gzip, filling": lambda: self._filling(oci["gzip"], None),
            "gzip, one core, filling": lambda: self._filling(oci["gzip"], 1),
            "zstd": lambda: self.own("ours", oci["zstd"]),
            "zstd, one core": lambda: self.own("ours", oci["zstd"], cores=1),
            "registry": lambda: self.own("ours", f"docker://{self.registry}:{image.name}"),
        }
        if self.following is not None:
            found["new tag on a known base"] = self._next
        if self.engine:
            tag = image.tag
            found["engine"] = lambda: self.own("ours", f"docker-daemon:{tag}")
            found["docker save"] = lambda: self.own("save", tag)
            found["engine, one path"] = lambda: self.own("named", tag, "/var/task/app.py")
        return found

    def once(self) -> dict[str, Run]:
        """What takes minutes, once."""
        missing = [each for each in ("skopeo", "umoci") if shutil.which(each) is None]
        if "skopeo" in self.without or missing:
            say(f"left out: skopeo and umoci: {', '.join(missing) or 'as asked'}")
            return {}
        return best({"skopeo copy + umoci unpack": self._unpacked}, 1, say)

    def _filling(self, reference: str, cores: int | None) -> Run:
        shutil.rmtree(self.home / "filling", ignore_errors=True)
        return self.own("ours", reference, cores=cores, cache="filling")

    def _next(self) -> Run:
        """The base is known from another image, the top layer is new."""
        shutil.rmtree(self.home / "next", ignore_errors=True)
        self.own("ours", f"oci-archive:{self.image.oci_archive('gzip')}", cache="next")
        return self.own("ours", f"docker://{self.registry}:1-next", cache="next")

    def _tar(self) -> Run:
        """Names of all layers: of the archive's own members there are only a few."""
        names = [str(path) for path in self.image.plain_layers()]
        return program(["sh", "-c", 'for each; do tar tf "$each" >/dev/null || exit 1; done', "sh", *names])

    def _unpacked(self) -> Run:
        folder = self.home / "unpacked"
        script = 'skopeo copy -q "docker-archive:$1" "oci:$2/i:x" && umoci unpack --rootless --image "$2/i:x" "$2/b"'
        try:
            folder.mkdir()
            return program(["sh", "-c", script, "sh", str(self.image.docker_archive), str(folder)])
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _engine(self) -> str:
        """Address of an engine that holds the image; empty where there is none."""
        import docker

        from tests.lab import engine

        try:
            running = self._stack.enter_context(engine.running())
        except engine.Unavailable as reason:
            say(f"left out: engine: {reason}")
            return ""
        say("loading the image into the engine")
        client = docker.DockerClient(base_url=running.address, timeout=600)
        with contextlib.closing(client), self.image.docker_archive.open("rb") as archive:
            client.images.load(archive)
        if not running.ours:
            self._stack.callback(_remove, running.address, self.image.tag)
        return running.address


def _remove(address: str, tag: str) -> None:
    import docker

    with contextlib.closing(docker.DockerClient(base_url=address, timeout=60)) as client:
        client.images.remove(tag)


@contextlib.contextmanager
def registry(images: Sequence[Prepared]) -> Iterator[str]:
    """The tests' registry, holding the gzip form of these images, each under its name as tag."""
    from tests.lab.registry import Registry

    with contextlib.ExitStack() as stack:
        served = stack.enter_context(Registry.serving())
        for image in images:
            for path in sorted((image.layout("gzip") / "blobs/sha256").iterdir()):
                file = stack.enter_context(path.open("rb"))
                content: Any = stack.enter_context(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
                served.blobs[f"sha256:{path.name}"] = content
            served.tags[image.name] = image.digest("gzip")
            served.types[image.digest("gzip")] = OCI_MANIFEST
        yield f"{served.host}/benchmark/image"


def show(image: Prepared, measured: Mapping[str, Run], once: Mapping[str, Run]) -> None:
    """The tables of one image."""
    runs = {**measured, **once}
    paths = max((int(r.printed.get("paths", 0)) for r in runs.values()), default=0)
    print(f"\nimage {image.name}: {image.size / 1e9:.2f} GB in layers, {paths} paths; {os.cpu_count()} cores")
    print(f"{'':<34}{'s':>8}{'cpu s':>8}{'MB/s':>8}{'peak MiB':>10}{'above paths':>13}")
    for name, run in runs.items():
        peak = int(run.printed.get("peak", 0))
        above = (peak - int(run.printed.get("start", 0)) - int(run.printed.get("list", 0))) / MIB
        memory = f"{peak / MIB:>10.0f}{above:>13.0f}" if peak else ""
        print(f"{name:<34}{run.wall:>8.2f}{run.cpu:>8.2f}{image.size / 1e6 / run.wall:>8.0f}{memory}")
    print(f"\n{'ratio':<58}{'goal':>8}{'here':>8}")
    for goal in GOALS:
        sign = "≥" if goal.at_least else "≤"
        missing = [name for name in (goal.more, goal.less) if name not in runs]
        if missing:
            print(f"{goal.what:<58}{sign + str(goal.ratio):>8}  not measured: {', '.join(missing)}")
        else:
            one, other = runs[goal.more], runs[goal.less]
            ratio = one.cpu / other.cpu if goal.cpu else one.wall / other.wall
            met = ratio >= goal.ratio if goal.at_least else ratio <= goal.ratio
            print(f"{goal.what:<58}{sign + str(goal.ratio):>8}{ratio:>8.2f}{'' if met else '  missed'}")
    if "new tag on a known base" in runs:
        print(f"{'new tag on a known base, s':<58}{'<1':>8}{runs['new tag on a known base'].wall:>8.2f}")
    highest = max(
        (
            int(r.printed["peak"]) - int(r.printed["start"]) - int(r.printed["list"])
            for r in runs.values()
            if "list" in r.printed
        ),
        default=0,
    )
    print(f"{'memory above the path list, MiB':<58}{'≤64':>8}{highest / MIB:>8.0f}")
