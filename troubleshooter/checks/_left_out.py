"""The function's own code that its Dockerfile does not bring into the image: for the handler's file, and for what it imports."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from troubleshooter.checks import failed
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.build import LeftOut, StagedCode
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Remediation, Verdict

SHOWN = 5
_IGNORED = re.compile(r"(?P<place>.*\.dockerignore:\d+) (?P<pattern>.+)")


def left_out(
    staged: StagedCode | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    *,
    handler: bool = False,
) -> Verdict | None:
    """The verdict on files that the handler imports, or on its own, that are not copied; None where there are none."""
    files = staged.left_out if isinstance(staged, StagedCode) else ()
    gone = [each for each in files if handler is not bool(each.importer)]
    if not gone or not isinstance(staged, StagedCode):
        return None
    evidence = [
        staged.cite(
            "left_out",
            f"{each.file}: {each.because}",
            label="the handler's file, not in the image"
            if handler
            else f"imported at {each.importer}, not in the image",
        )
        for each in gone[:SHOWN]
    ]
    first, more = gone[0], f" and {len(gone) - 1} more" if len(gone) > 1 else ""
    keeps = "leaves out" if _IGNORED.fullmatch(first.because) is None else "cannot copy"
    detail = (
        f"the Dockerfile {keeps} {first.file}, which the handler names"
        if handler
        else f"{first.importer} imports `{first.module}`{more}, and the Dockerfile {keeps} {first.file}"
    )
    copies = staged.cite("copies", staged.copies or "nothing", label="what the image's stage copies")
    return failed(detail, *evidence, copies, remediation=_fix(gone, function, image, code))


def _fix(
    gone: Sequence[LeftOut],
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    texts = []
    for each in gone[:SHOWN]:
        ignored = _IGNORED.fullmatch(each.because)
        line = f"COPY {each.source} {each.wanted}"
        if " " in each.source + each.wanted:
            line = f"COPY {json.dumps([each.source, each.wanted])}"
        if ignored:
            texts.append(f"Take `{ignored['pattern']}` out of {ignored['place']}, or put `!{each.source}` below it.")
        else:
            texts.append(f"Add `{line}` to the Dockerfile, or copy the folder that {each.source} lies in.")
    verify = f"The rebuilt image has {gone[0].wanted}, and its next init finds it."
    return rebuilt(" ".join(dict.fromkeys(texts)), function, image, code, verify)
