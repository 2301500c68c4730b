"""Columns that follow from others: sums of logarithms (C = 6 N D), straight lines, labels of feature values."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray

FOLLOWS = 0.999  # share of the variance (R²) that the others explain where a column follows from them
SET_FROM = 0.995  # the same of a column that by its name is set from others, such as a learning rate
EXACT = 1 - 1e-10  # the same of two columns that are one quantity on scales that differ by a shift
ROWS_PER_COLUMN = 3  # a model with fewer rows than this for each of its columns tells nothing
MOST_PARTS = 3  # columns that a derived one is made of

_MADE = (
    "lr",
    "learning_rate",
    "warmup",
    "flops",
    "flop",
    "compute",
    "cost",
    "budget",
    "energy",
    "ratio",
    "per",
    "pf",
)
"""Words in names of columns that are made of others."""
_BASIC = (
    "n",
    "d",
    "params",
    "parameters",
    "tokens",
    "samples",
    "width",
    "depth",
    "layers",
    "size",
    "examples",
)
"""Words in names of columns that others are made of."""


def derived(
    columns: Mapping[str, Array], words: Mapping[str, Sequence[str]], keep: frozenset[str] = frozenset()
) -> dict[str, tuple[tuple[str, ...], float]]:
    """Columns to leave out -> the columns that they follow from, and how closely (R²).

    columns: name -> (n,) finite. words: name -> the words of the name. Columns of `keep` are never left out. Of columns
    that follow from each other the more basic ones stay: those so named, with fewer levels, further to the left.
    """
    rest, order = dict(columns), list(columns)
    made = {name: any(word in _MADE for word in words[name]) for name in columns}
    found: dict[str, tuple[tuple[str, ...], float]] = {}

    def grade(name: str) -> tuple[int, int, int]:
        basic = not made[name] and bool(words[name]) and words[name][-1] in _BASIC
        return made[name] - basic, len(np.unique(columns[name])), order.index(name)

    while (parts := _dependence(rest, made)) is not None:
        choice = [name for name in parts if name not in keep]
        if not choice:
            break
        out = max(choice, key=grade)
        others = tuple(name for name in order if name in parts and name != out)
        found[out] = (others, _closeness(out, others, rest))
        del rest[out]
    return found


def _dependence(columns: Mapping[str, Array], made: Mapping[str, bool]) -> tuple[str, ...] | None:
    """The smallest set of columns of which one follows from the others; None where there is none."""
    for one, two in combinations(columns, 2):
        if _same_quantity(columns[one], columns[two]):
            return one, two
    logs = {name: np.log(column) for name, column in columns.items() if column.min() > 0}
    rows = len(next(iter(columns.values()))) if columns else 0
    scaled = {name: _standard(column) for name, column in logs.items()}
    names = [name for name, column in scaled.items() if column is not None]
    for one, two in combinations(names, 2):
        least = SET_FROM if made[one] or made[two] else FOLLOWS
        if rows >= ROWS_PER_COLUMN * 2 and _correlation(logs[one], logs[two]) ** 2 > least:
            return one, two
    return _combination({name: logs[name] for name in names}, made, rows)


def _combination(logs: Mapping[str, Array], made: Mapping[str, bool], rows: int) -> tuple[str, ...] | None:
    """Three or more columns of which one is a product of powers of the others, as few as do."""
    names = list(logs)
    if len(names) < 3 or rows < ROWS_PER_COLUMN * 3:
        return None
    matrix = np.stack([_centred(logs[name]) for name in names], axis=1)
    usable = min(len(names), rows // ROWS_PER_COLUMN)
    for place, name in enumerate(names):
        others = [k for k in range(len(names)) if k != place]
        least = SET_FROM if made[name] else FOLLOWS
        parts = _forward(matrix, place, others, min(MOST_PARTS, usable - 1), least)
        if parts is not None:
            return name, *(names[k] for k in parts)
    return None


def _forward(matrix: Array, place: int, others: list[int], most: int, least: float) -> list[int] | None:
    """Columns of `others`, at most `most`, that explain column `place`, found one after the other; None without."""
    target = matrix[:, place]
    total = float(target @ target)
    left, chosen, basis = target.copy(), list[int](), matrix[:, others].copy()
    for _ in range(most):
        norms = np.sqrt(np.sum(basis**2, axis=0))
        scale = np.sqrt(np.sum(matrix[:, others] ** 2, axis=0))
        usable = norms > 1e-6 * scale
        gains = np.where(usable, np.abs(left @ basis) / np.where(usable, norms, 1.0), 0.0)
        best = int(np.argmax(gains))
        if gains[best] == 0:
            return None
        direction = basis[:, best] / norms[best]
        left = left - direction * float(direction @ left)
        basis = basis - np.outer(direction, direction @ basis)
        chosen.append(others[best])
        if float(left @ left) < (1 - least) * total:
            return chosen if len(chosen) > 1 else None
    return None


def _closeness(out: str, others: Sequence[str], columns: Mapping[str, Array]) -> float:
    """R² of the column's logarithm (of itself, where it is not positive) on those of the others."""
    positive = all(columns[name].min() > 0 for name in (out, *others))
    values = {name: np.log(columns[name]) if positive else columns[name] for name in (out, *others)}
    matrix = np.stack([_centred(values[name]) for name in others], axis=1)
    target = _centred(values[out])
    left = target - matrix @ np.linalg.lstsq(matrix, target, rcond=None)[0]
    return float(1 - left @ left / max(float(target @ target), np.finfo(float).tiny))


