"""The archive of one run: written line by line while it runs, readable at any instant, sealed at its end.

``manifest.json`` is there from the start and sealed with its own digest, which anchors the chains of the two
logs ``events.jsonl`` and ``calls.jsonl``. ``result.json`` appears last, in one atomic step; it carries the
SHA-256 of every other file and the digest of itself. A run without it was interrupted and can be resumed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ValidationError

from lawsmith.runs.quoting import visible
from lawsmith.runs.records import log as chain
from lawsmith.runs.records.canonical_json import plain, seal
from lawsmith.runs.records.check import (
    CALLS,
    EVENTS,
    OpenLogs,
    Problem,
    bound_problems,
    file_digest,
    is_locked,
    log_problems,
    read_sealed,
    sealed_problems,
)
from lawsmith.runs.records.files import create_folder, read_bounded, write_atomic, writing
from lawsmith.runs.records.gate import checked_constants, checked_event, law_bound
from lawsmith.runs.records.record import Manifest, RunResult
from lawsmith.runs.records.trials import Recorded, Trial, read_event, source_of
from lawsmith.tasks import InputError
from lawsmith.tasks.frozen import first_fault

_Model = TypeVar("_Model", bound=BaseModel)

MANIFEST, LAW, RESULT, DATA = "manifest.json", "law.py", "result.json", "data.json.gz"
REPORT, UNCERTAINTY, PICKED, ATTACHED = "report.html", "uncertainty.json", "picked.json", "attached.json"
ATTACHABLE = (REPORT, UNCERTAINTY, PICKED)
_SEALING = threading.RLock()  # of all archives: one of their own could not be pickled


class State(StrEnum):
    """What can be told without checking digests; `Archive.verify` finds damage."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    COMPLETE = "complete"


