"""The logs of a run in progress: locked for one process, whole again after a crash."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from lawsmith.runs import log as chain
from lawsmith.runs.check import Problem, break_problem
from lawsmith.runs.files import open_regular, open_regular_descriptor, writing
from lawsmith.tasks import InputError

EVENTS, CALLS = "events.jsonl", "calls.jsonl"
_LOCK_ATTEMPTS = 25  # some 20 ms apart: a reader that asks for the state holds the lock for an instant


@dataclass(frozen=True)
class OpenLogs:
    """The open logs of a run that this process owns, locked against another one."""

    events: chain.ChainWriter
    calls: chain.ChainWriter

    @classmethod
    def start(cls, path: Path, anchor: str) -> tuple[OpenLogs, tuple[Problem, ...]]:
        """Lock the logs of the archive at `path` and cut off torn ends, which are returned.

        Raises InputError where another process writes, or more than an end is damaged.
        """
        descriptor = _open_log(path / EVENTS)
        try:
            _lock(descriptor, path)
            recovered: list[Problem] = []
            at_events = _cut_torn_end(path / EVENTS, anchor, recovered)
            at_calls = _cut_torn_end(path / CALLS, anchor, recovered)
            for leftover in path.glob(".*.tmp"):
                leftover.unlink()
            calls = _open_log(path / CALLS)
        except BaseException:
            os.close(descriptor)
            raise
        writer = cls(
            chain.ChainWriter(descriptor, path / EVENTS, at_events, durable=False),
            chain.ChainWriter(calls, path / CALLS, at_calls, durable=True),
        )
        return writer, tuple(recovered)

    def close(self) -> None:
        """Close both; the lock goes with them."""
        self.events.close()
        self.calls.close()


def _open_log(path: Path) -> int:
    try:
        return open_regular_descriptor(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        raise InputError(f"The archive {path.parent} is damaged: {path.name} is missing.") from None


def _cut_torn_end(path: Path, anchor: str, recovered: list[Problem]) -> chain.Scan:
    scan = chain.scan(path, anchor)
    if scan.broken is None:
        return scan
    problem = break_problem(path, scan.broken, complete=False)
    if not problem.resumable:
        raise InputError(f"The archive {path.parent} is damaged and cannot be resumed: {problem}.")
    with writing(path), open_regular(path, os.O_RDWR) as descriptor:
        os.ftruncate(descriptor, scan.length)
        os.fsync(descriptor)
    recovered.append(problem)
    return scan


def _lock(descriptor: int, path: Path) -> None:
    for _ in range(_LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.02)
    raise InputError(f"{path} is being written by another process; wait for it or stop it, then resume.")


def is_locked(path: Path) -> bool:
    """Whether some process writes on the log at `path`."""
    try:
        with open_regular(path) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
