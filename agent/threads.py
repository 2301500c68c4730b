"""Threads that an interrupt does not wait for: work beside the search, and the runs of one command at the same time."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from functools import partial
from typing import Self, TypeVar

LEAVING_SECONDS = 5.0
"""How long threads get to notice that all is over."""
WAKING_SECONDS = 0.5  # Python acts on a signal, which any thread may get, once the main thread does something

T = TypeVar("T")


def in_background(work: Callable[[], T]) -> Future[T]:
    """Run `work` in a daemon thread; what it raises is raised again by the result."""
    future: Future[T] = Future()
    threading.Thread(target=_fulfil, args=(future, work), daemon=True).start()
    return future


def _fulfil(future: Future[T], work: Callable[[], T]) -> None:
    """Give `future` what `work` returns, or raises: a bug or a full disk is raised where the result is awaited."""
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised again by who waits
        future.set_exception(error)


class RunThreads:
    """Threads for the runs of a command. Enter it before whatever they use: it waits for them after that is closed.

    The threads are daemons: a run that waits for a model's reply does not hold up the end of the process.
    """

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def map(self, work: Callable[[int], T], count: int, width: int, stop: Callable[[], None]) -> tuple[T, ...]:
        """What `work(0)` to `work(count - 1)` return, in that order; at most `width` of them go on at a time.

        With a width of 1 they follow each other in this thread. Otherwise the first exception of any, or Ctrl-C
        here, begins no more of them, calls `stop`, after which the others may fail as they like, and is raised.
        """
        if width == 1:
            return tuple(map(work, range(count)))
        futures: list[Future[T]] = [Future() for _ in range(count)]
        todo = iter(enumerate(futures))  # shared: each thread takes the next one

        def go_on() -> None:
            for index, future in todo:
                if future.set_running_or_notify_cancel():
                    _fulfil(future, partial(work, index))

        try:
            for n in range(min(width, count)):
                thread = threading.Thread(target=go_on, name=f"run-{n}", daemon=True)
                thread.start()
                self._threads.append(thread)
            running = set(futures)
            while running:
                ended, running = wait(running, WAKING_SECONDS, FIRST_EXCEPTION)
                for future in ended:
                    future.result()  # raises what ended it
            return tuple(future.result() for future in futures)
        except BaseException:
            for future in futures:
                future.cancel()
            stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        deadline = time.monotonic() + LEAVING_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
