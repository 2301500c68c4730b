"""The command's side of a cluster: batches of candidates go to Dask's workers, evaluations come back.

Dask supervises: what a lost worker had goes to others, and what kills one worker after another is given up. Workers and
scheduler are trusted as the command itself is, so they must be on this machine or be reached by TLS.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from lawsmith.agent.cluster.cluster_task import ClusterTask
from lawsmith.sandbox import Evaluation, SearchOver, Tier, Verdict
from lawsmith.tasks import InputError

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Answer

LOCAL = "local"
"""Instead of an address: a scheduler and workers on this machine, for as long as the command runs."""

CONNECT_SECONDS = 15.0  # a scheduler that takes longer is not there
BATCH_SECONDS = 0.2
"""A batch holds as many candidates as take about so long: the hand-over of one costs some 10 ms."""

_FORM = "give 'local', or the address of a running scheduler such as tls://host:8786"
Waiting = tuple[str, "Future[Evaluation]"]


class ClusterLost(InputError):
    """The cluster went away; what is on record is safe."""


def check_address(address: str) -> None:
    """Raises InputError unless `address` is LOCAL or looks like the address of a scheduler, by TLS or on loopback."""
    protocol, found, rest = address.partition("://")
    host, _, port = rest.rpartition(":")
    if address != LOCAL and not (found and protocol and host and port.isdigit()):
        raise InputError(f"--cluster is {address!r}; {_FORM}.")
    if address != LOCAL and protocol != "tls" and not _is_loopback(host):
        raise InputError(
            f"--cluster is {address!r}: a scheduler on another machine can run code here, so it must be reached by "
            "TLS; give a tls:// address and set Dask's distributed.comm.tls."
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@contextmanager
def joined(address: str, cluster_task: ClusterTask, width: int | None, say: Callable[[str], None]) -> Iterator[Cluster]:
    """The cluster at `address`, ready to evaluate; `width` candidates at a time, by default twice its threads.

    Raises InputError where Dask is not installed, nothing answers, or a worker cannot be used.
    """
    try:
        import distributed
    except ImportError:
        raise InputError("--cluster needs Dask; install it with: pip install 'lawsmith[cluster]'.") from None
    check_address(address)
    if address != LOCAL:
        with Cluster(address, cluster_task, width, say) as cluster:
            yield cluster
        return
    with (
        distributed.LocalCluster(
            n_workers=width, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as here,
        Cluster(here.scheduler_address, cluster_task, None, say) as cluster,
    ):
        yield cluster


class Cluster:
    """Evaluates candidates of one search on a cluster. Thread-safe; `evaluate` waits, so call it from threads.

    `width` is the number of candidates under way at a time.
    """

    def __init__(self, address: str, cluster_task: ClusterTask, width: int | None, say: Callable[[str], None]) -> None:
        from distributed import Client

        from lawsmith.agent.cluster.worker import CandidateWorker

        self.address, self.patience = address, cluster_task.patience_seconds
        self.deadline = math.inf
        """As `Sandbox.deadline`, for code that may hang on a worker."""
        try:
            self._client: Client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except OSError as error:
            raise InputError(f"No scheduler answers at {address} ({_reason(error)}); {_FORM}.") from error
        plugin = CandidateWorker(cluster_task)
        self._plugin = plugin.name
        try:
            self._client.register_plugin(plugin)
        except Exception as error:
            self._client.close()
            raise InputError(f"A worker of the cluster cannot be used: {_reason(error)}.") from error
        self.threads = sum(self._client.nthreads().values())
        self.width = width or 2 * self.threads or 32
        self._waiting: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._asked: set[Future[Evaluation]] = set()
        self._seconds = BATCH_SECONDS  # of a candidate, as the last ones took
        self._sender = threading.Thread(target=self._send_batches, name="cluster", daemon=True)
        self._sender.start()
        count = len(self._client.nthreads())
        say(f"cluster {address}: {count} worker{'' if count == 1 else 's'}, {self.threads} threads")

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; what is still being evaluated for us there is dropped."""
        self._waiting.put(None)
        for answer in tuple(self._asked):
            _fail(answer, RuntimeError("the cluster was left"))
        # It would show a traceback for a message that leaving cuts off.
        logging.getLogger("distributed.batched").disabled = True
        if self._client.status == "running":
            self._client.unregister_worker_plugin(self._plugin)
        self._client.close()

    def evaluate(self, source: str) -> Evaluation:
        """Scores one candidate on some worker.

        Raises SearchOver (see `Sandbox.deadline`), and ClusterLost when the scheduler is lost, or when no worker
        answers in the time that the limits of all candidates before it allow.
        """
        answer: Future[Evaluation] = Future()
        self._asked.add(answer)
        self._waiting.put((source, answer))
        try:
            return answer.result(timeout=self.patience)
        except TimeoutError:
            raise ClusterLost(f"No worker of {self.address} answered in {self.patience:.0f} s.") from None
        finally:
            self._asked.discard(answer)

    def _send_batches(self) -> None:
        """Sends what waits, in batches, until it is told to end."""
        while (first := self._waiting.get()) is not None:
            batch: list[Waiting] = [first]
            fair = 1 + self._waiting.qsize() // (2 * max(self.threads, 1))
            while len(batch) < min(math.ceil(BATCH_SECONDS / self._seconds), fair):
                if (more := self._waiting.get()) is None:
                    return
                batch.append(more)
            self._send(batch)

    def _send(self, batch: list[Waiting]) -> None:
        from lawsmith.agent.cluster.worker import SearchTime, evaluate_batch

        sources, deadline = [source for source, _ in batch], self.deadline
        left = SearchTime(deadline, deadline - time.monotonic())
        try:
            answer = self._client.submit(evaluate_batch, self._plugin, sources, left, pure=False)
        except Exception as error:  # noqa: BLE001 - whatever Dask raises for a client that was closed
            self._lose(batch, error)
            return
        assert self._client.loop is not None, "a client that took work has a loop"
        self._client.loop.add_callback(self._receive, batch, answer)

    async def _receive(self, batch: list[Waiting], answer: Answer[list[str | None]]) -> None:
        """Waits in the client's own loop, and ends with it.

        Dask's callbacks share one thread of the process, where waiting for a client that closes never ends.
        """
        from distributed import KilledWorker

        try:
            found = [None if text is None else Evaluation.model_validate_json(text) for text in await answer]
        except KilledWorker:
            if len(batch) > 1:  # one of them kills workers: ask for each by itself
                for one in batch:
                    self._send([one])
                return
            message = "The workers that evaluated it were killed, one after the other."
            found = [Evaluation(verdict=Verdict.SANDBOX_BROKEN, message=message, stage="worker", tier=Tier.NONE)]
        except (CancelledError, Exception) as error:  # noqa: BLE001 - told to whoever waits
            self._lose(batch, error)
            return
        took = [one.seconds for one in found if one is not None]
        self._seconds = max(sum(took) / len(took), 1e-3) if took else self._seconds
        for (_, waiting), evaluation in zip(batch, found, strict=True):
            if evaluation is None:
                _fail(waiting, SearchOver())
                continue
            with suppress(InvalidStateError):
                waiting.set_result(evaluation)

    def _lose(self, batch: list[Waiting], error: BaseException) -> None:
        for _, waiting in batch:
            _fail(waiting, ClusterLost(f"The cluster at {self.address} is lost ({_reason(error)})."))


def _fail(waiting: Future[Evaluation], error: Exception) -> None:
    with suppress(InvalidStateError):  # it was answered, or given up, at the same time
        waiting.set_exception(error)


def _reason(error: BaseException) -> str:
    """The first cause of an error, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
