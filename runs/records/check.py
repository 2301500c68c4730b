"""Re-deriving the digests that bind an archive's files; and the logs of a run in progress: locked for one process, and
whole again after a crash."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawsmith.runs.quoting import visible
from lawsmith.runs.records import log as chain
from lawsmith.runs.records.canonical_json import digest, unseal
from lawsmith.runs.records.files import (
    MAX_FILE_BYTES,
    is_safe_name,
    open_regular,
    open_regular_descriptor,
    read_bounded,
    writing,
)
from lawsmith.tasks import InputError


@dataclass(frozen=True)
class Problem:
    """A file of an archive that is not as it was written. `resumable`: only the end of a log is torn."""

    file: str
    message: str
    resumable: bool = False

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def file_digest(path: Path) -> str:
    """SHA-256 of a regular file, in constant memory.

    Raises:
        FileNotFoundError: there is none.
        InputError: it is no regular file.
    """
    with open_regular(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sealed(path: Path) -> tuple[dict[str, Any], str]:
    """The content of a sealed file and the SHA-256 of its bytes.

    Raises:
        FileNotFoundError: there is none.
        InputError: a byte is not as it was written; the file and the digests are named.
    """
    data = read_bounded(path)
    try:
        return unseal(data), digest(data)
    except ValueError as error:
        raise InputError(f"The archive {path.parent} is damaged: {path.name}: {error}.") from None


def sealed_problems(path: Path) -> list[Problem]:
    """What is wrong with a file that carries its own digest."""
    try:
        unseal(read_bounded(path))
    except FileNotFoundError:
        return [Problem(path.name, "it is missing")]
    except ValueError as error:  # InputError is one
        return [Problem(path.name, str(error))]
    return []


def log_problems(path: Path, anchor: str, complete: bool) -> list[Problem]:
    """What is wrong with a log. A complete run's log has no torn end, so there any break is damage."""
    if not os.path.lexists(path):
        return [Problem(path.name, "it is missing")]
    try:
        scan = chain.scan(path, anchor)
    except InputError as error:
        return [Problem(path.name, str(error))]
    return [] if scan.broken is None else [break_problem(path, scan, complete)]


def break_problem(path: Path, scan: chain.Scan, complete: bool) -> Problem:
    """What a break in a log says: damage, or the torn end of a run that can be resumed."""
    place = f"line {scan.records + 1} (byte {scan.length})"
    if scan.altered or complete:
        return Problem(path.name, f"{place} was altered: {scan.broken}")
    return Problem(path.name, f"the end is torn at {place}: {scan.broken}", resumable=True)


def bound_problems(folder: Path, name: str, logs: Collection[str] = (), damaged: Collection[str] = ()) -> list[Problem]:
    """What is wrong with the sealed file `name` and with the files whose SHA-256 it lists under ``files``.

    Only `logs` may be of any length; those that are known to be `damaged` are not read to their end.
    """
    problems = sealed_problems(folder / name)
    if problems:
        return problems
    files = unseal(read_bounded(folder / name)).get("files")
    if not isinstance(files, dict):
        return [Problem(name, "it lists no files")]
    for file, recorded in sorted(files.items()):
        if file not in damaged:
            problems += _file_problems(folder, file, recorded, None if file in logs else MAX_FILE_BYTES)
    return problems


def _file_problems(folder: Path, file: str, recorded: object, most: int | None) -> list[Problem]:
    if not is_safe_name(file):
        return [Problem(repr(file)[:120], "no archive has a file of this name")]
    try:
        if most is not None and (folder / file).lstat().st_size > most:
            return [Problem(file, f"it is larger than {most} bytes")]
        found = file_digest(folder / file)
    except FileNotFoundError:
        return [Problem(file, f"it is missing; its SHA-256 was {visible(str(recorded))[:200]}")]
    except InputError as error:
        return [Problem(file, str(error))]
    if found == recorded:
        return []
    return [Problem(file, f"its SHA-256 is {found}, not {visible(str(recorded))[:200]}")]


EVENTS, CALLS = "events.jsonl", "calls.jsonl"
_LOCK_ATTEMPTS = 25  # some 20 ms apart: a reader that asks for the state holds the lock for an instant


@dataclass(frozen=True)
class OpenLogs:
    """The open logs of a run that this process owns, locked against another one."""

    events: chain.ChainWriter
    calls: chain.ChainWriter

    @classmethod
    def start(cls, path: Path, anchor: str) -> OpenLogs:
        """Lock the logs of the archive at `path` and cut off torn ends. Raises InputError where another process writes,
        or more than an end is damaged."""
        descriptor = _open_log(path / EVENTS)
        try:
            _lock(descriptor, path)
            at_events = _cut_torn_end(path / EVENTS, anchor)
            at_calls = _cut_torn_end(path / CALLS, anchor)
            for leftover in path.glob(".*.tmp"):
                leftover.unlink()
            calls = _open_log(path / CALLS)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(
            chain.ChainWriter(descriptor, path / EVENTS, at_events, durable=False),
            chain.ChainWriter(calls, path / CALLS, at_calls, durable=True),
        )

    def close(self) -> None:
        """Close both; the lock goes with them."""
        self.events.close()
        self.calls.close()


def _open_log(path: Path) -> int:
    try:
        return open_regular_descriptor(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        raise InputError(f"The archive {path.parent} is damaged: {path.name} is missing.") from None


def _cut_torn_end(path: Path, anchor: str) -> chain.Scan:
    scan = chain.scan(path, anchor)
    if scan.broken is None:
        return scan
    problem = break_problem(path, scan, complete=False)
    if not problem.resumable:
        raise InputError(f"The archive {path.parent} is damaged and cannot be resumed: {problem}.")
    with writing(path), open_regular(path, os.O_RDWR) as descriptor:
        os.ftruncate(descriptor, scan.length)
        os.fsync(descriptor)
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
