"""Finds pairs of features of which only one number matters: their product, quotient, sum or difference.

A polynomial in fewer features shows them: with the joint feature in the place of two it is as good as with both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import combinations, product

import numpy as np

from lawsmith.agent.symbolic.pure_powers import NEAR, REACH, widened
from lawsmith.agent.symbolic.term_law import SIMPLE
from lawsmith.sandbox.law.expression import add, mul, parameters, power, transform
from lawsmith.sandbox.law.merged import cancelled
from lawsmith.sandbox.law.nodes import ONE, Feature, Node, Number, Parameter, Product, Role
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.write_text import text
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.task import Task

MOST_FEATURES = 6  # of a table: with more, pairs and their exponents are too many to look at
LETTER = "g"  # of exponents
EXPONENTS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5)  # of the second feature of a product
MOST_DEGREE, ROWS_OF_A_COLUMN = 12, 3  # of a polynomial, as far as there are rows
PROMISING = 3e-3  # share of the variance that a polynomial may leave
NEARLY_ALL = 0.97  # share of the size of a target that has one sign, where the rest is noise
FEW_FEATURES, CURVE = 3, (1, 2, 3)  # up to which curves of single ones are looked at beside, and their powers
NOISE = 2.0  # times the size of values of the wrong sign, up to which values are noise
FEWEST = 0.3  # share of the rows that must be more than that
COUNTS = 1e-3  # share of one part of a sum that the other has to be in some row, in units that are given
LEAST = 1e-9  # share of the variance below which approximations are not told apart


@dataclass(frozen=True, eq=False)
class JointFeature:
    """A product of powers: its bases with their exponents, and its values (n,)."""

    powers: Mapping[Node, float]
    values: Array

    @property
    def node(self) -> Node:
        """Its tree."""
        return mul(*(base if a == 1 else power(base, Number(a)) for base, a in self.powers.items()))

    @property
    def title(self) -> str:
        """The name of a feature, or what is made of several."""
        return self.node.name if isinstance(self.node, Feature) else f"[{text(self.node).replace(' ', '')}]"


@dataclass(frozen=True, eq=False)
class Joint:
    """The features that a target is a function of, but for `carriers` before it: powers of them that a line in their
    logarithms shows, where the target has `one_sign`, else themselves. Curves `beside` all that (n, k) are of one
    feature each."""

    known: Sequence[JointFeature]
    carriers: Sequence[JointFeature] = ()
    one_sign: bool = False
    beside: Array | None = None

    def without(self, *some: JointFeature) -> list[JointFeature]:
        """All features but these."""
        return [one for one in self.known if one not in some]

    @property
    def turned(self) -> list[Joint]:
        """The same with the inverse of its only feature, where that is positive: which way round, nothing has said."""
        if len(self.known) > 1 or self.known[0].values.min() <= 0:
            return []
        return [replace(self, known=[_product(JointFeature({}, np.ones(1)), self.known[0], -1.0)])]


def joint_features(
    features: Mapping[str, Array], target: Array, units: Mapping[str, float]
) -> tuple[Joint, Node] | None:
    """The features (n,), in their units, with joint ones in the places of those that act on the target (n,) through
    these alone, and the powers that stand before; None where each acts on its own."""
    rows, up = np.ones(len(target), dtype=np.bool_), target * np.sign(target.sum())
    one_sign = bool(up.sum() >= NEARLY_ALL * np.abs(up).sum() > 0)
    if one_sign:
        rows = up > NOISE * max(float(-up.min()), 0.0)
    if not 1 < len(features) <= MOST_FEATURES or rows.sum() < FEWEST * len(rows):
        return None
    seen, weight = target[rows], np.ones(rows.sum())
    if one_sign:
        size = up[rows]
        seen, weight = np.log(size), size / np.hypot(size, np.median(size) if rows.all() else size.max())
    alone = [JointFeature({Feature(name, units[name]): 1.0}, x[rows] / units[name]) for name, x in features.items()]
    best, least = _best(Joint(alone, one_sign=one_sign), units, seen, weight)
    if least > math.log(PROMISING):
        return None if one_sign or len(alone) > FEW_FEATURES else _beside_curves(alone, units, seen)
    as_they_are = all(isinstance(one.node, Feature) for one in best.known)
    if as_they_are and (one_sign or not best.carriers):
        return None
    return best, _factor(best, seen, weight)


def _best(joint: Joint, units: Mapping[str, float], seen: Array, weight: Array) -> tuple[Joint, float]:
    """The joint features that come of these step by step, each as good for the target as what was before, and their
    criterion."""
    best, least = joint, _criterion(joint, seen, weight)
    while len(best.known) > 1:
        for way in (_merged, _carried):
            trials = list(way(best, units))
            found = [_criterion(trial, seen, weight) for trial in trials]
            if min(found, default=math.inf) <= least:
                best, least = trials[int(np.argmin(found))], min(found)
                break
        else:
            break
    return best, least


def _beside_curves(alone: Sequence[JointFeature], units: Mapping[str, float], seen: Array) -> tuple[Joint, Node] | None:
    """Features that act together beside curves of single ones: F cos(a - b) + a. The carriers and the features that
    have curves are features too."""
    weight = np.ones(len(seen))
    curves = [np.stack([(one.values / np.abs(one.values).max()) ** k for k in CURVE], axis=1) for one in alone]
    best, least = _best(Joint(alone, beside=np.concatenate(curves, axis=1)), units, seen, weight)
    if least > math.log(PROMISING) or all(isinstance(one.node, Feature) for one in best.known):
        return None
    needed = []
    for k, one in enumerate(alone):
        rest = np.concatenate([*curves[:k], *curves[k + 1 :]], axis=1)
        if _criterion(replace(best, beside=rest), seen, weight) > least:
            needed.append(one)
    before = [reduce(partial(_product, exponent=1.0), best.carriers)] if best.carriers else []
    known = {one.title: one for one in [*best.known, *before, *needed]}
    return Joint(list(known.values())), ONE


def _merged(joint: Joint, units: Mapping[str, float]) -> Iterator[Joint]:
    """The same with one feature in the place of two."""
    for one, two in _pairs(joint):
        rest = joint.without(one, two)
        sums = [found for a in (1, 2) for sign in (1, -1) if (found := _sum(one, two, units, sign, a))]
        products = [_product(one, two, a) for a in EXPONENTS] if two.values.min() > 0 else []
        yield from (replace(joint, known=[*rest, made]) for made in [*sums, *products])


def _carried(joint: Joint, units: Mapping[str, float]) -> Iterator[Joint]:
    """The same with one feature less that stands before: it does nothing else, or, where a line shows its power, it
    acts with one other, or as the measure of two."""
    if not joint.one_sign:
        for one in joint.known:
            for a in EXPONENTS if one.values.min() > 0 else (1.0,):
                carrier = _product(JointFeature({}, np.ones(1)), one, a)
                yield replace(joint, known=joint.without(one), carriers=[*joint.carriers, carrier])
        return
    for one, two in _pairs(joint):
        for a in EXPONENTS if two.values.min() > 0 else ():
            known = [*joint.without(one, two), _product(one, two, a)]
            yield replace(joint, known=known, carriers=[*joint.carriers, two])
    for one in (one for one in joint.known if one.values.min() > 0):
        yield replace(joint, known=joint.without(one), carriers=[*joint.carriers, one])
        for some in combinations(joint.without(one), 2):
            shares = [_product(part, one, -1.0) for part in some]
            yield replace(joint, known=[*joint.without(one, *some), *shares], carriers=[*joint.carriers, one])


def _pairs(joint: Joint) -> Iterator[tuple[JointFeature, JointFeature]]:
    """Pairs of features, with a positive one as the second where there is one."""
    return (pair if pair[1].values.min() > 0 else (pair[1], pair[0]) for pair in combinations(joint.known, 2))


def _factor(joint: Joint, seen: Array, weight: Array) -> Node:
    """The product of the carriers' powers, with exponents to fit where they are no simple numbers."""
    if not joint.one_sign:
        return mul(*(one.node for one in joint.carriers))
    axes = min(_axes(joint), key=lambda one: _of_polynomials(joint, one, seen, weight))
    design = _design(joint, axes, len(seen))[0] * weight[:, None]
    exponents = np.linalg.lstsq(design, seen * weight, rcond=1e-12)[0][1 : len(joint.carriers) + 1].tolist()
    total: dict[Node, float] = {}
    for one, a in zip(joint.carriers, exponents, strict=True):
        for base, own in one.powers.items():
            total[base] = total.get(base, 0.0) + a * own
    powers = []
    for k, (base, a) in enumerate(total.items()):
        simple = min((0.0, *SIMPLE), key=lambda number: abs(number - a))
        free = Parameter(f"{LETTER}{k}", a - REACH, a + REACH, Role.EXPONENT)
        powers.append(power(base, Number(simple) if abs(simple - a) < NEAR else free))
    return mul(*powers)


