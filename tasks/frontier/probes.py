"""Feature rows just and well beyond the training data, where laws are asked what they predict; no targets exist."""

from collections.abc import Mapping
from itertools import product

import numpy as np

from lawsmith.tasks.arrays import Array, Mask, is_fraction, is_logarithmic
from lawsmith.tasks.frontier.folds import simplex_columns
from lawsmith.tasks.frontier.leading import rounds
from lawsmith.tasks.frontier.outward import lies_below, outward, turned
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
    row i of the second differ in distance only. Parts of a day or a year stay as measured. `reach` is how far the user
    said that laws are used: so far goes the far half for those features.
    """
    shares = np.array([name in simplex_columns(table) for name in table.features])
    labels = np.array([name in table.categories for name in table.features])
    far = {**dict.fromkeys(rounds(table), 0.0), **reach}
    out = outward(table)
    steps, matrix = (
        np.array([_step(far.get(name), column) for name, column in out.items()]),
        np.stack([*out.values()], 1),
    )
    codes, found = [], []
    for half, group in product((0, 1), probed_groups(table)):
        found.append(_rows(matrix[table.codes == group], shares, labels, steps, half))
        codes += [group] * len(found[-1])
    rows = np.concatenate(found)
    for k, (name, column) in enumerate(table.features.items()):
        if lies_below(name):
            rows[:, k] = turned(rows[:, k], column)
    return table.with_rows(rows, codes)


def probed_groups(table: Table) -> list[int]:
    """The codes of at most `GROUPS` groups that have rows, evenly over all of them."""
    present = np.unique(table.codes)
    return [int(code) for code in present[np.linspace(0, len(present) - 1, min(GROUPS, len(present))).astype(int)]]


def _step(stated: float | None, column: Array) -> tuple[float, float, bool]:
    """How far the far and the near half go beyond a column, and whether these are factors; else they are shares of its
    range. Not a number where nothing is stated; 0 is nowhere beyond."""
    factor = is_logarithmic(column) and stated != 0
    if stated is None:
        return np.nan, np.nan, factor
    return (stated, stated**NEAR, True) if factor else (stated, stated * SHARES[0] / SHARES[1], False)


def _rows(x: Array, shares: Mask, labels: Mask, steps: Array, half: int) -> Array:
    """Near rows (`half` 0) or far ones (1); columns of labels run through the combinations that were measured."""
    if labels.all():
        return x
    rest = ~labels
    rows = _unlabelled(x[:, rest], shares[rest], steps[rest], half)
    return _joined(labels, rows, np.unique(x[:, labels], axis=0)[: len(rows)])


def _unlabelled(x: Array, shares: Mask, steps: Array, half: int) -> Array:
    if shares.all():
        return _mixtures(x)[half]
    beyond = _beyond(x[:, ~shares], steps[~shares], half)
    return _joined(shares, beyond, _mixtures(x[:, shares])[half]) if shares.any() else beyond


def _joined(mask: Mask, others: Array, own: Array) -> Array:
    """Rows whose columns in `mask` are `own` and whose other columns are `others`; the shorter of both begins anew."""
    rows = np.arange(max(len(others), len(own)))
    joined = np.empty((len(rows), len(mask)))
    joined[:, ~mask], joined[:, mask] = others[rows % len(others)], own[rows % len(own)]
    return joined


def _beyond(x: Array, steps: Array, half: int) -> Array:
    value = _extended(x, half, steps)
    rows = [value]
    for k in range(x.shape[1]):
        alone, rest = x.max(axis=0), np.median(x, axis=0)
        alone[k] = rest[k] = value[k]
        rows += [alone, rest]
    return np.stack(rows)


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
