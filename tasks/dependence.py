"""Which features the targets clearly depend on, whatever the law."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np

from tasks.arrays import Array
from tasks.folds import simplex_columns
from tasks.table import Table

CLEAR = 10.0  # F statistic; with tens of rows to spare, chance alone reaches it once in thousands of features
ROUNDING = 1e-12  # share of the targets' variance below which nothing is explained or left
ROWS_PER_COLUMN = 3  # a model with fewer rows than this for each of its columns tells nothing


@lru_cache(maxsize=8)
def decisive(table: Table) -> frozenset[str]:
    """The features without which a quadratic in the ranks of all, with a level per group, misses some target clearly
    more: by an F test of nested models. None of the shares of a whole, which the others state too; none where rows are
    too few to tell."""
    shares = simplex_columns(table)
    names = [name for name in table.features if name not in shares]
    pairs = [*((k, k) for k in range(len(names))), *combinations(range(len(names)), 2)]
    uses = [{k} for k in range(len(names))] + [set(pair) for pair in pairs]
    freedom = len(table) - len(np.unique(table.codes)) - len(uses)
    if not names or freedom < (ROWS_PER_COLUMN - 1) * len(uses):
        return frozenset()
    ranks = [_ranks(table.features[name]) for name in names]
    products = (ranks[one] * ranks[two] for one, two in pairs)
    columns = table.within_groups(np.column_stack([*ranks, *products]))
    targets = table.within_groups(table.target_matrix())
    left = unexplained(columns, targets) + ROUNDING * np.sum(targets**2, axis=0)
    found = set()
    for k, name in enumerate(names):
        others = [place for place, used in enumerate(uses) if k not in used]
        more = unexplained(columns[:, others], targets) - left
        if np.any(more * freedom > CLEAR * (len(uses) - len(others)) * left):
            found.add(name)
    return frozenset(found)


def _ranks(column: Array) -> Array:
    """From -0.5 to 0.5, equal values alike."""
    levels, place = np.unique(column, return_inverse=True)
    return np.asarray(place.reshape(-1) / max(len(levels) - 1, 1) - 0.5)


def unexplained(columns: Array, targets: Array) -> Array:
    """Sum of squares (T,), or () for one target (n,), that linear combinations of the columns (n, C) leave."""
    solution = np.linalg.lstsq(columns, targets, rcond=None)[0]
    return np.asarray(np.sum((targets - columns @ solution) ** 2, axis=0))
