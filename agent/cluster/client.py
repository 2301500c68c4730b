"""The command's side of a cluster: hands candidates to Dask's workers, and survives the loss of any of them.

Workers and scheduler are trusted as the command itself is; candidates run in each worker's own sandbox.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lawsmith.agent.cluster import workers as staff
from lawsmith.agent.cluster.search_task import SearchTask
from lawsmith.agent.cluster.work import work
from lawsmith.agent.cluster.workers import LOOK_SECONDS, ClusterLost, ClusterWorkers
from lawsmith.sandbox import Evaluation, Tier, Verdict
from lawsmith.tasks import InputError

if TYPE_CHECKING:
    from distributed import Future

LOCAL = "local"
"""Instead of an address: a scheduler and workers on this machine, for as long as the command runs."""

CONNECT_SECONDS = 15.0

ATTEMPTS = 3
"""How often one candidate is handed out where each time the scheduler, or the workers or sandbox it was given to, fail.

Each time Dask itself tries several workers (`distributed.scheduler.allowed-failures`), and a candidate cannot kill
one: who fails that often met machines that are being taken away, or too little memory.
"""

_FORM = "give 'local', or the address of a running scheduler such as tcp://host:8786"


def check_address(address: str) -> None:
    """Raises InputError unless `address` is LOCAL or looks like the address of a scheduler."""
    protocol, found, rest = address.partition("://")
    host, _, port = rest.rpartition(":")
    if address != LOCAL and not (found and protocol and host and port.isdigit()):
        raise InputError(f"--cluster is {address!r}; {_FORM}.")


@contextmanager
def joined(
    address: str, search_task: SearchTask, width: int | None, say: Callable[[str], None]
) -> Iterator["Cluster"]:
    """The cluster at `address`, ready to evaluate; `width` candidates at a time, by default twice its threads.

    Raises InputError where Dask is not installed, nothing answers, or a worker cannot be used.
    """
    try:
        import distributed
    except ImportError:
        raise InputError("--cluster needs Dask; install it with: pip install 'lawsmith[cluster]'.") from None
    check_address(address)
    if address != LOCAL:
        with Cluster(address, search_task, width, say) as cluster:
            yield cluster
        return
    with (
        distributed.LocalCluster(
            n_workers=width, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as here,
        Cluster(here.scheduler_address, search_task, width, say) as cluster,
    ):
        yield cluster


class Cluster:
    """Evaluates candidates of one search_task on a cluster. Thread-safe; `evaluate` waits, so call it from threads.

    A lost worker costs nothing but time: Dask gives its candidates to others. Those of a worker that hangs, or does
    not answer in the time that the limits allow, are given to others, too; the first answer counts, and both are
    the same. When the scheduler is lost, candidates without an answer are handed out again to the one that comes
    back. Raises ClusterLost after PATIENCE_SECONDS without a scheduler or without any worker that is heard of.
    """

    def __init__(
        self, address: str, search_task: SearchTask, width: int | None, say: Callable[[str], None]
    ) -> None:
        self.address = address
        self._search_task, self._say = search_task, say
        self._lock = threading.Lock()
        self._closed = False
        try:
            self._staff = self._connect(Tier.NONE)
        except OSError as error:
            raise InputError(f"No scheduler answers at {address} ({_reason(error)}); {_FORM}.") from error
        try:
            self._staff.equip(self._staff.client.nthreads())
        except BaseException:
            self.close()
            raise
        self.width = width or 2 * self._staff.threads or 32

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; what is still being evaluated for us there is dropped."""
        self._closed = True
        # It would show a traceback for a message that leaving cuts off.
        logging.getLogger("distributed.batched").disabled = True
        self._staff.client.close()

    def evaluate(self, source: str) -> Evaluation:
        """Scores one candidate on some worker.

        Raises ClusterLost, InputError for a worker that cannot be used, RuntimeError once closed.
        """
        from distributed.client import ClosedClientError

        lost = broken = 0
        while True:
            now_there = self._staff
            try:
                found = self._ask(now_there, source)
            except (CancelledError, OSError, ClosedClientError) as error:
                lost += 1
                self._come_back(now_there, lost, error)
                continue
            if found is None:
                now_there.forget()
            elif found.verdict is not Verdict.SANDBOX_BROKEN or (broken := broken + 1) == ATTEMPTS:
                return found

    def _ask(self, workers: ClusterWorkers, source: str) -> Evaluation | None:
        """What a worker answered; None if it did not learn the search_task."""
        from distributed import KilledWorker

        try:
            answer = self._answer(workers, source)
        except KilledWorker:
            message = f"Its workers were killed each of the {ATTEMPTS} times that it was handed out."
            return Evaluation(
                verdict=Verdict.SANDBOX_BROKEN, message=message, stage="worker", tier=workers.tier
            )
        return None if answer is None else Evaluation.model_validate_json(answer)

    def _answer(self, workers: ClusterWorkers, source: str) -> str | None:
        """The first answer: of the worker that got the candidate, or of another that gets it when that one is stuck.

        Raises OSError or CancelledError when the scheduler is lost.
        """
        from distributed import KilledWorker

        patience = self._search_task.patience_seconds
        given = [self._hand_out(workers, source, workers.preferred())]
        began = given[0].when
        while True:
            for copy in tuple(given):
                try:
                    return copy.future.result(timeout=LOOK_SECONDS / len(given))
                except (TimeoutError, UnboundLocalError):
                    # The latter is Dask's: threads share one transfer of answers, which any thread's timeout cancels.
                    continue
                except KilledWorker:
                    given.remove(copy)
                    if not given:
                        raise
            if workers.client.status != "running":
                # Dask keeps what is handed out meanwhile, and says nothing until it gives up the scheduler.
                raise ConnectionError("the scheduler is away")
            workers.look()
            now = time.monotonic()
            if now - began > ATTEMPTS * patience:
                raise ClusterLost(f"No worker of {self.address} answered a candidate in {now - began:.0f} s.")
            stuck = all(workers.is_stuck(copy.key) or now - copy.when > patience for copy in given)
            if stuck and len(given) < ATTEMPTS and (others := workers.without(copy.key for copy in given)):
                given.append(self._hand_out(workers, source, others))

    def _hand_out(self, workers: ClusterWorkers, source: str, preferred: Collection[str]) -> "_Copy":
        """Have a candidate evaluated, by the preferred workers for as long as one of them is there."""
        choice: dict[str, Any] = (
            {"workers": sorted(preferred), "allow_other_workers": True} if preferred else {}
        )
        future = workers.client.submit(work, self._search_task.packed.digest, source, pure=False, **choice)
        return _Copy(future, time.monotonic())

    def _come_back(self, left: ClusterWorkers, lost: int, error: BaseException) -> None:
        """Connects again, once for all who lost the same connection."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the cluster was left") from error
            if lost == ATTEMPTS:
                raise ClusterLost(
                    f"The connection to {self.address} was lost {lost} times during one evaluation."
                ) from error
            if self._staff is not left:
                return
            self._say(
                f"The connection to {self.address} is lost; waiting up to {staff.PATIENCE_SECONDS:g} s for it."
            )
            left.client.close(timeout=1)
            self._staff = self._wait(left.tier)

    def _wait(self, tier: Tier) -> ClusterWorkers:
        deadline = time.monotonic() + staff.PATIENCE_SECONDS
        while not self._closed:
            try:
                return self._connect(tier)
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ClusterLost(
                        f"The scheduler at {self.address} is lost and did not come back within "
                        f"{staff.PATIENCE_SECONDS:g} s."
                    ) from error
                time.sleep(0.2)
        raise RuntimeError("the cluster was left")

    def _connect(self, tier: Tier) -> ClusterWorkers:
        from distributed import Client

        client: Client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
        return ClusterWorkers(
            client, self._search_task, lambda told: self._say(f"cluster {self.address}: {told}"), tier
        )


@dataclass(frozen=True)
class _Copy:
    """A candidate that was handed out, and when."""

    future: "Future[str | None]"
    when: float

    @property
    def key(self) -> str:
        return str(self.future.key)


def _reason(error: BaseException) -> str:
    """The first cause of an error, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).partition("\n")[0]
