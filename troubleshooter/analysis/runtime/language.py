"""The language runtime that a function ends in: which client, which interpreter, which handler, which folders.

Three sources, tried in order: a zip function's record, an image's launch and files, and the Dockerfile of a source folder.
What none of them tells stays `other`, `unknown` or unavailable.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from troubleshooter.analysis.dockerfile.stage import TASK_ROOT, stages_of
from troubleshooter.analysis.runtime.argv import ClientCall, Surroundings, find_client
from troubleshooter.analysis.runtime.dockerfile import DockerLaunch, launch_of, source_root
from troubleshooter.analysis.runtime.node import node_flags, node_path, node_version
from troubleshooter.analysis.runtime.python import (
    Interpreter,
    SearchPath,
    default_folders,
    find_interpreter,
    given_folders,
    user_folder,
)
from troubleshooter.analysis.spawn.outcome import DEFAULT_PATH
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.build import ImageRecipe
from troubleshooter.facts.function import EnvironmentVariable, FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.runtime import NOT_BUILT, RuntimeModel
from troubleshooter.facts.tree import FileTree
from troubleshooter.redact import Secrets

_MANAGED = re.compile(r"^(python|nodejs)(\d+)(?:\.(\d+|x))?$")
_ARCHITECTURES = {"amd64": "x86_64"}


@provides(rank=0)
def zip_runtime(function: FunctionRecord, code: CodeTree | Unavailable) -> RuntimeModel | Unavailable:
    """The managed runtime that a zip function names."""
    if function.is_image:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "an image function names no managed runtime")
    if not function.architecture:
        return Unavailable(Reason.UNSUPPORTED, "the template leaves the function's architecture to deploy time")
    found = _MANAGED.match(function.runtime or "")
    tree = code.tree if isinstance(code, CodeTree) else FileTree({}, lambda path: None)
    root = code.root if isinstance(code, CodeTree) else TASK_ROOT
    language = {"python": "python", "nodejs": "node"}[found[1]] if found else "other"
    if isinstance(code, CodeTree) and code.kind == "source":
        root = source_root(tree, language, function.handler, (root,))
    model = RuntimeModel(
        reading=function.reading,
        language=language,
        client="zip",
        handler=function.handler,
        task_root=root,
        architecture=function.architecture,
    )
    if found is None:
        return model
    version = tuple(int(each) for each in found.groups()[1:] if each and each != "x")
    variables = _variables((), function.environment)
    doubts = list(_wrapper_doubt(variables))
    if function.layers:
        doubts.append("the content of the function's layers was not read")
    if isinstance(code, CodeTree) and code.kind == "source":
        doubts.append(NOT_BUILT)
    if language == "node":
        folders = _moved(node_path(version, variables, managed=True), root)
        flags = node_flags(version, variables, (), None, managed=True)
        return replace(model, version=version, search_path=folders, flags=flags, open_ends=_unique(*doubts))
    path = SearchPath(tree)
    _managed_python(path, Interpreter(version, "/var/lang"), variables, root)
    ends = _unique(*doubts, *path.doubts, *path.customised())
    return replace(model, version=version, search_path=tuple(path.folders), open_ends=ends)


@provides(rank=1)
def image_runtime(
    launch: EffectiveLaunch, config: ImageConfig, image: ImageTree, function: FunctionRecord | Unavailable
) -> RuntimeModel | Unavailable:
    """The runtime client that an image's launch ends in."""
    stated = function.environment if isinstance(function, FunctionRecord) else ()
    variables = _variables(config.environment, stated)
    known = {name: value for name, value in variables.items() if value is not None}
    architecture = _architecture(function, config)
    path = launch.path or ("" if "PATH" in variables else DEFAULT_PATH)
    around = Surroundings(image.tree, launch.workdir or "/", path, known)
    call = find_client(launch.argv, around)
    if call is None or call.language == "other":
        return RuntimeModel(
            reading=image.reading,
            language="other",
            client="unknown",
            handler=call.handler if call else None,
            task_root=launch.workdir or "/",
            architecture=architecture,
        )
    variables = {**variables, **call.variables}
    around = replace(around, path=call.variables.get("PATH") or around.path)
    if call.handler is not None and "$" in call.handler and not _literal(call, launch.argv):
        call = _without_handler(call)
    make = _python_of_image if call.language == "python" else _node_of_image
    return make(_ImageLaunch(image, call, around, variables, architecture))