def in_joint_features(task: Task, target: str, joint: Joint, factor: Node) -> Task:
    """What the factor leaves of a target, in the joint features; rows weigh as they do in the target. Rows without such
    values are left out, as one without a strain has no 1 / strain."""
    table = task.train
    columns = {one.title: table.features.get(one.title, evaluate(one.node, table.features, {})) for one in joint.known}
    middle = {p.name: (p.lower + p.upper) / 2 for p in parameters(factor)}
    carried = np.broadcast_to(evaluate(factor, table.features, middle), len(table))
    with np.errstate(all="ignore"):
        left, weight = table.targets[target] / carried, table.weights * carried**2
    known = np.isfinite([*columns.values(), left, weight]).all(axis=0) & (weight > 0)
    schema = task.schema.model_copy(update={"features": tuple(columns), "targets": (target,)})
    seen = replace(table, features=columns, targets={target: left}, weight=np.where(known, weight, 1.0))
    return replace(task, train=seen.take(np.flatnonzero(known)), schema=schema)


def in_features(node: Node, joint: Joint) -> Node:
    """A tree of these features as a tree of those that they are made of."""
    trees = {one.title: one.node for one in joint.known if not isinstance(one.node, Feature)}

    def written(part: Node) -> Node:
        if not isinstance(part, Feature) or part.name not in trees:
            return part
        return mul(*((Number(1 / part.unit),) if part.unit != 1 else ()), trees[part.name])

    return transform(cancelled(transform(node, written)), _without_numbers)


