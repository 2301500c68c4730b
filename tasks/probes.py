"""Feature rows just and well beyond the training data, where laws are asked what they predict; no targets exist."""

from __future__ import annotations

import numpy as np

from lawsmith.tasks.arrays import Array, Mask
from lawsmith.tasks.axes import is_logarithmic
from lawsmith.tasks.folds import simplex_columns
from lawsmith.tasks.table import Table

GROUPS = 6  # groups that are probed; more would only repeat
STEPS = (1.5, 4.0)  # factors beyond the largest value of a positive feature
SHARES = (0.15, 0.5)  # shares of the range beyond the largest value of any other feature
MIXTURES = 12


def probe_rows(table: Table, *, seed: int = 0) -> Table:
    """Rows without targets: per group, the frontier itself, each feature beyond it alone, and all of them together.

    For shares of a whole the rows are mixtures between and somewhat beyond the observed ones; categories keep labels
    that they have in the group. The near half comes first and the far half last, so that row i of the first half and
    row i of the second differ in distance only.
    """
    shares = np.array([name in simplex_columns(table) for name in table.features])
    labels = np.array([name in table.categories for name in table.features])
    present = np.unique(table.codes)
    chosen = present[np.linspace(0, len(present) - 1, min(GROUPS, len(present))).astype(int)]
    halves: list[list[Array]] = [[], []]
    codes = []
    for group in dict.fromkeys(chosen.tolist()):
        x = table.take(np.flatnonzero(table.codes == group)).matrix()
        near, far = _with_labels(x, shares, labels, seed)
        halves[0].append(near)
        halves[1].append(far)
        codes += [group] * len(near)
    matrix = np.concatenate([*halves[0], *halves[1]])
    features = {name: matrix[:, k] for k, name in enumerate(table.features)}
    return Table(features, {}, table.groups, np.array(codes + codes, dtype=np.intp))


def _with_labels(x: Array, shares: Mask, labels: Mask, seed: int) -> tuple[Array, Array]:
    """Near and far rows in which the columns of labels run through the combinations that were measured."""
    if labels.all():
        return x, x
    halves = []
    measured = np.unique(x[:, labels], axis=0)
    for half in _both(x[:, ~labels], shares[~labels], seed):
        rows = np.empty((len(half), x.shape[1]))
        rows[:, ~labels], rows[:, labels] = half, measured[np.arange(len(half)) % len(measured)]
        halves.append(rows)
    return halves[0], halves[1]


def _both(x: Array, shares: Mask, seed: int) -> tuple[Array, Array]:
    if shares.all():
        return _mixtures(x, seed)
    if not shares.any():
        return _beyond(x)
    halves = []
    for ordered, mixed in zip(_beyond(x[:, ~shares]), _mixtures(x[:, shares], seed), strict=True):
        rows = np.arange(max(len(ordered), len(mixed)))
        both = np.empty((len(rows), x.shape[1]))
        both[:, ~shares], both[:, shares] = ordered[rows % len(ordered)], mixed[rows % len(mixed)]
        halves.append(both)
    return halves[0], halves[1]


def _beyond(x: Array) -> tuple[Array, Array]:
    top, middle = x.max(axis=0), np.median(x, axis=0)
    near, far = _extended(x, 0), _extended(x, 1)
    halves = []
    for value in (near, far):
        rows = [value]
        for k in range(x.shape[1]):
            alone, rest = top.copy(), middle.copy()
            alone[k] = rest[k] = value[k]
            rows += [alone, rest]
        halves.append(np.stack(rows))
    return halves[0], halves[1]


def _extended(x: Array, step: int) -> Array:
    low, high = x.min(axis=0), x.max(axis=0)
    factor = np.array([is_logarithmic(column) for column in x.T])
    return np.asarray(np.where(factor, high * STEPS[step], high + SHARES[step] * (high - low)))


def _mixtures(x: Array, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    centre = x.mean(axis=0)
    one, two = x[rng.integers(len(x), size=(2, MIXTURES))]
    near = (one + two) / 2
    far = np.clip(centre + 1.3 * (one - centre), 0, None)
    return near, far * (x[0].sum() / far.sum(axis=1, keepdims=True))
