"""The sandbox: one warm process, a fork of it per job or for several, as many at a time as there are workers; and the
jobs that wait for one."""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from lawsmith.sandbox.constants import Constants
from lawsmith.sandbox.isolation import ISOLATED, Tier
from lawsmith.sandbox.jobs import Job, JobResult, ScreenJob, SearchOver
from lawsmith.sandbox.law.parse import Candidate
from lawsmith.sandbox.limits import DEFAULT_LIMITS, Limits
from lawsmith.sandbox.pool.execute import (
    Order,
    bound,
    killed_from_outside,
    message,
    modules_of_ours,
    results,
    screened,
    screening_message,
)
from lawsmith.sandbox.pool.protocol import reply_bound
from lawsmith.sandbox.pool.start import Attempt, Forking, Start, start
from lawsmith.sandbox.pool.verify import Claim, perform, predict, sharing, tables, verify
from lawsmith.sandbox.pool.warm_process import Deadly, Outcome, WarmProcessFailed
from lawsmith.sandbox.verdict import Verdict
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table

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


_RETRIES = 2  # of what broke on our side
GRACE_SECONDS = 0.5  # after the deadline, for what is nearly done


class Sandbox:
    """Executes jobs in isolated processes. Thread-safe; close it, or use it as a context manager.

    workers: jobs at a time, by default one per processor. unsafe_local: run even where this machine can
    isolate nothing. tier: insist on this one instead of the strongest that can be had. start: of the process that
    forks, here or elsewhere. Raises ValueError for workers < 1; the first use raises SandboxUnavailable where no tier
    can be had.
    """

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        workers: int | None = None,
        unsafe_local: bool = False,
        tier: Tier | None = None,
        start: Start = start,
    ) -> None:
        self.limits, self.unsafe_local = limits, unsafe_local
        self.workers = workers if workers is not None else len(os.sched_getaffinity(0))
        if self.workers < 1:
            raise ValueError("a sandbox needs at least one worker")
        if tier is not None:
            self._tiers: tuple[Tier, ...] = (tier,)
        else:
            self._tiers = (*ISOLATED, Tier.NONE) if unsafe_local else ISOLATED
        self._start, self._attempts = start, tuple[Attempt, ...]()
        self._lock = threading.Lock()
        self._closed = False
        self.deadline = math.inf
        """When the time of the search is over, by the monotonic clock. Code that is not proved to be arithmetic, and
        may hang, is stopped `GRACE_SECONDS` later: its job raises SearchOver, and says nothing of the candidate."""
        self._waiting = Waiting(self.workers)
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="sandbox")
        self._warm_process: Forking | None = None
        self._warming = self._pool.submit(self._current)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def tier(self) -> Tier:
        """The isolation that was proved at start. Raises SandboxUnavailable where there is none."""
        return self._warming.result().tier

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Each tier that was tried, strongest first, and how it went; the last one is in use."""
        self._warming.result()
        return self._attempts

    def submit(self, job: Job) -> Future[JobResult]:
        """Queues a job. The future raises nothing for what a candidate does: that is the result's verdict."""
        return self.submit_all((job,))[0]

    def submit_all(self, jobs: Sequence[Job]) -> list[Future[JobResult]]:
        """Queues jobs at once: those of a pure candidate share as many processes as there are free workers.

        Raises RuntimeError where the sandbox is closed.
        """
        entries = [QueuedJob(job, sharing(job, self.limits), _values(job)) for job in jobs]
        with self._lock:
            if self._closed:
                raise RuntimeError("the sandbox is closed")
            self._waiting.add(entries)
            for _ in entries:
                self._pool.submit(self._serve)
        return [entry.future for entry in entries]

    def run(self, job: Job) -> JobResult:
        """Runs one job and waits for it."""
        return self.submit(job).result()

    def screen(self, job: ScreenJob) -> Future[Array]:
        """The cost (F,) of each form of our own, see `Fitted.total_cost`; NaN for one that cannot be fitted.

        Raises RuntimeError where the sandbox is closed.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the sandbox is closed")
            return self._pool.submit(self._screened, job)

    def predict(
        self, candidate: Candidate, schema: Schema, pairs: Sequence[tuple[Constants | None, Table]], optional: int = 0
    ) -> JobResult:
        """Predictions for each table with its own constants; see sandbox.pool.verify."""
        return predict(candidate, schema, pairs, self._execute, optional=optional)

    def verify(self, candidate: Candidate, schema: Schema, claims: Sequence[Claim]) -> JobResult:
        """Whether all predictions follow from constants and rows alone; see sandbox.pool.verify."""
        return verify(candidate, schema, claims, self._execute)

    def fork(self, packed: bytes, bound: int, modules: Iterable[str] = (), stop: float = math.inf) -> Outcome:
        """What became of a job as bytes in a fresh process; see `WarmProcess.run`, also for what is raised."""
        return self._current().run(packed, bound, self.limits, stop, modules)

    def close(self) -> None:
        """Ends every job and process; returns when they are gone. Harmless when repeated."""
        with self._lock:
            self._closed = True
            warm_process, self._warm_process = self._warm_process, None
        self._waiting.cancel()
        if warm_process is not None:
            warm_process.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _serve(self) -> None:
        """What each queued job wakes a worker for: it takes whatever waits, until nothing does."""
        while entries := self._waiting.take():
            undone = self._perform(entries)
            self._waiting.done(undone, alone=len(undone) == len(entries))
            with self._lock:
                for _ in undone[1:] if not self._closed else ():
                    self._pool.submit(self._serve)
        self._waiting.done((), alone=False)

    def _perform(self, entries: Sequence[QueuedJob]) -> list[QueuedJob]:
        """Settles the futures of what is done, and returns the rest."""
        try:
            found = perform([entry.job for entry in entries], self.limits, self._execute)
        except BaseException as error:  # noqa: BLE001 - raised again for whoever asks for the result
            for entry in entries:
                entry.future.set_exception(error)
            return []
        for entry, result in zip(entries, found, strict=True):
            if result is not None:
                entry.future.set_result(result)
        return [entry for entry, result in zip(entries, found, strict=True) if result is None]

    def _execute(self, order: Order) -> Sequence[JobResult | None]:
        """One order in one fork; where several parts share it, they are tried only once."""
        packed, most = message(order, self.limits), bound(order, self.limits)
        if len(order.parts) == 1:
            return [self._alone(order, packed, most)]
        try:
            return results(order, self._launch(order, packed, most), self.limits)
        except WarmProcessFailed:
            return [None] * len(order.parts)

    def _launch(self, order: Order, packed: bytes, most: int) -> Outcome:
        stop = self.deadline + GRACE_SECONDS if order.foreign else math.inf
        if time.monotonic() >= stop:
            raise SearchOver
        outcome = self.fork(packed, most, order.modules, stop)
        if outcome.stopped:
            raise SearchOver
        return outcome

    def _alone(self, order: Order, packed: bytes, most: int) -> JobResult:
        """What breaks on our side is tried again and never blamed on the candidate."""
        reason, starved = "", False
        for retries in reversed(range(1 + _RETRIES)):
            try:
                outcome = self._launch(order, packed, most)
            except Deadly as error:
                return JobResult(Verdict.SANDBOX_BROKEN, str(error))
            except WarmProcessFailed as error:
                reason = str(error)
                continue
            (found,) = results(order, outcome, self.limits)
            assert found is not None
            if retries and killed_from_outside(outcome, self.limits):
                reason = found.message  # not the candidate's doing, unless it happens every time
                continue
            if found.verdict is Verdict.TIMEOUT and outcome.waited > found.usage.wall / 4 and not starved:
                starved = True  # others had the processor: try once more before believing it
            elif found.verdict is not Verdict.SANDBOX_BROKEN:
                return found
            reason = found.message
        return JobResult(Verdict.SANDBOX_BROKEN, f"The sandbox failed {1 + _RETRIES} times: {reason}.")

    def _screened(self, job: ScreenJob) -> Array:
        """In one fork; what ends a fork that several share is found by halves."""
        found, count = None, len(job.sources)
        packed, most = screening_message(job, self.limits), reply_bound(0, 0, [count], 1)
        for _ in range(1 + _RETRIES):
            with suppress(WarmProcessFailed):
                found = screened(job, self.fork(packed, most, modules_of_ours(" ".join(job.sources))))
                break
        if found is not None:
            return found
        if count == 1:
            return np.full(1, np.nan)
        halves = job.sources[: count // 2], job.sources[count // 2 :]
        return np.concatenate([self._screened(replace(job, sources=half)) for half in halves])

    def _current(self) -> Forking:
        with self._lock:
            if self._closed:
                raise WarmProcessFailed("the sandbox is closed")
            if self._warm_process is not None and not self._warm_process.alive():
                self._warm_process.close()
                self._warm_process = None
            if self._warm_process is None:
                self._warm_process, attempts = self._start(self._tiers, self.limits)
                # What was proved, and is on record with every evaluation, holds for a replacement as well.
                self._tiers = (self._warm_process.tier,)
                self._attempts = self._attempts or attempts
            return self._warm_process


def _values(job: Job) -> int:
    return sum(len(table) * (1 + len(table.features) + len(job.schema.targets)) for table in tables(job))
