from __future__ import annotations

import pytest

from tests.coding import a_source, a_zip, an_image, invoked, logged
from tests.factories import IMAGE
from troubleshooter.checks.completion.background_python_task import background_python_task as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import BackgroundWork
from troubleshooter.model import Origin, Outcome, Rung

NONE = Unavailable(Reason.NOT_GIVEN, "no logs were given")
WORK = "import asyncio\n\nasync def work():\n    await asyncio.sleep(20)\n\nasync def main(event):\n    {}\n    return 1\n\n"
RUN = "def handler(event, context):\n    return asyncio.run(main(event))\n"
DROPPED = WORK.format("asyncio.create_task(work())") + RUN


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param("asyncio.create_task(work())", Outcome.FAIL, id="dropped"),
        pytest.param("task = asyncio.ensure_future(work())", Outcome.FAIL, id="bound and forgotten"),
        pytest.param("await asyncio.create_task(work())", Outcome.PASS, id="awaited"),
        pytest.param("ts = [asyncio.create_task(work())]; await asyncio.gather(*ts)", Outcome.PASS, id="gathered"),
        pytest.param("await work()", Outcome.PASS, id="no task"),
        pytest.param("note = 'asyncio.create_task(work())'", Outcome.PASS, id="only text"),
        pytest.param(
            "import lib; lib.keep(asyncio.create_task(work()))", Outcome.UNKNOWN, id="handed to something unknown"
        ),
        pytest.param(
            "import threading; threading.Thread(target=print).start()", Outcome.PASS, id="a thread: another mode"
        ),
    ],
)
def test_outcome(body: str, outcome: Outcome) -> None:
    assert an_image({"app.py": WORK.format(body) + RUN}).ask(the_check).outcome is outcome


@pytest.mark.parametrize("dead", ["END comes at once", "late lines"])
def test_logs_alone_never_fail_it(dead: str) -> None:
    late = invoked(late_lines=("work done",)) if dead == "late lines" else invoked()
    clean = an_image({"app.py": WORK.format("await work()") + RUN}, timeline=logged(invocations=(late,)))
    assert clean.ask(the_check).outcome is Outcome.PASS


def test_the_source_line_is_the_proof_and_the_log_corroborates() -> None:
    late = invoked(late_lines=("work done",))
    found = an_image({"app.py": DROPPED}, timeline=logged(invocations=(late,))).ask(the_check)
    assert found.evidence[0].source == "image /var/task/app.py:7"
    assert found.evidence[0].value == "asyncio.create_task(work())"
    assert found.evidence[0].origin is Origin.IMAGE
    assert [e.value for e in found.evidence[1:]] == ["work done", "last line `streaming begins`, then END 0.44 s later"]
    assert found.rung is None


def test_zip_packages_and_source_folders_prove_it_too() -> None:
    assert a_zip({"app.py": DROPPED}).ask(the_check).outcome is Outcome.FAIL
    dockerfile = 'FROM public.ecr.aws/lambda/python:3.12\nCOPY src/ ${LAMBDA_TASK_ROOT}/\nCMD ["app.handler"]\n'
    found = a_source({"Dockerfile": dockerfile, "src/app.py": DROPPED}).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].source == "source /src/app.py:7"


def test_a_coroutine_handler_is_never_run() -> None:
    source = "async def handler(event, context):\n    return 1\n"
    logs = logged("Unable to marshal response: Object of type coroutine is not JSON serializable")
    found = an_image({"app.py": source}, timeline=logs).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.INVOKE
    assert found.evidence[0].source == "image /var/task/app.py:1"
    assert found.evidence[-1].label == "error in the log"
    decorated = "from lib import runs\n\n@runs\nasync def handler(event, context):\n    return 1\n"
    assert an_image({"app.py": decorated}).ask(the_check).outcome is Outcome.PASS


def test_other_languages() -> None:
    work = BackgroundWork(reading=IMAGE, language="node", handler_path="/var/task/index.js")
    assert the_check(work, NONE).outcome is Outcome.NOT_APPLICABLE
