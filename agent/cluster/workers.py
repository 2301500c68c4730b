"""The workers behind one connection to a scheduler: who joined, was taught, left, or hangs."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lawsmith.agent.cluster.search_task import Packed, SearchTask
from lawsmith.agent.cluster.work import Worker, introduce, learn
from lawsmith.runs.environment import versions
from lawsmith.sandbox import Limits, Tier
from lawsmith.tasks import InputError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE_SECONDS = 300.0
"""How long a scheduler may be away, or without any worker, before the command gives up."""

SILENT_SECONDS = 30.0
"""A worker that the scheduler has not heard of for so long is passed over. It should be heard of every few seconds."""

LOOK_SECONDS = 1.0
_EQUIP_SECONDS = 60.0


class ClusterLost(InputError):
    """The cluster went away and did not come back; what is on record is safe."""


class ClusterWorkers:
    """What is known of the workers that `client` reaches, kept up by whoever calls `look`. Thread-safe.

    Attributes:
        threads: of the workers that can be used, together.
        tier: the weakest isolation among them.
    """

    def __init__(
        self, client: "Client", search_task: SearchTask, say: Callable[[str], None], tier: Tier = Tier.NONE
    ) -> None:
        self.client, self.threads, self.tier = client, 0, tier
        self._search_task, self._say = search_task, say
        self._lock = threading.Lock()
        self._looked = self._alive = time.monotonic()
        self._heard: dict[
            str, tuple[float, float]
        ] = {}  # worker -> its last sign of life, and since when that is known
        self._silent: frozenset[str] = frozenset()
        self._stuck: frozenset[str] = frozenset()
        self._taught: dict[str, Worker] = {}
        self._described = ""

    def is_stuck(self, task: str) -> bool:
        """Whether a task is with a worker that hangs."""
        return task in self._stuck

    def preferred(self) -> frozenset[str]:
        """The workers to choose from where some hang; empty where any will do."""
        return frozenset(self._taught.keys() - self._silent) if self._silent else frozenset()

    def without(self, tasks: Iterable[str]) -> frozenset[str]:
        """The workers that do not hang and have none of these tasks."""
        keys = set(tasks)
        have = {address for address, given in self.client.processing().items() if keys.intersection(given)}
        return frozenset(self._taught.keys() - self._silent - have)

    def forget(self) -> None:
        """Ask every worker again what it knows."""
        self._taught = {}

    def look(self) -> None:
        """See which workers joined, left or hang, and teach those that joined; no more than once in a while.

        Raises InputError for a worker that cannot be used, ClusterLost when for too long none was heard of.
        """
        if not self._lock.acquire(blocking=False):
            return  # another thread looks, or is teaching
        try:
            now = time.monotonic()
            if now - self._looked >= LOOK_SECONDS and self.client.status == "running":
                self._looked = now
                self._see(now)
        finally:
            self._lock.release()

    def _see(self, now: float) -> None:
        workers = self.client.scheduler_info()["workers"]
        self._pass_over(self._listen({a: worker["last_seen"] for a, worker in workers.items()}, now))
        heard = workers.keys() - self._silent
        if heard:
            self._alive = now
        elif now - self._alive > PATIENCE_SECONDS:
            raise ClusterLost(f"The cluster has had no worker for {PATIENCE_SECONDS:g} s.")
        self._taught = {address: worker for address, worker in self._taught.items() if address in workers}
        if newcomers := heard - self._taught.keys():
            self.equip(newcomers)

    def _listen(self, seen: Mapping[str, float], now: float) -> frozenset[str]:
        """The workers whose time stamp did not change for long by our own clock: those of others may jump."""
        before = self._heard
        self._heard = {
            address: before[address] if address in before and before[address][0] == stamp else (stamp, now)
            for address, stamp in seen.items()
        }
        return frozenset(a for a, (_, since) in self._heard.items() if now - since > SILENT_SECONDS)

    def _pass_over(self, silent: frozenset[str]) -> None:
        for address in sorted(silent - self._silent):
            self._say(f"the worker {address} hangs; others take over what it has")
        tasks = self.client.processing() if silent else {}
        self._silent = silent
        self._stuck = frozenset(key for address in silent for key in tasks.get(address, ()))

    def equip(self, newcomers: Collection[str]) -> None:
        """Give the search_task to workers that lack it, once their sandbox is proved.

        Raises InputError for a worker that cannot be used. Who does not answer in time is asked again later.
        """
        try:
            self._teach(newcomers)
        except TimeoutError:
            for one in newcomers if len(newcomers) > 1 else ():
                self.equip([one])  # one that hangs must not keep the others waiting
            return
        self._describe(self.client.nthreads())

    def _teach(self, newcomers: Collection[str]) -> None:
        search_task = self._search_task
        asked: dict[str, Any] = {"on_error": "return", "callback_timeout": _EQUIP_SECONDS}
        introduced = _introduce, search_task.packed.digest, search_task.limits, search_task.unsafe_local
        found = self.client.run(*introduced, workers=sorted(newcomers), **asked)
        workers = {address: said for address, said in sorted(found.items()) if not _gone(said)}
        for address, said in workers.items():
            if (refused := _refused(said)) is not None:
                raise InputError(f"The worker {address} of the cluster cannot be used: {refused}.")
        if lacking := [address for address, said in workers.items() if not said.holds]:
            self.client.run(_learn, search_task.packed, workers=lacking, **asked)
        self._taught |= workers

    def _describe(self, threads: Mapping[str, int]) -> None:
        self.threads = sum(int(threads.get(address, 0)) for address in self._taught)
        tiers = {worker.tier for worker in self._taught.values() if worker.tier is not None}
        ordered = sorted(tiers, key=list(Tier).index)
        self.tier = ordered[-1] if ordered else self.tier
        count = f"{len(self._taught)} worker{'' if len(self._taught) == 1 else 's'}"
        told = (
            f"{count}, {self.threads} threads, isolation {' and '.join(ordered)}"
            if tiers
            else "no worker yet"
        )
        if told != self._described:
            self._described = told
            self._say(told)


async def _introduce(digest: str, limits: Limits, unsafe_local: bool, dask_worker: Any = None) -> Worker:
    threads = dask_worker.state.nthreads
    return await asyncio.to_thread(introduce, digest, limits, unsafe_local, threads)


async def _learn(packed: Packed) -> None:
    await asyncio.to_thread(learn, packed)


def _gone(said: object) -> bool:
    """Whether a worker was lost, or hung, while it was asked."""
    return isinstance(said, OSError)


def _refused(said: Worker | Exception) -> str | None:
    """Why a worker cannot be used, or None."""
    if isinstance(said, Exception):
        return f"{type(said).__name__}: {said}; it needs lawsmith and its dependencies as they are here"
    if said.tier is None:
        return said.refused.rstrip(".")
    ours = versions()
    differ = [
        f"{name} {said.versions.get(name, 'absent')} instead of {ours[name]}"
        for name in ours
        if name != "platform" and said.versions.get(name) != ours[name]
    ]
    if differ:
        return f"it runs {', '.join(differ)}, and the same seed would not give the same law"
    return None
