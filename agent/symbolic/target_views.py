"""Functions of the target that a short sum of terms may state, and which of them a glance at plain terms favours."""

import math
from collections.abc import Callable

import numpy as np

from lawsmith.agent.symbolic.looks import LOGARITHM, PLAIN, RECIPROCAL, ROUNDING, View
from lawsmith.agent.symbolic.ratio_search import beam
from lawsmith.sandbox.law.expression import add, divide, exp, function, log, mul, neg, power
from lawsmith.sandbox.law.nodes import ONE, Node, Number
from lawsmith.tasks.arrays import Array

POWERS = (0.5, -0.5, 2.0, -2.0, 1 / 3, -1 / 3, 3.0, 2 / 3, -2 / 3, 1.5, -1.5)  # of targets: those that laws have
BASES = (math.e, 10.0, 2.0)  # of logarithms
PLAINEST = 1000  # columns that are looked at
BEAM, MOST = 100, 4  # sums that go on, and terms beside the level
FLAT = 0.05  # least slope of a bounded function, beside which a row weighs no more
CLEARLY = 10.0  # by which the criterion of a view must be better than those of the known ones


def _power(exponent: float) -> View:
    return View(
        f"power {exponent:.3g}",
        lambda y: np.asarray(y ** (1 / exponent)),
        lambda y: np.asarray(abs(exponent) * y ** (1 - 1 / exponent)),
        lambda node: power(node, Number(exponent)),
        low=0.0,
    )


def _logarithm(unit: float) -> View:
    return View(
        f"logarithm times {unit:.3g}",
        lambda y: np.exp(y / unit),
        lambda y: abs(unit) * np.exp(-y / unit),
        lambda node: mul(*(() if unit == 1 else (Number(unit),)), log(node)),
    )


def _inverse(
    name: str, low: float, high: float, seen: Callable[[Array], Array], slope: Callable[[Array], Array]
) -> View:
    return View(name, seen, slope, lambda node: function(name, node), low, high)


def _logistic(node: Node) -> Node:
    return divide(ONE, add(ONE, exp(neg(node))))


SQUARE = _power(0.5)
VIEWS = (
    *map(_power, POWERS),
    *(_logarithm(sign / math.log(base)) for base in BASES for sign in (1, -1)),
    _inverse("arcsin", -math.pi / 2, math.pi / 2, np.sin, lambda y: 1 / np.maximum(np.cos(y), FLAT)),
    _inverse("arccos", 0.0, math.pi, np.cos, lambda y: 1 / np.maximum(np.sin(y), FLAT)),
    _inverse("arctan", -math.pi / 2, math.pi / 2, np.tan, lambda y: np.cos(y) ** 2),
    _inverse("tanh", -1.0, 1.0, np.arctanh, lambda y: 1 - y**2),
    View("logistic", lambda y: np.log(y / (1 - y)), lambda y: y * (1 - y), _logistic, 0.0, 1.0),
    View("rest of exponential", lambda y: np.log1p(-y), lambda y: 1 - y, lambda u: add(ONE, neg(exp(u))), 0.0, 1.0),
)


def favoured(target: Array, columns: Array) -> View | None:
    """The view of the target (n,) that a sum of few columns (m, n), the level first, states far better than they state
    the target, its logarithm or its reciprocal; None where there is none, or no column: few rows have none."""
    if not len(columns):
        return None
    least = min(_criterion(view, target, columns) for view in (PLAIN, LOGARITHM, RECIPROCAL) if view.suits(target))
    found = [(_criterion(view, target, columns), view) for view in VIEWS if view.suits(target)]
    best, view = min(found, key=lambda one: one[0], default=(math.inf, PLAIN))
    return view if best < least - CLEARLY else None


def _criterion(view: View, target: Array, columns: Array) -> float:
    """The Bayesian criterion of the best short sum, with errors as they are in the target."""
    slope = view.slope(target)
    seen, weighted = slope * view.seen(target), columns[:PLAINEST] * slope
    with np.errstate(all="ignore"):
        weighted /= np.sqrt((weighted**2).sum(axis=1, keepdims=True))
    usable = np.isfinite(weighted.sum(axis=1))
    if not (np.isfinite(seen).all() and usable[0]):
        return math.inf
    weighted = weighted[usable]
    weighted, seen = (part - np.outer(part @ weighted[0], weighted[0]).reshape(part.shape) for part in (weighted, seen))
    rows, found = len(target), [math.inf]
    for count, (left, _, _) in enumerate(beam(weighted[1:], seen, BEAM, MOST), 2):
        found.append(rows * math.log(left / rows / target.var() + ROUNDING) + count * math.log(rows))
    return min(found)
