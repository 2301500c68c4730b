"""Columns that follow from others: sums of logarithms (C = 6 N D), straight lines, labels of feature values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray, Mask
from lawsmith.tasks.noise import rounding
from lawsmith.tasks.words import WORDS

FOLLOWS = 0.999  # share of the variance (R²) that the others explain where a column follows from them
SET_FROM = 0.995  # the same of a column that by its name is set from others, such as a learning rate
KINKS = 0.2  # share of the points of a schedule, such as the end of a warm-up
EXACT = 1 - 1e-10  # the same of two columns that are one quantity on scales that differ by a shift
MOST_ROUNDED = 4.0  # variances of rounding by which two columns of one quantity differ at most
STATED_LOGARITHM = 1 - 1e-4  # the same where the name of one says that it is a logarithm, which may be rounded
ROWS_PER_COLUMN = 3  # a model with fewer rows than this for each of its columns tells nothing
MOST_PARTS = 3  # columns that a derived one is made of
MOST_CODES, LARGEST_CODE = 5, 3.0  # levels of a factor in a designed experiment, and the farthest axial point

_LOGARITHM = frozenset(("log", "log2", "log10", "ln", "lg"))
_BASIC = ("n", "d", "params", "parameters", "tokens", "samples", "size", "examples")
"""Words in names of columns that others are made of."""


def is_basic(words: Sequence[str]) -> bool:
    """Whether the words of a name end in one of a size that others are made of."""
    return not set(words[-1:]).isdisjoint(_BASIC)


def is_made(words: Sequence[str], kind: str = "made") -> bool:
    """Whether the words of a name are those of a setting that is made of others, such as a learning rate."""
    return not WORDS[kind].isdisjoint((*words, "_".join(words[-2:])))


def derived(columns: Mapping[str, Array], words: Mapping[str, Sequence[str]]) -> dict[str, tuple[tuple[str, ...], str]]:
    """Columns to leave out -> the columns that they follow from, and how closely, in words.

    columns: name -> (n,) finite. words: name -> the words of the name. Of columns that follow from each other the more
    basic ones stay: those so named, with fewer levels, further to the left.
    """
    order, values = list(columns), list(columns.values())
    if len(order) < 2:
        return {}
    logarithms = [not _LOGARITHM.isdisjoint(words[name]) for name in order]
    made = [is_made(words[name]) or logarithms[k] for k, name in enumerate(order)]
    levels = [len(np.unique(column)) for column in values]
    likeness = _Likeness.of(values, levels, made, logarithms)
    coded = [_is_coded(column) for column in values]

    def grade(several: bool, place: int) -> tuple[float, int, int]:
        set_from = made[place] and (several or not is_made(words[order[place]], "budgets"))
        last = words[order[place]][-1:]
        last = [] if len("".join(last)) == 1 and order[place][-2:-1].isalpha() else last  # of kN
        basic = float(is_basic(last) and not set_from)
        found = not {"time", "epoch", "opt", "optimal", "trainable"}.isdisjoint(
            words[order[place]]
        )  # of a ramp; of a rank
        return set_from - (-0.5 if found or coded[place] else basic), levels[place], place

    rest, left = _parted(likeness, len(order), grade)
    found = {}
    for out, parts in left.items():
        kept = likeness.dependence([*rest, out]) or parts  # in terms of columns that stay, where these are few enough
        staying = [place for place in sorted(kept) if place in rest]
        others = tuple(order[place] for place in staying or kept if place != out)
        found[order[out]] = (others, _closeness(order[out], others, columns))
    for place in (place for place in rest if made[place]):
        basis = [other for other in rest if not made[other] and _is_curve(values[other], values[place])]
        if basis:
            found[order[place]] = ((order[basis[0]],), "along a curve")
    return found


def _parted(
    likeness: "_Likeness", count: int, grade: Callable[[bool, int], tuple[float, int, int]]
) -> tuple[list[int], dict[int, tuple[int, ...]]]:
    """The places of the columns that stay, and of those to leave out -> the columns of the dependence that shows it.

    Of columns that follow from each other, the one of the highest grade is left out.
    """
    rest, left = list(range(count)), dict[int, tuple[int, ...]]()
    while (parts := likeness.dependence(rest)) is not None:
        following = [part for part in parts if likeness.follows(part, parts)] or parts
        out = max(following, key=partial(grade, len(parts) > 2))
        left[out] = parts
        rest.remove(out)
    for place in list(rest):  # 1 / T in K beside T in °C, from which T in K follows
        stay = set(rest) - {place}
        through = [p for out, p in left.items() if stay.issuperset({*p} - {out}) and likeness.dependence([place, out])]
        if through:
            left[place] = through[0]
            rest.remove(place)
    return rest, left


def _is_coded(column: Array) -> bool:
    """Whether a column (n,) holds the codes of a designed experiment, -1, 0 and 1 with axial points beyond, which stand
    for the values of another one."""
    levels = np.unique(column)
    balanced = 2 < len(levels) <= MOST_CODES and np.allclose(levels, -levels[::-1], rtol=0, atol=1e-3)
    return bool(balanced and {-1.0, 1.0} <= set(levels.tolist()) and levels[-1] <= LARGEST_CODE)


def _is_curve(along: Array, column: Array) -> bool:
    """Whether a column (n,) lies between its neighbours on a curve along another, as a schedule along the steps, or
    goes one way with its few values."""
    levels, place, counts = np.unique(along, return_inverse=True, return_counts=True)
    means = np.bincount(place, column) / counts
    if len(column) < ROWS_PER_COLUMN * 2 or np.mean((column - means[place]) ** 2) > (1 - SET_FROM) * np.var(column):
        return False
    steps = np.diff(means)
    if 2 < len(levels) <= len(column) / 2 and ((steps >= 0).all() or (steps <= 0).all()):
        return True
    apart = means[1:-1] - (means[:-2] + means[2:]) / 2
    return len(levels) >= ROWS_PER_COLUMN * 2 and bool(
        np.quantile(apart**2, 1 - KINKS) < (1 - SET_FROM) * np.var(means)
    )


@dataclass(frozen=True, eq=False)
class _Likeness:
    """What C columns have in common, from one product of all of them.

    same: (C, C), whether two are one quantity, shifted and scaled, or one the logarithm of the other. logs: (C, C)
    correlations between logarithms, 0 where there is none. least: (C,) R² from which a column follows from others.
    """

    rows: int
    same: Mask
    logs: Array
    least: Array

    @classmethod
    def of(
        cls, columns: Sequence[Array], levels: Sequence[int], made: Sequence[bool], logarithms: Sequence[bool]
    ) -> Self:
        plain = np.array([_centred(column) for column in columns])
        logs = np.array([_centred(np.log(column)) if column.min() > 0 else np.zeros(len(column)) for column in columns])
        across, enough = logs @ plain.T, np.array(levels) > 2
        closest = np.maximum(np.abs(plain @ plain.T), np.maximum(np.abs(across), np.abs(across.T)))
        stated = np.array(logarithms, dtype=bool)
        exact = np.array([np.clip(1 - _rounded_away(column), FOLLOWS, EXACT) for column in columns])
        enough_alike = np.where(stated[:, None] ^ stated, STATED_LOGARITHM, np.minimum(exact, exact[:, None]))
        same = (closest**2 > enough_alike) & enough & enough[:, None]
        return cls(plain.shape[-1], same, logs @ logs.T, np.where(made, SET_FROM, FOLLOWS))

    def dependence(self, rest: Sequence[int]) -> tuple[int, ...] | None:
        """The smallest set of the columns `rest` of which one follows from the others; None where there is none."""
        kept = np.ix_(rest, rest)
        alike = self.logs[kept] ** 2 > np.minimum(self.least[rest], self.least[rest][:, None])
        for pairs in (self.same[kept], alike & (self.rows >= ROWS_PER_COLUMN * 2)):
            found = np.argwhere(np.triu(pairs, 1))
            if len(found):
                return rest[found[0, 0]], rest[found[0, 1]]
        return self._combination([place for place in rest if self.logs[place, place] > 0])

    def follows(self, place: int, parts: Sequence[int]) -> bool:
        """Whether a column of a dependence follows from its others: a density that hardly counts in it does not."""
        others = [part for part in parts if part != place]
        given, needed = self.logs[place, others], self.logs[np.ix_(others, others)]
        explained = float(given @ np.linalg.lstsq(needed, given, rcond=None)[0])
        return len(others) < 2 or explained >= min(self.least[place], FOLLOWS)

    def _combination(self, rest: Sequence[int]) -> tuple[int, ...] | None:
        """Three or more columns of which one is a product of powers of the others, as few as do."""
        if len(rest) < 3 or self.rows < ROWS_PER_COLUMN * 3:
            return None
        products = self.logs[np.ix_(rest, rest)]
        most = min(MOST_PARTS, len(rest) - 1, self.rows // ROWS_PER_COLUMN - 1)
        for place, column in enumerate(rest):
            parts = _forward(products, place, most, self.least[column])
            if parts is not None:
                return column, *(rest[part] for part in parts)
        return None


def _forward(products: Array, place: int, most: int, least: float) -> list[int] | None:
    """Columns, at most `most`, that explain column `place`, found one after the other; None without.

    products: (C, C) scalar products of columns of unit length. What is explained is taken away from all of them.
    """
    left, chosen = products, list[int]()
    usable = np.arange(len(products)) != place
    for _ in range(most):
        squares = np.diag(left)
        usable &= squares > 1e-12
        gains = np.where(usable, left[place] ** 2 / np.where(usable, squares, 1.0), 0.0)
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            return None
        left = left - np.outer(left[best], left[best]) / squares[best]
        usable[best] = False
        chosen.append(best)
        if left[place, place] < 1 - least:
            return chosen if len(chosen) > 1 else None
    return None


def _closeness(out: str, others: Sequence[str], columns: Mapping[str, Array]) -> str:
    """R² of a column on the others, of the logarithms of one side or of both where these are closer."""
    sides = [columns[out]], [columns[name] for name in others]
    views = [[side, list(map(np.log, side))] if min(one.min() for one in side) > 0 else [side] for side in sides]
    pairs = ((explained(y, x), k + m) for k, (y,) in enumerate(views[0]) for m, x in enumerate(views[1]))
    closest, logarithms = max(pairs)
    return f"R² {closest:.5f}{('', ' with logarithms', ' between logarithms')[logarithms]}"


def explained(column: Array, others: Sequence[Array]) -> float:
    """The share of its variance (R²) that other columns (n,) explain of a column, with a constant."""
    matrix, target = np.stack([_centred(one) for one in others], axis=1), _centred(column)
    left = target - matrix @ np.linalg.lstsq(matrix, target, rcond=None)[0]
    return float(1 - left @ left / max(float(target @ target), np.finfo(float).tiny))


def _rounded_away(column: Array) -> float:
    """The share of its variance that rounding to the digits in which a column (n,) is written may change."""
    size = float(np.ptp(column)) or 1.0
    return float(MOST_ROUNDED * np.mean((rounding(column) / size) ** 2) / max(float(np.var(column / size)), 1e-300))


def _centred(values: Array) -> Array:
    """Centred and of unit length; zeros where all values are equal."""
    spread = np.ptp(values)
    shifted = (values - values.min()) / (spread if spread > 0 else np.inf)  # no overflow, whatever the unit
    shifted = shifted - shifted.mean()
    return np.asarray(shifted / max(np.sqrt(shifted @ shifted), np.finfo(float).tiny))


def label_of(labels: IntArray, columns: Mapping[str, Array]) -> tuple[str, ...]:
    """The columns that a label restates, empty where it says more: each label has its own values of them, and all
    its rows have the same (or, within a few percent of their range, nearly the same)."""
    count = int(labels.max()) + 1 if len(labels) else 0
    fixed = [name for name, column in columns.items() if _fixed(labels, column, count)]
    first = np.array([np.flatnonzero(labels == k)[0] for k in range(count)])
    points = {tuple(float(columns[name][row]) for name in fixed) for row in first}
    return tuple(fixed) if len(points) == count > 1 else ()


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
    return count > 2 and bool(np.all(gaps > 10 * np.max(high - low)))
