"""Divisions of the training rows whose held-out part lies beyond the fitted range, as a test split's does.

Everything here looks at features and groups only, never at a target, but that a table of many features is cut along
those alone that explain its targets best.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray, Mask, is_logarithmic
from lawsmith.tasks.frontier.leading import leading
from lawsmith.tasks.frontier.outward import outward
from lawsmith.tasks.noise import rounding
from lawsmith.tasks.table import Table, kept_with_table

FEW_LEVELS = 24  # a feature with more distinct values in a group is cut by row shares instead of by level
SHARES = (0.1, 0.2, 0.35)  # depths of frontier cuts for continuous features, as shares of a group's rows
LEVELS = (1, 2, 3)  # depths for features on a grid: the largest one, two, three levels …
LEAST = (0.05, 0.1, 0.15)  # … or as many more as hold such a share of a group's rows
FEWEST_POINTS = 5  # distinct rows that the fitted part keeps in each group, where two folds do
KEEP_LEVELS = 3  # a fitted part keeps at least this many levels of the feature that is cut
SMALLEST_SHARE, LARGEST_SHARE = 0.04, 0.6  # of the rows that a fold may hold out
SAME_LEVEL = 1.04  # positive values closer than this ratio are one level
BLOCKS = 6  # leave-levels-out folds of a design without a frontier
SIMPLEX_TOLERANCE = 1e-3  # error of the sum of shares, as a part of the range of the widest share
LEAST_SHARE = 1e-2  # a share's range is at least this part of the widest share's
ROUNDED, LOOSE = 6.0, 0.1  # standard deviations of rounding between two sums of written shares, and parts of that range


@dataclass(frozen=True, eq=False)
class Fold:
    """`fitted` and `held_out` are row positions in the training table; they never overlap.

    kind: "frontier" (one feature's largest values, or the smallest of a loss), "corner" (several at once) or "levels"
    (whole design points).
    """

    name: str
    kind: str
    fitted: IntArray
    held_out: IntArray


@kept_with_table
def frontier_folds(table: Table) -> tuple[Fold, ...]:
    """The folds of a table, a function of its features and its groups; of a wide table also of its targets, by
    `lawsmith.tasks.frontier.leading`."""
    folds = _all_folds(table)
    starved = _starved(table, folds)
    telling = tuple(fold for fold, group in zip(folds, starved, strict=True) if group is None)
    return telling if len(telling) > 1 else folds


def left_out_folds(table: Table) -> tuple[int, str]:
    """How many folds `frontier_folds` leaves out, and a group of which they would leave fewer than `FEWEST_POINTS`
    distinct rows to fit.

    Laws of four constants pass through four points, and their errors beyond are whatever it takes to do so.
    """
    folds = _all_folds(table)
    starved = [group for group in _starved(table, folds) if group is not None]
    return (len(starved), starved[0]) if starved and len(folds) - len(starved) > 1 else (0, "")


def _all_folds(table: Table) -> tuple[Fold, ...]:
    rng = np.random.default_rng(0)  # shuffles design points only
    shares = simplex_columns(table)
    ordered = leading(table, frontier_features(table))
    depths = [(name, depth, _beyond(table, name, depth)) for name in ordered for depth in range(len(LEVELS))]
    folds = [one for name, k, mask in depths for one in _fold(table, f"{name}>{k + 1}", "frontier", mask)]
    folds += _corners(table, ordered)
    if len(folds) < 2 or shares:
        folds += _leave_points_out(table, shares or ordered or tuple(table.features), rng)
    unique: dict[bytes, Fold] = {}
    for fold in folds:
        unique.setdefault(fold.held_out.tobytes(), fold)
    return tuple(unique.values())


def _starved(table: Table, folds: Sequence[Fold]) -> list[str | None]:
    """For each fold a group of which it leaves fewer than `FEWEST_POINTS` distinct rows; None where there is none."""
    distinct, point = np.unique(np.column_stack([table.codes, table.matrix()]), axis=0, return_inverse=True)
    group, found = distinct[:, 0].astype(np.intp), list[str | None]()
    for fold in folds:
        codes, counts = np.unique(group[np.unique(point.reshape(-1)[fold.fitted])], return_counts=True)
        found.append(table.groups[codes[counts.argmin()]] if counts.min() < FEWEST_POINTS else None)
    return found


def frontier_features(table: Table) -> tuple[str, ...]:
    """The features that have a beyond: neither shares of a whole nor codes of labels."""
    others = (*simplex_columns(table), *table.categories)
    return tuple(name for name in table.features if name not in others)


def simplex_columns(table: Table) -> tuple[str, ...]:
    """The features that are shares of a whole; empty where there are none."""
    return tuple(simplex_units(table))


@kept_with_table
def simplex_units(table: Table) -> dict[str, float]:
    """Factors b > 0 by feature, for those that are shares of a whole, whatever the whole and the unit of each.

    Shares are not negative, and add up to one number in every row once each has been given a unit: the sum of b x is 1
    but for an error that is small beside what each b x varies, or that the digits explain in which they are written.
    """
    columns = {name: column for name, column in table.features.items() if name not in table.categories}
    largest = {name: column.max() for name, column in columns.items() if column.size and column.max() > 0}
    columns = {name: columns[name] / most for name, most in largest.items()}
    columns = {name: column for name, column in columns.items() if column.min() >= -SIMPLEX_TOLERANCE}
    names = list(columns)
    while len(names) > 1 and len(table) > len(names) + 1:
        parts = np.stack([columns[name] for name in names], axis=1)
        factors = np.linalg.lstsq(parts, np.ones(len(table)), rcond=None)[0]
        ranges = factors * np.ptp(parts, axis=0)
        if not ranges.max() > 0:
            return {}
        shares = [name for name, spread in zip(names, ranges, strict=True) if spread > LEAST_SHARE * ranges.max()]
        if len(shares) == len(names):
            off, widest = np.ptp(parts @ factors), ranges.max()
            units = {name: float(factor / largest[name]) for name, factor in zip(names, factors, strict=True)}
            if off <= SIMPLEX_TOLERANCE * widest:
                return units
            if off <= LOOSE * widest:
                digits = [factor * rounding(table.features[name]).max() for name, factor in units.items()]
                if off <= ROUNDED * np.linalg.norm(digits):
                    return units
            shares.pop(int(np.argmin(ranges)))
        names = shares
    return {}


def _corners(table: Table, names: Sequence[str]) -> Iterator[Fold]:
    """Rows that lie far out in at least two features; the rest of each feature's frontier stays fitted."""
    if len(names) < 2:
        return
    for depth in range(len(LEVELS)):
        beyond = np.stack([_beyond(table, name, min(depth + 1, 2)) for name in names])
        yield from _fold(table, f"corner>{depth + 1}", "corner", beyond.sum(axis=0) >= 2 + (depth == 0))


def _beyond(table: Table, name: str, depth: int) -> Mask:
    """Rows whose `name` is among the farthest out of their group, `depth` steps deep (0 to 2)."""
    column, mask = outward(table)[name], np.zeros(len(table), dtype=bool)
    order = np.argsort(table.codes, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(table.codes[order])) + 1) if len(table) else ():
        mask[rows] = column[rows] > _cut(column[rows], depth)
    return mask


