"""The simpler forms that fitted laws have nearly become: a part whose constant went to an extreme becomes its limit.

Such constants often grow against one another, as in `4294 - 4293 x^-1e-5`, which is a logarithm. An exponent that comes
out near a small whole number may be that number: overheads and speedups fall as `1 / x`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat

import numpy as np

from lawsmith.agent.symbolic.mutation import is_redundant, swap
from lawsmith.agent.symbolic.terms import STEEPEST_RATE
from lawsmith.sandbox.law.expression import add, exp, factors_of, features, log, mul, parameters, power, walk
from lawsmith.sandbox.law.identified import tangled
from lawsmith.sandbox.law.merged import cancelled, merged
from lawsmith.sandbox.law.nodes import Function, Node, Number, Parameter, Power, Product, Role, Sum
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.tasks.arrays import Array

STRAIGHT = 0.1  # most that the logarithm of a power or an exponential moves over the rows, where it is nearly straight
NEGLIGIBLE = 0.01  # share of the other part below which a constant in a sum is nothing …
DOMINANT = 9.0  # … and multiple of the other part above which its first slope is left; shifts go up to ten and more
SLIGHT = 0.03  # share of what a sum ranges over the rows of a group, below which a term is nothing
WHOLE = (-2.0, -1.0, 1.0, 2.0)  # exponents that laws have by their nature …
NEARLY = 0.15  # … and how far from one of them an exponent may come out with few rows
HALVES = (-1.5, -0.5, 0.5, 1.5)  # roots, which are less frequent …
ALMOST = 0.01  # … and have to be met
LEVELS = 3  # of what is raised to it, which tell an exponent beside a level and an amplitude
NEW = "k0"  # no form has a constant of this name: they count from 1

Values = Callable[[Node], Sequence[Array]]
"""A part's values in each group of rows."""


def limiting_forms(node: Node, groups: Sequence[tuple[Mapping[str, Array], Mapping[str, float]]]) -> Iterator[Node]:
    """Forms with a part of `node` replaced by its limit, and whose constants the rows can tell apart.

    `groups` holds the features (n,) of the rows of each group, and the constants that were fitted there.
    """

    def values(part: Node) -> list[Array]:
        return [np.broadcast_to(evaluate(part, x, p), len(next(iter(x.values())))) for x, p in groups]

    every = {name: np.concatenate([x[name] for x, _ in groups]) for name in groups[0][0]}
    beside_constants = {factor for part in walk(node) if isinstance(part, Sum) for factor in _beside_constants(part)}
    limits = ((part, _limit(part, values, part in beside_constants)) for part in dict.fromkeys(walk(node)))
    found = [(part, limit) for part, limit in limits if limit is not None]
    cancelling = [pair for pair in found if pair[0] in beside_constants and _moves(pair[0], values) < STRAIGHT]
    freed = [change for part, limit in cancelling for change in _with_free_constant(node, part, limit)]
    return _sound(node, [*found, *freed], every)


def without_a_term(node: Node, rows: Mapping[str, Array]) -> Iterator[Node]:
    """Forms without one of the terms of a sum in `node`, whose constants the `rows` (n,) can tell apart."""
    sums = [part for part in dict.fromkeys(walk(node)) if isinstance(part, Sum)]
    shorter = ((part, add(*part.terms[:k], *part.terms[k + 1 :])) for part in sums for k in range(len(part.terms)))
    return _sound(node, shorter, rows)


def _sound(node: Node, changes: Iterable[tuple[Node, Node]], rows: Mapping[str, Array]) -> Iterator[Node]:
    """The tree with each part changed in turn, where each constant still says something of its own."""
    positive = [name for name, values in rows.items() if (values > 0).all()]
    for part, new in changes:
        changed = merged(cancelled(swap(node, part, new), positive))
        if not is_redundant(changed) and not tangled(changed, rows):
            yield changed