@provides(rank=2)
def source_runtime(
    code: CodeTree, function: FunctionRecord | Unavailable, recipe: ImageRecipe | Unavailable, secrets: Secrets
) -> RuntimeModel | Unavailable:
    """What the Dockerfile of a source folder says will run."""
    if code.kind != "source":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the code was not given as a source folder")
    if isinstance(function, FunctionRecord) and not function.is_image:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from a zip package")
    text = code.tree.text(posixpath.join(code.root, "Dockerfile")) or ""
    stages = recipe.stages if isinstance(recipe, ImageRecipe) else stages_of("Dockerfile", text, secrets)
    found = launch_of(stages[-1]) if stages else DockerLaunch()
    if not found.language:
        return Unavailable(Reason.NOT_GIVEN, "nothing was given that tells which runtime the source is for")
    contexts = recipe.contexts if isinstance(recipe, ImageRecipe) else ("",)
    return _source_model(code, found, function, stages[-1].environment, _context(code, found, contexts))


def _context(code: CodeTree, found: DockerLaunch, contexts: tuple[str, ...]) -> str:
    """The folder that has what is copied, of those that the image may be built in."""
    for context in contexts:
        folders = [posixpath.join(code.root, context, each) for each in found.folders]
        if all(each == code.root or code.tree.is_dir(posixpath.normpath(each)) for each in folders):
            return context
    return contexts[0]


def _source_model(
    code: CodeTree,
    found: DockerLaunch,
    function: FunctionRecord | Unavailable,
    set_by_build: tuple[EnvironmentVariable, ...] = (),
    context: str = "",
) -> RuntimeModel:
    handler = found.handler
    variables = _variables(set_by_build, function.environment if isinstance(function, FunctionRecord) else ())
    managed = found.language == "node" and found.client == "aws-base"
    if isinstance(function, FunctionRecord) and function.override.command:
        handler = function.override.command[0] if len(function.override.command) == 1 else None
    base = posixpath.join(code.root, context)
    folders = [posixpath.normpath(posixpath.join(base, each)) for each in found.folders or (".",)]
    root = source_root(code.tree, found.language, handler, tuple(folders))
    return RuntimeModel(
        reading=code.reading,
        language=found.language,
        client=found.client,
        version=found.version,
        handler=handler,
        task_root=root,
        search_path=(root,) if found.language == "python" else (),
        flags=node_flags(found.version, variables, (), None, managed=True) if managed else (),
        architecture=(function.architecture if isinstance(function, FunctionRecord) else "") or "x86_64",
        open_ends=(NOT_BUILT,),
    )


# ---------------------------------------------------------------- images


@dataclass(frozen=True, slots=True)
class _ImageLaunch:
    """Everything about one image's call of a runtime client."""

    image: ImageTree
    call: ClientCall
    around: Surroundings
    variables: Mapping[str, str | None] = field(default_factory=dict)
    architecture: str = "x86_64"

    @property
    def task_root(self) -> str:
        """Folder that handler look-up starts from: LAMBDA_TASK_ROOT for AWS's images, else the working directory."""
        if self.call.client == "aws-base":
            return self.variables.get("LAMBDA_TASK_ROOT") or TASK_ROOT
        return self.call.cwd

    @property
    def doubts(self) -> tuple[str, ...]:
        root = self.task_root
        moved = () if self.call.client != "aws-base" or root == TASK_ROOT else (f"LAMBDA_TASK_ROOT is set to {root}",)
        managed = _wrapper_doubt(self.variables) if self.call.client == "aws-base" else ()
        return (*self.call.doubts, *moved, *managed)


def _python_of_image(launch: _ImageLaunch) -> RuntimeModel:
    tree, call, variables = launch.image.tree, launch.call, launch.variables
    located = launch.around.locate(call.program)
    executable = located or posixpath.join(call.cwd, call.program)
    # An interpreter that is not found has no folders to search: those of a name alone would be the root's.
    lost = () if located else (f"{call.program} lies in no folder of PATH",)
    interpreter = find_interpreter(tree, executable, variables.get("PYTHON_VERSION"))
    path = SearchPath(tree)
    if call.client == "aws-base":
        _managed_python(path, interpreter, variables, launch.task_root)
        if launch.task_root != TASK_ROOT:
            path.add_site(TASK_ROOT)
    else:
        letters = {letter for option in call.options if re.fullmatch(r"-[A-Za-z]+", option) for letter in option[1:]}
        if not letters & {"I", "P"}:
            path.add(launch.task_root)
        if not letters & {"I", "E"}:
            given_folders(path, variables, call.cwd)
        default_folders(path, interpreter)
        if not letters & {"I", "s"}:
            user_folder(path, interpreter, variables)
    return RuntimeModel(
        reading=launch.image.reading,
        language="python",
        client=call.client,
        version=interpreter.version,
        handler=call.handler,
        task_root=launch.task_root,
        search_path=tuple(path.folders),
        architecture=launch.architecture,
        open_ends=_unique(*launch.doubts, *lost, *interpreter.doubts, *path.doubts, *path.customised()),
    )