def _cut(values: Array, depth: int) -> float:
    levels = _levels(values)
    if len(levels) <= KEEP_LEVELS - 1:
        return float(np.inf)
    if len(levels) <= FEW_LEVELS:
        most = np.quantile(values, 1 - LEAST[depth], method="higher")
        kept = max(KEEP_LEVELS - 1, min(len(levels) - LEVELS[depth], int(np.searchsorted(levels, most))))
        return float(levels[kept - 1] * (1 + 1e-9 * np.sign(levels[kept - 1])))
    return float(np.quantile(values, 1 - SHARES[depth]))


def _levels(values: Array) -> Array:
    """Distinct values, ascending; on a logarithmic axis values within a few percent count as one level, the largest."""
    distinct = np.unique(values)
    if not is_logarithmic(values):
        return distinct
    largest, begin = [], 0
    while begin < len(distinct):
        begin = int(np.searchsorted(distinct, SAME_LEVEL * distinct[begin], side="right"))
        largest.append(distinct[begin - 1])
    return np.array(largest)


def _leave_points_out(table: Table, names: Sequence[str], rng: np.random.Generator) -> Iterator[Fold]:
    """Whole design points (the same values of `names` in every group) held out together, in shuffled blocks."""
    columns = [table.features[name] for name in names]  # rounding in the last digits makes no new design point
    design = np.column_stack([np.round(c / max(float(np.abs(c).max()), np.finfo(float).tiny), 12) for c in columns])
    _, point = np.unique(design, axis=0, return_inverse=True)
    point = point.reshape(-1)
    count = int(point.max()) + 1
    order = rng.permutation(count)
    for block in range(min(BLOCKS, count)):
        yield from _fold(table, f"points{block + 1}", "levels", np.isin(point, order[block::BLOCKS]))


