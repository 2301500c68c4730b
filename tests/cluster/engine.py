"""A real Dask scheduler and real workers on loopback, each a process that can be killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class Engine:
    """A scheduler at `address`, and its workers by process id."""

    def __init__(self, **settings: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **settings}
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        self.pids: dict[str, int] = {}
        self.start()

    def start(self) -> None:
        """Begin a scheduler at the address, which is free again after `kill_scheduler`."""
        self.scheduler = self._begin("scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
        self.client = Client(self.address, timeout=PATIENCE, set_as_default=False)

    def add(self, workers: int = 1, *options: str) -> None:
        """Join workers of one thread each, and wait until they are there."""
        common = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        for _ in range(workers):
            worker = self._begin("worker", self.address, *common, *options)
            self.workers[worker.pid] = worker
        until(self._all_there)

    def _all_there(self) -> bool:
        self.pids = dict(self.client.run(os.getpid, on_error="ignore"))
        return set(self.pids.values()) == set(self.workers)

    def busy(self) -> list[int]:
        """Process ids of workers that have a candidate right now."""
        tasks = self.client.processing()
        return [pid for address, pid in self.pids.items() if tasks.get(address) and pid in self.workers]

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Whatever is handed out meanwhile stays with the worker that got it."""
        for pid in self.workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in self.workers:
                os.kill(pid, signal.SIGCONT)

    def kill(self, pid: int) -> None:
        """As the kernel's out-of-memory killer does."""
        worker = self.workers.pop(pid)
        worker.kill()
        worker.wait()

    def kill_scheduler(self) -> None:
        """Workers leave when their scheduler is gone; what restarts a scheduler restarts them."""
        self.client.close()
        self.scheduler.kill()
        self.scheduler.wait()
        for worker in self.workers.values():
            worker.wait(PATIENCE)
        self.workers.clear()

    def stop(self) -> None:
        self.client.close()
        for process in (*self.workers.values(), self.scheduler):
            process.kill()
            process.wait()

    def _begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
