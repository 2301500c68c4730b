"""How the targets depend on the features, whatever the law."""

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.frontier.leading import ROUNDING, unexplained
from lawsmith.tasks.frontier.outward import lies_below
from lawsmith.tasks.table import Table, kept_with_table

LAST = 2 / 3  # rows beyond this quantile of a feature are the last ones
STEEPENING = 1.5  # factor by which the last rows are steeper than all, where nothing levels off


@kept_with_table
def steepens(table: Table) -> bool:
    """Whether a target grows or falls ever faster up to the farthest values of the only feature that is a number, so
    that nothing in the data levels off; False with several such features."""
    names = [name for name in table.features if name not in table.categories]
    if len(names) != 1:
        return False
    feature = -table.features[names[0]] if lies_below(names[0]) else table.features[names[0]]
    columns = table.within_groups(np.column_stack([feature, *table.targets.values()]))
    last = feature >= np.quantile(feature, LAST)
    whole, end = _slopes(columns), _slopes(columns[last])
    return bool(np.any(np.abs(end) > STEEPENING * np.abs(whole)))


def _slopes(columns: Array) -> Array:
    """Slopes (T,) of the other columns by the first."""
    centred = columns - columns.mean(axis=0)
    return np.asarray(centred[:, 0] @ centred[:, 1:] / max(centred[:, 0] @ centred[:, 0], 1e-300))


class WithinGroups:
    """Linear combinations of columns (n, C), with a level per group, that explain a table's targets.

    columns: the same less their means in each group. left: sum of squares (T,) that they leave, at the least what
    rounding does. total: that without any.
    """

    def __init__(self, table: Table, columns: Array) -> None:
        self.columns = table.within_groups(columns)
        self._targets = table.within_groups(table.target_matrix())
        self.total = np.asarray(np.sum(self._targets**2, axis=0))
        self.left = unexplained(self.columns, self._targets) + ROUNDING * self.total
        self.freedom = len(table) - len(np.unique(table.codes)) - self.columns.shape[1]

    def lost(self, fewer: Array) -> Array:
        """F statistic (T,) of the model against one with fewer columns, combinations of its own."""
        more = unexplained(fewer, self._targets) - self.left
        least = np.maximum(self.left, np.finfo(float).tiny)  # a target that never varies loses nothing
        return np.asarray(more * self.freedom / ((self.columns.shape[1] - fewer.shape[1]) * least))
