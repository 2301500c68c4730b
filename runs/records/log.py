"""An append-only log of JSON lines in which every line vouches for all lines before it.

A line is the canonical JSON of a record with two keys added: ``seq``, its number from 0, and, as the last
key, ``digest``: SHA-256 over the digest of the line before and the line's bytes up to the digest. The first
line continues from an anchor (the digest of the manifest), so a log cannot be moved to another archive.

A kill or a power cut can leave the end of the file torn. The end is torn when the first unreadable line is
not followed by a line that continues from it; `scan` then reports the intact part and the writer cuts the
rest off. An unreadable line that *is* followed by sound ones was altered, and nobody writes on after that.

The chain shows accidents and edits; it is no signature: whoever rewrites every line can make a new chain.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawsmith.runs.quoting import visible
from lawsmith.runs.records.canonical_json import decode, digest, encode
from lawsmith.runs.records.files import MAX_LINE_BYTES, open_regular, writing
from lawsmith.sandbox.pool.protocol import write_all

_TAIL = b',"digest":"'
_TAIL_LENGTH = len(_TAIL) + 64 + 2  # the digest and the closing quote and brace
_CLOSED = -1


@dataclass(frozen=True)
class Scan:
    """The content of a log: its intact records, their bytes, the last digest, and what is wrong with the line after
    them, if it breaks there. altered: sound lines follow that one, which no kill can cause."""

    records: int
    length: int
    digest: str
    broken: str | None = None
    altered: bool = False


def encode_line(record: Mapping[str, Any], seq: int, previous: str) -> tuple[bytes, str]:
    """One line with its line end, and its digest.

    Raises:
        TypeError: the record cannot be written as JSON, or uses the keys `seq` and `digest`.
        ValueError: the line would be longer than `MAX_LINE_BYTES`.
    """
    if "seq" in record or "digest" in record:
        raise TypeError("'seq' and 'digest' are set by the log and cannot be keys of a record")
    body = encode({**record, "seq": seq})[:-1]
    if len(body) + _TAIL_LENGTH + 1 > MAX_LINE_BYTES:
        raise ValueError(f"a record of {len(body)} bytes is longer than the {MAX_LINE_BYTES} a line may have")
    link = _link(previous, body)
    return body + _TAIL + link.encode() + b'"}\n', link


def _link(previous: str, body: bytes) -> str:
    return digest(previous.encode() + b"\n" + body)


def _claimed(line: bytes) -> str | None:
    """The digest a line ends with, or None where it does not end like a line of a log."""
    tail = line[-_TAIL_LENGTH - 1 :]
    if not (tail.startswith(_TAIL) and tail.endswith(b'"}\n')):
        return None
    return tail[len(_TAIL) : -3].decode("ascii", "replace")


class _Fault(ValueError):
    """A line that does not continue from the digest before it."""


def _record(line: bytes, previous: str) -> tuple[dict[str, Any], str]:
    """The record of a line and the line's digest."""
    if not line.endswith(b"\n"):
        raise _Fault("it has no end")
    claimed = _claimed(line)
    if claimed is None:
        raise _Fault("it does not end with a digest")
    found = _link(previous, line[: -_TAIL_LENGTH - 1])
    if found != claimed:
        raise _Fault(f"its digest is {found}, not {visible(claimed)}")
    try:
        record = decode(line[: -_TAIL_LENGTH - 1] + b"}")
    except ValueError as error:
        raise _Fault(f"it is no record: {error}") from None
    if not isinstance(record, dict):
        raise _Fault("it is no record")
    return record, claimed


def _lines(path: Path) -> Iterator[bytes]:
    """Lines with their ends, none longer than the bound plus one byte; a missing file has none."""
    try:
        with open_regular(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                yield line
    except FileNotFoundError:
        return


def scan(path: Path, anchor: str) -> Scan:
    """Check every line. A file that is not there is an empty log."""
    count, length, link = 0, 0, anchor
    lines = _lines(path)
    for line in lines:
        try:
            _, link = _record(line, link)
        except _Fault as fault:
            return Scan(count, length, link, str(fault), _sound_line_follows(line, lines))
        count, length = count + 1, length + len(line)
    return Scan(count, length, link)


def _sound_line_follows(broken: bytes, rest: Iterator[bytes]) -> bool:
    """Also true of what is longer than any line: no kill leaves that, and it may have no end."""
    previous = _claimed(broken)
    if len(broken) > MAX_LINE_BYTES:
        return True
    for line in rest:
        if len(line) > MAX_LINE_BYTES:
            return True
        try:
            if previous is not None:
                _record(line, previous)
                return True
        except _Fault:
            pass
        previous = _claimed(line)
    return False


def read(path: Path, anchor: str) -> Iterator[dict[str, Any]]:
    """The intact records in order, with `seq` and without `digest`; ends at the first line that does not read
    on."""
    link = anchor
    for line in _lines(path):
        try:
            record, link = _record(line, link)
        except _Fault:
            return
        yield record


class ChainWriter:
    """Appends records to one log; safe to use from several threads.

    Each line goes out in one write, so after a kill it is there whole or torn at the end. With `durable` it
    is also flushed to the disk before `append` returns and survives a power cut (calls cost money; candidates
    can be evaluated again).
    """

    def __init__(self, descriptor: int, path: Path, at: Scan, durable: bool) -> None:
        self._descriptor, self._path, self._durable = descriptor, path, durable
        self._records, self._length, self._digest = at.records, at.length, at.digest
        self._lock = threading.Lock()

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record.

        Raises:
            InputError: the disk is full or fails; the log ends with the last whole record.
            TypeError, ValueError: as `encode_line`.
            RuntimeError: the log was closed.
        """
        with self._lock:
            if self._descriptor == _CLOSED:
                raise RuntimeError(f"{self._path} is closed")
            line, link = encode_line(record, self._records, self._digest)
            with writing(self._path):
                self._write(line)
            self._records, self._length, self._digest = self._records + 1, self._length + len(line), link

    def _write(self, line: bytes) -> None:
        try:
            write_all(self._descriptor, line)
            if self._durable:
                os.fdatasync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._length)
            raise

    def sync(self) -> None:
        """Makes durable all that was written; raises InputError where the disk fails."""
        with writing(self._path):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Waits for a line under way."""
        with self._lock:
            os.close(self._descriptor)
            self._descriptor = _CLOSED
