"""Blocking work on daemon threads of our own, so that quitting never waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from textual.message import Message
from textual.message_pump import MessagePump

T = TypeVar("T")


class Finished(Message, bubble=False):
    """Work is done: `use` is called with its result, or `refuse` with what it raised, on the event loop."""

    def __init__(self, deliver: Callable[[], None], generation: int) -> None:
        super().__init__()
        self.deliver, self.generation = deliver, generation


def start(
    owner: MessagePump,
    work: Callable[[], T],
    use: Callable[[T], None],
    refuse: Callable[[BaseException], None],
    generation: int = 0,
) -> None:
    """Runs `work` on a thread; `use` or `refuse` later runs on the event loop, through the owner's `on_finished`."""

    def body() -> None:
        deliver: Callable[[], Any]
        try:
            result = work()
        except BaseException as error:
            caught = error
            deliver = lambda: refuse(caught)  # noqa: E731
        else:
            deliver = lambda: use(result)  # noqa: E731
        owner.post_message(Finished(deliver, generation))

    threading.Thread(target=body, name="work", daemon=True).start()
