"""Whether the rows show the ceiling, or the turn, that a law claims beyond them: what only steepens may go on."""

from __future__ import annotations

import numpy as np

from lawsmith.sandbox import Constants, Evaluation
from lawsmith.sandbox.law.expression import Node
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.axes import is_logarithmic
from lawsmith.tasks.table import Table

FEWEST = 4  # values of the feature in a group that may show a bend
STEPS = 8  # in which slopes are taken
SLOWER = 0.5  # share of the slope at the last row to which a law falls that levels off or turns beyond it


def claims_a_ceiling(source: str, evaluation: Evaluation, train: Table) -> bool:
    """Whether the law is steepest at the last rows of most groups, and less than half as steep within a width beyond.

    False with several features that are numbers, or with categories, and for a law that cannot be read.
    """
    names = tuple(train.features)
    if len(names) != 1 or train.categories or evaluation.constants is None:
        return False
    found = read(source, tuple(train.targets), names)
    if isinstance(found, Unreadable):
        return False
    constants, told = Constants.from_json(evaluation.constants), list[bool]()
    for code in np.unique(train.codes):
        column = train.features[names[0]][train.codes == code]
        if len(np.unique(column)) >= FEWEST:
            values = constants.of(train.groups[code])
            told += [_slows(tree, names[0], column, values) for tree in found.targets.values()]
    return sum(told) > len(told) / 2


def _slows(tree: Node, name: str, column: Array, constants: dict[str, float]) -> bool:
    """Whether a tree steepens through the upper half of the rows, and not beyond them."""
    logarithmic = is_logarithmic(column)
    axis = np.log(column[column > 0]) if logarithmic else column
    low, high = float(axis.min()), float(axis.max())
    step = (high - low) / (2 * STEPS)
    places = (low + high) / 2 + step * np.arange(3 * STEPS + 1)
    with np.errstate(all="ignore"):
        values = evaluate(tree, {name: np.exp(places) if logarithmic else places}, constants)
        slopes = np.diff(np.broadcast_to(values, places.shape))
    inside, beyond = slopes[:STEPS], slopes[STEPS:]
    if not np.isfinite(slopes).all() or not inside[-1]:
        return False
    inside, beyond = inside / inside[-1], beyond / inside[-1]
    return bool((inside >= 0).all() and (inside <= 1).all() and beyond.min() < SLOWER)
