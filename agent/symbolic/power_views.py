"""Powers of a sum, alone or times a feature: distances, softened forces, drag along one direction.

Which power and which feature is seen from quadratics in the other features: y = ± x S^p where (y / x)^(1/p) = S.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement

import numpy as np

from lawsmith.agent.symbolic.looks import View
from lawsmith.agent.symbolic.term_law import ROUNDING
from lawsmith.sandbox.law.expression import mul, power
from lawsmith.sandbox.law.nodes import Feature, Node, Number
from lawsmith.tasks.arrays import Array, IntArray

FEW_FEATURES = 2  # up to which squares of squares are looked at too
POWERS = (0.5, -0.5, -1.0, -1.5, -2.0, 2.0)  # of lengths, energies and fields in the squares of coordinates
ONE_SIGN = 0.999  # share of the target's size that has the sign of the feature; noise may turn small values
SMALLEST = 0.1  # of the median ratio, below which a row weighs no more: there noise decides the ratio
NEAREST = 1e-3  # share of a feature's largest value, below which a row says nothing of the ratio


def power_view(
    features: Mapping[str, Array], target: Array, units: Mapping[str, float], rows: IntArray
) -> tuple[View, float] | None:
    """The view of the target (n,) that a quadratic in the features (n,) states best at some rows, and the share of the
    target's variance that it leaves there; None where no ratio keeps one sign."""
    columns = [values[rows] for values in features.values()]
    designs = [_quadratic(columns)]
    if len(columns) <= FEW_FEATURES:
        designs.append(_quadratic([*columns, *(column**2 for column in columns)]))
    found: list[tuple[float, float, View]] = []
    for name, carrier in _carriers(features, target):
        sign = float(np.sign((target * np.sign(carrier)).sum()))
        for exponent in POWERS if name or sign > 0 else ():
            if not name and exponent == -1.0:
                continue  # the reciprocal is looked at anyway
            view = _view(name, carrier, sign, exponent, units)
            for design in designs:
                left = _left(view, design, target, rows)
                length = design.shape[1] * float(np.log(len(rows))) / len(rows)
                found.append((float(np.log(left + ROUNDING)) + length, left, view))
    if not found:
        return None
    _, left, view = min(found, key=lambda one: one[0])
    return view, left


def _quadratic(columns: list[Array]) -> Array:
    """The level, the columns, their squares and products (n, k)."""
    level = np.ones_like(columns[0])
    return np.stack([one * two for one, two in combinations_with_replacement([level, *columns], 2)], axis=1)


def _carriers(features: Mapping[str, Array], target: Array) -> Iterator[tuple[str | None, Array]]:
    """What the target may be divided by so that one sign is left: nothing, or a feature; rows where it is next to
    nothing count as `NEAREST`."""
    options: list[tuple[str | None, Array]] = [(None, np.ones_like(target)), *features.items()]
    for name, values in options:
        least = NEAREST * float(np.abs(values).max())
        carrier = np.where(np.abs(values) < least, np.where(values < 0, -least, least), values)
        along = target * np.sign(carrier)
        if np.abs(along.sum()) >= ONE_SIGN * np.abs(along).sum() > 0:
            yield name, carrier


def _view(name: str | None, carrier: Array, sign: float, exponent: float, units: Mapping[str, float]) -> View:
    """(y / (sign x))^(1 / exponent), whose rows next to x = 0 or y = 0 stay finite and weigh little."""

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

    def back(node: Node) -> Node:
        carried = (Feature(name, units[name]),) if name else ()
        return mul(*((Number(-1.0),) if sign < 0 else ()), *carried, power(node, Number(exponent)))

    return View(f"power {exponent:g}" + (f" times {name}," if name else ""), seen, slope, back)


def _left(view: View, quadratic: Array, target: Array, rows: IntArray) -> float:
    """Share of the target's variance that a quadratic leaves."""
    with np.errstate(all="ignore"):
        weight = view.slope(target)[rows]
        design, values = quadratic * weight[:, None], view.seen(target)[rows] * weight
    if not (np.isfinite(design).all() and np.isfinite(values).all()):
        return np.inf
    solution = np.linalg.lstsq(design, values, rcond=1e-12)[0]
    return float(((design @ solution - values) ** 2).mean() / target[rows].var())
