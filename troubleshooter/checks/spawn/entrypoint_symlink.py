"""The launch names a symbolic link.

What it looks for
    An ENTRYPOINT (or the CMD that takes its place) whose last part is a link that leads to an existing program.

Why it breaks
    AWS advises against a link as ENTRYPOINT without saying why. Official language images are full of such links
    (/usr/local/bin/python leads to python3.12), AWS's own documentation uses them, and they work. So this is only
    worth knowing when everything else has been excluded.

How it is told apart
    A link that leads nowhere does fail: `entrypoint_missing_file`.

Fix
    Name the real file, as `readlink -f` shows it.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-images.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._spawn import otherwise
from troubleshooter.facts.image import ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.facts.tree import Kind
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(
        r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed",
        1,
        unless=r"exec format error|permission denied|no such file|lambda-entrypoint\.sh|valid bootstrap",
    ),
)


@check(title="The launched program is no symbolic link", severity=Severity.INFO, rung=Rung.SPAWN)
def entrypoint_symlink(
    spawn: SpawnResult,
    launch: EffectiveLaunch,
    files: ImageTree,
) -> Verdict:
    """Looks at the last part of the launched path, links not followed."""
    if spawn.stage != "exec" or spawn.cause not in ("ok", "compat"):
        return otherwise(spawn, "")
    named = files.tree.resolve(spawn.path, cwd=launch.workdir, follow_last=False)
    if named.entry is None or named.entry.kind is not Kind.SYMLINK:
        return passed("the launched path is a file of its own", *spawn.evidence[:1])
    real = files.tree.resolve(spawn.path, cwd=launch.workdir).path
    cited = files.cite(
        "tree", f"link to {named.entry.link}", label=f"entrypoint {spawn.path}", source=f"image {named.path}"
    )
    text = f'AWS advises the real file: ENTRYPOINT ["{real}", …]. As long as it works, nothing has to be done.'
    message = f"{spawn.path} is a link to {real}; AWS advises against links there, yet the program behind it starts"
    return failed(message, cited, remediation=Remediation(text))