class Archive:
    """One run on disk, made by `create` or `resume` (to write) or `open` (to read); a context manager."""

    def __init__(self, path: Path, manifest: Manifest, anchor: str) -> None:
        self.path = path
        self.manifest = manifest
        self._anchor = anchor
        self._writer: OpenLogs | None = None

    # -- opening -------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, runs_dir: Path, manifest: Manifest, data: bytes | None = None) -> Archive:
        """Start the archive ``<runs_dir>/<task>/<agent>[-<model>]/<run id>/``; see `create_at`."""
        return cls.create_at(runs_dir / manifest.address, manifest, data)

    @classmethod
    def create_at(cls, path: Path, manifest: Manifest, data: bytes | None = None) -> Archive:
        """Start an archive. `data`: what ``data.json.gz`` holds. Raises InputError: the folder cannot be written, the
        disk is full, or it exists."""
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                raise InputError(f"{path} exists, and lawsmith never overwrites an archive; choose another run id.")
            files = {MANIFEST: seal(plain_dict(manifest)), EVENTS: b"", CALLS: b""}
            create_folder(path, files if data is None else {**files, DATA: data})
        return cls.resume(path)

    @classmethod
    def open(cls, path: Path) -> Archive:
        """Read an archive, finished or not. Checks the manifest; `verify` checks the rest. Raises InputError: there is
        no archive, or its manifest is damaged (the file and the digests are named)."""
        path = Path(path)
        try:
            content, anchor = read_sealed(path / MANIFEST)
        except FileNotFoundError:
            raise InputError(f"{path} is not an archive: it holds no {MANIFEST}.") from None
        return cls(path, _validated(Manifest, content, path / MANIFEST), anchor)

    @classmethod
    def resume(cls, path: Path) -> Archive:
        """Open an unfinished archive to write on. A torn end of a log is cut off; `verify` tells it before. Raises
        InputError: the run is complete, another process writes it, or a log was altered."""
        archive = cls.open(path)
        if (archive.path / RESULT).exists():
            raise InputError(f"{archive.path} is complete; there is nothing to resume.")
        archive._writer = OpenLogs.start(archive.path, archive._anchor)
        return archive

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop writing, from any thread. The run stays resumable unless it was finished."""
        with _SEALING:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    # -- writing -------------------------------------------------------------------------------------------

    def append_event(self, event: Mapping[str, Any]) -> None:
        """Record a candidate or another step. Thread-safe; survives a kill. Raises InputError: the disk is full;
        nothing recorded is harmed."""
        self._writing().events.append(event)

    def append_call(self, call: Mapping[str, Any]) -> None:
        """Record a model request and its reply, durably. Secrets must be gone already."""
        self._writing().calls.append(call)

    def finish(self, result: RunResult, law: str | None) -> None:
        """Write ``law.py`` (where there is a law), then seal the run with ``result.json``, and stop writing. Raises
        InputError: the disk is full; the run stays resumable."""
        content = plain_dict(result)
        with _SEALING:
            writer = self._writing()
            writer.events.sync()
            writer.calls.sync()
            if law is not None:
                write_atomic(self.path / LAW, law.encode())
            optional = {LAW: law is not None, DATA: (self.path / DATA).exists()}
            bound = (MANIFEST, EVENTS, CALLS, *(name for name, there in optional.items() if there))
            files = {name: file_digest(self.path / name) for name in bound}
            write_atomic(self.path / RESULT, seal({**content, "files": files}))
            self.close()

    def attach(self, data: bytes, name: str = REPORT) -> Path:
        """Add or replace a file derived from a complete archive; its digest goes to ``attached.json``. Raises
        ValueError for a name that is not in `ATTACHABLE`."""
        if name not in ATTACHABLE:
            raise ValueError(f"only {', '.join(ATTACHABLE)} can be attached, not {name!r}")
        known = self.sealed(ATTACHED) or {"files": {}}
        with writing(self.path):
            write_atomic(self.path / name, data)
            files = {**known["files"], name: file_digest(self.path / name)}
            write_atomic(self.path / ATTACHED, seal({"files": files}))
        return self.path / name

    def _writing(self) -> OpenLogs:
        if self._writer is None:
            raise RuntimeError(f"{self.path} was opened for reading or is finished")
        return self._writer

    # -- reading -------------------------------------------------------------------------------------------

    @property
    def run(self) -> str:
        """The id of the run."""
        return self.manifest.run

    @property
    def state(self) -> State:
        """Complete once a result is there; else running while a process holds its log, or interrupted."""
        if (self.path / RESULT).exists():
            return State.COMPLETE
        return State.RUNNING if is_locked(self.path / EVENTS) else State.INTERRUPTED

    def sealed(self, name: str) -> dict[str, Any] | None:
        """The content of a file of the archive that carries its own digest; None where there is no such file. Raises
        InputError: the file is damaged."""
        try:
            return read_sealed(self.path / name)[0]
        except FileNotFoundError:
            return None

    @property
    def result(self) -> RunResult | None:
        """How the run ended; None while it is unfinished. Raises InputError: ``result.json`` is damaged."""
        if (content := self.sealed(RESULT)) is None:
            return None
        content.pop("files", None)
        found = _validated(RunResult, content, self.path / RESULT)
        checked_constants(found.constants, f"{self.path / RESULT}")
        return found

    @property
    def law(self) -> str | None:
        """The source of ``law.py``; None where the run has none (yet). Raises InputError: it is longer than the
        constants of the result can make it."""
        result = self.result
        try:
            bound = law_bound(None if result is None else result.constants)
            return read_bounded(self.path / LAW, bound).decode("utf-8", "replace")
        except FileNotFoundError:
            return None

    @property
    def picked(self) -> str | None:
        """The id of the law that the user put in the place of the chosen one; None without one. Raises InputError:
        ``picked.json`` is damaged."""
        picked = (self.sealed(PICKED) or {}).get("law")
        return picked if isinstance(picked, str) else None

    def pick(self, law: str | None) -> None:
        """Put a law of the run in the place of the chosen one; None takes the chosen one again."""
        self.attach(seal({"law": law, "by": "user"}), PICKED)

    def source(self) -> str | None:
        """The winner's source as it was proposed; None where the run has no winner or its record no source."""
        result = self.result
        if result is None or result.winner is None:
            return None
        return source_of(self.events(), result.winner)

    def events(self) -> Iterator[dict[str, Any]]:
        """The recorded events in order; a torn end is left out. Raises InputError: an event is not as any version
        writes it; see `lawsmith.runs.records.gate`."""
        for event in chain.read(self.path / EVENTS, self._anchor):
            checked_event(event, str(self.path))
            yield event

    def trials(self) -> Iterator[Trial]:
        """The recorded trials in order. Raises InputError as `events` and `lawsmith.runs.records.trials.read_event`."""
        for event in self.events():
            if event.get("event") == "candidate" and isinstance(found := read_event(event), Recorded):
                yield found.trial

    def calls(self) -> Iterator[dict[str, Any]]:
        """The recorded model calls in order; a torn end is left out."""
        return chain.read(self.path / CALLS, self._anchor)

    # -- checking ------------------------------------------------------------------------------------------

    def verify(self) -> list[Problem]:
        """Every file that is not as it was written, with its digest; empty for a sound archive.

        Re-derives each digest: the manifest's and the result's own, every line of both logs, and the SHA-256
        of each file that the result or ``attached.json`` lists. A torn end of an unfinished run's log is
        reported as `resumable`. It finds accidents and edits; a forger who recomputes every digest is not
        found, only `replay` can contradict such an archive.
        """
        complete = (self.path / RESULT).exists()
        problems = sealed_problems(self.path / MANIFEST)
        problems += log_problems(self.path / EVENTS, self._anchor, complete)
        problems += log_problems(self.path / CALLS, self._anchor, complete)
        if complete:
            damaged = {problem.file for problem in problems}
            problems += bound_problems(self.path, RESULT, (EVENTS, CALLS), damaged)
        if (self.path / ATTACHED).exists():
            problems += bound_problems(self.path, ATTACHED)
        else:
            loose = [name for name in ATTACHABLE if (self.path / name).exists()]
            problems += [Problem(name, f"{ATTACHED}, which holds its digest, is missing") for name in loose]
        return problems

    def finished(self, use: str) -> tuple[RunResult, str]:
        """The result and the law of a sound and complete archive; raises InputError where it has none, with the `use`
        that was meant: "export" or "replay"."""
        self.require_sound()
        result, law = self.result, self.law
        if result is None:
            raise InputError(f"The run {self.run} is {self.state}; only a complete run can be {use}ed.")
        if law is None:
            raise InputError(f"The run {self.run} has no law to {use}: {result.error or 'none was recorded'}.")
        return result, law

    def require_sound(self) -> None:
        """Raise InputError naming the first damaged file and its digests; pass for a sound archive."""
        damage = [problem for problem in self.verify() if not problem.resumable]
        if damage:
            more = f" ({len(damage) - 1} more problems)" if len(damage) > 1 else ""
            raise InputError(f"The archive {self.path} is damaged: {damage[0]}{more}.")


def _validated(model: type[_Model], content: dict[str, Any], path: Path) -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path} is not in the format of this version: {visible(first_fault(error))[:400]}.") from None


def plain_dict(record: Mapping[str, Any] | BaseModel) -> dict[str, Any]:
    """A record in JSON's own types; see `lawsmith.runs.records.canonical_json.plain`."""
    content = plain(record)
    assert isinstance(content, dict)
    return content
