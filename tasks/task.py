"""A task as proposers see it, thinned for a search where it is large, and the data set that only the referee holds."""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lawsmith.tasks.knowledge import Knowledge
from lawsmith.tasks.schema import ColumnRole, Schema
from lawsmith.tasks.table import Table

Source = Literal["file", "cache", "hub", "replica"]


@dataclass(frozen=True)
class Provenance:
    """Where rows came from. `sha256` covers the content of both splits; `path` is None for a replica."""

    source: Source
    sha256: str
    path: str | None


@dataclass(frozen=True, eq=False)
class Task:
    """All that a proposer, a fit or a selection ever receives. No test row can be reached from here."""

    schema: Schema
    train: Table
    provenance: Provenance

    @property
    def knowledge(self) -> Knowledge:
        """What the user knows of the law: ranges of targets, and what they do as a feature grows."""
        return self.schema.knowledge


@dataclass(frozen=True, eq=False)
class Dataset:
    """A task and its test split (None without one). Only what scores the final choice holds this.

    `notices` are sentences for the user: what was decided, what looks odd, and that rows are a replica.
    """

    task: Task
    test: Table | None
    notices: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[ColumnRole, ...]:
        """What every column of a user's own table was taken for; empty for a benchmark task."""
        return () if self.task.schema.decided is None else self.task.schema.decided.roles


def content_digest(train: Table, test: Table | None) -> str:
    """SHA-256 over the digests of both splits."""
    parts = (train.digest(), "" if test is None else test.digest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


MOST_ROWS = 6000  # rows that a search looks at
MOST_GROUPS = 200  # that a search looks at: 30 rows of each make its rows
FEWEST = 30  # a thinned group keeps at least this many of its rows


def thinned(task: Task, *, every_group: bool = False) -> Task:
    """`task` itself where its training table is small, else with a random part of the rows of a random part of the
    groups (of every group, if so asked), the same at every call. Groups keep their shares of the rows, but for small
    ones, which are kept whole.
    """
    train = task.train
    if len(train) <= MOST_ROWS:
        return task
    rng = np.random.default_rng(0)
    kept = np.flatnonzero(np.bincount(train.codes))
    if len(kept) > MOST_GROUPS and not every_group:
        kept = np.sort(rng.choice(kept, MOST_GROUPS, replace=False))
    code = np.full(len(train.groups), -1)
    code[kept] = np.arange(len(kept))
    mine = np.flatnonzero(code[train.codes] >= 0)
    order = mine[np.argsort(train.codes[mine], kind="stable")]
    share = MOST_ROWS / len(order)
    rows = []
    for own in np.split(order, np.flatnonzero(np.diff(train.codes[order])) + 1):
        count = min(len(own), max(FEWEST, round(share * len(own))))
        rows.append(rng.choice(own, count, replace=False))
    part = train.take(np.sort(np.concatenate(rows)))
    groups = tuple(train.groups[k] for k in kept)
    return replace(task, train=replace(part, groups=groups, codes=code[part.codes]))
