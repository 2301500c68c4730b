"""A leaderboard of any set of archives: a page per task, a page per system, and everything as JSON.

As on the public leaderboard of SLDBench, R² is clipped at -1 and a failed run counts as -1 in the best, mean and
minimum of a system; each run's own R² is shown as it is. Results on replica data stand apart from real ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from markupsafe import Markup

from lawsmith.runs.archive import REPORT, Archive
from lawsmith.runs.canonical_json import plain
from lawsmith.runs.files import safe_name, write_atomic, writing
from lawsmith.runs.find import list_archives
from lawsmith.runs.record import Manifest, Result
from lawsmith.runs.report.page import render
from lawsmith.runs.report.typeset import code
from lawsmith.tasks import Anchor, InputError, Schema

WORST_R2 = -1.0
ReportLink = Callable[[Archive], str | None]
"""Where the report of a run is, seen from the top of the site; None where there is none."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One archive. `r2` is on the test rows, as it is; None where there are none or the run has not finished."""

    archive: Archive
    manifest: Manifest
    result: Result | None
    report: str | None

    @property
    def r2(self) -> float | None:
        return None if self.result is None or self.result.scores.test is None else self.result.scores.test.r2

    @property
    def finished(self) -> Result:
        return self.result or Result()

    @property
    def state(self) -> str:
        return "failed" if self.finished.error else self.archive.state.value


@dataclass(frozen=True, eq=False)
class System:
    """All runs of one agent and model on one task and one kind of data. `page` is relative to the site's top."""

    task: str
    name: str
    replica: bool
    origin: str
    entries: tuple[Entry, ...]

    @property
    def page(self) -> str:
        return f"systems/{_file(self.task, self.name, str(self.replica), self.origin)}.html"

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
        return fmean(self.scores) if self.scores else None

    @property
    def best(self) -> float | None:
        return max(self.scores, default=None)

    @property
    def least(self) -> float | None:
        return min(self.scores, default=None)

    @property
    def runs(self) -> tuple[Entry, ...]:
        """Sorted by test R², the best first; where there is none, by validation R²."""

        def place(entry: Entry) -> tuple[bool, float, float]:
            return entry.r2 is None, -(entry.r2 or 0.0), -(entry.finished.validation_r2 or 0.0)

        return tuple(sorted(self.entries, key=place))


@dataclass(frozen=True, eq=False)
class TaskBoard:
    """A task with its systems, the best mean first, and scores that others published."""

    schema: Schema
    systems: tuple[System, ...]

    @property
    def page(self) -> str:
        return f"tasks/{_file(self.schema.name)}.html"

    @property
    def real(self) -> tuple[System, ...]:
        return tuple(system for system in self.systems if not system.replica)

    @property
    def replicas(self) -> tuple[System, ...]:
        return tuple(system for system in self.systems if system.replica)

    @property
    def leader(self) -> System | None:
        """The best mean on real data. Imported results stand in the table, and lead nothing."""
        return next((system for system in self.real if system.origin != "imported"), None)

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        return tuple(sorted(self.schema.anchors, key=lambda anchor: -anchor.r2))


