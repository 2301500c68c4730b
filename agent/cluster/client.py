"""The command's side of a cluster: hands candidates to Dask's workers, and survives the loss of any of them.

Workers and scheduler are trusted as the command itself is; candidates run in each worker's own sandbox.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent.cluster.study import Study
from agent.cluster.work import Worker, introduce, learn, work
from runs.environment import versions
from sandbox import Evaluation, Limits, Tier, Verdict
from tasks import InputError

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
"""Instead of an address: a scheduler and workers on this machine, for as long as the command runs."""

CONNECT_SECONDS = 15.0
PATIENCE_SECONDS = 300.0
"""How long a scheduler may be away, or without any worker, before the command gives up."""

ATTEMPTS = 3
"""How often one candidate is handed out where each time the scheduler, or the workers or sandbox it was given to, fail.

Each time Dask itself tries several workers (`distributed.scheduler.allowed-failures`), and a candidate cannot kill
one: who fails that often met machines that are being taken away, or too little memory.
"""

_LOOK_SECONDS = 1.0
_FORM = "give 'local', or the address of a running scheduler such as tcp://host:8786"


class ClusterLost(InputError):
    """The cluster went away and did not come back; what is on record is safe."""


def check_address(address: str) -> None:
    """Raises InputError unless `address` is LOCAL or looks like the address of a scheduler."""
    protocol, found, rest = address.partition("://")
    host, _, port = rest.rpartition(":")
    if address != LOCAL and not (found and protocol and host and port.isdigit()):
        raise InputError(f"--cluster is {address!r}; {_FORM}.")


@contextmanager
def joined(address: str, study: Study, width: int | None, say: Callable[[str], None]) -> Iterator["Cluster"]:
    """The cluster at `address`, ready to evaluate; `width` candidates at a time, by default twice its threads.

    Raises InputError where Dask is not installed, nothing answers, or a worker cannot be used.
    """
    try:
        import distributed
    except ImportError:
        raise InputError("--cluster needs Dask; install it with: pip install 'lawsmith[cluster]'.") from None
    check_address(address)
    if address != LOCAL:
        with Cluster(address, study, width, say) as cluster:
            yield cluster
        return
    with (
        distributed.LocalCluster(
            n_workers=width, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as here,
        Cluster(here.scheduler_address, study, width, say) as cluster,
    ):
        yield cluster


class Cluster:
    """Evaluates candidates of one study on a cluster. Thread-safe; `evaluate` waits, so call it from threads.

    A lost worker costs nothing but time: Dask gives its candidates to others. When the scheduler is lost,
    candidates without an answer are handed out again to the one that comes back. Raises ClusterLost after
    PATIENCE_SECONDS without a scheduler or without any worker.
    """

    def __init__(self, address: str, study: Study, width: int | None, say: Callable[[str], None]) -> None:
        self.address = address
        self._study, self._say = study, say
        self._lock = threading.Lock()
        self._closed = False
        self._era = 0
        self._tier = Tier.NONE
        self._described = ""
        self._looked = self._alive = time.monotonic()
        self._taught: set[str] = set()
        try:
            self._client = _connect(address)
        except OSError as error:
            raise InputError(f"No scheduler answers at {address} ({_reason(error)}); {_FORM}.") from error
        try:
            threads = self._equip()
        except BaseException:
            self.close()
            raise
        self.width = width or 2 * threads or 32

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; what is still being evaluated for us there is dropped."""
        self._closed = True
        self._client.close()

    def evaluate(self, source: str) -> Evaluation:
        """Scores one candidate on some worker.

        Raises ClusterLost, InputError for a worker that cannot be used, RuntimeError once closed.
        """
        from distributed.client import ClosedClientError

        lost = broken = 0
        while True:
            client, era = self._client, self._era
            try:
                found = self._ask(client, source)
            except (CancelledError, OSError, ClosedClientError) as error:
                lost += 1
                self._come_back(era, lost, error)
                continue
            if found is None:
                self._taught = set()
            elif found.verdict is not Verdict.SANDBOX_BROKEN or (broken := broken + 1) == ATTEMPTS:
                return found

    def _ask(self, client: "Client", source: str) -> Evaluation | None:
        """What a worker answered; None if it did not learn the study."""
        from distributed import KilledWorker

        try:
            answer = self._answer(client.submit(work, self._study.packed.digest, source, pure=False))
        except KilledWorker:
            message = f"Its workers were killed each of the {ATTEMPTS} times that it was handed out."
            return Evaluation(
                verdict=Verdict.SANDBOX_BROKEN, message=message, stage="worker", tier=self._tier
            )
        return None if answer is None else Evaluation.model_validate_json(answer)

    def _answer(self, future: "Future[str | None]") -> str | None:
        while True:
            try:
                return future.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                self._look()

    def _look(self) -> None:
        """Teaches workers that joined; raises ClusterLost when there has been none for too long."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked < _LOOK_SECONDS or self._client.status != "running":
                return
            self._looked = now
            workers = set(self._client.nthreads())
            if workers:
                self._alive = now
            elif now - self._alive > PATIENCE_SECONDS:
                raise ClusterLost(f"The cluster {self.address} has had no worker for {PATIENCE_SECONDS:g} s.")
        if workers - self._taught:
            self._equip()

    def _come_back(self, era: int, lost: int, error: BaseException) -> None:
        """Connects again, once for all who lost the same connection."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the cluster was left") from error
            if lost == ATTEMPTS:
                raise ClusterLost(
                    f"The connection to {self.address} was lost {lost} times during one evaluation."
                ) from error
            if self._era != era:
                return
            self._say(
                f"The connection to {self.address} is lost; waiting up to {PATIENCE_SECONDS:g} s for it."
            )
            self._client.close(timeout=1)
            self._client = self._wait()
            self._era += 1
            self._alive, self._taught = time.monotonic(), set()

    def _wait(self) -> "Client":
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._closed:
            try:
                return _connect(self.address)
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ClusterLost(
                        f"The scheduler at {self.address} is lost and did not come back within "
                        f"{PATIENCE_SECONDS:g} s."
                    ) from error
                time.sleep(0.2)
        raise RuntimeError("the cluster was left")

    def _equip(self) -> int:
        """Gives the study to each worker that lacks it, once its sandbox is proved; returns all their threads.

        Raises InputError for a worker that cannot be used.
        """
        with self._lock:
            study, client = self._study, self._client
            digest = study.packed.digest
            found = client.run(_introduce, digest, study.limits, study.unsafe_local, on_error="return")
            workers = {address: said for address, said in sorted(found.items()) if not _gone(said)}
            for address, said in workers.items():
                if (refused := _refused(said)) is not None:
                    raise InputError(f"The worker {address} of the cluster cannot be used: {refused}.")
            lacking = [address for address, said in workers.items() if not said.holds]
            if lacking:
                client.run(_learn, study.packed, workers=lacking, on_error="return")
            self._taught = set(workers)
            known = client.nthreads()
            threads = sum(int(known.get(address, 0)) for address in workers)
            self._describe(workers, threads)
        return threads

    def _describe(self, workers: Mapping[str, Worker], threads: int) -> None:
        tiers = sorted(
            {worker.tier for worker in workers.values() if worker.tier is not None}, key=list(Tier).index
        )
        self._tier = tiers[-1] if tiers else self._tier
        count = f"{len(workers)} worker{'' if len(workers) == 1 else 's'}"
        told = f"{count}, {threads} threads, isolation {' and '.join(tiers)}" if tiers else "no worker yet"
        if told != self._described:
            self._described = told
            self._say(f"cluster {self.address}: {told}")


def _connect(address: str) -> "Client":
    from distributed import Client

    return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)


async def _introduce(digest: str, limits: Limits, unsafe_local: bool, dask_worker: Any = None) -> Worker:
    threads = dask_worker.state.nthreads
    return await asyncio.to_thread(introduce, digest, limits, unsafe_local, threads)


async def _learn(packed: Any) -> None:
    await asyncio.to_thread(learn, packed)


def _gone(said: object) -> bool:
    """Whether a worker was lost while it was asked."""
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


def _reason(error: BaseException) -> str:
    """The first cause of an error, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).partition("\n")[0]
