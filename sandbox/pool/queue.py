"""Jobs that wait for a worker, and which of them may share one process."""

import math
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from lawsmith.sandbox.jobs import Job, JobResult

SHARED_VALUES = 1 << 20
"""Most numbers that one process takes on for several jobs: beyond it, a process costs little beside the work."""
FEW = 3  # jobs that are not shared out: another process costs more


@dataclass(eq=False)
class QueuedJob:
    """A job and its future. key: jobs of an equal one may share a process; None: this one has its own."""

    job: Job
    key: object | None
    values: int
    future: "Future[JobResult]" = field(default_factory=Future)

    def begin(self) -> bool:
        """False if the caller has cancelled it."""
        return self.future.running() or self.future.set_running_or_notify_cancel()


class Waiting:
    """A queue for `workers` threads; thread-safe. Who shares with whom changes nothing but the time it takes."""

    def __init__(self, workers: int) -> None:
        self._workers, self._busy = workers, 0
        self._lock = threading.Lock()
        self._entries: deque[QueuedJob] = deque()

    def add(self, entries: Iterable[QueuedJob]) -> None:
        """All at once, so that they are shared out evenly."""
        with self._lock:
            self._entries.extend(entries)

    def take(self) -> list[QueuedJob]:
        """The next job with those that share its process; empty when nothing waits. Call `done` afterwards."""
        with self._lock:
            self._busy += 1
            while self._entries:
                entry = self._entries.popleft()
                if chosen := [one for one in (entry, *self._company(entry)) if one.begin()]:
                    return chosen
        return []

    def done(self, undone: Sequence[QueuedJob], alone: bool) -> None:
        """A worker is free again; what it could not do goes first, each `alone` in its process if so asked."""
        for entry in undone if alone else ():
            entry.key = None
        with self._lock:
            self._busy -= 1
            self._entries.extendleft(reversed(undone))

    def cancel(self) -> None:
        """Give up every job that waits."""
        with self._lock:
            for entry in self._entries:
                entry.future.cancel()
            self._entries.clear()

    def _company(self, first: QueuedJob) -> list[QueuedJob]:
        """Of those that may share with `first`, every second where two workers do them, and so on."""
        if first.key is None:
            return []
        alike, values = [first], first.values
        for entry in self._entries:
            if entry.key == first.key and (values := values + entry.values) <= SHARED_VALUES:
                alike.append(entry)
        count = self._share(len(alike))
        chosen = [alike[i * len(alike) // count] for i in range(1, count)]
        for entry in chosen:
            self._entries.remove(entry)
        return chosen

    def _share(self, alike: int) -> int:
        """How many of `alike` jobs one worker takes: its part of all that waits."""
        idle = self._workers - self._busy + 1
        waiting = 1 + len(self._entries)
        if idle > 1:
            return min(alike, math.ceil(waiting / idle))
        last = waiting == alike > FEW and self._workers > 1  # leave some to whoever is free next
        return math.ceil(alike / 2) if last else alike
