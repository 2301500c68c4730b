"""What no law can explain: the scatter of repeated measurements, and the digits in which they are written."""

from dataclasses import dataclass

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.table import Table, kept_with_table

LEAST_FREEDOM = 3  # repetitions, beyond the first of each, below which their scatter says little
CHANCE = 1e-3  # of so large a misfit by noise alone, at which repeated measurements rule a law out
COPIED = 1e-9  # share of the targets' spread below which repeated rows are copies
TOLD = 2.0  # standard deviations of rounding, above which an error can be told from it
OF_FLOATS, AT_MOST = 1e-20, 1e-10  # shares of the variance that rounding leaves, at the least and at the most
AT_NOISE = 1.15  # errors of at most so many times the scatter of repeated measurements leave nothing to explain
SIGNIFICANT = (3, 9)  # significant digits that are looked for: fewer say little, more are nearly full precision
ZEROS = 3.0  # decimal logarithm of how unlikely the zeros are with which decimals would end
FEWEST_RUNGS = 4  # values that were tried; three may look alike by chance
RUNG, UNEVEN = (1.15, 0.1)  # least ratio of neighbours that were tried, and share of it by which rounding moves one
MOST_DECIMALS = 12  # numbers written with more are as exact as a float


@dataclass(frozen=True, eq=False)
class Replicates:
    """Rows with equal features within a group. noise: their standard deviation (T,) about their own means.

    freedom: repetitions beyond the first of each. best_r2: the R² (T,) that no law of these features can pass, because
    it predicts one value for all of a set of replicates.
    """

    noise: Array
    freedom: int
    best_r2: Array


@kept_with_table
def replicates(table: Table) -> Replicates | None:
    """The pure noise of a table; None where hardly anything was measured twice.

    Rows count by their weight, as everywhere.
    """
    columns = [table.codes.astype(float), *table.features.values()]
    _, place, counts = np.unique(np.column_stack(columns), axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    freedom = int((counts - 1).sum())
    if freedom < LEAST_FREEDOM:
        return None
    weight, y = table.weights, table.target_matrix()
    total = np.bincount(place, weight)
    means = np.stack([np.bincount(place, weight * column) / total for column in y.T], axis=1)
    left = np.sum(weight[:, None] * (y - means[place]) ** 2, axis=0)
    variance = np.var(y, axis=0)
    best = 1 - left / np.where(variance > 0, len(y) * variance, 1.0)
    return Replicates(np.sqrt(left / freedom), freedom, best)


def rules_out(table: Table, errors: Array, constants: float) -> bool:
    """Whether repeated measurements contradict a law with so many fitted constants that misses the rows by `errors`
    (T,), root mean squares: the F test of lack of fit (Fisher 1922) against their scatter. Rows that were copied, and
    do not scatter at all, say nothing."""
    known = replicates(table)
    if known is None:
        return False
    copied = known.noise <= COPIED * table.target_matrix().std(axis=0)
    variance = np.where(copied, np.inf, known.noise**2 + resolution(table) ** 2)
    points = len(table) - known.freedom
    left = max(points - constants, 1.0)
    ratio = np.maximum(len(table) * errors**2 / variance - known.freedom, 0.0) / left
    from scipy.special import fdtrc  # a third of a second that tables without repetitions save

    return bool(np.any(fdtrc(left, known.freedom, ratio) < CHANCE))


@kept_with_table
def rounding_share(table: Table) -> float:
    """Share of the targets' variance that rounding leaves, of floats or to the digits in which they are written, and
    that no approximation comes down to."""
    spread = np.maximum(table.target_matrix().std(axis=0), 1e-300)
    written = float(((TOLD * resolution(table) / spread) ** 2).min())
    return min(max(written, OF_FLOATS), AT_MOST)


@kept_with_table
def resolution(table: Table) -> Array:
    """Standard deviation (T,) of rounding to the digits in which each target is written, its root mean square over the
    rows; 0 for full precision."""
    columns = [rounding(column) ** 2 for column in table.targets.values()]
    return np.asarray(np.sqrt([np.average(column, weights=table.weights) for column in columns]))


@kept_with_table
def ladder_noise(table: Table) -> Array:
    """Standard deviation (T,) of targets about what is between the `rung` values that were tried, its root mean square
    over the rows; 0 where a target takes any value, or its steps are those of an exact power law or exponential."""
    features = [*table.features.values(), *(np.log(one) for one in table.features.values() if one.min() > 0)]
    columns = table.within_groups(np.column_stack(features))
    found = []
    for target in table.targets.values():
        step = rung(target)
        if step:
            logs = table.within_groups(np.log(target)[:, None])[:, 0]
            left = logs - columns @ np.linalg.lstsq(columns, logs, rcond=None)[0]
            step *= float(np.abs(left).max() > UNEVEN * step)
        found.append(step / np.sqrt(12) * np.sqrt(np.average(target**2, weights=table.weights)))
    return np.array(found)


def rung(values: Array) -> float:
    """The logarithm of the ratio between neighbours where numbers (n,) are settings that were tried, as the best of a
    sweep: all a whole number of steps apart and some equal, or 1, 2 and 5 (or 1 and 3) times powers of ten; else 0."""
    tried = np.unique(values)
    if len(tried) < FEWEST_RUNGS or not tried[0] > 0:
        return 0.0
    first_digits = np.round(tried / 10.0 ** np.floor(np.log10(tried * (1 + 1e-9))), 6)
    for digits in ((1, 2, 5), (1, 3)):
        if np.isin(first_digits, digits).all():
            return float(np.log(10) / len(digits))
    gaps = np.diff(np.log(tried))
    steps = np.round(gaps / gaps.min())
    step = float(np.median(gaps / steps))
    even = np.abs(gaps - step * steps).max() <= UNEVEN * step and np.median(steps) == 1
    return step if even and step >= np.log(RUNG) and len(tried) < len(values) else 0.0


def rounding(values: Array) -> Array:
    """Standard deviation (n,) of rounding numbers (n,) to decimals, or to significant digits where all have as many."""
    return np.asarray(_last_digits(values) / np.sqrt(12))


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # the smallest numbers have no last digit
def _last_digits(values: Array) -> Array:
    """The unit (n,) of the last digit of each number."""
    size = np.abs(values).max(initial=0.0)
    if size == 0:
        return np.zeros(len(values))
    highest = int(np.floor(np.log10(size)))
    decimals = range(-highest, MOST_DECIMALS - highest)
    unit = next((10.0**-d for d in decimals if np.allclose(np.round(values, d), values, rtol=1e-14, atol=0)), 0.0)
    seen = values != 0
    order = np.floor(np.log10(np.abs(values[seen]) * (1 + 1e-14)))
    for digits in range(*SIGNIFICANT):
        units = 10.0 ** (order - digits + 1)
        if np.allclose(np.round(values[seen] / units) * units, values[seen], rtol=1e-14, atol=0):
            # a larger row of fixed decimals would end in so many zeros with the probability unit / units
            if np.maximum(np.log10(units) - np.log10(max(unit, units.min())), 0.0).sum() < ZEROS:
                break
            found = np.zeros(len(values))
            found[seen] = units
            return found
    return np.full(len(values), unit)