def _same_quantity(one: Array, two: Array) -> bool:
    """Whether two columns are one quantity, shifted and scaled, or one the logarithm of the other."""
    pairs = [(one, two)]
    pairs += [(np.log(one), two)] if one.min() > 0 else []
    pairs += [(one, np.log(two))] if two.min() > 0 else []
    enough = len(np.unique(one)) > 2 and len(np.unique(two)) > 2
    return enough and any(_correlation(a, b) ** 2 > EXACT for a, b in pairs)


def _centred(values: Array) -> Array:
    found = _standard(values)
    return np.zeros(len(values)) if found is None else found


def _standard(values: Array) -> Array | None:
    """Centred and of unit length; None where all values are equal."""
    spread = np.ptp(values)
    if not spread > 0:
        return None
    shifted = (values - values.min()) / spread  # no overflow, whatever the unit
    shifted = shifted - shifted.mean()
    return np.asarray(shifted / np.sqrt(shifted @ shifted))


def _correlation(one: Array, two: Array) -> float:
    a, b = _standard(one), _standard(two)
    return 0.0 if a is None or b is None else float(a @ b)


def label_of(labels: IntArray, columns: Mapping[str, Array]) -> tuple[str, ...]:
    """The columns that a label restates, empty where it says more: each label has its own values of them, and all
    its rows have the same (or, within a few percent of their range, nearly the same)."""
    count = int(labels.max()) + 1 if len(labels) else 0
    fixed = [name for name, column in columns.items() if _fixed(labels, column, count)]
    if not fixed or count < 2:
        return ()
    first = np.array([np.flatnonzero(labels == k)[0] for k in range(count)])
    points = {tuple(float(columns[name][row]) for name in fixed) for row in first}
    if len(points) == count:
        return tuple(fixed)
    return ()


def _fixed(labels: IntArray, column: Array, count: int) -> bool:
    """Whether a column is the same in all rows of a label: exactly, or the labels are narrow bands of it."""
    values = np.log(column) if column.min() > 0 else column
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, labels, values)
    np.maximum.at(high, labels, values)
    if np.all(low == high):
        return bool(low.min() < low.max())
    order = np.argsort(low)
    gaps = low[order][1:] - high[order][:-1]
    return count > 2 and bool(np.all(gaps > 3 * np.max(high - low)))
