"""Features that act as pure powers: y = x^a z^b f(rest). What they leave of the target is a table of fewer features.

The logarithm of the target shows them: beside a polynomial in all other features it is a line in log x.
"""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from lawsmith.agent.symbolic.looks import CARRIED
from lawsmith.agent.symbolic.term_law import SIMPLE
from lawsmith.sandbox.law.expression import features, mul, parameters, power, walk
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Parameter, Power, Product, Role, Sum
from lawsmith.tasks.arrays import Array

DECADE = 10.0  # ratio of the largest to the smallest value, from which an axis is logarithmic
SPAN = 1.5  # ratio of the largest to the smallest value of a feature whose power shows
DEGREES = {  # of polynomials in one of so many other features and in several, with many rows and with few
    1: ((8, 0), (5, 0)),
    2: ((8, 4), (4, 2)),
    3: ((6, 3), (3, 2)),
    4: ((5, 2), (3, 2)),
}
ROWS_OF_A_COLUMN = 3  # that many rows have
SMALLEST = 1e-3  # share of the largest target, below which a row says nothing of a power
PROMISING = 0.01  # share of the variance that the polynomial may leave
ROUNDING = 1e-12  # share of the variance below which errors are not told apart
NEAR = 0.02  # distance from a simple exponent at which it is taken for that
REACH = 0.5  # of an exponent around what it was found as


def pure_powers(features: Mapping[str, Array], target: Array) -> dict[str, float]:
    """Exponents of the features (n,) that act on the target (n,) as pure powers, 0 of those that do not act; none where
    all of them do."""
    size = np.abs(target)
    rows = size > SMALLEST * size.max()
    seen = np.log(size[rows])
    weight = size[rows] / np.hypot(size[rows], np.median(size))  # noise decides the logarithm of what is small
    scaled = {name: _scaled(column[rows]) for name, column in features.items()}
    logs = {n: np.log(c[rows]) for n, c in features.items() if c.min() > 0 and c.max() > SPAN * c.min()}
    pure = [name for name in logs if _is_pure(logs[name], [scaled[n] for n in scaled if n != name], seen, weight)]
    rest = [column for name, column in scaled.items() if name not in pure]
    if not pure or not 0 < len(rest) <= max(DEGREES):
        return {}
    design = np.stack([*(logs[name] for name in pure), *_polynomial(rest)], axis=1)
    exponents = np.linalg.lstsq(design * weight[:, None], seen * weight, rcond=1e-12)[0][: len(pure)].tolist()
    simple = np.array((0.0, *SIMPLE))
    nearest = [float(simple[np.abs(simple - a).argmin()]) for a in exponents]
    return {n: b if abs(b - a) < NEAR else a for n, a, b in zip(pure, exponents, nearest, strict=True)}


def monomial(exponents: Mapping[str, float], units: Mapping[str, float]) -> Node:
    """The product of these powers, with exponents to fit."""
    return mul(
        *(
            power(Feature(name, units[name]), Parameter(f"{CARRIED}{k}", a - REACH, a + REACH, Role.EXPONENT))
            for k, (name, a) in enumerate(exponents.items())
            if a
        )
    )


def _is_pure(own: Array, others: Sequence[Array], seen: Array, weight: Array) -> bool:
    """Whether a line in the logarithm `own` (n,) is as good as curves of it and products with the other features."""
    if len(others) not in DEGREES:
        return False
    plain = [own, *_polynomial(others)]
    own = own - own.mean()
    bent = [own**2, own**3, *(own**a * one**b for one in others for a, b in ((1, 1), (1, 2), (2, 1)))]
    if 2 * (len(plain) + len(bent)) > len(seen):
        return False
    straight, curved = _left(plain, seen, weight), _left([*plain, *bent], seen, weight)
    return straight < PROMISING and _criterion(straight, plain, seen) <= _criterion(curved, [*plain, *bent], seen)


def widened(column: Array) -> Array:
    """A feature (n,) by its logarithm where it spans a decade."""
    return np.log(column) if column.min() > 0 and column.max() > DECADE * column.min() else column


def _scaled(column: Array) -> Array:
    """Between -1 and 1, along the axis that suits the values."""
    axis = widened(column)
    return np.asarray(2 * (axis - axis.min()) / ((axis.max() - axis.min()) or 1.0) - 1)


def _polynomial(columns: Sequence[Array]) -> list[Array]:
    """Chebyshev polynomials of the columns and their products, and the level."""
    for alone, joint in DEGREES[len(columns)]:
        powers = product(range(alone + 1), repeat=len(columns))
        found = [one for one in powers if sum(one) <= (alone if sum(a > 0 for a in one) < 2 else joint)]
        if ROWS_OF_A_COLUMN * len(found) <= len(columns[0]):
            break
    each = [np.polynomial.chebyshev.chebvander(column, alone) for column in columns]
    return [np.prod([v[:, a] for v, a in zip(each, one, strict=True)], axis=0) for one in found]


def _left(columns: Sequence[Array], seen: Array, weight: Array) -> float:
    """Share of the weighted variance that a sum of columns leaves."""
    design, target = np.stack(columns, axis=1) * weight[:, None], seen * weight
    left = target - design @ np.linalg.lstsq(design, target, rcond=1e-12)[0]
    return float((left**2).sum() / ((seen - np.average(seen, weights=weight**2)) ** 2 @ weight**2))


def _criterion(left: float, columns: Sequence[Array], seen: Array) -> float:
    return len(seen) * float(np.log(left + ROUNDING)) + len(columns) * float(np.log(len(seen)))


def is_plain(node: Node) -> bool:
    """Whether a form is one of few, for which nobody searched: a factor times whole powers of features, or a sum of
    powers of single features, one of each."""
    terms = node.terms if isinstance(node, Sum) else (node,)
    named = [features(term) for term in terms]
    alone = max(map(len, named)) <= 1 and len({name for names in named for name in names}) == sum(map(len, named))
    whole = len(terms) == len(parameters(node)) == 1
    for part in walk(node):
        match part:
            case Power(_, Number(exponent)) if exponent.is_integer() or (alone and abs(exponent) in SIMPLE):
                pass
            case Power(_, exponent) if alone and parameters(exponent) and not features(exponent):
                pass
            case Product() | Feature() | Number() | Parameter():
                pass
            case Sum() if part is node:
                pass
            case _:
                return False
    return alone or whole