def _without_numbers(part: Node) -> Node:
    """A product without the numbers that a constant without bounds takes in: b m / h^2, not 10 b m / h^2."""
    if not isinstance(part, Product) or not any(
        isinstance(one, Parameter) and one.lower == -math.inf and one.upper == math.inf for one in part.factors
    ):
        return part
    return mul(*(one for one in part.factors if not isinstance(one, Number)))


def _sum(
    one: JointFeature, two: JointFeature, units: Mapping[str, float], sign: int, exponent: int
) -> JointFeature | None:
    """The sum or difference of two, or of their squares, in their own units; None where one of them is as good as
    nothing beside the other in all rows: 1e8 parameters and a learning rate of 0.001."""
    ratio = float(f"{(units.get(two.title, 1.0) / units.get(one.title, 1.0)) ** exponent:.12g}")
    parts = one.values**exponent, ratio * two.values**exponent
    above, below = (np.abs(part) for part in parts)
    if not (below > COUNTS * above).any() or not (above > COUNTS * below).any():
        return None
    first, second = (power(each.node, Number(float(exponent))) for each in (one, two))
    node = add(first, second if sign * ratio == 1 else mul(Number(sign * ratio), second))
    return JointFeature({node: 1.0}, parts[0] + sign * parts[1])


def _product(one: JointFeature, two: JointFeature, exponent: float) -> JointFeature:
    """One times a power of the other."""
    powers = dict(one.powers)
    for base, a in two.powers.items():
        powers[base] = powers.get(base, 0.0) + exponent * a
    return JointFeature({base: a for base, a in powers.items() if a}, one.values * two.values**exponent)


def _criterion(joint: Joint, seen: Array, weight: Array) -> float:
    """The Bayesian criterion of the best polynomial in these features, for one row."""
    return min(_of_polynomials(joint, axes, seen, weight) for axes in _axes(joint))


def _axes(joint: Joint) -> list[list[Array]]:
    """The features (n,), and those that span a decade by their logarithms, where there are some."""
    columns = [one.values for one in joint.known]
    logs = [widened(column) for column in columns]
    return [columns] if all(a is b for a, b in zip(columns, logs, strict=True)) else [columns, logs]


def _of_polynomials(joint: Joint, axes: Sequence[Array], seen: Array, weight: Array) -> float:
    """The same for polynomials along these axes (n,)."""
    rows, (design, counts) = len(seen), _design(joint, axes, len(seen))
    along = np.linalg.qr(design * weight[:, None])[0]
    left, best = seen * weight, math.inf
    total = np.sum(((seen - np.average(seen, weights=weight**2)) * weight) ** 2)
    for begin, end in zip([0, *counts], counts, strict=False):
        left = left - along[:, begin:end] @ (along[:, begin:end].T @ left)
        best = min(best, math.log(float(left @ left / total) + LEAST) + end * math.log(rows) / rows)
    return best


def _design(joint: Joint, axes: Sequence[Array], rows: int) -> tuple[Array, list[int]]:
    """Columns (n, k): the level, the logarithms of the carriers, polynomials along the axes (n,) of growing degree; and
    how many columns each degree ends with. Where the target has both signs, the carriers multiply polynomials."""
    if not joint.one_sign:
        columns, counts = polynomials(axes, rows // ROWS_OF_A_COLUMN)
        columns = columns * np.prod([one.values for one in joint.carriers], axis=0).reshape(-1, 1)
        more = np.empty((rows, 0)) if joint.beside is None else joint.beside
        return np.concatenate([more, columns], axis=1), [count + more.shape[1] for count in counts]
    logs = [np.log(one.values) for one in joint.carriers]
    columns, counts = polynomials(axes, rows // ROWS_OF_A_COLUMN - len(logs))
    return np.insert(columns, [1] * len(logs), np.transpose(logs), axis=1) if logs else columns, [
        counts[0],
        *(count + len(logs) for count in counts[1:]),
    ]


def polynomials(axes: Sequence[Array], most: int) -> tuple[Array, list[int]]:
    """Chebyshev polynomials along the axes (n,) and their products of growing degree, at most so many columns (n, k);
    and how many columns each degree ends with, the level first."""
    counts, degree = [1], 0
    while degree < MOST_DEGREE and (count := math.comb(len(axes) + degree + 1, degree + 1)) <= most:
        degree += 1
        counts.append(count)
    scaled = [2 * (axis - axis.min()) / (np.ptp(axis) or 1.0) - 1 for axis in axes]
    each = [np.polynomial.chebyshev.chebvander(axis, degree) for axis in scaled]
    powers = sorted((one for one in product(range(degree + 1), repeat=len(axes)) if sum(one) <= degree), key=sum)
    columns = (np.prod([v[:, a] for v, a in zip(each, one, strict=True)], axis=0) for one in powers)
    return np.stack(list(columns), axis=1), counts
