"""Finds functions of a weighted sum of two features (ridge functions): of a difference, of a pulse that travels.

A pair and its weight are seen by splines of the weighted sum; the search over sums then finds the function, and the
weight is fitted with it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, combinations_with_replacement

import numpy as np

from lawsmith.agent.symbolic.ahead import Stop
from lawsmith.agent.symbolic.factors import SUM
from lawsmith.agent.symbolic.term_law import ROUNDING, ScaledRows, TermLaw, refine
from lawsmith.agent.symbolic.term_search import TermSearch
from lawsmith.tasks.arrays import Array

MOST_FEATURES = 4  # with more there are too many pairs
KNOTS = 10  # of a spline
ANGLES = 60  # of the weighted sum, that are looked at first
FINER = 4  # rounds that each look five times as closely
CLEARLY = 1.0  # logarithm of the error, by which a ridge must be better than a sum of splines
PROMISING = 0.05  # share of the variance that a spline may leave
ROUNDS = 2  # the second one knows the weight well
PRICE = 0.1  # of length, as in the first search over sums
LEAST = 1e-6  # share of the error that a step must take off
NEARBY = 0.1  # share of the weight by which it moves at first, when it is fitted


@dataclass(frozen=True)
class RidgeLaw:
    """A sum of terms in features and in `argument`, the sum of two features, the second one times `weight`."""

    law: TermLaw
    argument: str
    weight: float
    ends: tuple[float, float]


def ridge(rows: ScaledRows, names: Sequence[str], stop: Stop) -> tuple[RidgeLaw | None, int]:
    """The best sum of terms of which one is a function of a weighted sum of two of the features `names`, if splines see
    such a function; and how many sums were tried."""
    seen = _seen(rows, names) if rows.blocks == 1 and 1 < len(names) <= MOST_FEATURES else None
    if seen is None:
        return None, 0
    (one, two), weight = seen
    argument, tried, best = f"{one}{SUM}{two}", 0, None
    for _ in range(ROUNDS):
        search = TermSearch(_with(rows, argument, weight), list(names), frozenset(), stop)
        next(search.stages(), None)
        tried += search.tried
        laws = [law for law in search.best.values() if any(f.argument == argument for term in law.terms for f in term)]
        found = []
        for law in sorted(laws, key=lambda law: law.constants):
            found.append(_fitted(rows, argument, weight, law))
            if found[-1][1].error < rows.solved:
                break  # longer ones are no better
        if not found:
            break
        weight, law = min(found, key=lambda one: one[1].score(PRICE))
        if best is None or law.score(PRICE) < best.law.score(PRICE):
            best = RidgeLaw(law, argument, weight, _with(rows, argument, weight).ends[argument])
        if law.error < rows.solved or stop():
            break
    return best, tried


def _with(rows: ScaledRows, argument: str, weight: float) -> ScaledRows:
    """The rows with the weighted sum as one more argument."""
    one, two = argument.split(SUM)
    values = rows.arguments[one] + weight * rows.arguments[two]
    ends = {**rows.ends, argument: (float(values.min()), float(values.max()))}
    return replace(rows, arguments={**rows.arguments, argument: values}, ends=ends)


def _fitted(rows: ScaledRows, argument: str, weight: float, law: TermLaw) -> tuple[float, TermLaw]:
    """The weight with which the law fits best, and the law with it."""
    step = NEARBY * abs(weight)
    while step > 1e-11 * abs(weight) and law.error > rows.solved:
        trials = [(refine(law, _with(rows, argument, moved), 20), moved) for moved in (weight - step, weight + step)]
        found, moved = min(trials, key=lambda one: one[0].error)
        if found.error < law.error * (1 - LEAST):
            law, weight = found, moved
        else:
            step /= 3
    return weight, law


def _seen(rows: ScaledRows, names: Sequence[str]) -> tuple[tuple[str, str], float] | None:
    """The pair of features and the weight of the second one, where a spline of their weighted sum beside a quadratic
    is far better than a spline of each feature beside it."""
    columns = {name: rows.arguments[name] for name in names}
    unit = {name: (values - values.mean()) / (values.std() or 1.0) for name, values in columns.items()}
    level = np.ones(rows.count)
    quadratic = [one * two for one, two in combinations_with_replacement([level, *unit.values()], 2)]
    splines = [list(_spline(values)) for values in unit.values()]
    plain = min(_criterion(rows, [*quadratic, *spline]) for spline in (*splines, chain.from_iterable(splines)))
    least, best = min(plain - CLEARLY, math.log(PROMISING)), None
    for one, two in combinations(names, 2):
        at, criterion = _angle(rows, quadratic, unit[one], unit[two])
        if criterion < least:
            weight = math.tan(at) * float(columns[one].std() / columns[two].std())
            least, best = criterion, ((one, two), weight)
    return best


def _angle(rows: ScaledRows, quadratic: Sequence[Array], one: Array, two: Array) -> tuple[float, float]:
    """The angle of the weighted sum of two columns whose spline fits best, and its criterion."""
    angles, step = np.arange(1, ANGLES) * math.pi / ANGLES - math.pi / 2, math.pi / ANGLES
    best = math.inf, 0.0
    for _ in range(FINER):
        found = [
            (_criterion(rows, [*quadratic, *_spline(math.cos(a) * one + math.sin(a) * two)]), float(a)) for a in angles
        ]
        best = min(best, min(found))
        angles, step = best[1] + np.linspace(-1, 1, 11) * step, step / 5
    return best[1], best[0]


def _spline(values: Array) -> Iterator[Array]:
    """Truncated cubes at knots that have as many rows between them."""
    yield values**3
    for knot in np.quantile(values, np.arange(1, KNOTS) / KNOTS):
        yield np.maximum(values - knot, 0.0) ** 3


def _criterion(rows: ScaledRows, columns: Sequence[Array]) -> float:
    """The Bayesian criterion of the columns (n,), for one row."""
    design = np.stack(columns, axis=1) * rows.weight[:, None]
    solution = np.linalg.lstsq(design, rows.target, rcond=1e-12)[0]
    left = float(((rows.target - design @ solution) ** 2).sum()) / rows.measured
    length = len(columns) * math.log(rows.measured) / rows.measured
    return math.log(left + ROUNDING) + length
