"""Work that a Python handler starts and that nothing waits for before it returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python.lookup import Lookup
from troubleshooter.analysis.python.project import Class, Function, Project
from troubleshooter.analysis.python.reach import Reach, endless, work_names
from troubleshooter.analysis.python.scope import dotted
from troubleshooter.analysis.python.tasks import Fate, Flow, Started
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import BackgroundWork, FloatingWork
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel

_TASKS = frozenset({"asyncio.create_task", "asyncio.ensure_future", "asyncio.gather"})
_LOOPS = frozenset(
    {"asyncio.get_event_loop", "asyncio.get_running_loop", "asyncio.new_event_loop", "uvloop.new_event_loop"}
)
_LOOP_NAMES = frozenset({"loop", "_loop", "event_loop", "_event_loop", "LOOP"})
_THREADS = frozenset(
    {"threading.Thread", "threading.Timer", "multiprocessing.Process", "multiprocessing.context.Process"}
)
_EXECUTORS = frozenset({"ThreadPoolExecutor", "ProcessPoolExecutor"})
_COORDINATING = frozenset({"join", "wait", "get", "acquire", "recv", "receive"})
_ENDLESS = frozenset({"run_forever", "serve_forever"})
"""Methods that serve until they are stopped: nobody waits for their end."""
_COUNTING = frozenset({"threading.active_count", "threading.enumerate", "multiprocessing.active_children"})
"""Calls that tell of all threads at once."""


@provides()
def python_background(
    runtime: RuntimeModel, resolution: HandlerResolution, code: CodeTree
) -> BackgroundWork | Unavailable:
    """Started work on the way from the handler, told apart by whether anything waits for it."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if resolution.path is None or not resolution.path.endswith(".py"):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler's module was not found as a source file")
    try:
        return _background(runtime, resolution, code)
    except RecursionError:
        return Unavailable(Reason.TOO_BIG, "the handler's source is nested too deeply to be followed")


def _background(runtime: RuntimeModel, resolution: HandlerResolution, code: CodeTree) -> BackgroundWork | Unavailable:
    resolver = Resolver.of(runtime, code)
    project = Project(Lookup(runtime, resolver.finder, resolver.sources))
    module = project.module(resolution.module)
    if module is None:
        problem = resolver.sources.parsed(resolution.path or "").problem
        if problem:
            return Unavailable(Reason.MALFORMED, f"{resolution.path} {problem}")
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler is not the function's own code")
    reach = Reach(project)
    found = reach.start(module, resolution.export)
    floating: dict[tuple[str, int, str], FloatingWork] = {}
    awaited: dict[tuple[str, int, str], FloatingWork] = {}
    for function in list(reach.functions.values()):
        for started in _started(function, project):
            work, waited = _Judge(project, reach, resolver).judge(started)
            if work is not None:
                (awaited if waited else floating)[(work.path, work.line, work.construct)] = work
    handler = found.function
    plain = handler is not None and handler.is_async and not getattr(handler.node, "decorator_list", ())
    rebound = resolution.export in module.assigned
    return BackgroundWork(
        reading=reading_of(code),
        language="python",
        handler_path=handler.module.path if handler else resolution.path or "",
        floating=tuple(floating.values()),
        awaited=tuple(awaited.values()),
        returns_coroutine=plain and not rebound and not _is_generator(handler),
        handler_line=handler.node.lineno if handler else 0,
    )


def _is_generator(function: Function | None) -> bool:
    return function is not None and any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in function.scope)


# ---------------------------------------------------------------- what starts work


def _started(function: Function, project: Project) -> Iterator[Started]:
    """Calls in a function that start work."""
    for node in function.scope:
        if isinstance(node, ast.Call):
            found = _starts(node, function, project)
            if found is not None:
                yield found


def _starts(node: ast.Call, inside: Function, project: Project) -> Started | None:
    name = inside.module.canonical(node.func)
    first = node.args[0] if node.args else None
    if name in _TASKS:
        return Started(node, name, "task", inside, None if name.endswith("gather") else first) if node.args else None
    if name == "asyncio.run_coroutine_threadsafe":
        return Started(node, name, "future", inside, first)
    if name in _THREADS or _is_thread_class(node, inside, project):
        target = next((k.value for k in node.keywords if k.arg in ("target", "function")), None)
        if target is None and len(node.args) > 1:
            target = node.args[1]
        return Started(node, name if name in _THREADS else "threading.Thread", "thread", inside, target)
    if isinstance(node.func, ast.Attribute):
        return _by_method(node, node.func, inside, project)
    return None


