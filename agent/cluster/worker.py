"""A worker's side of a cluster: it proves a sandbox when it joins, and runs each job in a fresh process of it."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING

from distributed import WorkerPlugin, get_worker

from lawsmith.runs.records.record import versions
from lawsmith.sandbox import Limits, Sandbox

if TYPE_CHECKING:
    from distributed import Worker

    from lawsmith.sandbox import Tier
    from lawsmith.sandbox.pool.warm_process import Outcome


class SandboxOfWorker(WorkerPlugin):
    """The sandbox that Dask gives to every worker of a command, also to workers that join later.

    A worker that cannot isolate candidates, or runs other versions than the command, is refused: `setup` raises
    RuntimeError, and Dask tells the command, or ends a worker that joined later.
    """

    def __init__(self, limits: Limits, unsafe_local: bool) -> None:
        self.name = f"lawsmith-{uuid.uuid4()}"  # of this command alone, which takes it away when it leaves
        self.limits, self.unsafe_local = limits, unsafe_local
        self.versions = versions()
        self.sandbox: Sandbox | None = None

    async def setup(self, worker: Worker) -> None:
        """Start and prove the sandbox, in which as many jobs run at a time as the worker has threads."""
        theirs = versions()
        differ = [
            f"{name} {theirs.get(name, 'absent')} instead of {version}"
            for name, version in self.versions.items()
            if name != "platform" and theirs.get(name) != version
        ]
        if differ:
            raise RuntimeError(f"it runs {', '.join(differ)}, and the same seed would not give the same law")
        sandbox = Sandbox(self.limits, worker.state.nthreads, self.unsafe_local)
        await asyncio.to_thread(lambda: sandbox.tier)  # raises where nothing can be isolated
        self.sandbox = sandbox

    async def teardown(self, worker: Worker) -> None:
        """Close the sandbox and end its processes."""
        if self.sandbox is not None:
            await asyncio.to_thread(self.sandbox.close)


def tier(plugin: str, dask_worker: Worker) -> Tier:
    """The isolation that this worker proved; Dask gives the second argument."""
    return _sandbox(plugin, dask_worker).tier


def run(plugin: str, job: bytes, bound: int, modules: tuple[str, ...], seconds: float) -> Outcome:
    """What became of a job in a fresh process of this worker, which is stopped after so many seconds."""
    return _sandbox(plugin, get_worker()).fork(job, bound, modules, time.monotonic() + seconds)


def _sandbox(plugin: str, worker: Worker) -> Sandbox:
    held = worker.plugins[plugin]
    assert isinstance(held, SandboxOfWorker) and held.sandbox is not None
    return held.sandbox