def write_site(runs_dir: Path, folder: Path) -> tuple[Path, int]:
    """Write the site of all archives below `runs_dir`, and of the published ones, into `folder`.

    Reports that the archives hold are copied and linked. Returns the index page and the number of archives.

    Raises:
        InputError: `folder` holds something else than a site, or cannot be written.
    """
    marker = folder / "data.json"
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not marker.exists())):
        raise InputError(f"{folder} holds other files; name a new or empty folder for the site.")
    copied: dict[str, Path] = {}

    def report(archive: Archive) -> str | None:
        if not (archive.path / REPORT).is_file():
            return None
        name = f"reports/{_file(archive.manifest.address)}.html"
        copied[name] = archive.path / REPORT
        return name

    pages, count = site_pages(runs_dir, report)
    with writing(folder):
        for name in ("tasks", "systems", "reports"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, content in pages.items():
            write_atomic(folder / name, content.encode())
        for name, source in copied.items():
            write_atomic(folder / name, source.read_bytes())
    return folder / "index.html", count


def site_pages(runs_dir: Path, report: ReportLink) -> tuple[dict[str, str], int]:
    """File name -> content of every page of the site and of ``data.json``; and how many archives there are."""
    boards, unreadable, count = _boards(runs_dir, report)
    pages = {
        "index.html": render(
            "index.html.j2", title="Leaderboard", boards=boards, unreadable=unreadable, count=count
        )
    }
    for board in boards:
        pages[board.page] = render("task.html.j2", title=board.schema.name, board=board)
        for system in board.systems:
            laws = [(entry, _law(entry)) for entry in system.runs]
            pages[system.page] = render(
                "system.html.j2",
                title=f"{system.name} on {board.schema.name}",
                board=board,
                system=system,
                laws=laws,
            )
    content = {"tasks": [_task_json(board) for board in boards], "unreadable": dict(unreadable)}
    pages["data.json"] = json.dumps(plain(content), indent=1, allow_nan=False)
    return pages, count


def _boards(runs_dir: Path, report: ReportLink) -> tuple[list[TaskBoard], list[tuple[str, str]], int]:
    listing = list_archives(runs_dir)
    unreadable, grouped = list(listing.unreadable), dict[tuple[str, str, bool, str], list[Entry]]()
    for archive in listing.archives:
        try:
            entry = Entry(archive, archive.manifest, archive.result, report(archive))
        except InputError as error:
            unreadable.append((archive.manifest.address, str(error)))
            continue
        manifest = archive.manifest
        replica = manifest.data is not None and manifest.data.source == "replica"
        key = manifest.task.name, _system_name(manifest), replica, manifest.origin
        grouped.setdefault(key, []).append(entry)
    systems = [System(*key, tuple(entries)) for key, entries in grouped.items()]
    boards = [
        TaskBoard(
            next(s for s in systems if s.task == task).entries[0].manifest.task, tuple(_ranked(systems, task))
        )
        for task in sorted({system.task for system in systems})
    ]
    return boards, unreadable, len(listing.archives)


def _ranked(systems: Sequence[System], task: str) -> Iterator[System]:
    own = [system for system in systems if system.task == task]
    yield from sorted(own, key=lambda system: (system.mean is None, -(system.mean or 0.0), system.name))


def _system_name(manifest: Manifest) -> str:
    return manifest.agent if manifest.model is None else f"{manifest.agent} with {manifest.model}"


def _law(entry: Entry) -> Markup | None:
    law = entry.archive.law
    return None if law is None else code(law)


def _file(*parts: str) -> str:
    """A file name that is safe, readable, and different for different parts."""
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
    return f"{safe_name('-'.join(parts[:2]))[:60]}-{digest}"


def _task_json(board: TaskBoard) -> dict[str, Any]:
    return {
        "task": board.schema.name,
        "title": board.schema.title,
        "anchors": [anchor.model_dump() for anchor in board.anchors],
        "systems": [_system_json(system) for system in board.systems],
    }


def _system_json(system: System) -> dict[str, Any]:
    return {
        "system": system.name,
        "origin": system.origin,
        "kind": system.kind,
        "replica": system.replica,
        "best_r2": system.best,
        "mean_r2": system.mean,
        "min_r2": system.least,
        "scores": list(system.scores),
        "runs": [_entry_json(entry) for entry in system.runs],
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    result = entry.finished
    return {
        "run": entry.manifest.run,
        "address": entry.manifest.address,
        "state": entry.state,
        "seed": entry.manifest.seed,
        "created": entry.manifest.created,
        "data": None if entry.manifest.data is None else entry.manifest.data.sha256,
        "r2": entry.r2,
        "validation_r2": result.validation_r2,
        "train_r2": None if result.scores.train is None else result.scores.train.r2,
        "constants_count": result.constants_count,
        "expression": result.expression,
        "candidates": result.candidates,
        "seconds": result.seconds,
        "cost_usd": result.cost_usd,
        "error": result.error,
        "law": entry.archive.law,
    }
