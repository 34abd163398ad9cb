from __future__ import annotations

import shlex

from tests.factories import tree
from troubleshooter.checks.handler.zip_wrong_root import zip_wrong_root as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Origin, Outcome, Verdict

ZIP = Reading("package", Origin.PACKAGE)
NO_CLOSURE = Unavailable(Reason.NOT_OF_THIS_KIND, "the handler does not resolve")


def ask(
    *paths: str,
    problem: str = "module missing",
    missing: tuple[str, ...] = (),
    kind: str = "zip",
    language: str = "python",
) -> Verdict:
    resolution = HandlerResolution(
        reading=ZIP,
        handler="app.handler",
        language=language,
        problem=problem,
        module="app",
        path=None if problem else "/var/task/app.py",
        tried=("/var/task/app/__init__.py", "/var/task/app.py", "/opt/python/app.py"),
    )
    imports = tuple(Import(name, name, "/var/task/app.py", 1) for name in missing)
    closure = ImportClosure(reading=ZIP, language=language, missing=imports)
    code = CodeTree(reading=ZIP, tree=tree(dict.fromkeys(paths, "")), root="/var/task", kind=kind)
    return the_check(code, resolution, NO_CLOSURE if problem else closure)


def test_a_zip_of_a_folder() -> None:
    found = ask("/var/task/my-function/app.py", "/var/task/my-function/lib.py", "/var/task/__MACOSX/x")
    assert found.outcome is Outcome.FAIL
    assert "my-function/" in found.message
    assert found.remediation
    assert "cd my-function" in shlex.split(found.remediation.commands[0])[-1]


def test_other_files_at_the_root_make_it_a_wrong_handler() -> None:
    assert ask("/var/task/src/app.py", "/var/task/package.json").outcome is Outcome.NOT_APPLICABLE
    assert ask("/var/task/src/other.py").outcome is Outcome.NOT_APPLICABLE
    assert ask("/var/task/a/b/app.py").outcome is Outcome.NOT_APPLICABLE


def test_libraries_in_the_folder_of_layers() -> None:
    paths = ("/var/task/app.py", "/var/task/python/requests/__init__.py", "/var/task/python/six.py")
    found = ask(*paths, problem="", missing=("requests", "six"))
    assert found.outcome is Outcome.FAIL
    assert "python/" in found.message


def test_node_modules_in_the_folder_of_layers() -> None:
    paths = ("/var/task/app.js", "/var/task/nodejs/node_modules/@x/y/index.js")
    assert ask(*paths, problem="", missing=("@x/y",), language="node").outcome is Outcome.FAIL


def test_what_is_missing_altogether_is_another_mode() -> None:
    paths = ("/var/task/app.py", "/var/task/python/requests/__init__.py")
    assert ask(*paths, problem="", missing=("requests", "numpy")).outcome is Outcome.PASS
    assert ask(*paths, problem="").outcome is Outcome.PASS


def test_images_and_source_folders() -> None:
    for kind in ("image", "source"):
        assert ask("/var/task/my-function/app.py", kind=kind).outcome is Outcome.NOT_APPLICABLE
