"""Array types used throughout, and what is asked of columns of numbers."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
IntArray = NDArray[np.intp]
Mask = NDArray[np.bool_]

WIDE = 3.0  # positive values over at least this factor lie on a logarithmic axis
NORMAL = 1.4826  # a normal standard deviation in median absolute deviations
HALF = 0.5  # a part of a whole comes to this much, else nothing says that it ends at one
DILUTED = 30.0  # times the smallest, from which positive values that are spread by ratios are no parts of a whole


def weighted_median(values: Array, weights: Array) -> Array:
    """Along the first axis (C, ...): the smallest value with at least half of the weight (C, ...) at or below it."""
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0)
    place = np.argmax(reached >= 0.5 * reached[-1], axis=0)
    return np.asarray(np.take_along_axis(np.take_along_axis(values, order, 0), place[None], 0)[0])


def interquartile_mean(values: Array, weights: Array) -> Array:
    """Along the first axis (C, ...): the mean by weight (C,) without the smallest and largest quarter of the weight."""
    order = np.argsort(values, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0) / weights.sum()
    before = np.concatenate([np.zeros_like(reached[:1]), reached[:-1]])
    kept = np.clip(reached, 0.25, 0.75) - np.clip(before, 0.25, 0.75)
    return np.asarray((np.take_along_axis(values, order, 0) * kept).sum(axis=0) / kept.sum(axis=0))


def ranks(values: Array) -> Array:
    """The place (n,) of each value among the distinct ones in order, from 0."""
    return np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.float64)


def correlation(one: Array, two: Array) -> float:
    """Pearson's correlation of two columns (n,); 0 where one of them does not vary."""
    return float(np.corrcoef(one, two)[0, 1]) if one.std() > 0 and two.std() > 0 else 0.0


def geometric_mean(sizes: ArrayLike, least: float = 1e-300) -> float:
    """What errors typically are, also where they differ by powers of ten; none counts as less than `least`."""
    return float(np.exp(np.mean(np.log(np.maximum(sizes, least)))))


def is_logarithmic(values: Array) -> bool:
    """Whether values (n,) are positive and span at least a factor of `WIDE`; years, and dates of any kind, do not."""
    low, high = (float(np.min(values)), float(np.max(values))) if len(values) else (0.0, 0.0)
    return low > 0 and high / WIDE >= low


def is_by_ratios(values: Array) -> bool:
    """Whether positive values (n,) are spread by ratios and not evenly: half of them lie nearer to the smallest."""
    low, high = float(np.min(values)), float(np.max(values))
    return bool(np.median(np.unique(values)) <= ((low + high) / 2 + np.sqrt(low) * np.sqrt(high)) / 2)


def is_by_ratios_from_zero(values: Array, span: float = 30.0) -> bool:
    """Whether values (n,) are zero and, above it, a series of dilutions over a factor `span`: doses with a control."""
    above = np.unique(values[values > 0])
    return bool(np.min(values) == 0 and len(above) >= 3 and above[-1] >= span * above[0] and is_by_ratios(above))


def is_fraction(values: Array) -> bool:
    """Whether values (n,) are parts of a whole, of which the rest may matter (load, sparsity): between 0 and 1, and no
    series of dilutions."""
    low, high = float(np.min(values)), float(np.max(values))
    if not (low >= 0 and HALF <= high <= 1):
        return False
    positive = values[values > 0]
    return not (high >= DILUTED * positive.min() and is_by_ratios(positive))


def along(one: Array, two: Array) -> float:
    """The size of the correlation between two columns' ranks; 0 where one does not vary."""
    return abs(correlation(ranks(one), ranks(two)))


def decade(power: float) -> float:
    """The whole power of ten as it is written: 10.0**23 is another float than 1e23."""
    return float(f"1e{power:.0f}")


def telling_digits(values: Array) -> int:
    """The significant digits that tell values of a column (n,) apart: three, and more far from 0 (years, days)."""
    spread, size = float(np.ptp(values)), float(np.abs(values).max())
    return 3 + int(np.log10(size / spread)) if 0 < spread < size else 3
