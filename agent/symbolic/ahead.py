"""Runs the stages of a search in one thread, each stage once, while the command waits for its worker processes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")
Stop = Callable[[], bool]
"""Says that time is up."""


class SearchedAhead(Generic[T]):
    """The stages that `begin(stop)` finds, one at a time, for whoever asks first: a run, or a thread ahead of it."""

    def __init__(self, begin: Callable[[Stop], Iterator[T]]) -> None:
        self._stop: Stop = lambda: False
        self._stages = begin(lambda: self._stop())
        self._known: list[T] = []
        self._changed = threading.Condition()
        self._searching = self._over = False
        self._failed: Exception | None = None

    def get(self, k: int, stop: Stop) -> T | None:
        """The stage `k`: one under way is waited for, one that nobody began is found now; None after the last.

        Once `stop` says that time is up, a stage found now ends with what it has, and stays so.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: len(self._known) > k or not self._searching)
                if self._failed is not None:
                    raise self._failed
                if len(self._known) > k or self._over:
                    return self._known[k] if len(self._known) > k else None
                self._searching = True
            self._find_next(stop)

    @contextmanager
    def ahead(self, stop: Stop) -> Iterator[None]:
        """Within this context stage after stage is found in a thread, until `stop` says that time is up."""
        left = threading.Event()

        def ended() -> bool:
            return left.is_set() or stop()

        def run() -> None:
            with suppress(Exception):  # raised for whoever asks for a stage
                while not ended() and self.get(len(self._known), ended) is not None:
                    pass

        threading.Thread(target=run, daemon=True).start()
        try:
            yield
        finally:
            left.set()

    def _find_next(self, stop: Stop) -> None:
        found: T | None = None
        self._stop = stop
        try:
            with np.errstate(all="ignore"):  # columns that overflow are left out
                found = next(self._stages, None)
        except Exception as error:  # noqa: BLE001 - raised for whoever asks for a stage
            self._failed = error
        finally:
            with self._changed:
                self._known += [] if found is None else [found]
                self._over, self._searching = found is None, False
                self._changed.notify_all()
