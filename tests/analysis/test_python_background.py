"""Background work: each sample is judged from its text and also run, to see whether the work was done when it returned."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from typing import Any

import pytest

from tests.factories import IMAGE, tree
from troubleshooter.analysis.python.background import python_background
from troubleshooter.analysis.python.handler import python_handler
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import BackgroundWork
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel

PRELUDE = """
import asyncio, threading, time, queue
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from asyncio import create_task
DONE = []
GATE = threading.Event()

async def work(n=1):
    await asyncio.sleep(0 if GATE.is_set() else 30)
    DONE.append(n)

def slow(n=1):
    GATE.wait(30)
    DONE.append(n)

class Service:
    async def close(self):
        await self.pending

"""
RUN = "\n\ndef handler(event, context):\n    return asyncio.run(main(event))\n"

GUILTY = {
    "dropped": "async def main(e):\n    asyncio.create_task(work())\n    return 1" + RUN,
    "from import": "async def main(e):\n    create_task(work())" + RUN,
    "ensure_future": "async def main(e):\n    asyncio.ensure_future(work())" + RUN,
    "bound and forgotten": "async def main(e):\n    task = asyncio.create_task(work())\n    print(task)" + RUN,
    "a callback does not wait": (
        "async def main(e):\n    task = asyncio.create_task(work())\n    task.add_done_callback(lambda t: None)" + RUN
    ),
    "list never awaited": "async def main(e):\n    tasks = [asyncio.create_task(work(n)) for n in range(3)]\n    return len(tasks)"
    + RUN,
    "set against collection": (
        "BACKGROUND = set()\nasync def main(e):\n    task = asyncio.create_task(work())\n    BACKGROUND.add(task)\n"
        "    task.add_done_callback(BACKGROUND.discard)" + RUN
    ),
    "gather not awaited": "async def main(e):\n    asyncio.gather(work(1), work(2))\n    await asyncio.sleep(0)" + RUN,
    "a short sleep": "async def main(e):\n    asyncio.create_task(work(e.get('a')))\n    await asyncio.sleep(0.001)"
    + RUN,
    "in a helper": "async def fire(e):\n    asyncio.create_task(work())\nasync def main(e):\n    await fire(e)" + RUN,
    "in a method": (
        "class Agent:\n    def __init__(self, e): self.e = e\n    async def run(self):\n        asyncio.create_task(self.stream())\n"
        "    async def stream(self):\n        await work()\nasync def main(e):\n    await Agent(e).run()" + RUN
    ),
    "in a nested function": (
        "async def main(e):\n    async def inner():\n        asyncio.create_task(work())\n    await inner()" + RUN
    ),
    "through a factory": (
        "def start():\n    return asyncio.create_task(work())\nasync def main(e):\n    start()\n    return 1" + RUN
    ),
    "loop kept between calls": (
        "loop = asyncio.new_event_loop()\nasync def main(e):\n    loop.create_task(work())\n    return 1\n"
        "def handler(event, context):\n    return loop.run_until_complete(main(event))\n"
    ),
    "created before the loop runs": (
        "async def main(e):\n    return 1\ndef handler(event, context):\n    loop = asyncio.new_event_loop()\n"
        "    loop.create_task(work())\n    return loop.run_until_complete(main(event))\n"
    ),
    "decorated handler": (
        "import functools\ndef logged(f):\n    @functools.wraps(f)\n    def wrapper(event, context):\n        return f(event, context)\n"
        "    return wrapper\nasync def main(e):\n    asyncio.create_task(work())\n@logged\ndef handler(event, context):\n"
        "    return asyncio.run(main(event))\n"
    ),
    "names made of themselves": (
        "async def main(e):\n    text = str(e)\n    text = text.strip()\n    text = text.lower()\n    asyncio.create_task(work())"
        + RUN
    ),
    "in a helper, whose caller waits for something else": (
        "async def fire(e):\n    asyncio.create_task(work(e))\nasync def main(e):\n    await fire(e)\n    await asyncio.sleep(0)\n"
        "    return ','.join(e)" + RUN
    ),
    "thread": "def handler(event, context):\n    threading.Thread(target=slow).start()\n    return 1\n",
    "named thread": "def handler(event, context):\n"
    "    t = threading.Thread(target=slow, args=(event.get('a'),))\n    t.start()\n    return 1\n",
    "daemon": "def handler(event, context):\n    t = threading.Thread(target=slow, daemon=True)\n    t.start()\n",
    "thread class": (
        "class Sender(threading.Thread):\n    def run(self):\n        slow()\ndef handler(event, context):\n    Sender().start()\n"
    ),
    "threads in a list": (
        "def handler(event, context):\n    ts = [threading.Thread(target=slow) for _ in range(3)]\n    for t in ts:\n        t.start()\n"
    ),
    "timer": "def handler(event, context):\n    threading.Timer(0.02, slow).start()\n",
    "submit to a global pool": (
        "POOL = ThreadPoolExecutor(2)\ndef handler(event, context):\n    POOL.submit(slow)\n    return 1\n"
    ),
    "submit, future kept": (
        "POOL = ThreadPoolExecutor(2)\ndef handler(event, context):\n    f = POOL.submit(slow)\n    return f.done()\n"
    ),
    "map not consumed": "POOL = ThreadPoolExecutor(2)\ndef handler(event, context):\n    POOL.map(slow, [1, 2])\n    return 1\n",
}

INNOCENT = {
    "awaited at once": "async def main(e):\n    await asyncio.create_task(work())" + RUN,
    "awaited later": "async def main(e):\n    task = asyncio.create_task(work())\n    await asyncio.sleep(0)\n    await task"
    + RUN,
    "gathered list": "async def main(e):\n    tasks = [asyncio.create_task(work(n)) for n in range(3)]\n    await asyncio.gather(*tasks)"
    + RUN,
    "gathered generator": "async def main(e):\n    await asyncio.gather(*(asyncio.create_task(work(n)) for n in range(3)))"
    + RUN,
    "appended, then gathered": (
        "async def main(e):\n    tasks = []\n    for n in range(3):\n        tasks.append(asyncio.create_task(work(n)))\n"
        "    return await asyncio.gather(*tasks, return_exceptions=True)" + RUN
    ),
    "augmented": "async def main(e):\n    tasks = []\n    tasks += [asyncio.create_task(work())]\n    await asyncio.wait(tasks)"
    + RUN,
    "each awaited": "async def main(e):\n    tasks = [asyncio.create_task(work(n)) for n in range(2)]\n"
    "    for t in tasks:\n        await t" + RUN,
    "awaited in a comprehension": (
        "async def main(e):\n    tasks = [asyncio.create_task(work(n)) for n in range(2)]\n    return [await t for t in tasks]"
        + RUN
    ),
    "as completed": (
        "async def main(e):\n    tasks = {asyncio.create_task(work(n)) for n in range(2)}\n"
        "    for t in asyncio.as_completed(tasks):\n        await t" + RUN
    ),
    "dictionary": (
        "async def main(e):\n    tasks = {}\n    for n in 'ab':\n        tasks[n] = asyncio.create_task(work(n))\n"
        "    for name, t in tasks.items():\n        await t" + RUN
    ),
    "dictionary values": (
        "async def main(e):\n    tasks = {n: asyncio.create_task(work(n)) for n in 'ab'}\n    await asyncio.gather(*tasks.values())"
        + RUN
    ),
    "wait and pending": (
        "async def main(e):\n    pending = {asyncio.create_task(work(n)) for n in range(2)}\n    while pending:\n"
        "        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)" + RUN
    ),
    "wait_for": "async def main(e):\n    task = asyncio.create_task(work())\n    await asyncio.wait_for(task, 5)" + RUN,
    "shielded": "async def main(e):\n    task = asyncio.create_task(work())\n    await asyncio.shield(task)" + RUN,
    "gather kept": "async def main(e):\n    g = asyncio.gather(work(1), work(2))\n    await asyncio.sleep(0)\n    await g"
    + RUN,
    "polled": "async def main(e):\n    task = asyncio.create_task(work())\n    while not task.done():\n        await asyncio.sleep(0.005)"
    + RUN,
    "task group": (
        "async def main(e):\n    async with asyncio.TaskGroup() as group:\n        group.create_task(work(1))\n"
        "        group.create_task(work(2))" + RUN
    ),
    "handed to a helper": (
        "async def finish(task, log):\n    await task\nasync def main(e):\n    t = asyncio.create_task(work())\n"
        "    await finish(t, log=None)" + RUN
    ),
    "handed to a helper in a list": (
        "async def finish(*, tasks):\n    await asyncio.gather(*tasks)\nasync def main(e):\n    ts = [asyncio.create_task(work())]\n"
        "    await finish(tasks=ts)" + RUN
    ),
    "returned to who awaits": "def start():\n    return asyncio.create_task(work())\nasync def main(e):\n    await start()"
    + RUN,
    "returned in a tuple by a coroutine": (
        "async def start():\n    task = asyncio.create_task(work())\n    return task\nasync def main(e):\n"
        "    t = await start()\n    await t" + RUN
    ),
    "attribute awaited elsewhere": (
        "async def main(e):\n    s = Service()\n    s.pending = asyncio.create_task(work())\n    await s.close()" + RUN
    ),
    "global set, gathered": (
        "PENDING = set()\nasync def flush():\n    await asyncio.gather(*PENDING)\nasync def main(e):\n"
        "    PENDING.add(asyncio.create_task(work()))\n    await flush()" + RUN
    ),
    "all tasks": (
        "async def main(e):\n    asyncio.create_task(work())\n"
        "    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))" + RUN
    ),
    "run until complete": (
        "def handler(event, context):\n    loop = asyncio.new_event_loop()\n    task = loop.create_task(work())\n"
        "    loop.run_until_complete(task)\n    loop.close()\n"
    ),
    "conditional expression": (
        "async def main(e):\n    task = asyncio.create_task(work()) if DONE is not None else None\n    if task:\n        await task"
        + RUN
    ),
    "walrus": "async def main(e):\n    if (task := asyncio.create_task(work())):\n        await task" + RUN,
    "closure awaits": (
        "async def main(e):\n    task = asyncio.create_task(work())\n    async def finish():\n        await task\n    await finish()"
        + RUN
    ),
    "never called": (
        "async def unused():\n    asyncio.create_task(work())\nasync def main(e):\n    await work()" + RUN
    ),
    "only text": "async def main(e):\n    # asyncio.create_task(work())\n    note = 'asyncio.create_task(work())'\n    await work()"
    + RUN,
    "another create_task": (
        "class Board:\n    def create_task(self, title):\n        DONE.append(title)\n"
        "def handler(event, context):\n    Board().create_task('a')\n"
    ),
    "joined thread": "def handler(event, context):\n    t = threading.Thread(target=slow)\n    t.start()\n    t.join()\n",
    "joined threads": (
        "def handler(event, context):\n    ts = []\n    for n in range(3):\n        t = threading.Thread(target=slow, args=(n,))\n"
        "        t.start()\n        ts.append(t)\n    for t in ts:\n        t.join()\n"
    ),
    "joined in a comprehension": (
        "def handler(event, context):\n    ts = [threading.Thread(target=slow) for _ in range(2)]\n"
        "    [t.start() for t in ts]\n    [t.join() for t in ts]\n"
    ),
    "pool in a with": "def handler(event, context):\n    with ThreadPoolExecutor() as pool:\n        pool.submit(slow)\n",
    "pool results": (
        "POOL = ThreadPoolExecutor(2)\ndef handler(event, context):\n    fs = [POOL.submit(slow, n) for n in range(2)]\n"
        "    return [f.result() for f in as_completed(fs)]\n"
    ),
    "pool waited": "POOL = ThreadPoolExecutor(2)\ndef handler(event, context):\n    wait([POOL.submit(slow)])\n",
    "pool shut down": "def handler(event, context):\n    pool = ThreadPoolExecutor()\n    pool.submit(slow)\n    pool.shutdown()\n",
    "map consumed": "POOL = ThreadPoolExecutor(2)\ndef handler(event, context):\n    return list(POOL.map(slow, [1, 2]))\n",
    "map looped": "POOL = ThreadPoolExecutor(2)\ndef handler(event, context):\n    for _ in POOL.map(slow, [1, 2]):\n        pass\n",
}

UNDECIDED = {
    "an endless companion": (
        "async def beat():\n    while True:\n        await asyncio.sleep(0.01)\nasync def main(e):\n    asyncio.create_task(beat())\n"
        "    await work()" + RUN
    ),
    "workers of a queue": (
        "async def worker(q):\n    while True:\n        n = await q.get()\n        await work(n)\n"
        "        q.task_done()\nasync def main(e):\n"
        "    q = asyncio.Queue()\n    q.put_nowait(1)\n    asyncio.create_task(worker(q))\n    await q.join()" + RUN
    ),
    "an event": (
        "async def job(ready):\n    await work()\n    ready.set()\nasync def main(e):\n    ready = asyncio.Event()\n"
        "    asyncio.create_task(job(ready))\n    await ready.wait()" + RUN
    ),
    "a result queue": (
        "def job(q):\n    slow()\n    q.put(1)\ndef handler(event, context):\n    q = queue.Queue()\n"
        "    threading.Thread(target=job, args=(q,)).start()\n    return q.get()\n"
    ),
    "the loop's own threads": ("async def main(e):\n    asyncio.get_running_loop().run_in_executor(None, slow)" + RUN),
    "the caller waits for what it handed over": (
        "async def job(ready):\n    await work()\n    ready.set_result(1)\nasync def start(ready):\n"
        "    asyncio.create_task(job(ready))\nasync def main(e):\n    done = asyncio.get_running_loop().create_future()\n"
        "    await start(done)\n    await done" + RUN
    ),
    "another method waits on the object's queue": (
        "class Pool:\n    def __init__(self):\n        self.q = asyncio.Queue()\n    def start(self):\n"
        "        asyncio.create_task(self.worker())\n    async def worker(self):\n        await work(await self.q.get())\n"
        "        self.q.task_done()\n    async def run(self):\n        self.start()\n        self.q.put_nowait(1)\n"
        "        await self.q.join()\nasync def main(e):\n    await Pool().run()" + RUN
    ),
    "handed to something unknown": (
        "import weakref\nasync def main(e):\n    task = asyncio.create_task(work())\n"
        "    keeper = weakref.ref(task)\n    await asyncio.sleep(0.1)" + RUN
    ),
    "a future": (
        "async def job(done):\n    await work()\n    done.set_result(1)\nasync def main(e):\n"
        "    done = asyncio.get_running_loop().create_future()\n    asyncio.create_task(job(done))\n    await done"
        + RUN
    ),
    "a future set by a callback": (
        "async def main(e):\n    done = asyncio.get_running_loop().create_future()\n"
        "    task = asyncio.create_task(work())\n    task.add_done_callback(lambda t: done.set_result(1))\n    await done"
        + RUN
    ),
    "a result asked for after a pause": (
        "async def main(e):\n    task = asyncio.create_task(work())\n    await asyncio.sleep(0.05)\n    return task.result()"
        + RUN
    ),
    "one task for many callers": (
        "CACHE = {}\nasync def main(e):\n    task = CACHE.setdefault(1, asyncio.create_task(work()))\n    await task"
        + RUN
    ),
    "polling what a thread fills": (
        "def handler(event, context):\n    found = []\n"
        "    threading.Thread(target=lambda: found.append(slow())).start()\n"
        "    while not found:\n        time.sleep(0.01)\n"
    ),
    "counting threads": (
        "def handler(event, context):\n    before = threading.active_count()\n    threading.Thread(target=slow).start()\n"
        "    while threading.active_count() > before:\n        time.sleep(0.01)\n"
    ),
    "a condition": (
        "TURN = threading.Condition()\ndef job():\n    with TURN:\n        slow()\n        TURN.notify()\n"
        "def handler(event, context):\n    with TURN:\n        threading.Thread(target=job).start()\n"
        "        TURN.wait_for(lambda: DONE)\n"
    ),
    "any of the results": (
        "POOL = ThreadPoolExecutor(2)\ndef handler(event, context):\n    return all(not r for r in [any(POOL.map(slow, [1]))])\n"
    ),
    "a loop in a thread of its own": (
        "def handler(event, context):\n    own = asyncio.new_event_loop()\n"
        "    threading.Thread(target=own.run_forever, daemon=True).start()\n"
        "    try:\n        return asyncio.run_coroutine_threadsafe(work(), own).result(5)\n"
        "    finally:\n        own.call_soon_threadsafe(own.stop)\n"
    ),
    "cancelled on purpose": (
        "async def main(e):\n    task = asyncio.create_task(asyncio.sleep(60))\n    try:\n        await work()\n"
        "    finally:\n        task.cancel()" + RUN
    ),
}


def judged(source: str, **files: str) -> BackgroundWork:
    texts = {"/var/task/app.py": source, **{f"/var/task/{name}": text for name, text in files.items()}}
    code = CodeTree(reading=IMAGE, tree=tree(dict(texts)), root="/var/task", kind="image")
    runtime = RuntimeModel(
        reading=IMAGE,
        language="python",
        client="aws-base",
        version=(3, 12),
        handler="app.handler",
        search_path=("/var/task",),
    )
    resolution = python_handler(runtime, code, Unavailable(Reason.NOT_GIVEN, "none"))
    assert isinstance(resolution, HandlerResolution)
    assert resolution.problem == "", resolution
    found = python_background(runtime, resolution, code)
    assert isinstance(found, BackgroundWork), found
    return found


def done_when_it_returns(source: str, *, takes_long: bool) -> int:
    """Runs a sample's handler and counts the work that was done when it returned. Work that takes long ends only after it."""
    space: dict[str, Any] = {}
    exec(compile(PRELUDE + source, "sample", "exec"), space)  # noqa: S102 - our own samples
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not takes_long:
            space["GATE"].set()
        space["handler"]({}, None)
        done = len(space["DONE"])
        space["GATE"].set()
        for name in ("loop",):
            if isinstance(space.get(name), asyncio.AbstractEventLoop):
                space[name].close()
        if "POOL" in space:
            space["POOL"].shutdown()
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.name.startswith(("read", "pytest")):
                thread.join(1)
        space.clear()
        gc.collect()
    return done


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", GUILTY)
def test_dropped_work_floats_and_is_really_not_done(name: str) -> None:
    found = judged(PRELUDE + GUILTY[name])
    assert [each.certain for each in found.floating] == [True], found
    assert done_when_it_returns(GUILTY[name], takes_long=True) == 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", INNOCENT)
