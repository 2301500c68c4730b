"""The folds of a table side by side in one: a form is fitted to all of them at once, as to groups of their own.

Most of a small fit is the time of numpy's calls, which hardly take longer for seventeen folds than for one. A fold has
its own groups, and so its own constants; the folds share starting values only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lawsmith.sandbox.law.statement import Statement
from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.folds import Fold
from lawsmith.tasks.table import Table

MOST_ROWS = 40_000
"""Rows that the folds fit together: with more, a fit is long beside the time of the calls, and folds may share out."""


def may_stack(statement: Statement, folds: Sequence[Fold]) -> bool:
    """Whether the folds may be fitted together: they are small, and no constant is shared by groups."""
    return len(folds) > 1 and not statement.shared and sum(len(f.fitted) for f in folds) <= MOST_ROWS


def stacked(train: Table, folds: Sequence[Fold]) -> tuple[Table, Table]:
    """The rows that each fold fits, and those that it holds out, one fold after the other; each has its own groups."""
    fitted, held_out = ([getattr(fold, which) for fold in folds] for which in ("fitted", "held_out"))
    names = tuple(f"{k}: {group}" for k in range(len(folds)) for group in train.groups)
    return _side_by_side(train, fitted, names), _side_by_side(train, held_out, names).hide()


def apart(predictions: Array, folds: Sequence[Fold]) -> list[Array]:
    """The predictions (n, T) of each fold's held-out rows."""
    return np.split(predictions, np.cumsum([len(fold.held_out) for fold in folds])[:-1])


def _side_by_side(train: Table, rows: Sequence[IntArray], names: tuple[str, ...]) -> Table:
    every = np.concatenate(rows)
    fold = np.repeat(np.arange(len(rows)), [len(some) for some in rows])
    return Table(
        {name: column[every] for name, column in train.features.items()},
        {name: column[every] for name, column in train.targets.items()},
        names,
        fold * len(train.groups) + train.codes[every],
        None if train.weight is None else train.weight[every],
        train.categories,
    )
