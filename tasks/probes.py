"""Feature rows just and well beyond the training data, where laws are asked what they predict; no targets exist."""

from collections.abc import Mapping

import numpy as np

from lawsmith.tasks.arrays import Array, Mask, is_fraction, is_logarithmic
from lawsmith.tasks.folds import simplex_columns
from lawsmith.tasks.table import Table

GROUPS = 6  # groups that are probed; more would only repeat
STEPS = (1.5, 4.0)  # factors beyond the largest value of a positive feature
SHARES = (0.15, 0.5)  # shares of the range beyond the largest value of any other feature
REST_RATIO = 3.0  # a fraction whose rest to one spans at least this factor may be looked at as that rest
MIXTURES = 12  # mixtures of two rows, where features are shares of a whole
NEAR = float(np.log(STEPS[0]) / np.log(STEPS[1]))  # of the way to the far half, where the user states how far that is


def probe_rows(table: Table, *, reach: Mapping[str, float] = {}) -> Table:
    """Rows without targets: per group, the frontier itself, each feature beyond it alone, and all of them together.

    For shares of a whole the rows are mixtures between and somewhat beyond the observed ones; categories keep labels
    that they have in the group. The near half comes first and the far half last, so that row i of the first half and
    row i of the second differ in distance only. `reach` is how far the user said that laws are used: so
    far goes the far half for those features.
    """
    shares = np.array([name in simplex_columns(table) for name in table.features])
    labels = np.array([name in table.categories for name in table.features])
    far = np.array([_step(reach.get(name), column) for name, column in table.features.items()])
    halves: list[list[Array]] = [[], []]
    codes = []
    for group in probed_groups(table):
        x = table.take(np.flatnonzero(table.codes == group)).matrix()
        near_half, far_half = _with_labels(x, shares, labels, far)
        halves[0].append(near_half)
        halves[1].append(far_half)
        codes += [group] * len(near_half)
    matrix = np.concatenate([*halves[0], *halves[1]])
    features = {name: matrix[:, k] for k, name in enumerate(table.features)}
    return Table(features, {}, table.groups, np.array(codes + codes, dtype=np.intp))


def probed_groups(table: Table) -> list[int]:
    """The codes of at most `GROUPS` groups that have rows, evenly over all of them."""
    present = np.unique(table.codes)
    return [int(code) for code in present[np.linspace(0, len(present) - 1, min(GROUPS, len(present))).astype(int)]]


def _step(stated: float | None, column: Array) -> tuple[float, float, bool]:
    """How far the far and the near half go beyond a column, and whether these are factors; else they are shares of its
    range. Not a number where nothing is stated."""
    factor = is_logarithmic(column)
    if stated is None:
        return np.nan, np.nan, factor
    return (stated, stated**NEAR, True) if factor else (stated, stated * SHARES[0] / SHARES[1], False)


def _with_labels(x: Array, shares: Mask, labels: Mask, steps: Array) -> tuple[Array, Array]:
    """Near and far rows in which the columns of labels run through the combinations that were measured."""
    if labels.all():
        return x, x
    halves = []
    measured = np.unique(x[:, labels], axis=0)
    for half in _both(x[:, ~labels], shares[~labels], steps[~labels]):
        rows = np.empty((len(half), x.shape[1]))
        rows[:, ~labels], rows[:, labels] = half, measured[np.arange(len(half)) % len(measured)]
        halves.append(rows)
    return halves[0], halves[1]


def _both(x: Array, shares: Mask, steps: Array) -> tuple[Array, Array]:
    if shares.all():
        return _mixtures(x)
    if not shares.any():
        return _beyond(x, steps)
    halves = []
    for ordered, mixed in zip(_beyond(x[:, ~shares], steps[~shares]), _mixtures(x[:, shares]), strict=True):
        rows = np.arange(max(len(ordered), len(mixed)))
        both = np.empty((len(rows), x.shape[1]))
        both[:, ~shares], both[:, shares] = ordered[rows % len(ordered)], mixed[rows % len(mixed)]
        halves.append(both)
    return halves[0], halves[1]


def _beyond(x: Array, steps: Array) -> tuple[Array, Array]:
    top, middle = x.max(axis=0), np.median(x, axis=0)
    near, far = _extended(x, 0, steps), _extended(x, 1, steps)
    halves = []
    for value in (near, far):
        rows = [value]
        for k in range(x.shape[1]):
            alone, rest = top.copy(), middle.copy()
            alone[k] = rest[k] = value[k]
            rows += [alone, rest]
        halves.append(np.stack(rows))
    return halves[0], halves[1]


def _extended(x: Array, half: int, steps: Array) -> Array:
    """One row beyond the largest values: `half` 0 is near, 1 is far; `steps` (d, 3) are of `_step`. Of a fraction
    near one the rest to one falls by a factor: nothing is sparser than 1."""
    low, high = x.min(axis=0), x.max(axis=0)
    stated, by_factor = steps[:, 1 - half], steps[:, 2].astype(bool)
    usual = np.array([is_logarithmic(column) for column in x.T])
    open_ = np.isnan(stated)
    factor = np.where(open_, usual, by_factor)
    size = np.where(open_, np.where(usual, STEPS[half], SHARES[half]), stated)
    beyond = np.where(factor, high * size, high + size * (high - low))
    rests = open_ & [is_fraction(column) for column in x.T] & (1 - low >= REST_RATIO * (1 - high)) & (high < 1)
    return np.asarray(np.where(rests, 1 - (1 - high) / STEPS[half], beyond))


def _mixtures(x: Array) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    centre = x.mean(axis=0)
    one, two = x[rng.integers(len(x), size=(2, MIXTURES))]
    near = (one + two) / 2
    far = np.clip(centre + 1.3 * (one - centre), 0, None)
    return near, far * (x[0].sum() / far.sum(axis=1, keepdims=True))
