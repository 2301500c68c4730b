"""The lines along which a law is drawn: through the typical row of a group, as far as its data tell, and beyond."""

from collections.abc import Mapping

import numpy as np

from lawsmith.runs.intervals.distance import Region
from lawsmith.tasks import Array, Table
from lawsmith.tasks.arrays import is_by_ratios_from_zero
from lawsmith.tasks.frontier.outward import lies_below

NEAREST, FARTHEST = 0.3, 1.0
"""A curve ends as far beyond the data as errors of the law were measured, but within these many ranges of it."""


class Scene:
    """The rows of group `code`. `log` says per feature whether it is measured as a logarithm; `reach`, as
    `Uncertainty` has it, how far beyond the data errors were measured."""

    def __init__(self, train: Table, test: Table | None, code: int, log: tuple[bool, ...], reach: float) -> None:
        self.code, self.log = code, log
        self.below = tuple(map(lies_below, train.features))
        self.rows = train.matrix()[train.codes == code]
        there = self.rows[:0] if test is None else test.matrix()[test.codes == code]
        self.seen = np.concatenate([self.rows, there])
        self.region = Region.of(self.rows, log)
        order = np.argsort(np.argsort(self.rows, axis=0), axis=0) / max(1, len(self.rows) - 1)
        self.typical = np.asarray(self.rows[np.argmin(np.sum((order - 0.5) ** 2, axis=1))])
        self.reach = float(np.clip(reach, NEAREST, FARTHEST))

    def varies(self, k: int) -> bool:
        """Whether the k-th feature takes more than one value in the data."""
        return self.region.low[k] < self.region.high[k]

    def measured(self, k: int) -> tuple[float, float]:
        """Where training rows begin and end along feature `k`, on the way to what lies beyond them."""
        low, high, _ = self.region.factor(k, 0.0)
        return (high, low) if self.below[k] else (low, high)

    def line(self, k: int, points: int, far: bool) -> Array:
        """(points,): values of feature `k` from its smallest to its largest, with `far` to beyond all rows: below those
        of a loss.

        A share of a whole does not exceed 1.
        """
        low, high = self.region.low[k], self.region.high[k]
        if far and self.below[k]:
            least = float(np.log(self.seen[:, k].min()) if self.log[k] else self.seen[:, k].min())
            low = min(low - (high - low) * self.reach, least)
        elif far:
            seen = self.seen[:, k]
            largest = float(np.log(seen.max()) if self.log[k] else seen.max())
            end = max(high + (high - low) * self.reach, largest)
            is_share = seen.min() >= 0 and seen.max() <= 1
            high = min(end, 0.0 if self.log[k] else 1.0) if is_share else end
        if is_by_ratios_from_zero(self.rows[:, k]):  # a curve that bends at small doses
            least = float(self.rows[self.rows[:, k] > 0, k].min())
            return np.concatenate([[0.0], np.geomspace(least / 3, high, points - 1)])
        line = np.linspace(low, high, points)
        return np.exp(line) if self.log[k] else line

    def at(self, k: int, line: Array, held: Mapping[int, float] | None = None) -> Array:
        """(n, F): the typical row with feature `k` along a line, and others at the values of `held`."""
        rows = np.tile(self.typical, (len(line), 1))
        rows[:, k] = line
        for other, value in (held or {}).items():
            rows[:, other] = value
        return rows
