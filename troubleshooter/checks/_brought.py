"""Which layer of an image, and which build step, brought a file."""

from __future__ import annotations

from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.model import Evidence


def brought_by(files: ImageTree, image: ImageConfig, path: str) -> list[Evidence]:
    """The step that made the layer with this file; nothing where the image does not tell."""
    entry = files.tree.entry(files.tree.resolve(path).path)
    if entry is None or not 0 <= entry.layer < len(image.history):
        return []
    place = f"layer {entry.layer + 1} of {files.layers}" if files.layers else f"layer {entry.layer + 1}"
    return [image.cite("history", image.history[entry.layer], label=f"build step that brought {path} ({place})")]
