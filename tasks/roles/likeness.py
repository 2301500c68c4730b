"""How columns of numbers go with each other: nearly equal, on a line, in one order, along an axis."""

import numpy as np

from lawsmith.tasks.arrays import Array, along
from lawsmith.tasks.noise import rounding

FEWEST_ON_LINE = 6  # rows that tell more than chance by lying on a straight line
ONE_LINE = 1 - 1e-5  # correlation of two columns that are on a straight line
SAME_ORDER, SIZE = 0.99, 3.0  # correlation of ranks, and factor between the medians, of columns that are alike
APART = 0.9  # correlation of ranks above which a column rises or falls with another
SMOOTH = 0.3  # of the mean square between neighbours that chance makes, on a smooth curve at most
EVEN = 1.5  # factor between steps that are about even, at most


def agree(values: Array, target: Array, share: float) -> bool:
    """Whether a column typically differs from the target by less than this share of its standard deviation, and so does
    its logarithm, where it has one."""
    both = [(values, target), *([(np.log(values), np.log(target))] if min(values.min(), target.min()) > 0 else [])]
    return all(bool(np.median(np.abs(one - two)) < share * np.std(two)) for one, two in both)


def are_alike(values: Array, target: Array) -> bool:
    """Whether a column has the target's order, or its reverse, and about its size."""
    sizes = np.median(np.abs(values)), np.median(np.abs(target))
    return bool(min(sizes) * SIZE > max(sizes)) and along(values, target) > SAME_ORDER


def correlated(one: Array, two: Array) -> bool:
    """Whether two columns (n,) are on a straight line with each other."""
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return False
    a, b = ((v - v.min()) / np.ptp(v) for v in (one, two))
    return bool(abs(np.corrcoef(a, b)[0, 1]) > ONE_LINE)


def restates(values: Array, target: Array) -> bool:
    """Whether two columns are on a straight line, as they stand or with the logarithm of one or both."""
    views = [[one, np.log(one)] if one.min() > 0 else [one] for one in (values, target)]
    return any(correlated(a, b) for a in views[0] for b in views[1])


def goes_along(axis: Array, values: Array) -> bool:
    """Whether a column rises or falls with another one, or lies near a smooth curve along its distinct values."""
    steps = np.diff(values[np.argsort(axis, kind="stable")])
    distinct = len(np.unique(axis)) == len(values) >= FEWEST_ON_LINE
    smooth = distinct and np.mean(steps**2) < 2 * SMOOTH * np.var(values)
    return bool(smooth or along(axis, values) > APART)


def numbers_things(values: Array | None) -> bool:
    """Whether values are consecutive whole numbers in any order, such as 101, 102, 103."""
    return values is not None and np.array_equal(np.sort(values), np.arange(len(values)) + values.min())


def is_even(values: Array) -> bool:
    """Whether values are as far from each other, as settings often are and measurements are not."""
    steps = np.diff(np.sort(values))
    return len(steps) > 0 and bool(np.ptp(steps) <= 4 * rounding(values).max() + 1e-9 * np.ptp(values))


def is_stepped(values: Array) -> bool:
    """Whether the distinct values come at about even steps or ratios, 0 aside."""
    levels = np.unique(values)
    views = [levels, *([np.log(levels)] if levels[0] > 0 else []), np.log(levels[levels > 0])[1:]]
    steps = [np.diff(view) for view in views if len(view) > 2]
    return any(np.max(one) < EVEN * np.min(one) for one in steps)
