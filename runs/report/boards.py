"""The archives of a folder, arranged: a board per task, of systems for a benchmark and of runs for a user's own table.

As on the public leaderboard of SLDBench, R² is clipped at -1 and a failed run counts as -1 in the best, mean and
minimum of a system; each run's own R² is shown as it is. Results on replica data stand apart from real ones.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean

from lawsmith.runs.records.archive import Archive
from lawsmith.runs.records.files import safe_name
from lawsmith.runs.records.find import list_archives
from lawsmith.runs.records.record import WORST_R2, Manifest, RunResult
from lawsmith.tasks import InputError, Schema, names
from lawsmith.tasks.schema import Anchor

ReportLink = Callable[[Archive], str | None]
"""Where the report of a run is, seen from the top of the site; None where there is none."""


@dataclass(frozen=True, eq=False)
class BoardEntry:
    """One archive. `r2` is on the test rows, as it is; None where there are none or the run has not finished."""

    archive: Archive
    manifest: Manifest
    result: RunResult | None
    report: str | None

    @property
    def r2(self) -> float | None:
        """Test R² of the finished run."""
        return self.finished.test_r2

    @property
    def finished(self) -> RunResult:
        """The result, or an empty one while the run goes on."""
        return self.result or RunResult()

    @property
    def state(self) -> str:
        """The state of the archive; "failed" for a run that ended with an error."""
        return "failed" if self.finished.error else self.archive.state.value


@dataclass(frozen=True, eq=False)
class System:
    """All runs of one agent and model on one task and one kind of data. `page` is relative to the site's top."""

    task: str
    name: str
    replica: bool
    origin: str
    entries: tuple[BoardEntry, ...]

    @property
    def page(self) -> str:
        """Address of its page."""
        return f"systems/{file_name(self.task, self.name, str(self.replica), self.origin)}.html"

    @property
    def kind(self) -> str:
        """Where its scores are from, in words."""
        if self.origin != "imported":
            return "archived here" if self.origin == "run" else self.origin
        return "imported, as reported" if self._reported else "imported, scored here"

    @property
    def _reported(self) -> list[float]:
        """Scores of its runs that were taken at somebody's word."""
        return [r2 for entry in self.entries for r2 in entry.finished.siblings]

    @property
    def scores(self) -> tuple[float, ...]:
        """Test R² of every run that has one or failed, clipped at -1; of a published system, of all its runs."""
        if self._reported:
            return tuple(max(WORST_R2, r2) for r2 in self._reported)
        found = []
        for entry in self.entries:
            if entry.r2 is not None:
                found.append(max(WORST_R2, entry.r2))
            elif entry.finished.error is not None:
                found.append(WORST_R2)
        return tuple(found)

    @property
    def mean(self) -> float | None:
        """Mean of `scores`; None where there are none."""
        return fmean(self.scores) if self.scores else None

    @property
    def best(self) -> float | None:
        """Largest of `scores`; None where there are none."""
        return max(self.scores, default=None)

    @property
    def least(self) -> float | None:
        """Smallest of `scores`; None where there are none."""
        return min(self.scores, default=None)

    @property
    def runs(self) -> tuple[BoardEntry, ...]:
        """Sorted by test R², the best first; where there is none, by held-out R²."""

        def place(entry: BoardEntry) -> tuple[bool, float, float]:
            return entry.r2 is None, -(entry.r2 or 0.0), -(entry.finished.validation_r2 or 0.0)

        return tuple(sorted(self.entries, key=place))


@dataclass(frozen=True, eq=False)
class TaskBoard:
    """A task with its systems, the best mean first, and scores that others published."""

    schema: Schema
    systems: tuple[System, ...]

    @property
    def page(self) -> str:
        """Address of its page, relative to the site's top."""
        return f"tasks/{file_name(self.schema.name)}.html"

    @property
    def is_benchmark(self) -> bool:
        """Whether it is a task that systems are compared on, and no table of the user's own."""
        return self.schema.name in names()

    @property
    def entries(self) -> tuple[BoardEntry, ...]:
        """All runs, the newest first."""
        found = [entry for system in self.systems for entry in system.entries]
        return tuple(sorted(found, key=lambda entry: entry.manifest.created, reverse=True))

    @property
    def best(self) -> BoardEntry | None:
        """The finished run whose law has the smallest error on held-out training rows."""
        usable = [entry for entry in self.entries if entry.finished.validation_r2 is not None]
        return max(usable, key=lambda entry: entry.finished.validation_r2 or 0.0, default=None)

    @property
    def replicas(self) -> tuple[System, ...]:
        """Systems on replicas of the data, which are ranked among themselves."""
        return tuple(system for system in self.systems if system.replica)

    @property
    def leader(self) -> System | None:
        """The best mean on real data. Imported results stand in the table, and lead nothing."""
        return next((one for one in self.systems if not one.replica and one.origin != "imported"), None)

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """Published scores, the best first."""
        return tuple(sorted(self.schema.anchors, key=lambda anchor: -anchor.r2))


@dataclass(frozen=True, eq=False)
class Boards:
    """All that a site shows. unreadable: address and reason. count: how many archives there are."""

    listed: tuple[TaskBoard, ...]
    unreadable: tuple[tuple[str, str], ...]
    count: int

    @property
    def own(self) -> tuple[TaskBoard, ...]:
        """Boards of the user's own tables."""
        return tuple(board for board in self.listed if not board.is_benchmark)

    @property
    def benchmarks(self) -> tuple[TaskBoard, ...]:
        """Boards of benchmark tasks."""
        return tuple(board for board in self.listed if board.is_benchmark)

    @property
    def title(self) -> str:
        """In a user's own words where there are tables of the user's own."""
        return "Laws" if self.own else "Leaderboard"


def boards(runs_dir: Path, report: ReportLink) -> Boards:
    """Every archive below a folder, and the published ones. Raises InputError where the folder cannot be read."""
    listing = list_archives(runs_dir)
    unreadable, grouped = list(listing.unreadable), dict[tuple[str, str, bool, str], list[BoardEntry]]()
    for archive in listing.archives:
        try:
            entry = BoardEntry(archive, archive.manifest, archive.result, report(archive))
        except InputError as error:
            unreadable.append((archive.manifest.address, error.args[0]))
            continue
        manifest = archive.manifest
        replica = manifest.data is not None and manifest.data.source == "replica"
        key = manifest.task.name, manifest.proposer, replica, manifest.origin
        grouped.setdefault(key, []).append(entry)
    systems = [System(*key, tuple(entries)) for key, entries in grouped.items()]
    systems.sort(key=lambda system: (system.task, system.mean is None, -(system.mean or 0.0), system.name))
    by_task = (tuple(own) for _, own in groupby(systems, key=lambda system: system.task))
    listed = [TaskBoard(own[0].entries[0].manifest.task, own) for own in by_task]
    return Boards(tuple(listed), tuple(unreadable), len(listing.archives))


def file_name(*parts: str) -> str:
    """A file name that is safe, readable, and different for different parts."""
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
    return f"{safe_name('-'.join(parts[:2]))[:60]}-{digest}"
