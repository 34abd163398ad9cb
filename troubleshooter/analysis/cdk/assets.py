"""Assets of CDK code that hold the app's own output folder: literal paths, with nothing else in the call."""

from __future__ import annotations

import json
import posixpath
import re

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.template import CdkAssets, CdkCode, FolderAsset

_CALL = re.compile(
    r"^(?P<before>[^#\n]*?)\b(?P<call>(?:lambda\w*|_lambda|aws_lambda|Code|lambda_)?\.?Code\.(?:from_asset|fromAsset)\(\s*"
    r"(?P<quote>[\"'])(?P<path>\./|\.|\.\./|\.\.)(?P=quote)\s*\))",
    re.MULTILINE,
)


@provides()
def cdk_assets(cdk: CdkCode, code: CodeTree) -> CdkAssets | Unavailable:
    """Looks where one cdk.json says which folder the paths are relative to."""
    if code.kind != "source":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the code was not given as a source folder")
    apps = [path for path in code.tree if posixpath.basename(path) == "cdk.json" and code.tree.is_file(path)]
    if len(apps) != 1:
        return Unavailable(Reason.NOT_GIVEN, "no single cdk.json says where the app is run")
    if _output(code, apps[0]):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "cdk.json sets another output folder")
    app = posixpath.dirname(apps[0]).strip("/")
    found = []
    for path, text in cdk.files.items():
        if app and not path.startswith(f"{app}/"):
            continue
        for call in _CALL.finditer(text):
            if "//" in call["before"] or call["before"].lstrip().startswith("*"):
                continue
            line = text.count("\n", 0, call.start("call")) + 1
            found.append(FolderAsset(call["call"], f"{path}:{line}", app))
    return CdkAssets(reading=cdk.reading, whole=tuple(found))


def _output(code: CodeTree, path: str) -> bool:
    """Whether cdk.json sets where the output goes, or cannot be read."""
    try:
        settings = json.loads(code.tree.text(path) or "")
    except (ValueError, RecursionError):
        return True
    return not isinstance(settings, dict) or "output" in settings
