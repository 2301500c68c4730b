"""A large table's rows thinned to what a search needs; only the winner's constants are fitted to all of them."""

from dataclasses import replace

import numpy as np

from lawsmith.tasks.task import Task

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