def _by_method(node: ast.Call, called: ast.Attribute, inside: Function, project: Project) -> Started | None:
    first = node.args[0] if node.args else None
    if called.attr in ("create_task", "run_in_executor") and _is_loop(called.value, inside, project):
        work = first if called.attr == "create_task" else node.args[1] if len(node.args) > 1 else None
        return Started(node, f"loop.{called.attr}", "task", inside, work)
    if called.attr in ("submit", "map"):
        pool = _executor(called.value, inside, project)
        if pool:
            kind = "future" if called.attr == "submit" else "results"
            return Started(node, f"{pool}.{called.attr}", kind, inside, first)
    return None


def _is_loop(node: ast.expr, inside: Function, project: Project) -> bool:
    if project.made_by(node, inside) & _LOOPS:
        return True
    return dotted(node).rpartition(".")[2] in _LOOP_NAMES


def _executor(node: ast.expr, inside: Function, project: Project) -> str:
    """Class of the executor that an expression holds; empty where it holds none."""
    for name in project.made_by(node, inside):
        last = name.rpartition(".")[2]
        if last in _EXECUTORS:
            return last
    return ""


def _is_thread_class(node: ast.Call, inside: Function, project: Project) -> bool:
    found = project.callee(node.func, inside)
    return isinstance(found, Class) and any(base in _THREADS for base in project.bases(found))


# ---------------------------------------------------------------- what becomes of it


@dataclass(frozen=True, slots=True)
class _Judge:
    """Decides for one start of work whether something waits for it."""

    project: Project
    reach: Reach
    resolver: Resolver

    def judge(self, started: Started) -> tuple[FloatingWork | None, bool]:
        """The work and whether it is waited for; no work where a thread is made and not started."""
        flow = Flow(self.project, started.kind)
        fate = self._fate(started, flow)
        if started.kind == "thread" and "start" not in flow.methods and not self._starts_itself(started):
            return None, False
        inside = started.inside
        line = started.node.lineno
        certain = fate is Fate.DROPPED and id(inside.node) not in self.reach.uncertain and not self._doubtful(started)
        work = FloatingWork(
            construct=started.construct,
            path=inside.module.path,
            line=line,
            text=self.resolver.sources.line(inside.module.path, line),
            function=inside.name,
            certain=certain,
        )
        return work, fate is Fate.WAITED

    def _fate(self, started: Started, flow: Flow) -> Fate:
        inside = started.inside
        if started.construct.partition(".")[0] in _EXECUTORS and self._ended(started):
            return Fate.WAITED
        if started.kind == "task" and self._all_awaited():
            return Fate.WAITED
        fate = flow.fate(started.node, inside)
        return self._at_sites(inside, flow) if fate is Fate.RETURNED else fate

    def _at_sites(self, function: Function, flow: Flow, depth: int = 0) -> Fate:
        """What the callers of a function do with what it returns."""
        sites = self.reach.sites.get(id(function.node), [])
        if not sites or depth > 4:
            return Fate.ESCAPED
        fates = []
        for call, caller in sites:
            node: ast.AST = call
            if function.is_async:
                node = caller.module.parents.get(call) or call
                if not isinstance(node, ast.Await):
                    fates.append(Fate.ESCAPED)
                    continue
            fate = flow.fate(node, caller)
            fates.append(self._at_sites(caller, flow, depth + 1) if fate is Fate.RETURNED else fate)
        return max(fates)

    def _all_awaited(self) -> bool:
        """Whether some reached code collects all tasks of the loop, or runs the loop until it is told to stop."""
        for function in self.reach.functions.values():
            for node in function.scope:
                if isinstance(node, ast.Attribute) and function.module.canonical(node) == "asyncio.all_tasks":
                    return True
                if isinstance(node, ast.Name) and function.module.imports.get(node.id) == "asyncio.all_tasks":
                    return True
        return False

    def _ended(self, started: Started) -> bool:
        """Whether the executor is used in a `with`, or shut down, anywhere that it is known."""
        call = started.node
        assert isinstance(call, ast.Call)  # noqa: S101 - only calls are started
        assert isinstance(call.func, ast.Attribute)  # noqa: S101
        name = dotted(call.func.value)
        module = started.inside.module
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.With, ast.AsyncWith)):
                for item in node.items:
                    bound = item.optional_vars
                    if name and name in (dotted(item.context_expr), dotted(bound) if bound is not None else ""):
                        return True
            elif isinstance(node, ast.Call) and name and dotted(node.func) == f"{name}.shutdown":
                values = [k.value for k in node.keywords if k.arg == "wait"] or node.args[:1]
                if not (values and isinstance(values[0], ast.Constant) and values[0].value is False):
                    return True
        return False

    def _starts_itself(self, started: Started) -> bool:
        call = started.node
        found = self.project.callee(call.func, started.inside) if isinstance(call, ast.Call) else None
        begin = self.project.method(found, "__init__") if isinstance(found, Class) else None
        return begin is not None and any(
            isinstance(node, ast.Call) and dotted(node.func) == "self.start" for node in begin.scope
        )

    def _doubtful(self, started: Started) -> bool:
        """Whether dropped work may be waited for, or meant to be cut off, in a way that no object shows."""
        if started.construct == "loop.run_in_executor":
            # asyncio.run() waits for the threads of the loop's own executor.
            return True
        work = started.work.func if isinstance(started.work, ast.Call) else started.work
        if isinstance(work, ast.Attribute) and work.attr in _ENDLESS:
            return True
        target = self.project.callee(work, started.inside) if work is not None else None
        if isinstance(target, Function) and endless(target):
            return True
        return self._coordinated(started, target if isinstance(target, Function) else None)

    def _coordinated(self, started: Started, target: Function | None) -> bool:
        """Whether the starting function waits on something that the work was given: a queue, an event."""
        shared = work_names(started.node)
        if target is not None:
            shared |= {name for node in target.scope for name in _mentioned(node)}
        here: Function | None = started.inside
        while here is not None:
            for node in here.scope:
                if isinstance(node, ast.Call) and dotted(node.func).endswith(".add_done_callback"):
                    shared |= work_names(node)
            here = here.outer
        shared -= started.inside.module.imports.keys()
        here = started.inside
        while here is not None:
            if any(node is not started.node and _coordinates(node, shared, started.node, here) for node in here.scope):
                return True
            here = here.outer
        return self._callers_coordinate(started, shared)

    def _callers_coordinate(self, started: Started, shared: set[str]) -> bool:
        """The same question asked of whoever called the starting function, up to the handler."""
        todo = [(started.inside, shared)]
        seen = {id(started.inside.node)}
        while todo:
            function, known = todo.pop()
            for call, caller in self.reach.sites.get(id(function.node), ()):
                # What the caller handed over it may wait for under its own name; an object's attributes keep theirs.
                handed = work_names(call) | {name for name in known if "." in name}
                handed -= caller.module.imports.keys()
                if any(_coordinates(node, handed, started.node, caller) for node in caller.scope):
                    return True
                if id(caller.node) not in seen:
                    seen.add(id(caller.node))
                    todo.append((caller, handed))
        return False


