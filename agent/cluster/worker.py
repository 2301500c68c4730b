"""A worker's side of a cluster: it proves a sandbox when it joins, keeps the rows, and evaluates candidates."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from distributed import WorkerPlugin, get_worker

from lawsmith.runs.environment import versions
from lawsmith.sandbox import Sandbox, SearchOver

if TYPE_CHECKING:
    from distributed import Worker

    from lawsmith.agent.cluster.cluster_task import ClusterTask


@dataclass(frozen=True)
class SearchTime:
    """How many seconds a search had left when its command sent this. search: tells it from the next search."""

    search: float
    seconds: float


class CandidateWorker(WorkerPlugin):
    """What Dask gives to every worker of a command, also to those that join later.

    A worker that cannot isolate candidates, or runs other versions than the command, is refused: `setup` raises
    RuntimeError, and Dask tells the command, or ends a worker that joined later.
    """

    def __init__(self, cluster_task: ClusterTask) -> None:
        self.name = f"lawsmith-{uuid.uuid4()}"  # of this command alone, which takes it away when it leaves
        self.cluster_task = cluster_task
        self.versions = versions()
        self._sandbox: Sandbox | None = None
        self._search: float | None = None

    async def setup(self, worker: Worker) -> None:
        """Start and prove the sandbox; as many candidates share it as the worker has threads."""
        theirs = versions()
        differ = [
            f"{name} {theirs.get(name, 'absent')} instead of {version}"
            for name, version in self.versions.items()
            if name != "platform" and theirs.get(name) != version
        ]
        if differ:
            raise RuntimeError(f"it runs {', '.join(differ)}, and the same seed would not give the same law")
        task = self.cluster_task
        sandbox = Sandbox(task.limits, worker.state.nthreads, task.unsafe_local)
        await asyncio.to_thread(lambda: sandbox.tier)  # raises where nothing can be isolated
        self._sandbox = sandbox

    async def teardown(self, worker: Worker) -> None:
        if self._sandbox is not None:
            await asyncio.to_thread(self._sandbox.close)

    def heed(self, time_left: SearchTime) -> None:
        """Stop at the end of the search. What waited for this worker tells a later end than what did not."""
        assert self._sandbox is not None
        end = time.monotonic() + time_left.seconds
        if time_left.search == self._search:
            end = min(end, self._sandbox.deadline)
        self._search, self._sandbox.deadline = time_left.search, end

    def evaluate(self, source: str) -> str | None:
        """The evaluation of a candidate as JSON; None where the time of the search was over."""
        assert self._sandbox is not None
        try:
            return self.cluster_task.search_task.evaluate(self._sandbox, source).model_dump_json()
        except SearchOver:
            return None


def evaluate_batch(plugin: str, sources: list[str], time_left: SearchTime) -> list[str | None]:
    """The evaluations of several candidates as JSON, in their order; runs in a worker."""
    held = get_worker().plugins[plugin]
    assert isinstance(held, CandidateWorker)
    held.heed(time_left)
    return [held.evaluate(source) for source in sources]
