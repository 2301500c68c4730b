"""Work beside the search, in threads that an interrupt does not wait for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T]) -> Future[T]:
    """Run `work` in a daemon thread; what it raises is raised again by the result."""
    future: Future[T] = Future()
    threading.Thread(target=fulfil, args=(future, work), daemon=True).start()
    return future


def fulfil(future: Future[T], work: Callable[[], T]) -> None:
    """Give `future` what `work` returns, or raises: a bug or a full disk is raised where the result is awaited."""
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised again by who waits
        future.set_exception(error)
