"""Where fits start: quasi-random inside the bounds, or at the magnitudes that the data suggests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lawsmith.tasks.arrays import Array
from lawsmith.tasks.table import Table

WIDE = 30.0  # a positive interval wider than this factor is sampled in the logarithm


@dataclass(frozen=True, eq=False)
class Scale:
    """Magnitudes of the data (medians and their inverses, including 1), for parameters without bounds."""

    magnitudes: Array

    @classmethod
    def of(cls, table: Table) -> Scale:
        """The magnitudes of a table: of each feature the median of its size."""
        medians = [float(np.median(np.abs(column))) for column in table.features.values()]
        positive = np.array([value for value in medians if value > 0] or [1.0])
        return cls(np.concatenate([[1.0, 1.0, 1.0], positive, 1 / positive]))


def draw(lower: Array, upper: Array, count: int, scale: Scale, rng: np.random.Generator) -> Array:
    """`count` parameter sets (count, K), the first in the middle of the bounds, the rest spread evenly."""
    if not len(lower):
        return np.zeros((1, 0))
    unit = _spread(count, len(lower), rng)
    unit[0] = 0.5
    columns = [_column(unit[:, k], lower[k], upper[k], scale, rng) for k in range(len(lower))]
    return np.stack(columns, axis=1)


def _spread(count: int, dimensions: int, rng: np.random.Generator) -> Array:
    """Randomly shifted additive recurrence in the unit cube: Roberts' R_d sequence, a generalised golden ratio."""
    ratio = 2.0
    for _ in range(64):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    return np.asarray((rng.random(dimensions) + np.arange(count)[:, None] * steps) % 1.0)


def _column(unit: Array, low: float, high: float, scale: Scale, rng: np.random.Generator) -> Array:
    if np.isfinite(low) and np.isfinite(high):
        if low > 0 and high / low > WIDE:
            return np.asarray(np.exp(np.log(low) + unit * (np.log(high) - np.log(low))))
        even = low + unit * (high - low)
        if low <= 0 and max(high, -low) > WIDE:  # generous bounds say nothing of the constant's size: the data may
            signs = rng.choice([-1.0, 1.0], len(unit)) if low < 0 else 1.0
            even[1::2] = np.clip(signs * _magnitudes(unit, scale, rng), low, high)[1::2]
        return even
    magnitude = _magnitudes(unit, scale, rng)
    magnitude[0] = 1.0
    if np.isfinite(low):
        return np.asarray(low + magnitude)
    if np.isfinite(high):
        return np.asarray(high - magnitude)
    return np.asarray(magnitude * rng.choice([-1.0, 1.0], len(unit)))


def _magnitudes(unit: Array, scale: Scale, rng: np.random.Generator) -> Array:
    """Sizes that the data suggests, within a factor of ten."""
    return np.asarray(rng.choice(scale.magnitudes, len(unit)) * 10 ** (2 * unit - 1))
