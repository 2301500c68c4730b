"""Finds outliers, rows that every leading law misses by far: a slipped digit, a diverged run, a wrong unit.

The leading laws are fitted so that single rows do not pull them. A row is disbelieved where each of them misses it by
several times what it misses the other rows by, all to the same side, and meets the rows around it. A row that is missed
together with its neighbours is no outlier: there is a bend that no law has yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lawsmith.tasks.arrays import NORMAL, Array, IntArray, Mask, ranks
from lawsmith.tasks.noise import rounding, rung
from lawsmith.tasks.table import Table

FAR = 8.0  # robust standard deviations beyond which a row is an outlier …
FAR_AT_EDGE = 12.0  # … and where it is outermost in some feature, where laws that are nearly right bend away
LEADING, AS_GOOD = (8, 1.5)  # laws that are asked: at most so many, with at most this times the best robust error
EXPLAINED = 0.5  # share of the targets' robust spread below which the errors of a leading law have to lie
FEW, MOST = (2, 0.02)  # rows, or share of them, that may be missed whatever the others look like
MANY = 0.17  # share of the rows that may be missed where hardly any other is almost missed; else tails are heavy
ALMOST, APART = (5.0, 2)  # robust standard deviations of such a row, and rows that are missed for each such row
NEARLY_ALL = 0.75  # of the rows at an end of a feature; fewer may have diverged there
FEW_THERE = 3  # rows at an end of a feature, or of two, that have no others beyond them
EXPLAINS = 0.1  # of what the plain laws miss a row by, that a law which meets it misses at most
NEIGHBOURS = 5  # rows whose errors say whether one alone is wrong
OWN = 0.6  # share of a row's residual that its neighbours must not have as well
ALSO_PLAIN = 3.0  # plain standard deviations that a row with a large relative error has to be off as well
SMALL_SHARE = 0.2  # of the value, up to which a factor of a few is no chance
GROWS, RATIO = (0.3, 3.0)  # rank correlation of error and size, and ratio of sizes, from which errors are relative
UNITS = (60.0, 3600.0, *(10.0**power for power in range(1, 13)))  # factors between units, and slips of the point
SAME_UNIT = 0.1  # of the logarithm, by which rows that are off by such a factor differ at most from it
OF_NOISE = 2.5  # relative errors of the other rows, by which rows that are off by any one factor differ at most
LEAST = 1e-9  # share of the largest measured value that counts as nothing
MOST_OF_A_UNIT = 0.3  # share of the rows that may be in another unit


@dataclass(frozen=True)
class Disbelieved:
    """An outlier: a measurement that all leading laws miss by far. place: position in the training table, from 0. row:
    of the file, counted from 1. met: whether the law that was chosen at the end predicts it nevertheless."""

    place: int
    row: int
    target: str
    measured: float
    expected: float
    met: bool = False

    @property
    def sentence(self) -> str:
        """What a user is told of the row, where no law meets it."""
        pairs = ([f"{value:.{digits}g}" for value in (self.measured, self.expected)] for digits in range(4, 18))
        measured, expected = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
        return (
            f"Row {self.row} looks like an outlier: {self.target} is {measured} there, but the leading laws "
            f"predict {expected}. It counts next to nothing; --trust-all counts it in full."
        )

    def to_json(self) -> dict[str, Any]:
        """The row of the file as JSON data."""
        return {name: value for name, value in vars(self).items() if name != "place"}


def disbelieved(train: Table, predictions: Sequence[Array], growing: bool = False) -> tuple[Disbelieved, ...]:
    """The measurements that the leading of some laws disbelieve, given their predictions (n, T) for the training rows.

    growing: whether errors are known to be shares of the value. The laws have to be fitted robustly. Empty where no law
    explains the rows, or where too many rows are missed.
    """
    around = neighbours(train)
    edge = at_edge(train)
    found = []
    for t, (name, measured) in enumerate(train.targets.items()):
        columns = [column for one in predictions if np.isfinite(column := one[:, t]).all()]
        leading = _leading(measured, columns, np.sqrt(train.weights))
        if not len(leading):
            continue
        expected = np.median(leading, axis=0)
        relative = growing or (train.weight is None and errors_are_relative(measured, expected))
        sizes = np.maximum(np.abs(leading), LEAST * np.abs(measured).max())  # a law may come down to 0
        unit = sizes if relative else np.broadcast_to(train.weights**-0.5, leading.shape)
        apart = _apart(measured, leading, unit, relative)
        missed = _missed(measured, leading, unit, apart, around, edge)
        missed |= _missed(measured, leading, unit, apart, around, edge, known=missed)
        missed &= ~_where_laws_bend(train, missed)
        few = missed.sum() <= max(FEW, MOST * len(train))
        if (
            few
            or _stand_apart(measured, expected, missed, np.median(unit, axis=0))
            or (missed.mean() <= MOST_OF_A_UNIT and factor_of_unit(measured[missed], expected[missed]))
        ):
            found += [
                Disbelieved(int(k), int(train.row_numbers[k]), name, float(measured[k]), float(expected[k]))
                for k in np.flatnonzero(missed)
            ]
    return tuple(found)


def with_those_met(
    rows: Sequence[Disbelieved], train: Table, predictions: Array, growing: bool
) -> tuple[Disbelieved, ...]:
    """The rows, of which the law with these predictions (n, T) meets some: it misses them as it does others."""
    judged = []
    for one in rows:
        measured, expected = train.targets[one.target], predictions[:, list(train.targets).index(one.target)]
        size = np.abs(measured - expected) / (np.maximum(np.abs(expected), 1e-300) if growing else train.weights**-0.5)
        least = float(_least(measured)[one.place])
        least = max(ALMOST * least, EXPLAINS * abs(one.measured - one.expected))
        met = size[one.place] <= ALMOST * NORMAL * np.median(size) or np.abs(measured - expected)[one.place] <= least
        judged.append(replace(one, met=bool(met)))
    return tuple(judged)


def _where_laws_bend(train: Table, missed: Mask) -> Mask:
    """Rows (n,) at an end of a feature, of all rows or of a group, where nearly all rows are missed: no slips, but laws
    that are wrong there, such as those without a level at a dose of 0."""
    found = np.zeros(len(train), dtype=bool)
    for rows in (np.ones_like(found), *(train.codes == code for code in np.unique(train.codes))):
        for column in train.features.values():
            for end in (column[rows].min(), column[rows].max()):
                there = rows & (column == end)
                if there.sum() >= FEW_THERE and missed[there].mean() > NEARLY_ALL:
                    found |= there
    return found


def _stand_apart(measured: Array, expected: Array, missed: Mask, unit: Array) -> bool:
    """Whether rows (n,) are missed by far, hardly any other by nearly as much, and not all of them by one factor:
    slips, no heavy tails and no group of their own."""
    size = np.abs(measured - expected) / unit
    almost = np.sum((size > ALMOST * NORMAL * np.median(size)) & ~missed)
    with np.errstate(divide="ignore", invalid="ignore"):  # a law may expect 0, of which nothing is a multiple
        ratios = measured / expected
        alike = np.fmin(SAME_UNIT, OF_NOISE * NORMAL * np.median(np.abs(ratios[~missed] - 1)))
        grouped = np.std(ratios[missed]) < alike * abs(np.mean(ratios[missed]))
    return bool(missed.mean() <= MANY and APART * almost <= missed.sum() and not grouped)


def factor_of_unit(measured: Array, expected: Array) -> float | None:
    """The factor between two units by which all of some measurements (n,) differ from what was expected of them."""
    if not len(measured) or not (measured * expected > 0).all():
        return None
    away = np.log(measured / expected)
    known = (factor for size in UNITS for factor in (size, 1 / size))
    return next((factor for factor in known if np.abs(away - np.log(factor)).max() < SAME_UNIT), None)


def errors_are_relative(measured: Array, expected: Array) -> bool:
    """Whether errors grow with the size of what is measured (n,), as a share of it."""
    size, miss = np.abs(expected), np.abs(measured - expected)
    if len(size) < 12 or not (np.sign(measured) == np.sign(measured[0])).all() or not (size > 0).all():
        return False
    if np.quantile(size, 0.9) < RATIO * np.quantile(size, 0.1):
        return False
    ranks = np.stack([np.argsort(np.argsort(values)).astype(float) for values in (size, miss)])
    return bool(np.corrcoef(ranks)[0, 1] > GROWS)


def _leading(measured: Array, columns: Sequence[Array], scale: Array) -> Array:
    """Predictions (L, n) of the laws with the smallest robust errors, each times its row's `scale` (n,), so that none
    leads by the largest values alone where errors grow; none where they explain too little."""
    if not columns:
        return np.empty((0, len(measured)))
    errors = np.array([np.median(np.abs(measured - column) * scale) for column in columns])
    whole = np.median(np.abs(measured - np.median(measured)) * scale)
    order = np.argsort(errors, kind="stable")[:LEADING]
    good = [k for k in order if errors[k] <= AS_GOOD * errors[order[0]] and errors[k] < EXPLAINED * whole]
    return np.array([columns[k] for k in good]).reshape(len(good), len(measured))


def _apart(measured: Array, leading: Array, unit: Array, relative: bool) -> Array:
    """What each leading law (L, n) misses the rows by, in units (L, n). Where errors are small shares of the value, a
    row far below it counts by its factor: nothing is less than none of what is expected."""
    residual = (measured - leading) / unit
    small = relative and NORMAL * np.median(np.abs(residual), axis=1, keepdims=True) < SMALL_SHARE
    return np.where(small & (residual < 0) & (residual > -1), np.log1p(np.clip(residual, -1 + 1e-9, 0)), residual)


def _missed(
    measured: Array, laws: Array, unit: Array, residual: Array, around: IntArray, edge: Mask, known: Mask | None = None
) -> Mask:
    """Rows (n,) that all leading `laws` (L, n) miss by far, to one side, and their neighbours are not missed so; rows
    that are `known` to be missed are no neighbours. unit (L, n): what errors are shares of."""
    size = np.abs(residual)
    scale = NORMAL * np.median(size, axis=1, keepdims=True)
    # exact laws leave nothing else
    rounded = _least(measured) / unit
    noticed = np.abs(measured - laws)
    noticed = noticed > ALSO_PLAIN * NORMAL * np.median(noticed, axis=1, keepdims=True)
    far = noticed & (size > np.where(edge, FAR_AT_EDGE, FAR) * np.maximum(scale, rounded))
    side = np.sign(residual)
    typical = np.median(residual, axis=0)
    near = typical[around] if known is None else np.where(known[around], np.nan, typical[around])
    counts = ~np.isnan(near).all(axis=1)
    lonely = np.zeros(len(typical), dtype=bool)
    lonely[counts] = np.abs(np.nanmedian(near[counts], axis=1)) < (1 - OWN) * np.abs(typical[counts])
    return np.asarray(far.all(axis=0) & (side == side[0]).all(axis=0) & lonely)


def _least(measured: Array) -> Array:
    """Errors (n,) of measurements below which nothing is told: their digits, and the way to the next value tried."""
    known = np.maximum(rounding(measured), rung(measured) / np.sqrt(12) * np.abs(measured))
    return np.asarray(np.maximum(known, LEAST * np.abs(measured).max()))


def neighbours(train: Table) -> IntArray:
    """The nearest rows (n, k) of each row by ranks of the features, of its own group where that has enough of them."""
    levels = map(ranks, train.features.values())
    places = np.column_stack([place / max(1, place.max()) for place in levels])
    count = min(NEIGHBOURS, len(train) - 1)
    nearest = np.empty((len(train), count), dtype=np.intp)
    for row in range(len(train)):
        away = np.abs(places - places[row]).sum(axis=1) + 2 * (train.codes != train.codes[row])
        away[row] = np.inf
        nearest[row] = np.argsort(away, kind="stable")[:count]
    return nearest


def at_edge(train: Table) -> Mask:
    """Rows at an end of a feature, or at a corner of two, where their group has fewer than `FEW_THERE` rows."""
    found = np.zeros(len(train), dtype=bool)
    for code in np.unique(train.codes):
        rows = np.flatnonzero(train.codes == code)
        columns = [column[rows] for column in train.features.values()]
        ends = np.column_stack([column == end for column in columns for end in (column.min(), column.max())])
        few = ends.T.astype(float) @ ends < FEW_THERE  # of one end on the diagonal, of two beside it
        found[rows] = ((ends @ few) & ends).any(axis=1)
    return found
