"""What happens when the files in an image's /opt/extensions are started, which Lambda does with every one of them."""

from __future__ import annotations

import posixpath

from troubleshooter.analysis.spawn.execve import UndecidedError, execve
from troubleshooter.analysis.spawn.outcome import OCI
from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import ExtensionStart, ExtensionStarts
from troubleshooter.facts.tree import Kind

FOLDER = "/opt/extensions"
MANY = 100


@provides()
def extension_starts(files: ImageTree, image: ImageConfig, function: FunctionRecord | Unavailable) -> ExtensionStarts:
    """The kernel's answer for every regular file directly in the folder."""
    cpu = OCI.get(function.architecture, "") if isinstance(function, FunctionRecord) else ""
    starts = []
    for name in files.tree.children(FOLDER)[:MANY]:
        path = posixpath.join(FOLDER, name)
        entry = files.tree.entry(path)
        if entry is None or entry.kind is not Kind.FILE:
            continue
        try:
            outcome = execve(files.tree, path, cpu or image.architecture, "/")
        except UndecidedError:
            continue
        starts.append(ExtensionStart(path, entry.mode, outcome.cause, outcome.detail))
    return ExtensionStarts(reading=files.reading, starts=tuple(starts))