def test_work_that_is_waited_for_passes_and_is_really_done(name: str) -> None:
    assert judged(PRELUDE + INNOCENT[name]).floating == ()
    assert done_when_it_returns(INNOCENT[name], takes_long=False) > 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", UNDECIDED)
def test_what_cannot_be_told_is_never_certain(name: str) -> None:
    assert not any(each.certain for each in judged(PRELUDE + UNDECIDED[name]).floating)
    assert done_when_it_returns(UNDECIDED[name], takes_long=False) > 0


# ---------------------------------------------------------------- across files, frameworks, handlers of other kinds


def test_work_is_found_in_other_modules_and_named_by_file_and_line() -> None:
    found = judged(
        "import asyncio\nfrom agent.stream import go\n\ndef handler(event, context):\n    return asyncio.run(go(event))\n",
        **{
            "agent/__init__.py": "",
            "agent/stream.py": "import asyncio as aio\nfrom .parts import work\n\nasync def go(e):\n    aio.create_task(work())\n",
            "agent/parts.py": "async def work():\n    pass\n",
        },
    )
    (only,) = found.floating
    assert (only.path, only.line, only.function) == ("/var/task/agent/stream.py", 5, "go")
    assert only.text == "aio.create_task(work())"
    assert only.construct == "asyncio.create_task"