def _node_of_image(launch: _ImageLaunch) -> RuntimeModel:
    tree, call, variables = launch.image.tree, launch.call, launch.variables
    managed = call.client == "aws-base"
    program = launch.around.locate(call.program) or call.program
    version = node_version(tree, program, variables.get("NODE_VERSION"))
    bootstrap = tree.text("/var/runtime/bootstrap") if managed else None
    return RuntimeModel(
        reading=launch.image.reading,
        language="node",
        client=call.client,
        version=version,
        handler=call.handler,
        task_root=launch.task_root,
        search_path=node_path(version, variables, managed=managed),
        architecture=launch.architecture,
        flags=node_flags(version, variables, call.options, bootstrap, managed=managed),
        open_ends=_unique(*launch.doubts),
    )


def _managed_python(
    path: SearchPath,
    interpreter: Interpreter,
    variables: Mapping[str, str | None],
    root: str,
) -> None:
    """sys.path as AWS's bootstrap leaves it: the task root first, layers and site-packages unless PYTHONPATH is set."""
    path.add(root)
    user = "PYTHONPATH" in variables
    name = f"python{interpreter.version[0]}.{interpreter.version[1]}" if len(interpreter.version) > 1 else ""
    if not user and name:
        path.add(f"/opt/python/lib/{name}/site-packages", "/opt/python")
        path.add(f"{interpreter.prefix}/lib/{name}/site-packages")
    path.add("/var/runtime")
    given_folders(path, {k: _rooted(v, root) for k, v in variables.items()}, root)
    default_folders(path, interpreter)
    path.add_site(root)
    if not user and name:
        path.add_site(f"/opt/python/lib/{name}/site-packages")
        path.add_site("/opt/python")


def _rooted(value: str | None, root: str) -> str | None:
    """A PYTHONPATH with the task root where it lies in this tree."""
    return value if value is None else ":".join(_moved(tuple(value.split(":")), root))


def _moved(folders: tuple[str, ...], root: str) -> tuple[str, ...]:
    if root == TASK_ROOT:
        return folders
    return tuple(
        posixpath.join(root, each[len(TASK_ROOT) :].strip("/")) if (each + "/").startswith(TASK_ROOT + "/") else each
        for each in folders
    )


def _literal(call: ClientCall, argv: tuple[str, ...]) -> bool:
    """Whether the handler is a word of the launch itself, which no shell expands: `CMD ["$HANDLER"]`."""
    return call.handler in argv and (call.client == "aws-base" or "awslambdaric" in argv)


def _without_handler(call: ClientCall) -> ClientCall:
    doubts = (*call.doubts, "the start script takes the handler from a variable")
    return ClientCall(call.language, call.client, call.program, call.options, None, call.cwd, call.variables, doubts)


def _variables(
    image: tuple[EnvironmentVariable, ...], function: tuple[EnvironmentVariable, ...]
) -> dict[str, str | None]:
    """Launch variables, the function's over the image's. None where one is set and its value is not known."""
    wanted = {v.name: v.value for v in image}
    return {**wanted, **{v.name: v.value for v in function}}


def _wrapper_doubt(variables: Mapping[str, str | None]) -> tuple[str, ...]:
    wrapper = variables.get("AWS_LAMBDA_EXEC_WRAPPER", "")
    return () if wrapper == "" else (f"{wrapper or 'a wrapper'} runs first (AWS_LAMBDA_EXEC_WRAPPER)",)


def _architecture(function: FunctionRecord | Unavailable, config: ImageConfig) -> str:
    if isinstance(function, FunctionRecord) and function.architecture:
        return function.architecture
    return _ARCHITECTURES.get(config.architecture, config.architecture) or "x86_64"


def _unique(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
