"""Whether the residuals of a law follow a pattern: rows beside one another are missed to the same side.

Such a law is wrong where the rows lie, whatever its errors are.
"""

from collections.abc import Sequence

import numpy as np

from lawsmith.agent.search.outliers import neighbours
from lawsmith.runs.trials import Trial
from lawsmith.sandbox import Constants
from lawsmith.sandbox.law.nodes import Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read
from lawsmith.tasks.arrays import Array, IntArray, correlation
from lawsmith.tasks.table import Table, kept_with_table
from lawsmith.tasks.task import Task

NONE = 1.0  # standard deviations of noise below which there is no pattern
MOST_ROWS = 1000  # of a table that is looked at


def only_noise(trials: Sequence[Trial], task: Task) -> frozenset[str]:
    """The ids of the laws whose residuals follow no pattern; none in tables with very many rows."""
    asked = trials if len(task.train) <= MOST_ROWS else ()
    return frozenset(one.id for one in asked if (size := pattern(one, task)) is not None and size < NONE)


def pattern(trial: Trial, task: Task) -> float | None:
    """Correlation of the training residuals with those of the nearest rows, in standard deviations of what noise has;
    the largest of all targets. None for a law that cannot be read, or that is not finite.

    Rows of equal features count as one: a law that meets their mean misses them to opposite sides."""
    residuals = _residuals(trial, task)
    if residuals is None or not np.isfinite(residuals).all():
        return None
    places, around = _places(task.train)
    sizes = np.bincount(places)
    chance = np.sqrt(2 / len(sizes))  # each pair of neighbours counts twice
    means = (np.bincount(places, column) / np.sqrt(sizes) for column in residuals)
    return max(correlation(one, one[around].mean(axis=1)) for one in means) / float(chance)


def _residuals(trial: Trial, task: Task) -> Array | None:
    """(T, n), weighed as the rows are."""
    stated = read(trial.proposal.source, task.schema.targets, task.schema.features)
    if isinstance(stated, Unreadable) or trial.evaluation.constants is None:
        return None
    train = task.train
    constants = Constants.from_json(trial.evaluation.constants).by_row(train)
    trees = stated.targets.items()
    residuals = [train.targets[name] - evaluate(tree, train.features, constants) for name, tree in trees]
    return np.asarray(residuals * np.sqrt(train.weights))


@kept_with_table
def _places(train: Table) -> tuple[IntArray, IntArray]:
    """(n,) which rows have equal features and groups, and the nearest (m, k) of those m places."""
    columns = np.stack([*train.features.values(), train.codes], axis=1)
    _, first, places = np.unique(columns, axis=0, return_index=True, return_inverse=True)
    return places.reshape(-1), neighbours(train.take(first))
