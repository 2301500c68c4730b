"""What the search may know of a table before it fits anything: kinds of columns, units, shapes seen in slices."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations

import numpy as np

from tasks.arrays import Array
from tasks.folds import is_simplex
from tasks.table import Table

SCALE_RATIO = 3.0  # a positive column that spans at least this factor is treated on a logarithmic axis
SHARE_LIMIT = 1.0 + 1e-9
SLICES = 3  # slices that must agree before a column counts as having an optimum


class Kind(StrEnum):
    SCALE = "scale"  # positive, over a wide range: power laws and logarithms make sense
    SHARE = "share"  # part of a whole
    SIGNED = "signed"  # anything else: polynomials and sigmoids


@dataclass(frozen=True)
class Profile:
    """`unit`: power of ten nearest a column's geometric middle. `bowls`: scale columns with an optimum inside.

    `nested`: pairs (large, small) of scale columns where the first is never below the second, and equal somewhere.
    `positive`: every target value is above zero.
    """

    kinds: dict[str, Kind]
    unit: dict[str, float]
    smallest: dict[str, float]
    range: dict[str, tuple[float, float]]
    bowls: tuple[str, ...]
    nested: tuple[tuple[str, str], ...]
    positive: bool
    simplex: bool

    def of(self, kind: Kind) -> tuple[str, ...]:
        return tuple(name for name, own in self.kinds.items() if own is kind)


def profile(table: Table) -> Profile:
    simplex = is_simplex(table)
    kinds = {name: _kind(column, simplex) for name, column in table.features.items()}
    unit = {
        name: _unit(column) if kinds[name] is Kind.SCALE else 1.0 for name, column in table.features.items()
    }
    scales = [name for name, kind in kinds.items() if kind is Kind.SCALE]
    return Profile(
        kinds=kinds,
        unit=unit,
        smallest={name: float(column.min()) for name, column in table.features.items()},
        range={name: (float(c.min()), float(c.max())) for name, c in table.features.items()},
        bowls=tuple(name for name in scales if _has_optimum(table, name)),
        nested=tuple(pair for pair in permutations(scales, 2) if _is_nested(table, *pair)),
        positive=all(column.min() > 0 for column in table.targets.values()),
        simplex=simplex,
    )


def _kind(column: Array, simplex: bool) -> Kind:
    if simplex:
        return Kind.SHARE
    if column.min() > 0 and column.max() / column.min() >= SCALE_RATIO:
        return Kind.SCALE
    return Kind.SIGNED


def _unit(column: Array) -> float:
    return float(10.0 ** np.round(np.log10(np.sqrt(column.min() * column.max()))))


def _is_nested(table: Table, large: str, small: str) -> bool:
    ratio = table.features[large] / table.features[small]
    return bool(ratio.min() > 1 - 1e-6 and (ratio < 1 + 1e-6).mean() > 0.02 and ratio.max() > 2)


def _has_optimum(table: Table, name: str) -> bool:
    """Whether, with everything else equal, the target usually has its smallest or largest value strictly inside."""
    others = [column for other, column in table.features.items() if other != name]
    if not others:
        return False
    keys = np.stack([*(np.round(np.log(np.abs(c) + 1e-300), 2) for c in others), table.codes], axis=1)
    _, slice_of = np.unique(keys, axis=0, return_inverse=True)
    slice_of = slice_of.reshape(-1)
    target = next(iter(table.targets.values()))
    inside = {"low": 0, "high": 0}
    total = 0
    for one in np.flatnonzero(np.bincount(slice_of) >= 4):
        rows = np.flatnonzero(slice_of == one)
        levels, level_of = np.unique(table.features[name][rows], return_inverse=True)
        means = np.bincount(level_of, target[rows]) / np.bincount(level_of)
        if len(levels) < 4:
            continue
        total += 1
        inside["low"] += 0 < int(np.argmin(means)) < len(levels) - 1
        inside["high"] += 0 < int(np.argmax(means)) < len(levels) - 1
    return total >= SLICES and max(inside.values()) > 0.5 * total
