"""Where the OpenTelemetry collector in a function's image sends what it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from troubleshooter.analysis.document import Located, NotReadable, load
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import EnvironmentVariable, FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.telemetry import CollectorPipeline, CollectorSettings
from troubleshooter.facts.tree import FileTree
from troubleshooter.redact import Secrets

NAMED = ("OPENTELEMETRY_COLLECTOR_CONFIG_URI", "OPENTELEMETRY_COLLECTOR_CONFIG_FILE")
DEFAULT = "/opt/collector-config/config.yaml"
FILES, SIZE = 200, 256 * 1024
_SPEAKS = re.compile(r"\b(?:traces?|spans?|metrics|telemetry)\b", re.IGNORECASE)
_ELSEWHERE = re.compile(r"OTEL_EXPORTER_\w+|OTEL_(?:TRACES|METRICS|LOGS)_EXPORTER")


@provides()
def collector_settings(
    text: GivenText, function: FunctionRecord, config: ImageConfig, image: ImageTree, secrets: Secrets
) -> CollectorSettings | Unavailable:
    """The file that the environment names, or the distribution's own. The variable's value is not kept: the digests of the
    paths that there are tell which one it is."""
    if _SPEAKS.search(text.text) is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "nobody speaks of telemetry")
    launchers = tuple(name for name in _children(image.tree, "/opt/extensions"))
    if not launchers:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the image has no extension that would collect telemetry")
    if function.environment_error:
        return Unavailable(Reason.UNSUPPORTED, "the function's environment could not be decrypted")
    variables = {v.name: v for v in (*config.environment, *function.environment)}
    path = _path([variables[name] for name in NAMED if name in variables], image.tree, secrets)
    read = image.tree.text(path) if path else None
    if read is None or len(read) > SIZE:
        return Unavailable(Reason.UNSUPPORTED, "the collector's configuration is no file of the image")
    try:
        pipelines = tuple(_pipelines(load(read).root))
    except NotReadable as error:
        return Unavailable(Reason.UNSUPPORTED, f"{path} is not understood: {error}")
    if not pipelines or any("$" in name for each in pipelines for name in each.exporters):
        return Unavailable(Reason.UNSUPPORTED, f"{path} does not write its pipelines out")
    return CollectorSettings(
        reading=image.reading,
        path=path,
        pipelines=pipelines,
        extensions=launchers,
        elsewhere=tuple(sorted(filter(_ELSEWHERE.fullmatch, variables))),
    )


def _path(named: list[EnvironmentVariable], tree: FileTree, secrets: Secrets) -> str:
    """The configuration's path; empty where it cannot be told."""
    if not named:
        return DEFAULT
    if len(named) > 1:
        return ""
    found = [
        path
        for folder in ("/opt", "/var/task")
        for path in _documents(tree, folder)
        if named[0].digest in (secrets.digest(path), secrets.digest(f"file:{path}"))
    ]
    return found[0] if found else ""


def _documents(tree: FileTree, folder: str) -> Iterator[str]:
    if not tree.is_dir(folder):
        return
    kept = 0
    for path in tree.walk(folder):
        if path.endswith((".yaml", ".yml")) and "/node_modules/" not in path and "/site-packages/" not in path:
            yield path
            kept += 1
            if kept >= FILES:
                return


def _children(tree: FileTree, folder: str) -> list[str]:
    return tree.children(folder) if tree.is_dir(folder) else []


def _pipelines(root: Located) -> Iterator[CollectorPipeline]:
    section = root.get("service", "pipelines")
    for name, pipeline in (section.mapping if section is not None else {}).items():
        exporters = pipeline.get("exporters")
        names = tuple(each.text or "$" for each in exporters.items) if exporters is not None else ()
        line = exporters.line if exporters is not None else pipeline.line
        yield CollectorPipeline(name, names or ("$",), line)
