"""Layers merged into the one tree that a process sees: higher layers over lower ones, whiteouts and opaque folders honoured."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from troubleshooter.collectors.layers import Layer
from troubleshooter.facts.elf import Elf
from troubleshooter.facts.tree import Entry, FileTree, Kind

T = TypeVar("T")


def merge(layers: Sequence[Layer]) -> FileTree:
    """The tree that `layers`, lowest first, make together."""
    entries: dict[str, Entry] = {}
    implied: set[str] = set()
    blocked: set[str] = set()
    """Removed by a higher layer, with all below."""
    closed: set[str] = set()
    """Folders of a higher layer that show nothing of the lower ones."""
    for index in range(len(layers) - 1, -1, -1):
        layer = layers[index]
        hidden = _Hidden(entries, blocked, closed)
        closing: set[str] = set()
        added: dict[str, Entry] = {}
        for path, entry in _with_links(layers, index):
            there = entries.get(path)
            if there is None:
                if path not in blocked and not hidden[path.rpartition("/")[0]]:
                    added[path] = entry
            elif path not in implied:
                if entry.kind is not Kind.DIRECTORY and there.kind is Kind.DIRECTORY:
                    closing.add(path)
            elif path not in blocked and not hidden[path.rpartition("/")[0]]:
                if entry.kind is Kind.DIRECTORY:
                    added[path] = entry
                else:
                    closing.add(path)
                implied.discard(path)
        for path in layer.implied:
            known = path in entries or path in added or path in blocked
            if not known and not hidden[path.rpartition("/")[0]]:
                added[path] = Entry(Kind.DIRECTORY, 0o755, layer=index)
                implied.add(path)
        entries.update(added)
        blocked |= layer.whiteouts
        closed |= layer.opaque | closing
    return FileTree(entries, _reader(entries, layers), _elf_reader(entries, layers))


def _with_links(layers: Sequence[Layer], index: int) -> list[tuple[str, Entry]]:
    """Entries of one layer, hard links to files of lower layers resolved; a link to nothing is left out."""
    layer = layers[index]
    for path, target in layer.links.items():
        below = next((low for low in reversed(layers[:index]) if target in low.entries), None)
        if below is None or below.entries[target].kind is Kind.DIRECTORY:
            continue
        layer.entries[path] = below.entries[target]._replace(layer=index)
        kept = below.slice(target)
        if kept is not None:
            layer.contents[path] = kept
        elf = below.elf(target)
        if elf is not None:
            layer.elves[path] = elf
    layer.links.clear()
    return list(layer.entries.items())


class _Hidden(dict[str, bool]):
    """Whether what lies directly in a folder of the next lower layer is hidden by the layers above, each folder found out once."""

    def __init__(self, entries: dict[str, Entry], blocked: set[str], closed: set[str]) -> None:
        super().__init__({"": "" in closed})
        self._entries, self._blocked, self._closed = entries, blocked, closed

    def __missing__(self, folder: str) -> bool:
        todo = []
        while folder not in self:
            todo.append(folder)
            folder = folder.rpartition("/")[0]
        answer = self[folder]
        for each in reversed(todo):
            above = self._entries.get(each)
            answer = (
                answer
                or each in self._blocked
                or each in self._closed
                or (above is not None and above.kind is not Kind.DIRECTORY)
            )
            self[each] = answer
        return answer


def _reader(entries: dict[str, Entry], layers: Sequence[Layer]) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        layer = layers[entries[path].layer]
        return layer.read(path) if path in layer.entries else None

    return read


def _elf_reader(entries: dict[str, Entry], layers: Sequence[Layer]) -> Callable[[str], Elf | None]:
    def elf(path: str) -> Elf | None:
        layer = layers[entries[path].layer]
        return layer.elf(path) if path in layer.entries else None

    return elf


def in_parallel(tasks: Sequence[Callable[[], T]], workers: int) -> list[T]:
    """Runs the tasks on `workers` daemon threads, in order of appearance; their results, or the first task's error."""
    results: dict[int, T] = {}
    errors: dict[int, BaseException] = {}
    todo = iter(enumerate(tasks))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                index, task = next(todo, (-1, None))
            if task is None or errors:
                return
            try:
                results[index] = task()
            except BaseException as error:
                errors[index] = error

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(workers, len(tasks)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [results[index] for index in range(len(tasks))]
