"""How far a point lies beyond the data that a law was fitted to, in units of the data's own range."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np

from lawsmith.tasks import Array, Table
from lawsmith.tasks.arrays import Mask
from lawsmith.tasks.frozen import Exact

MOST_ROWS = 256  # of a group that distances are measured to


class Region(Exact):
    """The rows of one group in coordinates where each feature runs from 0 to 1 over the data.

    log: per feature, whether it is measured as a logarithm. low, high: (F,) range on that axis. points: rows (at
    most 256). gap: the largest distance of one of them to its nearest neighbour.
    """

    log: tuple[bool, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    points: tuple[tuple[float, ...], ...]
    gap: float

    @classmethod
    def of(cls, x: Array, log: tuple[bool, ...]) -> Self:
        """The region of rows x (n, F) with n > 0."""
        t = _axis(x, log)
        low, high = t.min(axis=0), t.max(axis=0)
        unit = np.unique(_unit(t, low, high), axis=0)
        if len(unit) > MOST_ROWS:
            unit = unit[np.linspace(0, len(unit) - 1, MOST_ROWS).astype(int)]
        gap = float(_nearest(unit, unit, itself=True).max()) if len(unit) > 1 else 0.0
        points = tuple(tuple(float(v) for v in row) for row in np.round(unit, 6))
        return cls(log=log, low=tuple(low.tolist()), high=tuple(high.tolist()), points=points, gap=gap)

    def distance(self, x: Array) -> Array:
        """(n,): 0 inside the data; beyond it, how far, in ranges of the data.

        The larger of the distance to the box around the data and of how much farther the nearest row is than rows
        are from each other (an empty corner of the box).
        """
        unit = self._coordinates(x)
        box = np.sqrt(np.sum(np.maximum(0, np.maximum(-unit, unit - 1)) ** 2, axis=1))
        corner = np.maximum(0, _nearest(unit, np.array(self.points)) - self.gap)
        return np.asarray(np.maximum(box, corner))

    def completed(self, x: Array, given: Mask) -> Array:
        """Rows x (n, F), whose features that are not `given` (F,) become those of the nearest row of the data; of
        several that are as near, of the one nearest to the middle."""
        points = np.array(self.points)
        weight = np.where(given, 1.0, 1e-6)
        nearest = [
            int(np.argmin(np.square(points - one) @ weight)) for one in np.where(given, self._coordinates(x), 0.5)
        ]
        low, high = np.array(self.low), np.array(self.high)
        there = low + points[nearest] * (high - low)
        return np.where(given, x, np.where(self.log, np.exp(np.where(self.log, there, 0.0)), there))

    def _coordinates(self, x: Array) -> Array:
        """(n, F): 0 to 1 over the data; a value without a logarithm is placed on a plain axis."""
        with np.errstate(invalid="ignore", divide="ignore"):
            unit = _unit(_axis(x, self.log), np.array(self.low), np.array(self.high))
            plain = _unit(x, *(np.array([*map(self._value, range(len(ends)), ends)]) for ends in (self.low, self.high)))
        return np.where(np.isfinite(unit), unit, plain)

    def middle(self, feature: int) -> float:
        """The middle of the data along a feature, on its axis."""
        return self._value(feature, (self.low[feature] + self.high[feature]) / 2)

    def factor(self, feature: int, value: float) -> tuple[float, float, bool]:
        """Smallest and largest value of a feature in the data, and whether `value` is outside."""
        low, high = self._value(feature, self.low[feature]), self._value(feature, self.high[feature])
        slack = 1e-9 * max(abs(low), abs(high))
        return low, high, not low - slack <= value <= high + slack

    def _value(self, feature: int, coordinate: float) -> float:
        """The value of a feature at a coordinate of its axis."""
        return float(np.exp(coordinate)) if self.log[feature] else coordinate


def distances(regions: Mapping[str, Region], rows: Table) -> Array:
    """(n,): how far each row lies beyond the data of its group, in ranges of that data."""
    x, found = rows.matrix(), np.zeros(len(rows))
    for code in np.unique(rows.codes):
        mask = rows.codes == code
        found[mask] = regions[rows.groups[code]].distance(x[mask])
    return found


def halfway(regions: Mapping[str, Region], rows: Table, moved: Sequence[str]) -> Table:
    """The rows, of which the `moved` features lie half as far beyond the data of their group, on their axis."""
    columns = dict(rows.features)
    for k, name in enumerate(rows.features):
        if name in moved:
            ends = np.array([regions[rows.groups[code]].factor(k, 0.0)[:2] for code in rows.codes])
            column, edge = columns[name], np.clip(columns[name], *ends.T)
            ratio = all(region.log[k] for region in regions.values())
            columns[name] = edge * np.sqrt(np.maximum(column / edge, 0)) if ratio else (column + edge) / 2
    return replace(rows, features=columns)


def _axis(x: Array, log: tuple[bool, ...]) -> Array:
    columns = [np.log(x[:, k]) if log[k] else x[:, k] for k in range(x.shape[1])]
    return np.column_stack(columns)


def _unit(t: Array, low: Array, high: Array) -> Array:
    """Coordinates from 0 to 1; of a feature that does not vary, any other value lies a whole size away."""
    size = np.where(high > low, high - low, np.maximum(np.abs(high), 1.0))
    return np.asarray((t - low) / size)


def _nearest(x: Array, points: Array, itself: bool = False) -> Array:
    """(n,): distance to the nearest point; to the nearest other one with `itself`."""
    found = np.empty(len(x))
    for begin in range(0, len(x), 512):
        part = x[begin : begin + 512]
        away = np.sqrt(((part[:, None, :] - points[None, :, :]) ** 2).sum(axis=2))
        if itself:
            away[np.arange(len(part)), np.arange(begin, begin + len(part))] = np.inf
        found[begin : begin + 512] = away.min(axis=1)
    return found
