"""Which rows of the training table a search believes, and what the others would change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lawsmith.agent.search.outliers import Disbelieved, disbelieved
from lawsmith.agent.symbolic.start_forms import start_forms
from lawsmith.runs.trials import Trial
from lawsmith.sandbox import Constants, FitJob, PredictJob, Sandbox
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.search_task import SearchTask, with_little_weight
from lawsmith.tasks import Dataset

LAWS = 24  # plain laws of the library that are asked
TINY = np.finfo(float).tiny
LEAST_ROWS = 12  # fewer rows cannot outvote one


@dataclass(frozen=True, eq=False)
class Doubts:
    """Rows that the search does not believe; `trusting` is what a search would see in which they count in full."""

    rows: tuple[Disbelieved, ...]
    trusting: SearchTask

    def sentences(self, winner: Trial, sandbox: Sandbox) -> tuple[str, ...]:
        """What a user has to know: each row, and what changes with them."""
        told = [row.sentence for row in self.rows]
        return (*told, *([] if (effect := self._effect(winner, sandbox)) is None else [effect]))

    def to_json(self) -> list[dict[str, Any]]:
        """The rows as JSON data."""
        return [row.to_json() for row in self.rows]

    def _effect(self, winner: Trial, sandbox: Sandbox) -> str | None:
        """How far the law moves, at the training rows and beyond them, when it is fitted to all rows in full."""
        task, probes, fitted = self.trusting.task, self.trusting.probes, winner.evaluation.constants
        if fitted is None or probes is None:
            return None
        tables = (task.train.hide(), probes.hide())
        source, constants = winner.proposal.source, Constants.from_json(fitted)
        now = sandbox.run(PredictJob(source, task.schema, constants, tables[:1]))
        full = sandbox.run(FitJob(source, task.schema, task.train, tables, optional=1))
        if not now.ok or not full.ok:
            return None
        away = [np.abs(full.predictions[0] - now.predictions[0])]
        beyond = np.array(winner.evaluation.probe)
        if beyond.shape == full.predictions[1].shape:
            away.append(np.abs(full.predictions[1] - beyond))
        moved = np.concatenate(away) / np.maximum(task.train.target_matrix().std(axis=0), TINY)
        which = "it" if len(self.rows) == 1 else "them"
        size = f"{np.nanmax(moved):.2g} times the spread of the measurements"
        return f"With {which} counted in full, the law's predictions would move by up to {size}."


def doubted(dataset: Dataset, sandbox: Sandbox) -> tuple[Dataset, Doubts | None]:
    """The data set with rows that the best of the library's plain laws do not believe at next to no weight.

    None, and the data set itself, where every row is believed. A table that is searched by a sample of its rows is
    trusted: no single row decides there.
    """
    task = dataset.task
    train, trusting = task.train, SearchTask.of(task)
    if len(train) < LEAST_ROWS or trusting.task is not task:
        return dataset, None
    forms = [form for form in start_forms(task).forms if 3 * form.constants <= len(train)][:LAWS]
    jobs = [
        FitJob(replace(form, loss=Loss.ROBUST).source(task.schema), task.schema, train, (train.hide(),))
        for form in forms
    ]
    results = [future.result() for future in sandbox.submit_all(jobs)]
    rows = disbelieved(train, [found.predictions[0] for found in results if found.ok])
    if not rows:
        return dataset, None
    weighed = with_little_weight(task, [row.row for row in rows])
    return replace(dataset, task=weighed), Doubts(rows, trusting)
