"""How near each training row lies to the frontier beyond which a law will be used."""

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.folds import frontier_features
from lawsmith.tasks.table import Table, kept_with_table

FADE = 3.0  # a row with the smallest level of every feature weighs exp(-FADE) of one with the largest in a group of …
ROWS = 12  # … so many rows, or fewer; more rows bear a steeper fall
STEEPEST = 7.0  # of any number of rows, so that no row counts for nothing


def has_frontier(table: Table) -> bool:
    """Whether some feature is more than a share of a whole or a label, so that there is a beyond."""
    return bool(frontier_features(table))


@kept_with_table
def nearness(table: Table) -> Array:
    """Weights (n,) in (0, 1]: exp(-f (1 - r)), r the mean over features of a row's rank among its group's levels.

    f is FADE (m / ROWS)^(1 / (4 + d)) for the m rows of the group and d features, from FADE to STEEPEST, as the
    bandwidth of local regression falls (Fan and Gijbels 1996). Every law is wrong somewhere, and with many rows this
    moves a fit more than their noise does. Ranks run from 0 at the smallest level to 1 at the
    largest. Shares of a whole and labels have no frontier and do not count; a table without other features gets ones.
    """
    columns = [table.features[name] for name in frontier_features(table)]
    if not columns:
        return np.ones(len(table))
    rank = sum(_rank(column, table.codes) for column in columns) / len(columns)
    rows = np.bincount(table.codes)[table.codes]
    fade = np.clip(FADE * (rows / ROWS) ** (1 / (4 + len(columns))), FADE, STEEPEST)
    return np.asarray(np.exp(-fade * (1 - rank)))


def _rank(column: Array, codes: IntArray) -> Array:
    """Position (n,) of each row's level among its group's levels, from 0 to 1; 1 in a group of one level."""
    order = np.lexsort((column, codes))
    values, groups = column[order], codes[order]
    level = np.cumsum(np.append(0, (np.diff(groups) != 0) | (np.diff(values) != 0)))
    first = level[np.searchsorted(groups, groups, side="left")]
    last = level[np.searchsorted(groups, groups, side="right") - 1]
    rank = np.empty(len(column))
    rank[order] = np.where(first < last, (level - first) / np.maximum(last - first, 1), 1.0)
    return rank
