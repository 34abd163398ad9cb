"""The image side: manifest, configuration and merged tree of one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troubleshooter.facts.base import Fact, Unavailable
from troubleshooter.facts.function import EnvironmentVariable
from troubleshooter.facts.tree import FileTree


@dataclass(frozen=True, slots=True)
class Blob:
    """A descriptor: what a manifest says of one blob. Each part is empty or 0 where the transport does not state it."""

    digest: str
    """In a docker archive that of the uncompressed layer."""
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Platform:
    """One entry of an index."""

    digest: str
    os: str
    architecture: str
    variant: str = ""
    attestation: bool = False


@dataclass(frozen=True, kw_only=True)
class ImageManifest(Fact):
    """The image that was asked for, and the single-platform manifest chosen in it."""

    reference: str
    """As the engineer or AWS names it: `repository:tag`, `repository@sha256:…`, or a file."""
    digest: str | None
    """Digest of what the reference names: the index if it is one. None where the transport has none (docker-archive)."""
    media_type: str
    """Media type of what the reference names; empty where the transport has no manifest: a docker archive, an engine."""
    is_index: bool = False
    platforms: tuple[Platform, ...] = ()
    """Entries of the index, attestations marked."""
    manifest_digest: str | None = None
    """Digest of the chosen single-platform manifest; equals `digest` unless `is_index`."""
    config: Blob
    layers: tuple[Blob, ...] = ()
    """Lowest first; none from an engine, which does not tell them."""


class BrokenConfig(Unavailable):
    """An image's configuration is not there because its own bytes, whose digest is right, break the specification."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class PreviousImage(Fact):
    """The image that was there before the one that runs."""

    digest: str
    how: str
    """How it is known: `version 7`, `pushed 2026-01-02 03:04 UTC`."""
    layers: tuple[str, ...] = ()
    """Digests, lowest first."""
    config: ImageConfig | Unavailable
    """Its configuration, or why it could not be read."""


@dataclass(frozen=True, kw_only=True)
class ImageConfig(Fact):
    """The image's own configuration."""

    architecture: str
    """OCI name: `amd64`, `arm64`, `arm`, `386`, … ; empty where the config names none."""
    os: str
    variant: str = ""
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    workdir: str | None = None
    user: str = ""
    environment: tuple[EnvironmentVariable, ...] = ()
    history: tuple[str, ...] = ()
    """For each layer, the build step that made it, as far as the config tells; redacted like any text."""
    diff_ids: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def variable(self, name: str) -> str | None:
        """Value of a launch variable; None for any other and where it is not set."""
        return next((v.value for v in self.environment if v.name == name), None)


@dataclass(frozen=True, kw_only=True)
class ForeignCpu(Fact):
    """The image was built for another CPU than the function runs on."""

    wanted: str
    built: str
    """OCI names."""


@dataclass(frozen=True, kw_only=True)
class ImageTree(Fact):
    """The merged tree of all layers."""

    tree: FileTree = field(repr=False, compare=False)
    layers: int = 0
    size: int = 0
    """Bytes of all layers, uncompressed, as their tar archives have them: what Lambda's limit of 10 GB counts."""
    removed: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    """What a layer removed that lay in a lower one and that no layer brought back, with that layer's index."""


@dataclass(frozen=True, kw_only=True)
class CodeTree(Fact):
    """Where the function's code is looked at: in the image, in the zip, or in the engineer's source folder."""

    tree: FileTree = field(repr=False, compare=False)
    root: str
    """Folder that holds the code: `/var/task`, the image's working directory, or `/` of a source folder."""
    kind: str
    """`image`, `zip` or `source`."""


@dataclass(frozen=True, kw_only=True)
class ZipFunction(Fact):
    """The function is deployed from a zip package. Where it is not, no package has to be looked for."""


@dataclass(frozen=True, kw_only=True)
class PackageCode(CodeTree):
    """The code of a zip function; of an image's nothing has to be read to know that there is none."""
