"""What the search of an archived run saw of its data: from the same rule as then, and from what the run decided."""

from __future__ import annotations

from lawsmith.runs.archive import Archive
from lawsmith.runs.record import RunResult
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Task

CHANGED = (
    "This version makes other rows, weights, folds or probes of the data than the search saw, so held-out scores may "
    "differ."
)


def disbelieved_rows(result: RunResult | None) -> tuple[tuple[int, str], ...]:
    """Training rows, counted from 1, with the target that the search did not believe there."""
    found = None if result is None else result.details.get("disbelieved")
    listed = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return tuple((row, str(one.get("target"))) for one in listed if isinstance(row := one.get("row"), int))


def searched(archive: Archive, task: Task) -> SearchTask:
    """What the search of a finished run saw of `task`; rows that it did not believe weigh next to nothing, as then."""
    rows = {row - 1 for row, _ in disbelieved_rows(archive.result)}
    return SearchTask.of(task, tuple(sorted(row for row in rows if 0 <= row < len(task.train))))


def is_same(archive: Archive, found: SearchTask) -> bool:
    """Whether the archive records the same search task, or does not say."""
    return archive.manifest.search_task in (None, found.digest)
