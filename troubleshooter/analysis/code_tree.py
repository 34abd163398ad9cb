"""Where an image's code lies."""

from __future__ import annotations

from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.image import CodeTree, ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch

AWS_TASK_ROOT = "/var/task"


@provides()
def code_of_image(image: ImageTree, config: ImageConfig, launch: EffectiveLaunch | Unavailable) -> CodeTree:
    """The image's own tree. AWS bases look handlers up in LAMBDA_TASK_ROOT, other runtime clients in the working directory."""
    root = config.workdir or "/"
    if isinstance(launch, EffectiveLaunch):
        root = launch.workdir
    if config.variable("LAMBDA_RUNTIME_DIR") or image.tree.exists("/lambda-entrypoint.sh"):
        root = config.variable("LAMBDA_TASK_ROOT") or AWS_TASK_ROOT
    return CodeTree(reading=image.reading, tree=image.tree, root=root, kind="image")
