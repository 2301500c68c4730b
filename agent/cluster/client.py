"""The command's side of a cluster: a sandbox whose processes are the workers'.

Dask supervises: what a lost worker had goes to others, and what kills one worker after another is given up. Workers and
scheduler are trusted as the command itself is, so they must be on this machine or be reached by TLS.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from lawsmith.agent.client.scrub import is_loopback
from lawsmith.sandbox import Limits, Sandbox, Tier
from lawsmith.sandbox.pool.executor import GRACE_SECONDS
from lawsmith.sandbox.pool.warm_process import Deadly, Outcome, WarmProcessFailed
from lawsmith.tasks import InputError

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Answer

LOCAL = "local"
"""Instead of an address: a scheduler and workers on this machine, for as long as the command runs."""

CONNECT_SECONDS = 15.0  # a scheduler that takes longer is not there
PATIENCE_SECONDS = 600.0
"""How long a job may wait beyond what its limits allow: Dask drops a worker that hangs after five minutes."""
MANY = 32  # jobs at a time on a cluster whose workers are yet to come

_FORM = "give 'local', or the address of a running scheduler such as tls://host:8786"


class ClusterLost(InputError):
    """The cluster is lost; all recorded candidates are safe."""


def check_address(address: str) -> None:
    """Raises InputError unless `address` is LOCAL or looks like the address of a scheduler, by TLS or on loopback."""
    protocol, found, rest = address.partition("://")
    host, _, port = rest.rpartition(":")
    if address != LOCAL and not (found and protocol and host and port.isdigit()):
        raise InputError(f"--cluster is {address!r}; {_FORM}.")
    if address != LOCAL and protocol != "tls" and not is_loopback(address):
        raise InputError(
            f"--cluster is {address!r}: a scheduler on another machine can run code here, so it must be reached by "
            "TLS; give a tls:// address and set Dask's distributed.comm.tls."
        )


@contextmanager
def joined(
    address: str, workers: int | None, limits: Limits, unsafe_local: bool, say: Callable[[str], None]
) -> Iterator[Sandbox]:
    """A sandbox whose jobs run on the cluster at `address`, `workers` at a time, by default as many as it has threads.
    Raises InputError where Dask is not installed, nothing answers, or a worker cannot be used."""
    try:
        import distributed
    except ImportError:
        raise InputError("--cluster needs Dask; install it with: pip install 'lawsmith[cluster]'.") from None
    check_address(address)
    with ExitStack() as stack:
        if address == LOCAL:  # threads here, which nobody else can send jobs: those have processes of their own
            local = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=False,
                dashboard_address="127.0.0.1:0",
                memory_limit=None,
            )
            address = stack.enter_context(local).scheduler_address
        cluster = Cluster(address, limits, unsafe_local, say)
        stack.callback(cluster.leave)
        width = workers or cluster.threads or MANY
        yield stack.enter_context(Sandbox(limits, width, unsafe_local, start=cluster.start))


class Cluster:
    """The workers of a cluster, as one process that forks: see `WarmProcess`. Thread-safe."""

    def __init__(self, address: str, limits: Limits, unsafe_local: bool, say: Callable[[str], None]) -> None:
        from distributed import Client

        from lawsmith.agent.cluster import worker

        self.address, self._run = address, worker.run
        self._asked: set[Future[Outcome]] = set()
        try:
            self._client: Client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except OSError as error:
            raise InputError(f"No scheduler answers at {address} ({_reason(error)}); {_FORM}.") from error
        plugin = worker.SandboxOfWorker(limits, unsafe_local)
        self._plugin = plugin.name
        try:
            self._client.register_plugin(plugin)
            tiers = self._client.run(worker.tier, plugin.name).values()
        except Exception as error:
            self._client.close()
            raise InputError(f"A worker of the cluster cannot be used: {_reason(error)}.") from error
        self._loop = self._client.sync(_running_loop)
        self.tier = max(tiers, key=list(Tier).index, default=Tier.FULL)
        """The weakest isolation of a worker."""
        self.threads = sum(self._client.nthreads().values())
        count = len(self._client.nthreads())
        say(f"cluster {address}: {count} worker{'' if count == 1 else 's'}, {self.threads} threads")

    def start(self, tiers: Sequence[Tier], limits: Limits) -> Cluster:
        """Itself: each worker proved its tier when it joined."""
        return self

    def alive(self) -> bool:
        """Dask replaces what is lost; a cluster that is lost altogether says so at the next job."""
        return True

    def run(
        self, job: bytes, bound: int, limits: Limits, stop: float = math.inf, modules: Iterable[str] = ()
    ) -> Outcome:
        """Runs one job on some worker, as `WarmProcess.run` does. Raises Deadly where it killed workers, and
        ClusterLost when the scheduler is lost, or no worker answers."""
        from distributed import KilledWorker

        seconds = stop - time.monotonic()
        try:
            answer = self._client.submit(self._run, self._plugin, job, bound, tuple(modules), seconds, pure=False)
            asked = asyncio.run_coroutine_threadsafe(_outcome(answer), self._loop)
        except Exception as error:  # whatever Dask raises for a client that was closed
            raise self._lost(error) from error
        self._asked.add(asked)
        patience = PATIENCE_SECONDS + 2 * limits.wall_seconds
        try:
            return asked.result(min(seconds + GRACE_SECONDS, patience))
        except KilledWorker:
            raise Deadly("The workers that ran it were killed, one after the other.") from None
        except WarmProcessFailed:
            raise
        except TimeoutError:
            asked.cancel()  # the scheduler drops what nobody waits for
            if seconds < patience:
                return Outcome(None, None, False, b"", b"", 0.0, 0.0, 0, stopped=True)
            raise ClusterLost(f"No worker of {self.address} answered in {patience:.0f} s.") from None
        except (CancelledError, Exception) as error:
            raise self._lost(error) from error
        finally:
            self._asked.discard(asked)

    def close(self) -> None:
        """Give up what is still under way for us."""
        for asked in tuple(self._asked):
            asked.cancel()

    def leave(self) -> None:
        """Leave the cluster."""
        # It would show a traceback for a message that leaving cuts off.
        logging.getLogger("distributed.batched").disabled = True
        if self._client.status == "running":
            self._client.unregister_worker_plugin(self._plugin)
        self._client.close()

    def _lost(self, error: BaseException) -> ClusterLost:
        return ClusterLost(f"The cluster at {self.address} is lost ({_reason(error)}).")


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def _outcome(answer: Answer[Outcome]) -> Outcome:
    outcome: Outcome = await answer
    return outcome


def _reason(error: BaseException) -> str:
    """The first cause of an error, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
