"""Derivatives of expressions by a parameter; from these, which constants of a form the rows can tell from the others,
and on which features' units the form depends."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np

from lawsmith.sandbox.law.expression import add, function, log, mul, parameters, power, size, transform
from lawsmith.sandbox.law.expression import features as used
from lawsmith.sandbox.law.functions import FUNCTIONS
from lawsmith.sandbox.law.nodes import ONE, ZERO, Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.sandbox.law.numeric import values_of
from lawsmith.tasks.arrays import Array

MOST_NODES = 20_000  # of all slopes together; numeric slopes are as fast beyond


class NoDerivative(ValueError):
    """The table of functions has no derivative of one of them."""


def slopes(node: Node) -> dict[str, Node] | None:
    """The partial derivative for each parameter in the tree; None where a part has none, or all are too large to
    help."""
    try:
        found = {p.name: derivative(node, p.name) for p in parameters(node)}
    except NoDerivative:
        return None
    return found if sum(map(size, found.values())) <= MOST_NODES else None


@lru_cache(maxsize=100_000)
def derivative(node: Node, name: str) -> Node:
    """The partial derivative with respect to the parameter `name`; raises NoDerivative."""
    match node:
        case Parameter(own):
            return ONE if own == name else ZERO
        case Number() | Feature():
            return ZERO
        case Sum(terms):
            return add(*(derivative(term, name) for term in terms))
        case Product(factors):
            steps = []
            for k, factor in enumerate(factors):
                slope = derivative(factor, name)
                if slope != ZERO:
                    steps.append(mul(*factors[:k], slope, *factors[k + 1 :]))
            return add(*steps)
        case Function("where", (condition, then, otherwise)):
            return _branches(condition, derivative(then, name), derivative(otherwise, name))
        case Function("maximum" | "minimum" as which, (one, two)):
            relation = "greater_equal" if which == "maximum" else "less_equal"
            return _branches(function(relation, one, two), derivative(one, name), derivative(two, name))
        case Function(called, arguments):
            return _chain(called, arguments, [derivative(argument, name) for argument in arguments])
        case Power(base, Number(value)):  # without dividing by the base, which may be 0
            inner = derivative(base, name)
            return ZERO if inner == ZERO else mul(Number(value), power(base, Number(value - 1)), inner)
        case Power(Feature() as base, Parameter(name=own)):  # 0 where the feature is, as the power's
            slope = mul(node, log(base))
            return _branches(function("greater", base, ZERO), slope, ZERO) if own == name else ZERO
        case Power(base, exponent):
            inner, outer = derivative(base, name), derivative(exponent, name)
            falling = mul(exponent, node, power(base, Number(-1.0)), inner) if inner != ZERO else ZERO
            slope = add(falling, mul(node, log(base), outer) if outer != ZERO else ZERO)
            if isinstance(base, Sum) or slope == ZERO:
                return slope
            return _branches(function("greater", base, ZERO), slope, ZERO)  # the base may begin at 0


def _branches(condition: Node, then: Node, otherwise: Node) -> Node:
    """A slope that changes with a condition; never a product with 0, which an infinite slope would make nan."""
    return ZERO if then == otherwise == ZERO else function("where", condition, then, otherwise)


def _chain(called: str, arguments: Sequence[Node], inner: Sequence[Node]) -> Node:
    """The slope of a function whose arguments have these slopes."""
    own = FUNCTIONS[called].slopes
    if own is not None:
        steps = zip(own, inner, strict=True)
        return add(*(mul(outer(*arguments), slope) for outer, slope in steps if slope != ZERO))
    if any(slope != ZERO for slope in inner):
        raise NoDerivative(called)
    return ZERO


DRAWS = 4  # of constants; what holds at all of them holds for the form
MOST_ROWS = 120  # that are looked at, some for each constant
SAME = 1e-9  # share of the largest direction in which constants move a law, below which one moves it not at all
OUTSIDE = 1e-6  # share of a change that constants cannot make, above which they cannot undo it
USUAL = (0.2, 1.5)  # sizes of constants near which most functions bend
TINY = 1e-300  # added to what is divided by and may be zero
UNIT = "unit of "  # before a feature's name: no name of a constant has a space


def tangled(node: Node, rows: Mapping[str, Array]) -> tuple[str, ...]:
    """The constants of the form whose change others can undo at these rows (n,): `C` and `Q` in C / Q. None where that
    cannot be computed."""
    shares = []
    for own, _ in _directions(node, rows, ()):
        _, sizes, along = np.linalg.svd(np.linalg.qr(own, mode="r"))
        free = along[np.sum(sizes > SAME * sizes[0]) :]  # directions in which constants do not move the law
        shares.append(np.linalg.norm(free, axis=0))
    least = zip(parameters(node), np.min(shares, axis=0), strict=True) if shares else ()
    return tuple(one.name for one, share in least if share > OUTSIDE)


def unit_bound(node: Node, rows: Mapping[str, Array], features: Sequence[str]) -> frozenset[str]:
    """Those of the `features` whose change of unit no change of constants can undo; none where that cannot be
    computed."""
    features = [name for name in features if name in used(node)]
    outside = []
    for own, scaled in _directions(node, rows, features):
        q = np.linalg.svd(own, full_matrices=False)[0]
        outside.append(np.linalg.norm(scaled - q @ (q.T @ scaled), axis=0))
    if not outside:
        return frozenset()
    return frozenset(name for name, share in zip(features, np.min(outside, axis=0), strict=True) if share > OUTSIDE)


def _directions(node: Node, rows: Mapping[str, Array], features: Sequence[str]) -> Iterator[tuple[Array, Array]]:
    """How the law moves at several sets of constants: (n, k) with each of them, and (n, f) with the unit of each
    feature; every direction has the length 1, or 0."""

    def in_any_unit(part: Node) -> Node:
        if isinstance(part, Feature) and part.name in features:
            return mul(Parameter(f"{UNIT}{part.name}"), part)
        return part

    constants, found = parameters(node), slopes(transform(node, in_any_unit))
    if not constants or found is None:
        return
    units = [f"{UNIT}{name}" for name in features]
    trees = [found[name] for name in [*(one.name for one in constants), *units]]
    count = len(next(iter(rows.values())))
    some = np.linspace(0, count - 1, min(count, MOST_ROWS)).astype(int)
    x = {name: column[some] for name, column in rows.items()}
    rng = np.random.default_rng(0)
    drawn = np.array([[_usual(one, rng) for one in constants] for _ in range(DRAWS)])
    p = {one.name: sizes[:, None] for one, sizes in zip(constants, drawn.T, strict=True)} | dict.fromkeys(units, 1.0)
    with np.errstate(all="ignore"):
        columns = [np.broadcast_to(np.asarray(one, dtype=float), (DRAWS, len(some))) for one in values_of(trees, x, p)]
    for moved in np.stack(columns, axis=-1):
        moved = moved[np.isfinite(moved).all(axis=1)]
        moved = moved / np.maximum(np.abs(moved).max(axis=1, keepdims=True), TINY)  # no row outweighs the others
        if len(moved):
            length = np.linalg.norm(moved, axis=0)
            moved = moved / np.where(length > 0, length, 1.0)
            yield moved[:, : len(constants)], moved[:, len(constants) :]


def _usual(one: Parameter, rng: np.random.Generator) -> float:
    """A size within the bounds, near 1 where they allow it."""
    lower, upper = sorted((one.lower, one.upper))  # of a scale below 0 a form may give them the other way round
    low, high = max(lower, USUAL[0]), min(upper, USUAL[1])
    if low < high:
        return float(rng.uniform(low, high))
    if np.isfinite(lower) and np.isfinite(upper):
        return float(rng.uniform(lower, upper))
    return lower if np.isfinite(lower) else upper
