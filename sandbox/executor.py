"""The sandbox: one warm process, a fork of it per job, as many at a time as there are workers."""

import os
import re
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from sandbox.candidate import Candidate
from sandbox.checks import Claim, perform, verify
from sandbox.execute import Order, bound, killed_from_outside, message, result
from sandbox.isolation import ISOLATED, Tier
from sandbox.jobs import FitJob, JobResult, PredictJob
from sandbox.limits import DEFAULT_LIMITS, Limits
from sandbox.process import Zygote, ZygoteFailed
from sandbox.start import Attempt, start
from sandbox.verdict import Verdict
from tasks.schema import Schema

_RETRIES = 2
_LIBRARIES = re.compile(
    r"scipy\.(cluster|fft|integrate|interpolate|linalg|ndimage|optimize|signal|sparse|spatial|special|stats)(\.[a-z]+)?"
)


class Sandbox:
    """Executes jobs in isolated processes. Thread-safe; close it, or use it as a context manager.

    workers: jobs at a time, by default one per processor. unsafe_local: run even where this machine can
    isolate nothing. tier: insist on this one instead of the strongest that can be had. Raises ValueError for
    workers < 1; the first use raises SandboxUnavailable where no tier can be had.
    """

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        workers: int | None = None,
        unsafe_local: bool = False,
        tier: Tier | None = None,
    ) -> None:
        self.limits = limits
        self.workers = workers if workers is not None else len(os.sched_getaffinity(0))
        if self.workers < 1:
            raise ValueError("a sandbox needs at least one worker")
        if tier is not None:
            self._tiers: tuple[Tier, ...] = (tier,)
        else:
            self._tiers = (*ISOLATED, Tier.NONE) if unsafe_local else ISOLATED
        self._attempts: tuple[Attempt, ...] = ()
        self._lock = threading.Lock()
        self._closed = False
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="sandbox")
        self._zygote: Zygote | None = None
        self._warming = self._pool.submit(self._warm)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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

    def submit(self, job: FitJob | PredictJob) -> Future[JobResult]:
        """Queues a job. The future raises nothing for what a candidate does: that is the result's verdict."""
        if self._closed:
            raise RuntimeError("the sandbox is closed")
        return self._pool.submit(self._run, job)

    def run(self, job: FitJob | PredictJob) -> JobResult:
        """Runs one job and waits for it."""
        return self.submit(job).result()

    def verify(self, candidate: Candidate, schema: Schema, claims: Sequence[Claim]) -> JobResult:
        """Whether all predictions follow from constants and rows alone; see sandbox.checks."""
        return verify(candidate, schema, claims, self._execute)

    def close(self) -> None:
        """Ends every job and process; returns when they are gone. Harmless when repeated."""
        with self._lock:
            self._closed = True
            zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.close()

    def _run(self, job: FitJob | PredictJob) -> JobResult:
        return perform(job, self.limits, self._execute)

    def _execute(self, order: Order) -> JobResult:
        """One order in one fork. What breaks on our side is tried again and never blamed on the candidate."""
        packed, most = message(order, self.limits), bound(order, self.limits)
        reason, stalled = "", False
        for retries in reversed(range(1 + _RETRIES)):
            try:
                zygote = self._current()
                zygote.prepare(filter(_LIBRARIES.fullmatch, order.candidate.modules))
                outcome = zygote.run(packed, most, self.limits)
            except ZygoteFailed as error:
                reason = str(error)
                continue
            found = result(order, outcome, self.limits)
            if retries and killed_from_outside(outcome, self.limits):
                reason = found.message  # not the candidate's doing, unless it happens every time
                continue
            if found.verdict is Verdict.TIMEOUT and found.usage.cpu < found.usage.wall / 2 and not stalled:
                stalled = (
                    True  # a busy or suspended machine looks the same: try once more before believing it
                )
            elif found.verdict is not Verdict.SANDBOX_BROKEN:
                return found
            reason = found.message
        return JobResult(Verdict.SANDBOX_BROKEN, f"The sandbox failed {1 + _RETRIES} times: {reason}.")

    def _warm(self) -> Zygote:
        return self._current()

    def _current(self) -> Zygote:
        with self._lock:
            if self._closed:
                raise ZygoteFailed("the sandbox is closed")
            if self._zygote is not None and not self._zygote.alive():
                self._zygote.close()
                self._zygote = None
            if self._zygote is None:
                self._zygote, attempts = start(self._tiers, self.limits)
                # What was proved, and is on record with every evaluation, holds for a replacement as well.
                self._tiers = (self._zygote.tier,)
                self._attempts = self._attempts or attempts
            return self._zygote
