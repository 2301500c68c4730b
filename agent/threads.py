"""Threads that an interrupt does not wait for: work beside the search, and the runs of one command at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import Any, Self, TypeVar

LEAVING_SECONDS = 5.0
"""How long threads get to notice that all is over."""
WAKING_SECONDS = 0.5  # Python acts on a signal, which any thread may get, once the main thread does something

T = TypeVar("T")


def in_background(work: Callable[[], T]) -> Future[T]:
    """Run `work` in a daemon thread; what it raises, a bug or a full disk, is raised again by the result."""
    future: Future[T] = Future()

    def fulfil() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            future.set_exception(error)

    threading.Thread(target=fulfil, daemon=True).start()
    return future


class RunThreads:
    """Threads for the runs of a command. Enter it before whatever they use: it waits for them after that is closed.

    The threads are daemons: a run that waits for a model's reply does not hold up the end of the process.
    """

    def __init__(self) -> None:
        self._threads: list[Future[Any]] = []

    def map(self, work: Callable[[int], T], count: int, width: int, stop: Callable[[], None]) -> tuple[T, ...]:
        """What `work(0)` to `work(count - 1)` return, in that order; at most `width` of them go on at a time.

        With a width of 1 they follow each other in this thread. Otherwise the first exception of any, or Ctrl-C
        here, begins no more of them, calls `stop`, after which the others may fail as they like, and is raised.
        """
        if width == 1:
            return tuple(map(work, range(count)))
        todo = iter(range(count))  # shared: each thread takes the next one

        def go_on() -> dict[int, T]:
            return {index: work(index) for index in todo}

        self._threads = [in_background(go_on) for _ in range(min(width, count))]
        try:
            running = set(self._threads)
            while running:
                ended, running = wait(running, WAKING_SECONDS, FIRST_EXCEPTION)
                for thread in ended:
                    thread.result()  # raises what ended it
        except BaseException:
            for _ in todo:
                pass  # nobody takes another one
            stop()
            raise
        found: dict[int, T] = {index: one for thread in self._threads for index, one in thread.result().items()}
        return tuple(found[index] for index in range(count))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        wait(self._threads, LEAVING_SECONDS)
