"""Whether the residuals of a law follow a pattern: rows beside one another are missed to the same side.

Such a law is wrong where the rows lie, whatever its errors are. Where another law that predicts as well leaves nothing
but noise, the rows have told the two apart.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lawsmith.agent.search.outliers import neighbours
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Constants
from lawsmith.sandbox.law.identified import slopes
from lawsmith.sandbox.law.nodes import Node, Unreadable
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.read import read
from lawsmith.tasks.arrays import Array, IntArray, correlation
from lawsmith.tasks.table import Table, kept_with_table
from lawsmith.tasks.task import Task

NONE = 1.0  # standard deviations of noise below which there is no pattern
NEARLY = 0.25  # correlation of errors with those beside them, below which they are nearly independent
SAME = 1e-9  # share of the largest direction in which constants move a law, or of the residuals, that is rounding
MOST_ROWS = 1000  # that are looked at; of a longer table that many, taken at random …
MANY_GROUPS = 10  # … in whole groups, where so many have room


def patterns(trials: Sequence[Trial], task: Task) -> dict[str, float | None]:
    """The `pattern` of each law by its id."""
    return {trial.id: pattern(trial, task) for trial in trials}


def refuted(found: Mapping[str, float | None], clear: float) -> frozenset[str]:
    """The ids of laws whose residuals follow a `clear` pattern, in standard deviations, where those of another one
    follow none."""
    if not any(size is not None and size < NONE for size in found.values()):
        return frozenset()
    return frozenset(id for id, size in found.items() if size is not None and size > clear)


def only_noise(found: Mapping[str, float | None], trials: Sequence[Trial], task: Task) -> frozenset[str]:
    """The ids of those of the trials whose residuals follow no pattern, nor more of one than what their constants leave
    of noise does (`morans_z`)."""
    maybe = {id for id, size in found.items() if size is not None and size < NONE}
    return frozenset(trial.id for trial in trials if trial.id in maybe and morans_z(trial, task) < NONE)


def pattern(trial: Trial, task: Task) -> float | None:
    """Correlation of the training residuals with those of the nearest rows, in standard deviations of what noise has;
    the largest of all targets. None for a law that cannot be read, or that is not finite.

    Rows of equal features count as one: a law that meets their mean misses them to opposite sides."""
    found = _correlations(trial, task)
    chance = float(np.sqrt(2 / len(_places(_sample(task.train))[1])))  # each pair of neighbours counts twice
    return None if found is None else max(found) / chance


def morans_z(trial: Trial, task: Task) -> float:
    """Moran's I of the training residuals with those of the nearest rows, in standard deviations from its mean for what
    least squares leave of noise (Cliff and Ord 1981, Spatial Processes, ch. 8); the largest of all targets.

    Residuals of constants lean to opposite sides: those of a line in each of three groups of eight rows have a
    `pattern` of -2.7 in the mean, and 0 here. Where the law has no slopes, or as many constants as rows, 0.
    """
    constants, train = trial.evaluation.constants, _sample(task.train)
    residuals = _residuals(trial, task)
    stated = read(trial.proposal.source, task.schema.targets, task.schema.features)
    if constants is None or residuals is None or isinstance(stated, Unreadable):
        return 0.0
    fitted, (places, around) = Constants.from_json(constants), _places(train)
    found = []
    for tree, left in zip(stated.targets.values(), residuals, strict=True):
        if (columns := _along_constants(tree, fitted, train)) is not None:
            known = _by_place(columns * np.sqrt(train.weights), places).T
            means = _by_place(left[None], places)[0]
            found.append(_morans_z(means, known, around) if means @ means > SAME * (left @ left) else 0.0)
    return max(found, default=0.0)


def _along_constants(tree: Node, fitted: Constants, train: Table) -> Array | None:
    """How the law moves at each row with each constant that the fit chose (C, n); None where that is not known."""
    moves = slopes(tree)
    if moves is None:
        return None
    by_row, values = fitted.by_row(train), fitted.reorder(train.groups).values[np.unique(train.codes)]
    columns = [np.zeros(len(train))]
    for name, node in moves.items():
        with np.errstate(all="ignore"):
            along = np.nan_to_num(
                np.broadcast_to(evaluate(node, train.features, by_row), len(train)), posinf=0, neginf=0
            )
        own = values[:, fitted.names.index(name)]
        shared = bool((own == own[0]).all())
        columns += [along] if shared else [along * (train.codes == code) for code in np.unique(train.codes)]
    return np.array(columns)


def _morans_z(residuals: Array, known: Array, around: IntArray) -> float:
    """Of residuals (m,) that a fit with columns `known` (m, C) leaves, with the mean of those `around` (m, k)."""
    rows, count = around.shape
    basis, sizes, _ = np.linalg.svd(known / np.maximum(np.linalg.norm(known, axis=0), 1e-300), full_matrices=False)
    basis = basis[:, sizes > SAME * sizes[0]]
    freedom = rows - basis.shape[1]
    if freedom < 2:
        return 0.0
    of_others = basis[around].mean(axis=1)
    to_others = np.zeros_like(basis)
    np.add.at(to_others, around, np.repeat(basis[:, None] / count, count, axis=1))
    inner = basis.T @ of_others
    mutual = (around[around] == np.arange(rows)[:, None, None]).sum() / count**2
    first = -np.trace(inner)
    own = rows / count - (to_others**2).sum() - (of_others**2).sum() + (inner**2).sum()
    crossed = mutual - 2 * (to_others * of_others).sum() + (inner * inner.T).sum()
    mean = first / freedom
    variance = (own + crossed + first**2) / (freedom * (freedom + 2)) - mean**2
    moran = residuals @ residuals[around].mean(axis=1) / (residuals @ residuals)
    return float((moran - mean) / np.sqrt(max(variance, 1e-12)))


def is_nearly_noise(trial: Trial, task: Task) -> bool:
    """Whether the residuals hardly depend on those of the nearest rows. In a table of many rows they may follow a clear
    pattern all the same."""
    found = _correlations(trial, task)
    return found is not None and max(map(abs, found)) < NEARLY


def _correlations(trial: Trial, task: Task) -> list[float] | None:
    """Of the residuals of each target with those of the nearest rows."""
    residuals = _residuals(trial, task)
    if residuals is None or not np.isfinite(residuals).all():
        return None
    places, around = _places(_sample(task.train))
    return [correlation(one, one[around].mean(axis=1)) for one in _by_place(residuals, places)]


def _by_place(columns: Array, places: IntArray) -> Array:
    """The means (C, m) of the columns (C, n) at rows of equal features, by the root of how many there are."""
    counts = np.bincount(places)
    return np.array([np.bincount(places, column) for column in columns]) / np.sqrt(counts)


def _residuals(trial: Trial, task: Task) -> Array | None:
    """(T, n) of the rows that are looked at, weighed as these are."""
    stated = read(trial.proposal.source, task.schema.targets, task.schema.features)
    if isinstance(stated, Unreadable) or trial.evaluation.constants is None:
        return None
    train = _sample(task.train)
    constants = Constants.from_json(trial.evaluation.constants).by_row(train)
    trees = stated.targets.items()
    residuals = [train.targets[name] - evaluate(tree, train.features, constants) for name, tree in trees]
    return np.asarray(residuals * np.sqrt(train.weights))


@kept_with_table
def _sample(train: Table) -> Table:
    """The rows of a table that are looked at: of many small groups some with all their rows, which say what the
    constants of a group leave; else some of all groups."""
    if len(train) <= MOST_ROWS:
        return train
    rng, counts = np.random.default_rng(0), np.bincount(train.codes)
    order = rng.permutation(np.flatnonzero(counts))
    whole = order[np.cumsum(counts[order]) <= MOST_ROWS]
    if len(whole) >= MANY_GROUPS:
        return train.take(np.flatnonzero(np.isin(train.codes, whole)))
    return train.take(np.sort(rng.permutation(len(train))[:MOST_ROWS]))


@kept_with_table
def _places(train: Table) -> tuple[IntArray, IntArray]:
    """(n,) which rows have equal features and groups, and the nearest (m, k) of those m places."""
    columns = np.stack([*train.features.values(), train.codes], axis=1)
    _, first, places = np.unique(columns, axis=0, return_index=True, return_inverse=True)
    return places.reshape(-1), neighbours(train.take(first))
