"""What the search of an archived run saw of its data: from the same rule as then, and from what the run decided."""

from dataclasses import replace
from typing import Any

import numpy as np

from lawsmith.runs.records.archive import Archive
from lawsmith.runs.records.record import RunResult
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Task
from lawsmith.tasks.arrays import Array

CHANGED = (
    "This version makes other rows, weights, folds or probes of the data than the search saw, so held-out scores may "
    "differ."
)


def disbelieved_rows(result: RunResult | None, *, met: bool = True) -> tuple[tuple[int, str], ...]:
    """Rows of the training file, counted from 1, with the target that was an outlier there; with or without those that
    the chosen law has `met` nevertheless."""
    found = None if result is None else result.details.get("disbelieved")
    listed = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    listed = [one for one in listed if met or one.get("met") is not True]
    return tuple((row, str(one.get("target"))) for one in listed if isinstance(row := one.get("row"), int))


def growing_target(result: RunResult | None) -> str | None:
    """The target whose errors the search found to grow with its value; None where it did not."""
    target = _growing(result).get("target")
    return target if isinstance(target, str) else None


def _growing(result: RunResult | None) -> dict[str, Any]:
    """What the record says of errors that grow; nothing where it says nothing, or is damaged."""
    told = None if result is None else result.details.get("growing")
    return told if isinstance(told, dict) else {}


def growing_weights(result: RunResult | None, rows: int) -> Array | None:
    """The weights (rows,) that the search gave to training rows because errors grow with the value; None where it did
    not, or where the record cannot be used."""
    listed = _growing(result).get("weights")
    if not isinstance(listed, list) or len(listed) != rows or not {type(one) for one in listed} <= {int, float}:
        return None
    weights = np.array(listed, dtype=np.float64)
    return weights if bool((np.isfinite(weights) & (weights > 0)).all()) else None


def weighed(archive: Archive, task: Task) -> Task:
    """The task with rows that weigh as their errors deserve, where the search of a run found that these grow."""
    weights = growing_weights(archive.result, len(task.train))
    return task if weights is None else replace(task, train=replace(task.train, weight=weights))


def searched(archive: Archive, task: Task) -> SearchTask:
    """What the search of a finished run saw of `task`; outliers weigh next to nothing, as then."""
    rows = [row for row, _ in disbelieved_rows(archive.result)]
    places = np.flatnonzero(np.isin(task.train.row_numbers, rows))
    return SearchTask.of(weighed(archive, task), tuple(places.tolist()))


def is_same(archive: Archive, found: SearchTask) -> bool:
    """Whether the archive records the same search task, or does not say."""
    return archive.manifest.search_task in (None, found.digest)
