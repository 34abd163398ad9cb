"""The program of a target that is neither Python nor Node.js: a custom runtime's `bootstrap`, or an image's entrypoint."""

from __future__ import annotations

from troubleshooter.analysis.native.linking import linking_of, programs_of
from troubleshooter.analysis.native.modules import OCI
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.launch import SpawnResult
from troubleshooter.facts.native import NativeModules
from troubleshooter.facts.runtime import RuntimeModel


@provides(rank=2)
def program_natives(
    runtime: RuntimeModel,
    code: CodeTree,
    spawn: SpawnResult,
    config: ImageConfig | Unavailable,
    function: FunctionRecord | Unavailable,
) -> NativeModules | Unavailable:
    """What the loader would say to the program that is started."""
    if runtime.language != "other":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a language runtime runs the handler")
    if code.kind == "source":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder does not show what is built")
    linking = linking_of(code, config, function, spawn, runtime)
    programs = [linking.program(path) for path in programs_of(code.tree, spawn, runtime)]
    return NativeModules(
        reading=reading_of(code),
        language="other",
        modules=tuple(each for each in programs if each is not None),
        architecture=OCI.get(runtime.architecture, runtime.architecture),
        system=linking.system,
        system_unknown=linking.unknown,
        library_path=linking.origin,
    )