def _coordinates(node: ast.AST, shared: set[str], start: ast.expr, inside: Function) -> bool:
    """Whether an expression or loop waits for something that other work may bring about."""
    if isinstance(node, ast.Await):
        return any(name in shared for name in _mentioned(node.value))
    if isinstance(node, ast.While):
        tested = {name for each in ast.walk(node.test) for name in _mentioned(each)}
        return bool(tested & shared) and all(each is not start for each in ast.walk(node))
    if not isinstance(node, ast.Call):
        return False
    if inside.module.canonical(node.func) in _COUNTING:
        return True
    return isinstance(node.func, ast.Attribute) and _waits_on(node, node.func, shared, inside)


def _waits_on(node: ast.Call, called: ast.Attribute, shared: set[str], inside: Function) -> bool:
    """Whether a method call waits for something that other work may bring about."""
    name = dotted(called.value)
    if called.attr == "run_forever":
        return True
    if called.attr == "run_until_complete":
        # A loop that is kept running for a while lets other tasks go on.
        inner = node.args[0] if node.args else None
        return isinstance(inner, ast.Call) and inside.module.canonical(inner.func) == "asyncio.sleep"
    if called.attr in ("join", "wait") and not node.args and name:
        return True
    if called.attr == "wait_for" and name in shared:
        return True
    # A mapping's get() takes a key; a queue's takes at most flags.
    keyed = any(not isinstance(each, ast.Constant) or isinstance(each.value, str) for each in node.args)
    return called.attr in _COORDINATING and name in shared and not keyed


def _mentioned(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute) and dotted(node):
        yield dotted(node)
