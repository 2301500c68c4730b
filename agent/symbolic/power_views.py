"""Powers of a sum, alone or times powers of features: distances, softened forces, fields on an axis, drag.

Which powers they are is seen from quadratics in the features: y = ± x^a S^p where (y / x^a)^(1/p) = S.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

import numpy as np

from lawsmith.agent.symbolic.looks import View
from lawsmith.agent.symbolic.term_law import ROUNDING
from lawsmith.sandbox.law.expression import mul, power
from lawsmith.sandbox.law.nodes import Feature, Number
from lawsmith.sandbox.law.write_text import text
from lawsmith.tasks.arrays import Array, IntArray

FEW_FEATURES = 2  # up to which squares of squares are looked at too
MOST_POWER = 3  # of a feature before a sum
POWERS = (0.5, -0.5, -1.0, -1.5, -2.0, 2.0)  # of lengths, energies and fields in the squares of coordinates
PLAIN = 1.0  # that of a sum itself, which other searches find
ONE_SIGN = 0.999  # share of the target's size that has the sign of the feature; noise may turn small values
SMALLEST = 0.1  # of the median ratio, below which a row weighs no more: there noise decides the ratio
NEAREST = 1e-3  # of the median ratio, which no ratio is below
ZERO = 1e-12  # share of a feature's largest value that stands for nothing where it is divided by

Carrier = Mapping[str, int]
"""The powers of features before a sum."""


def power_view(
    features: Mapping[str, Array], target: Array, units: Mapping[str, float], rows: IntArray, solved: float
) -> tuple[View, float] | None:
    """The view of the target (n,) that a quadratic in the features (n,) states best at some rows, and the share of the
    target's variance that it leaves there; None where no ratio keeps one sign, or where the target is such a quadratic.

    A view that leaves less than the share `solved` states the target; the simplest of several such is taken.
    """
    columns = [values[rows] for values in features.values()]
    designs = [_quadratic(columns)]
    if len(columns) <= FEW_FEATURES:
        designs.append(_quadratic([*columns, *(column**2 for column in columns)]))
    positive = [name for name, values in features.items() if values.min() > 0]
    price = float(np.log(len(rows))) / len(rows)

    def seen(carrier: Carrier, exponent: float) -> _Seen:
        view = _view(carrier, features, target, exponent, units)
        left = [_left(view, design, target, rows) for design in designs]
        length = sum(map(abs, carrier.values()))
        lengths = [design.shape[1] + length for design in designs]
        each = [float(np.log(one + ROUNDING)) + price * length for one, length in zip(left, lengths, strict=True)]
        best = int(np.argmin(each))
        return _Seen(each[best], left[best], length, carrier, exponent, view)

    found = []
    for carrier, exponent in product(_carriers(features, target), (*POWERS, PLAIN)):
        near = seen(carrier, exponent)
        while nearby := [seen(one, exponent) for one in _nearby(near.carrier, positive)]:
            nearest = min(nearby, key=lambda one: one.criterion)
            if nearest.criterion >= near.criterion:
                break
            near = nearest
        found.append(near)
    exact = (one for one in found if one.left < solved)  # of these the largest power: none is the root of a square
    best = min(exact, key=lambda one: (one.length, -abs(one.exponent), one.criterion), default=None)
    best = best or min((one for one in found if one.exponent != PLAIN), key=lambda one: one.criterion, default=None)
    return None if best is None or best.exponent == PLAIN else (best.view, best.left)


@dataclass(frozen=True, eq=False)
class _Seen:
    """How well a quadratic states a view of the target beside a carrier: the Bayesian criterion of one row, the
    share of the target's variance that is left, and the sum of the carrier's powers."""

    criterion: float
    left: float
    length: int
    carrier: Carrier
    exponent: float
    view: View


def _quadratic(columns: list[Array]) -> Array:
    """The level, the columns, their squares and products (n, k)."""
    level = np.ones_like(columns[0])
    return np.stack([one * two for one, two in combinations_with_replacement([level, *columns], 2)], axis=1)


def _carriers(features: Mapping[str, Array], target: Array) -> Iterator[Carrier]:
    """What the target may be divided by so that one sign is left: nothing, or a feature of both signs."""
    options: list[tuple[Carrier, Array]] = [({}, np.ones_like(target))]
    options += [({name: 1}, values) for name, values in features.items() if values.min() < 0 < values.max()]
    for carrier, values in options:
        along = target * np.sign(values)
        if np.abs(along.sum()) >= ONE_SIGN * np.abs(along).sum() > 0:
            yield carrier


def _nearby(carrier: Carrier, positive: Sequence[str]) -> Iterator[Carrier]:
    """The same with one more or one less of a positive feature."""
    for name, step in product(positive, (-1, 1)):
        if abs(moved := carrier.get(name, 0) + step) <= MOST_POWER:
            yield {one: a for one, a in {**carrier, name: moved}.items() if a}


def _view(
    powers: Carrier, features: Mapping[str, Array], target: Array, exponent: float, units: Mapping[str, float]
) -> View:
    """(y / (± x^a))^(1 / exponent), whose rows next to x = 0 or y = 0 stay finite and weigh little."""
    carrier = np.ones_like(target)
    for name, a in powers.items():
        nothing = ZERO * float(np.abs(features[name]).max())
        carrier = carrier * np.where(np.abs(features[name]) < nothing, nothing, features[name]) ** a
    sign = float(np.sign((target * np.sign(carrier)).sum()))

    def ratio(y: Array) -> Array:
        quotient = sign * y / carrier.reshape(-1, *(1,) * (y.ndim - 1))
        return np.asarray(np.maximum(quotient, NEAREST * np.median(np.abs(quotient), axis=0)))

    def seen(y: Array) -> Array:
        return np.asarray(ratio(y) ** (1 / exponent))

    def slope(y: Array) -> Array:
        size = np.abs(carrier).reshape(-1, *(1,) * (y.ndim - 1))
        bend = 1 - 1 / exponent
        steady = ratio(y) if bend > 0 else np.maximum(ratio(y), SMALLEST * np.median(ratio(y), axis=0))
        return np.asarray(size * abs(exponent) * steady**bend)

    before = mul(*(power(Feature(name, units[name]), Number(float(a))) for name, a in powers.items()))
    title = f"power {exponent:g}" + (f" times {text(before).replace(' ', '')}," if powers else "")
    if sign < 0:
        before = mul(Number(-1.0), before)
    return View(title, seen, slope, lambda node: mul(before, power(node, Number(exponent))))


def _left(view: View, quadratic: Array, target: Array, rows: IntArray) -> float:
    """Share of the target's variance that a quadratic leaves."""
    with np.errstate(all="ignore"):
        weight = view.slope(target)[rows]
        design, values = quadratic * weight[:, None], view.seen(target)[rows] * weight
    if not (np.isfinite(design).all() and np.isfinite(values).all()):
        return np.inf
    solution = np.linalg.lstsq(design, values, rcond=1e-12)[0]
    return float(((design @ solution - values) ** 2).mean() / target[rows].var())
