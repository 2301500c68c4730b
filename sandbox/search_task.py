"""What a search sees: its training rows, thinned where there are many, its folds, its probes and its seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lawsmith.sandbox.evaluate import evaluate
from lawsmith.sandbox.evaluation import Evaluation
from lawsmith.sandbox.jobs import JobResult
from lawsmith.sandbox.pool.executor import Sandbox
from lawsmith.tasks import Table, Task
from lawsmith.tasks.frontier.folds import Fold, frontier_folds
from lawsmith.tasks.frontier.probes import probe_rows
from lawsmith.tasks.task import thinned

LITTLE = 1e-8  # what a disbelieved row weighs beside another


@dataclass(frozen=True, eq=False)
class SearchTask:
    """All that the score of a candidate depends on, beside its source. A command makes it once. No test row is in it.

    task: with the rows that the search looks at, and their weights. probes: rows without targets whose predictions
    are recorded. seed: of the fits.
    """

    task: Task
    folds: tuple[Fold, ...]
    probes: Table | None
    seed: int = 0

    @classmethod
    def of(cls, task: Task, disbelieved: Sequence[int] = (), *, every_group: bool = False) -> SearchTask:
        """What a search of `task` sees, the same at every call.

        disbelieved: training rows, from 0, that weigh next to nothing. every_group: rows of every group are seen, as
        intervals need.
        """
        searched = thinned(with_little_weight(task, disbelieved), every_group=every_group)
        probes = probe_rows(searched.train, reach=task.knowledge.reach)
        return cls(searched, frontier_folds(searched.train), probes)

    def evaluate(self, sandbox: Sandbox, source: str, whole: JobResult | None = None) -> Evaluation:
        """Scores one candidate; see `lawsmith.sandbox.evaluate` for what is raised and for `whole`."""
        return evaluate(sandbox, source, self.task, self.folds, probes=self.probes, seed=self.seed, whole=whole)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over rows and weights, folds, probes and seed: equal where equal sources get equal scores."""
        folds = [[fold.name, fold.kind, fold.fitted.tolist(), fold.held_out.tolist()] for fold in self.folds]
        probes = None if self.probes is None else self.probes.digest()
        parts = [self.task.train.digest(), folds, probes, self.seed]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def with_little_weight(task: Task, rows: Sequence[int]) -> Task:
    """The task with those training rows, from 0, at next to no weight; itself where there are none."""
    if not rows:
        return task
    weight = task.train.weights.copy()
    weight[list(rows)] *= LITTLE
    return replace(task, train=replace(task.train, weight=weight))


def counting(task: Task) -> Task:
    """The task without training rows that weigh next to nothing; itself where there are none."""
    counts = task.train.weights > 100 * LITTLE * np.median(task.train.weights)
    return task if counts.all() else replace(task, train=task.train.take(counts))
