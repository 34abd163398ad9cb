from __future__ import annotations

import pytest

from tests.coding import an_image, invoked, logged
from tests.factories import IMAGE
from troubleshooter.checks.completion.background_thread import background_thread as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import BackgroundWork
from troubleshooter.model import Outcome

NONE = Unavailable(Reason.NOT_GIVEN, "no logs were given")
TOP = "import threading, queue\nfrom concurrent.futures import ThreadPoolExecutor\nPOOL = ThreadPoolExecutor()\n"
TOP += "def job(q=None):\n    pass\n\ndef handler(event, context):\n    "


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param("threading.Thread(target=job).start()", Outcome.FAIL, id="started and dropped"),
        pytest.param("POOL.submit(job)", Outcome.FAIL, id="submitted and dropped"),
        pytest.param("t = threading.Thread(target=job); t.start(); t.join()", Outcome.PASS, id="joined"),
        pytest.param("return POOL.submit(job).result()", Outcome.PASS, id="result taken"),
        pytest.param("t = threading.Thread(target=job)", Outcome.PASS, id="never started"),
        pytest.param(
            "q = queue.Queue(); threading.Thread(target=job, args=(q,)).start(); q.get()", Outcome.UNKNOWN, id="a queue"
        ),
        pytest.param("import asyncio; asyncio.ensure_future(None)", Outcome.PASS, id="a task: another mode"),
    ],
)
def test_outcome(body: str, outcome: Outcome) -> None:
    assert an_image({"app.py": TOP + body + "\n"}).ask(the_check).outcome is outcome


def test_failure_names_the_line_and_the_fix() -> None:
    logs = logged(invocations=(invoked(),))
    found = an_image({"app.py": TOP + "POOL.submit(job)\n"}, timeline=logs).ask(the_check)
    assert found.evidence[0].source == "image /var/task/app.py:8"
    assert found.evidence[1].label == "end of the newest invocation"
    assert found.remediation
    assert "result()" in found.remediation.text


def test_other_languages() -> None:
    work = BackgroundWork(reading=IMAGE, language="node", handler_path="/var/task/index.js")
    assert the_check(work, NONE).outcome is Outcome.NOT_APPLICABLE
