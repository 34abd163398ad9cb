from __future__ import annotations

import ast

import pytest

from troubleshooter.analysis.python.paths import path_changes
from troubleshooter.analysis.python.scope import truth
from troubleshooter.analysis.python.source import LONGEST, parse


@pytest.mark.parametrize(
    ("source", "since"),
    [
        pytest.param("type Name[T] = list[T]\n", (3, 12), id="type statement"),
        pytest.param("class Box[T: (int, str)](Base):\n    pass\n", (3, 12), id="generic class"),
        pytest.param("async def get[T](x: T) -> T:\n    return x\n", (3, 12), id="generic coroutine"),
        pytest.param('x = f"{d["a"]} and {", ".join(y)}"\n', (3, 12), id="quotes inside braces"),
        pytest.param("x = f'''{\n  a  # why\n}'''\n", (3, 12), id="comment inside braces"),
        pytest.param(
            "try:\n    pass\nexcept OSError, ValueError:\n    pass\n", (3, 14), id="exceptions without parentheses"
        ),
        pytest.param('x = t"{a}"\n', (3, 14), id="template string"),
    ],
)
def test_newer_syntax_is_repaired_or_parsed_and_named(source: str, since: tuple[int, int]) -> None:
    parsed = parse(source + "import after\n", (3, 9))
    assert parsed.tree is not None
    last = parsed.tree.body[-1]
    assert isinstance(last, ast.Import)
    assert last.lineno == source.count("\n") + 1, "every line stays where it is"
    # An interpreter that takes the newer strings itself does not show them in its syntax tree.
    assert {n.since for n in parsed.newer} == {since} or (not parsed.newer and "f" in source[:6])
    assert parse(source, since).newer == ()


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def broken(:\n", id="typing error"),
        pytest.param('x = f"{a\n', id="a string that is not closed"),
        pytest.param("try:\n    pass\nexcept Error, e:\n    print 'x'\n", id="Python 2"),
        pytest.param("x = '\0'\n", id="a null byte"),
        pytest.param("(" * 5000, id="nested too deeply"),
        pytest.param("x = " + "+".join("1" * 20000), id="an endless sum"),
        pytest.param("#" * (LONGEST + 1), id="too big"),
    ],
)
def test_what_cannot_be_parsed_has_no_tree_and_a_reason(source: str) -> None:
    parsed = parse(source, (3, 12))
    assert parsed.tree is None
    assert parsed.problem
    assert parsed.newer == ()


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("sys.version_info >= (3, 11)", True),
        ("sys.version_info < (3, 12)", False),
        ("sys.version_info > (3, 12)", True),
        ("sys.version_info >= (3, 12, 5)", None),
        ("sys.version_info[0] == 2", False),
        ("sys.version_info[:2] >= (3, 13)", False),
        ("sys.version_info[:2] == (3, 12)", True),
        ("not TYPE_CHECKING", True),
        ("typing.TYPE_CHECKING", False),
        ("os.name == 'nt'", False),
        ("sys.platform.startswith('win')", False),
        ("sys.platform in ('linux', 'darwin')", True),
        ("platform.system() == 'Darwin'", False),
        ("__name__ == '__main__'", False),
        ("True and unknown", None),
        ("False and unknown", False),
        ("unknown or 1", True),
        ("os.environ.get('X')", None),
    ],
)
def test_conditions(test: str, expected: bool | None) -> None:
    assert truth(ast.parse(test, mode="eval").body, (3, 12)) is expected


@pytest.mark.parametrize(
    ("source", "folders"),
    [
        ("sys.path.insert(0, '/opt/lib')", ("/opt/lib",)),
        ("sys.path.append(os.path.join(os.path.dirname(__file__), 'lib'))", ("/var/task/src/lib",)),
        ("sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))", ("/var/task",)),
        ("HERE = Path(__file__).resolve().parent\nsys.path.append(str(HERE / 'vendor'))", ("/var/task/src/vendor",)),
        ("sys.path.append(str(Path(__file__).parents[1] / 'x'))", ("/var/task/x",)),
        ("sys.path += ['lib', f'{os.environ[\"LAMBDA_TASK_ROOT\"]}/more']", ("/var/task/lib", "/var/task/more")),
        ("sys.path = ['/a', *sys.path]", ("/a",)),
        ("sys.path[0:0] = ['/a']", ("/a",)),
        ("site.addsitedir(os.getcwd() + '/deps')", ("/var/task/deps",)),
        ("from sys import path\npath.append('/opt/lib')", ("/opt/lib",)),
        ("import sys as _sys\n_sys.path.insert(0, '/opt/lib')", ("/opt/lib",)),
        ("from site import addsitedir as add\nadd('/opt/lib')", ("/opt/lib",)),
    ],
)
def test_folders_added_to_the_search_path(source: str, folders: tuple[str, ...]) -> None:
    change = path_changes(ast.parse(source), source, "/var/task/src/app.py", "/var/task")
    assert (change.folders, change.doubts) == (folders, ())


@pytest.mark.parametrize(
    "source",
    [
        "sys.path.insert(0, find())",
        "sys.path.append(os.environ['LIBS'])",
        "sys.path = compute()",
        "sys.path.extend(paths)",
        "sys.meta_path.append(Hook())",
        "sys.modules[name] = x",
        "for p in ps:\n    sys.path.append(p)",
        "sys.path.append('/tmp/packages')",
        "sys.path.append('/mnt/efs')",
        "sys.path.insert(0, '/var/task/dependencies.zip')",
        "import sys as s\nfolders = s.path\nfolders.append('/opt/lib')",
        "list(map(sys.path.append, found))",
        "extend(sys.path)",
    ],
)
def test_changes_that_cannot_be_followed_are_doubts(source: str) -> None:
    assert path_changes(ast.parse(source), source, "/var/task/app.py", "/var/task").doubts


def test_code_that_only_looks_is_no_change() -> None:
    source = "import sys\nprint(sys.path)\nif '/x' in sys.path:\n    sys.path.remove('/x')\nm = sys.modules[__name__]\n"
    change = path_changes(ast.parse(source), source, "/var/task/app.py", "/var/task")
    assert (change.folders, change.modules, change.doubts) == ((), (), ())