def _fold(table: Table, name: str, kind: str, mask: Mask) -> Iterator[Fold]:
    share = float(mask.mean()) if len(mask) else 0.0
    whole = len(np.unique(table.codes)) == len(np.unique(table.codes[~mask]))
    if SMALLEST_SHARE <= share <= LARGEST_SHARE and whole:
        yield Fold(name, kind, np.flatnonzero(~mask), np.flatnonzero(mask))


FADE = 3.0  # a row with the smallest level of every feature weighs exp(-FADE) of one with the largest in a group of …
ROWS = 12  # … so many rows, or fewer; more rows bear a steeper fall
STEEPEST = 7.0  # of any number of rows, so that no row counts for nothing


def has_frontier(table: Table) -> bool:
    """Whether some feature is more than a share of a whole or a label, so that there is a beyond."""
    return bool(frontier_features(table))


@kept_with_table
def nearness(table: Table) -> Array:
    """Weights (n,) in (0, 1]: exp(-f (1 - r)), r the mean over features of a row's rank among its group's levels.

    f is FADE (m / ROWS)^(1 / (4 + d)) for the m rows of the group and d features, from FADE to STEEPEST, as the
    bandwidth of local regression falls (Fan and Gijbels 1996). Every law is wrong somewhere, and with many rows this
    moves a fit more than their noise does. Ranks run from 0 at the smallest level to 1 at the largest, the other way
    for a loss. Shares of a whole and labels have no frontier and do not count; a table with nothing else gets ones.
    """
    columns = [column for name, column in outward(table).items() if name in frontier_features(table)]
    if not columns:
        return np.ones(len(table))
    rank = sum(_rank(column, table.codes) for column in columns) / len(columns)
    rows = np.bincount(table.codes)[table.codes]
    fade = np.clip(FADE * (rows / ROWS) ** (1 / (4 + len(columns))), FADE, STEEPEST)
    return np.asarray(np.exp(-fade * (1 - rank)))


def _rank(column: Array, codes: IntArray) -> Array:
    """Position (n,) of each row's level among its group's levels, from 0 to 1; 1 in a group of one level."""
    order = np.lexsort((column, codes))
    values, groups = column[order], codes[order]
    level = np.cumsum(np.append(0, (np.diff(groups) != 0) | (np.diff(values) != 0)))
    first = level[np.searchsorted(groups, groups, side="left")]
    last = level[np.searchsorted(groups, groups, side="right") - 1]
    rank = np.empty(len(column))
    rank[order] = np.where(first < last, (level - first) / np.maximum(last - first, 1), 1.0)
    return rank
