"""Texts that engineers paste about Python handlers, and the failure mode that each suggests first."""

from __future__ import annotations

import pytest

from troubleshooter import suspects

END = "END RequestId: 0b5c1c7e-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[ERROR] Runtime.ImportModuleError: Unable to import module 'orders': No module named 'orders'",
            "handler_module_missing",
        ),
        ("Unable to import module 'src.app': No module named 'src'", "handler_module_missing"),
        (
            "Unable to import module 'app': No module named 'httpx'\nTraceback (most recent call last):",
            "py_dep_missing",
        ),
        (
            "File \"/var/task/app.py\", line 3, in <module>\nModuleNotFoundError: No module named 'pandas'",
            "py_dep_missing",
        ),
        ("[ERROR] Runtime.HandlerNotFound: Handler 'lambda_handler' missing on module 'app'", "handler_export_missing"),
        ("Runtime.HandlerNotFound: index.handler is undefined or not exported", "handler_export_missing"),
        (
            "Runtime.MalformedHandlerName: Bad handler 'main': not enough values to unpack (expected 2, got 1)",
            "handler_malformed",
        ),
        ("Runtime.HandlerNotFound: Handler 'py' missing on module 'main'", "handler_malformed"),
        ("Runtime.BuiltInModuleConflict: Cannot use built-in module time as a handler module", "py_builtin_conflict"),
        (
            "TypeError: the 'package' argument is required to perform a relative import for '.app'",
            "py_handler_leading_slash",
        ),
        (
            "Runtime.UserCodeSyntaxError: Syntax error in module 'app': invalid syntax (app.py, line 5)",
            "py_syntax_version",
        ),
        (
            "Runtime.MarshalError: Unable to marshal response: Object of type coroutine is not JSON serializable",
            "background_python_task",
        ),
        (f"RuntimeWarning: coroutine 'handler' was never awaited\n{END}", "background_python_task"),
        (f"the code after asyncio.create_task(stream()) does not run\n{END}", "background_python_task"),
        (f"Task was destroyed but it is pending!\n{END}", "background_python_task"),
        (f"threading.Thread(target=send, daemon=True).start() never sends\n{END}", "background_thread"),
    ],
)
def test_first_suspect(text: str, expected: str) -> None:
    ranked = [each.cause for each in suspects.rank([text])]
    assert ranked[:1] == [expected], ranked[:4]


@pytest.mark.parametrize(
    "text",
    [
        "START RequestId: x Version: $LATEST\nEND RequestId: x\nREPORT RequestId: x\tDuration: 12.3 ms",
        "[INFO] task created and finished",
        "handler started; loaded module app",
        "import of data finished",
    ],
)
def test_ordinary_lines_suggest_nothing(text: str) -> None:
    ours = {
        "background_python_task",
        "background_thread",
        "py_dep_missing",
        "handler_module_missing",
        "handler_export_missing",
    }
    assert not ours & {each.cause for each in suspects.rank([text])}
