"""The launch that is in effect: the image's configuration with the function's ImageConfig on top, member by member."""

from __future__ import annotations

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.model import Evidence, Unblock

ROOT = "/"
"""Where the process starts when neither side names a working directory."""


@provides()
def effective_launch(function: FunctionRecord | Unavailable, image: ImageConfig) -> EffectiveLaunch | Unavailable:
    """Without a function the image's own launch. A record that could not be read leaves the launch untold."""
    if isinstance(function, Unavailable):
        return function if function.applies else launch_of(image)
    if not function.is_image:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from a zip package, not an image")
    if function.override.undecided:
        members = " and ".join(_API[member] for member in function.override.undecided)
        place = function.places.get("override", function.reading.source)
        detail = f"{members} is decided at deploy time ({place})"
        return Unavailable(Reason.UNSUPPORTED, detail, Unblock(f"Write {members} as text at {place}."))
    return launch_of(image, function)


def launch_of(image: ImageConfig, function: FunctionRecord | None = None) -> EffectiveLaunch:
    """A member that is absent or empty in the record falls back to the image's."""
    entrypoint, command, workdir = (_member(image, function, name) for name in ("entrypoint", "command", "workdir"))
    path, path_evidence = _path(image, function)
    overridden = function is not None and "override" in (entrypoint[1], command[1], workdir[1])
    reading = function.reading if function is not None and overridden else image.reading
    return EffectiveLaunch(
        reading=reading,
        entrypoint=_words(entrypoint[0]),
        entrypoint_origin=entrypoint[1],
        command=_words(command[0]),
        command_origin=command[1],
        workdir=str(workdir[0]) if workdir[0] else ROOT,
        workdir_origin=workdir[1],
        path=path,
        evidence=(entrypoint[2], command[2], workdir[2], path_evidence),
    )


_API = {
    "entrypoint": "ImageConfig.EntryPoint",
    "command": "ImageConfig.Command",
    "workdir": "ImageConfig.WorkingDirectory",
}
_DOCKERFILE = {"entrypoint": "image ENTRYPOINT", "command": "image CMD", "workdir": "image WORKDIR"}


def _member(image: ImageConfig, function: FunctionRecord | None, name: str) -> tuple[object, str, Evidence]:
    """Value, origin and evidence of one member."""
    override = getattr(function.override, name) if function is not None else None
    if function is not None and override:
        return override, "override", function.cite("override", override, label=_API[name])
    own = getattr(image, name)
    return own, "image" if own else "none", image.cite(name, label=_DOCKERFILE[name])


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, tuple) else ()


def _path(image: ImageConfig, function: FunctionRecord | None) -> tuple[str | None, Evidence]:
    set_by_function = function.variable("PATH") if function is not None else None
    if function is not None and set_by_function is not None:
        value = set_by_function.value
        return value, function.cite("environment", value or "set, value unknown", label="PATH of the function")
    return image.variable("PATH"), image.cite("environment", image.variable("PATH"), label="PATH of the image")
