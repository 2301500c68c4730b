"""The sandbox: one warm process, and a fork of it for each job, as many at a time as there are workers."""

import math
import os
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
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
    result,
    screened,
    screening_message,
)
from lawsmith.sandbox.pool.protocol import reply_bound
from lawsmith.sandbox.pool.start import Forking, Start, start
from lawsmith.sandbox.pool.verify import Claim, perform, predict, verify
from lawsmith.sandbox.pool.warm_process import Deadly, Outcome, WarmProcessFailed
from lawsmith.sandbox.verdict import Verdict
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table

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
        self._start = start
        self._lock = threading.Lock()
        self._closed = False
        self.deadline = math.inf
        """When the time of the search is over, by the monotonic clock. Code that is not proved to be arithmetic, and
        may hang, is stopped `GRACE_SECONDS` later: its job raises SearchOver, and says nothing of the candidate."""
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

    def submit(self, job: Job) -> Future[JobResult]:
        """Queues a job. The future raises nothing for what a candidate does: that is the result's verdict.

        Raises RuntimeError where the sandbox is closed.
        """
        return self._pool.submit(perform, job, self.limits, self._execute)

    def run(self, job: Job) -> JobResult:
        """Runs one job and waits for it."""
        return self.submit(job).result()

    def screen(self, job: ScreenJob) -> Future[Array]:
        """The cost (F,) of each form of our own, see `Fitted.total_cost`; NaN for one that cannot be fitted.

        Raises RuntimeError where the sandbox is closed.
        """
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
        self._pool.shutdown(wait=False, cancel_futures=True)
        if warm_process is not None:
            warm_process.close()
        self._pool.shutdown(wait=True)

    def _launch(self, order: Order, packed: bytes, most: int) -> Outcome:
        stop = self.deadline + GRACE_SECONDS if order.foreign else math.inf
        if time.monotonic() >= stop:
            raise SearchOver
        outcome = self.fork(packed, most, order.modules, stop)
        if outcome.stopped:
            raise SearchOver
        return outcome

    def _execute(self, order: Order) -> JobResult:
        """One order in one fork. What breaks on our side is tried again and never blamed on the candidate."""
        packed, most = message(order, self.limits), bound(order, self.limits)
        reason, starved = "", False
        for retries in reversed(range(1 + _RETRIES)):
            try:
                outcome = self._launch(order, packed, most)
            except Deadly as error:
                return JobResult(Verdict.SANDBOX_BROKEN, str(error))
            except WarmProcessFailed as error:
                reason = str(error)
                continue
            found = result(order, outcome, self.limits)
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
                self._warm_process = self._start(self._tiers, self.limits)
                # What was proved, and is on record with every evaluation, holds for a replacement as well.
                self._tiers = (self._warm_process.tier,)
            return self._warm_process
