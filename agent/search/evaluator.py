"""Evaluates candidates in parallel and never the same one twice."""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

from lawsmith.sandbox import Evaluation, JobResult, Sandbox, SearchOver
from lawsmith.sandbox.search_task import SearchTask


class Evaluator:
    """The sandbox as the loop sees it: source in, future evaluation out. Thread-safe.

    One evaluator serves all runs of a command, also those that go on at the same time. What a candidate scores is a
    function of its source and the search task; the latter is fixed here, so the memory of results is keyed by source
    alone.
    """

    def __init__(self, sandbox: Sandbox, search_task: SearchTask) -> None:
        self.sandbox, self.search_task, self.task = sandbox, search_task, search_task.task
        self._lock = threading.Lock()
        self._results: dict[str, Future[Evaluation]] = {}
        self._wanted: Counter[str] = Counter()
        self._deadlines: list[float] = []
        # Threads only wait for the sandbox; twice its workers keep it busy while results are being scored.
        self.width = 2 * sandbox.workers
        """Candidates at a time."""
        self._threads = ThreadPoolExecutor(self.width, thread_name_prefix="evaluate")

    def submit(self, source: str, whole: JobResult | None = None) -> Future[Evaluation]:
        """The evaluation of `source`, started now unless it is known or under way already; see `sandbox.evaluate`."""
        with self._lock:
            self._wanted[source] += 1
            if source in self._results:
                return self._results[source]
            begun = self._results[source] = self._threads.submit(self.search_task.evaluate, self.sandbox, source, whole)
        begun.add_done_callback(lambda done: self._forget_stopped(source, done))
        return begun

    def _forget_stopped(self, source: str, done: Future[Evaluation]) -> None:
        """What was stopped because time was over may be evaluated again, by another run or after a resume."""
        if not done.cancelled() and isinstance(done.exception(), SearchOver):
            with self._lock:
                self._results.pop(source, None)

    @contextmanager
    def until(self, seconds: float | None) -> Iterator[None]:
        """Within this context a search has so many seconds left; see `Sandbox.deadline`. Of several the last counts."""
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        with self._lock:
            self._deadlines.append(deadline)
            self._tell_deadline()
        try:
            yield
        finally:
            with self._lock:
                self._deadlines.remove(deadline)
                self._tell_deadline()

    def _tell_deadline(self) -> None:
        self.sandbox.deadline = max(self._deadlines, default=math.inf)

    def remember(self, source: str, evaluation: Evaluation) -> None:
        """Take over a result that an archive has on record."""
        done: Future[Evaluation] = Future()
        done.set_result(evaluation)
        with self._lock:
            self._results.setdefault(source, done)

    def give_up(self, sources: Iterable[str]) -> None:
        """Do not begin these evaluations, unless another run wants them; those under way end, and are remembered."""
        with self._lock:
            for source in sources:
                self._wanted[source] -= 1
                unwanted = self._wanted[source] <= 0 and source in self._results
                if unwanted and self._results[source].cancel():
                    del self._results[source]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._threads.shutdown(wait=kind is None, cancel_futures=True)