def _with_free_constant(node: Node, part: Node, limit: Node) -> Iterator[tuple[Node, Node]]:
    """Sums of a bounded constant and the part, and the same with the limit and the constant free: what `L + A exp(k x)`
    takes from a level and an amplitude that cancel is an intercept, and may have the other sign."""
    for whole in (one for one in dict.fromkeys(walk(node)) if isinstance(one, Sum)):
        constants = {term for term in whole.terms if isinstance(term, Parameter)}
        bounded = {one for one in constants if np.isfinite([one.lower, one.upper]).any()}
        if bounded and any(part in factors_of(term) for term in whole.terms):
            free = (replace(one, lower=-np.inf, upper=np.inf) for one in bounded)
            rest = (swap(term, part, limit) for term in whole.terms if term not in bounded)
            yield whole, add(*free, *rest)


def _beside_constants(part: Sum) -> Iterator[Node]:
    """What stands in a sum with a constant beside it, times constants: A x^-a in L + A x^-a."""
    if any(isinstance(term, Parameter) for term in part.terms):
        for term in part.terms:
            own = [factor for factor in factors_of(term) if features(factor)]
            if len(own) == 1:
                yield own[0]


def _limit(part: Node, values: Values, beside_constant: bool) -> Node | None:
    """What a part is nearly, but for a factor, and for a constant where one stands beside it; None where it is far from
    any limit."""
    if not features(part):
        return None
    match part:
        case Power(Sum() as base, exponent) if not features(exponent) and _shifted(base, values) > DOMINANT:
            rate = Parameter(NEW, -STEEPEST_RATE, STEEPEST_RATE, Role.RATE)
            rest = _without_shift(base)
            return exp(mul(rate, rest)) if parameters(exponent) else rest if beside_constant else None
        case Power(base, exponent) if parameters(exponent) and not features(exponent):
            if beside_constant and _moves(part, values) < STRAIGHT:
                return log(base)
            if beside_constant and all(len(np.unique(one)) < LEVELS for one in values(base)):
                return None
            found = np.concatenate(values(exponent))
            ends = (*zip(WHOLE, repeat(NEARLY)), *zip(HALVES, repeat(ALMOST)))
            return next((power(base, Number(k)) for k, most in ends if np.abs(found - k).max() < most), None)
        case Function("exp", (Product(factors),)):
            bare = mul(*(factor for factor in factors if not isinstance(factor, Parameter | Number)))
            straight = beside_constant and not parameters(bare) and _moves(part, values) < STRAIGHT
            return bare if straight else None
        case Sum() if _shifted(part, values, np.max) < NEGLIGIBLE:
            return _without_shift(part)
        case Sum(terms):
            kept = [term for term in terms if not features(term) or not _is_slight(term, part, values)]
            return add(*kept) if len(kept) < len(terms) else None
        case _:
            return None


def _without_shift(part: Sum) -> Node:
    return add(*(term for term in part.terms if not isinstance(term, Parameter)))


def _shifted(part: Sum, values: Values, which: Callable[[Array], float] = np.min) -> float:
    """The constant of a sum as a multiple of its other terms, in the row that `which` picks (where it is least); NaN
    where there is none."""
    constants = [term for term in part.terms if isinstance(term, Parameter)]
    if not constants:
        return np.nan
    pairs = zip(values(add(*constants)), values(_without_shift(part)), strict=True)
    with np.errstate(all="ignore"):
        return float(which(np.concatenate([np.abs(constant / rest) for constant, rest in pairs])))


def _is_slight(term: Node, whole: Sum, values: Values) -> bool:
    """Whether a term is next to nothing beside the range of the sum in each group, but for what a constant takes in."""
    size = np.ptp if any(isinstance(one, Parameter) for one in whole.terms) else lambda one: np.abs(one).max()
    pairs = zip(values(term), values(whole), strict=True)
    return all(size(one) < SLIGHT * np.ptp(sum_of_all) for one, sum_of_all in pairs)


def _moves(part: Node, values: Values) -> float:
    """How far the logarithm of a part moves over the rows of a group, at the most; NaN where it has none."""
    with np.errstate(all="ignore"):
        return float(np.max([np.ptp(np.log(one)) for one in values(part)]))
