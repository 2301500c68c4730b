"""Features that act together alone: their product, quotient, sum or difference says all that both do.

A polynomial in fewer features shows them: with the joint feature in the place of two it is as good as with both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from lawsmith.sandbox.law.expression import Feature, Node, Number, add, mul, power, transform
from lawsmith.sandbox.law.write_text import text
from lawsmith.tasks.arrays import Array

MOST_FEATURES = 6
EXPONENTS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)  # of the second feature of a product
MOST_DEGREE, ROWS_OF_A_COLUMN = 12, 3  # of a polynomial, as far as there are rows
DECADE = 10.0  # ratio of the largest to the smallest value, from which a logarithmic axis is tried too
PROMISING = 3e-3  # share of the variance that a polynomial may leave
LEAST = 1e-9  # share of the variance below which approximations are not told apart


@dataclass(frozen=True, eq=False)
class JointFeature:
    """A function of features: its title, its values (n,), its tree."""

    title: str
    values: Array
    node: Node


def joint_features(features: Mapping[str, Array], target: Array, units: Mapping[str, float]) -> list[JointFeature]:
    """The features (n,), in their units, with joint ones in the places of those that act on the target (n,) through
    these alone; none where each acts on its own."""
    known = [JointFeature(name, column / units[name], Feature(name, units[name])) for name, column in features.items()]
    if not 1 < len(known) <= MOST_FEATURES:
        return []
    seen, weight = target - target.mean(), np.ones(len(target))
    if target.min() > 0:
        seen, weight = np.log(target), target / np.hypot(target, np.median(target))
    least = _criterion(known, seen, weight)
    while len(known) > 1:
        trials = [
            [*(f for f in known if f is not one and f is not two), joint]
            for one, two in combinations(known, 2)
            for joint in _joined(one, two, units)
        ]
        criterion, best = min(((_criterion(trial, seen, weight), trial) for trial in trials), key=lambda one: one[0])
        if criterion > least or not math.isfinite(criterion):
            break
        least, known = criterion, best
    return known if len(known) < len(features) else []


def in_features(node: Node, known: Sequence[JointFeature]) -> Node:
    """A tree of these features as a tree of those that they are made of."""
    trees = {one.title: one.node for one in known}

    def written(part: Node) -> Node:
        if not isinstance(part, Feature) or isinstance(trees[part.name], Feature):
            return part
        return mul(*((Number(1 / part.unit),) if part.unit != 1 else ()), trees[part.name])

    return transform(node, written)


def _joined(one: JointFeature, two: JointFeature, units: Mapping[str, float]) -> Iterator[JointFeature]:
    """What both may act as."""
    if one.values.min() > 0 and two.values.min() > 0:
        for a in EXPONENTS:
            node = mul(one.node, two.node if a == 1 else power(two.node, Number(a)))
            yield JointFeature(_title(node), one.values * two.values**a, node)
    ratio = units.get(two.title, 1.0) / units.get(one.title, 1.0)
    for sign in (ratio, -ratio):
        node = add(one.node, two.node if sign == 1 else mul(Number(sign), two.node))
        yield JointFeature(_title(node), one.values + sign * two.values, node)


def _title(node: Node) -> str:
    return f"[{text(node).replace(' ', '')}]"


def _criterion(known: Sequence[JointFeature], seen: Array, weight: Array) -> float:
    """The Bayesian criterion of the best polynomial in these features, for one row; infinite where it leaves much."""
    columns = [one.values for one in known]
    logs = [np.log(c) if c.min() > 0 and c.max() > DECADE * c.min() else c for c in columns]
    return min(
        _of_polynomials(axes, seen, weight)
        for axes in ((columns,) if all(a is b for a, b in zip(columns, logs, strict=True)) else (columns, logs))
    )


def _of_polynomials(axes: Sequence[Array], seen: Array, weight: Array) -> float:
    """The same for polynomials along these axes (n,)."""
    rows, counts, degree = len(seen), [1], 0
    while ROWS_OF_A_COLUMN * math.comb(len(axes) + degree + 1, degree + 1) <= rows and degree < MOST_DEGREE:
        degree += 1
        counts.append(math.comb(len(axes) + degree, degree))
    scaled = [2 * (axis - axis.min()) / (np.ptp(axis) or 1.0) - 1 for axis in axes]
    each = [np.polynomial.chebyshev.chebvander(axis, degree) for axis in scaled]
    powers = sorted((one for one in product(range(degree + 1), repeat=len(axes)) if sum(one) <= degree), key=sum)
    columns = [np.prod([v[:, a] for v, a in zip(each, one, strict=True)], axis=0) for one in powers]
    along = np.linalg.qr(np.stack(columns, axis=1) * weight[:, None])[0]
    left, total, best = seen * weight, 0.0, math.inf
    for begin, end in zip([0, *counts], counts, strict=False):
        left = left - along[:, begin:end] @ (along[:, begin:end].T @ left)
        total = total or float(left @ left)
        share = float(left @ left) / total
        if share < PROMISING:
            best = min(best, math.log(share + LEAST) + end * math.log(rows) / rows)
    return best
