"""Runs the stages of a search in one thread, each stage once, while the command waits for its worker processes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")
Stop = Callable[[], bool]


class SearchedAhead(Generic[T]):
    """The stages that `begin(stop)` finds, for whoever asks first. What they are does not depend on who that is.

    `lock` is held while one is searched.
    """

    def __init__(self, begin: Callable[[Stop], Iterator[T]]) -> None:
        self.lock = threading.Lock()
        self._begin = begin
        self._stop: Stop = lambda: False
        self._stages: Iterator[T] | None = None
        self._known: list[T] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None

    def get(self, k: int, stop: Stop) -> T | None:
        """The stage `k`, which is waited for where it is searched ahead, and else found now; None after the last."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._known) > k or self._thread is None)
        if self._failed is not None:
            raise self._failed
        while len(self._known) <= k:
            if not self._find(len(self._known), stop, lambda: False):
                return None
        return self._known[k]

    @contextmanager
    def ahead(self, stop: Stop) -> Iterator[None]:
        """Within this context stage after stage is searched in a thread, until `stop` says that time is up.

        A stage that is not found when the context ends is forgotten.
        """
        left = threading.Event()
        with self._changed:
            free = self._thread is None
            if free:
                self._thread = threading.Thread(target=self._run, args=(stop, left.is_set), daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            left.set()

    def _run(self, stop: Stop, left: Stop) -> None:
        try:
            while not stop() and self._find(len(self._known), lambda: left() or stop(), left):
                pass
        except Exception as error:  # noqa: BLE001 - raised again for whoever asks for a stage
            self._failed = error
        finally:
            with self._changed:
                self._thread = None
                self._changed.notify_all()

    def _find(self, k: int, stop: Stop, left: Stop) -> bool:
        """Finds the stage `k`, of which all before are known; whether there is one, and nobody `left` meanwhile."""
        with self.lock, np.errstate(all="ignore"):  # columns that overflow are left out
            if len(self._known) > k:
                return True
            self._stop = stop
            if self._stages is None:
                self._stages = self._begin(lambda: self._stop())
                for _ in self._known:
                    next(self._stages)
            found = next(self._stages, None)
            if found is not None and left():
                self._stages = None  # it may have ended early
                return False
        if found is None:
            return False
        with self._changed:
            self._known.append(found)
            self._changed.notify_all()
        return True
