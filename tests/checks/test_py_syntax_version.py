from __future__ import annotations

import pytest

from tests.coding import HANDLER, a_zip, an_image, logged
from tests.factories import IMAGE
from troubleshooter.checks.handler.py_syntax_version import py_syntax_version as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Outcome

NONE = Unavailable(Reason.DENIED, "not allowed")
MATCH = "match 1:\n    case 1:\n        pass\n"
GENERIC = "def first[T](items: list[T]) -> T:\n    return items[0]\n"


@pytest.mark.parametrize(
    ("source", "runtime", "outcome"),
    [
        pytest.param(MATCH, "python3.9", Outcome.FAIL, id="match on 3.9"),
        pytest.param(MATCH, "python3.10", Outcome.PASS, id="match on 3.10"),
        pytest.param("if (n := 1):\n    pass\n", "python3.8", Outcome.PASS, id="walrus on 3.8"),
        pytest.param(
            "try:\n    pass\nexcept* ValueError:\n    pass\n", "python3.10", Outcome.FAIL, id="except* on 3.10"
        ),
        pytest.param(GENERIC, "python3.11", Outcome.FAIL, id="type parameters on 3.11"),
        pytest.param(GENERIC, "python3.12", Outcome.PASS, id="type parameters on 3.12"),
        pytest.param("type Name = str\n", "python3.11", Outcome.FAIL, id="type statement on 3.11"),
        pytest.param("type = 'a'\nmatch = type\n", "python3.8", Outcome.PASS, id="soft keywords as names"),
        pytest.param("def broken(:\n", "python3.12", Outcome.PASS, id="a plain typing error: not newer"),
    ],
)
def test_outcome(source: str, runtime: str, outcome: Outcome) -> None:
    assert a_zip({"app.py": source + HANDLER}, runtime_name=runtime).ask(the_check).outcome is outcome


def test_a_module_that_is_imported_counts_and_one_that_is_guarded_does_not() -> None:
    files = {"app.py": "import new\n" + HANDLER, "new.py": GENERIC}
    assert a_zip(files, runtime_name="python3.11").ask(the_check).outcome is Outcome.FAIL
    files["app.py"] = "try:\n    import new\nexcept Exception:\n    pass\n" + HANDLER
    assert a_zip(files, runtime_name="python3.11").ask(the_check).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("source", "runtime", "line", "text"),
    [
        pytest.param("x = 1\n" + MATCH + "    case _:\n        x = 2\n", "python3.9", 2, "match 1:", id="match"),
        pytest.param("x = 1\ntry:\n    pass\nexcept* ValueError:\n    pass\n", "python3.10", 2, "try:", id="except*"),
    ],
)
def test_the_line_is_where_the_statement_begins(source: str, runtime: str, line: int, text: str) -> None:
    found = a_zip({"app.py": source + HANDLER}, runtime_name=runtime).ask(the_check)
    assert found.evidence[0].source == f"deployment package /var/task/app.py:{line}"
    assert found.evidence[0].value == text


def test_failure_names_the_line() -> None:
    report = "REPORT RequestId: 1\tStatus: error\tError Type: Runtime.UserCodeSyntaxError"
    logs = logged("Syntax error in module 'app': invalid syntax (app.py, line 1)", report)
    found = a_zip({"app.py": MATCH + HANDLER}, runtime_name="python3.9", timeline=logs).ask(the_check)
    assert "needs Python 3.10" in found.message
    assert found.evidence[0].source.startswith("deployment package /var/task/app.py:")
    assert found.evidence[-1].label == "error in the log"
    assert found.evidence[-1].value.startswith("Syntax error in module")


def test_not_decidable() -> None:
    closure = ImportClosure(reading=IMAGE, language="python")
    assert (
        the_check(closure, RuntimeModel(reading=IMAGE, language="python", client="ric"), NONE).outcome
        is Outcome.UNKNOWN
    )
    node = ImportClosure(reading=IMAGE, language="node")
    assert (
        the_check(node, RuntimeModel(reading=IMAGE, language="node", client="zip"), NONE).outcome
        is Outcome.NOT_APPLICABLE
    )
    assert an_image({}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