def test_installed_packages_are_not_entered() -> None:
    found = judged(
        "import asyncio\nfrom lib import go\n\ndef handler(event, context):\n    return asyncio.run(go(event))\n",
        **{
            "lib/__init__.py": "import asyncio\nasync def go(e):\n    asyncio.create_task(asyncio.sleep(1))\n",
            "lib-1.0.dist-info/top_level.txt": "lib\n",
        },
    )
    assert found.floating == ()


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            "from mangum import Mangum\nfrom routes import app\nhandler = Mangum(app, lifespan='off')\n",
            id="ASGI adapter",
        ),
        pytest.param(
            "from routes import app\ndef handler(event, context):\n    return app.resolve(event, context)\n",
            id="resolver",
        ),
    ],
)
def test_functions_registered_with_a_framework_are_reached(source: str) -> None:
    routes = (
        "import asyncio\nfrom fastapi import FastAPI\nfrom jobs import work\napp = FastAPI()\n\n"
        "@app.post('/tasks', status_code=201)\nasync def create():\n    asyncio.create_task(work())\n    return {}\n"
    )
    found = judged(source, **{"routes.py": routes, "jobs.py": "async def work():\n    pass\n"})
    assert [(each.function, each.certain) for each in found.floating] == [("create", True)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("async def handler(event, context):\n    return 1\n", True, id="plain coroutine"),
        pytest.param("@wrap\nasync def handler(event, context):\n    return 1\n", False, id="decorated"),
        pytest.param("def handler(event, context):\n    return 1\n", False, id="plain function"),
        pytest.param(
            "async def handler(event, context):\n    return 1\nhandler = wrap(handler)\n",
            False,
            id="wrapped afterwards",
        ),
        pytest.param("async def main():\n    pass\nhandler = lambda e, c: main()\n", False, id="lambda"),
    ],
)
def test_a_coroutine_handler_is_noted(source: str, expected: bool) -> None:
    assert judged("wrap = print\n" + source).returns_coroutine is expected


def test_work_only_reachable_through_a_callback_is_not_certain() -> None:
    found = judged(
        "import asyncio, atexit\ndef later():\n    asyncio.ensure_future(asyncio.sleep(1))\n"
        "def handler(event, context):\n    atexit.register(later)\n"
    )
    assert [each.certain for each in found.floating] == [False]


def test_other_languages_are_not_judged() -> None:
    runtime = RuntimeModel(reading=IMAGE, language="node", client="zip", handler="index.handler")
    code = CodeTree(reading=IMAGE, tree=tree({}), root="/var/task", kind="zip")
    resolution = HandlerResolution(
        reading=IMAGE, handler="index.handler", language="node", problem="", path="/var/task/index.js"
    )
    found = python_background(runtime, resolution, code)
    assert isinstance(found, Unavailable)
    assert not found.applies
