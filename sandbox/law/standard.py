"""Writes a law in one way where its free constants allow several: the signs and inverses that they can absorb.

``A x^-a`` and ``A x^b`` are one law where a and b may have either sign. So are ``exp(-k x)`` with k in [0, 2] and
``exp(k x)`` with k in [-2, 0]; and ``x / h`` and ``k x``. Keys and traits look at a law after this.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from lawsmith.sandbox.law.expression import (
    add,
    apply_each,
    children,
    coefficient,
    factors_of,
    features,
    mul,
    parameters,
    power,
    rebuild,
    terms_of,
    walk,
)
from lawsmith.sandbox.law.functions import is_truth
from lawsmith.sandbox.law.nodes import MINUS, ONE, ZERO, Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.sandbox.law.normal import normal, normal_part
from lawsmith.sandbox.law.spans import span

Places = Sequence[tuple[float, bool]]
"""Of a constant, for each of its places: the number beside it, and whether it bends what it stands in."""


@lru_cache(maxsize=256)
def standard(stated: tuple[Node, ...]) -> tuple[Node, ...]:
    """The trees of the targets, the same for all spellings of a law: multiplied out, and with the constants turned the
    usual way: positive where bounds leave no choice, powers and exponentials that fall, coefficients that are added.
    Those that stand below fraction lines alone are inverted (1 / h is k) before signs are looked at, and in the end
    those that may be anything take in the number beside them."""
    trees = [expanded(normal(tree)) for tree in stated]
    for places, other in ((_exponents, _inverse), (_coefficients, _opposite), (_beside, _shifted)):
        if changes := _changes(trees, places, other):  # `transform` would replace what looks like the constant itself
            turned = [apply_each(t, lambda one, parts: changes.get(one) or rebuild(one, tuple(parts))) for t in trees]
            trees = [*map(expanded, turned)]
    return tuple(trees)


def _inverse(one: Parameter, places: Places) -> Node | None:
    whole = all(float(exponent).is_integer() and not bent for exponent, bent in places)
    if not places or sum(exponent for exponent, _ in places) >= 0 or not (one.lower >= 0 or whole):
        return None
    if one.lower >= 0:
        low, high = (1 / one.upper if one.upper else 0.0), (1 / one.lower if one.lower else float("inf"))
        return power(replace(one, lower=low, upper=high), MINUS)
    return power(replace(one, lower=float("-inf"), upper=float("inf")), MINUS)


def _exponents(tree: Node) -> Iterator[tuple[Parameter, float, bool]]:
    """The exponent of each constant at each of its places: a number, or the sign of what bends it."""
    waiting: list[Node] = [tree]
    while waiting:
        node = waiting.pop()
        match node:
            case Parameter():
                yield node, 1.0, False
            case Power(Parameter() as base, Number(value)):
                yield base, value, False
            case Power(Parameter() as base, exponent):
                yield base, coefficient(exponent)[0], True
                waiting.append(exponent)
            case _:
                waiting += children(node)


def _opposite(one: Parameter, places: Places) -> Node | None:
    if one.lower >= 0:
        return None
    wanted = sum((-1.0 if bends else 1.0) * (1.0 if factor > 0 else -1.0) for factor, bends in places)
    if one.upper > 0 and wanted >= 0:
        return None
    return mul(MINUS, replace(one, lower=-one.upper, upper=-one.lower))


def _coefficients(tree: Node) -> Iterator[tuple[Parameter, float, bool]]:
    """The number beside each constant at each of its places, and whether it bends: stands in an exponent."""
    waiting: list[tuple[Node, bool]] = [(tree, False)]
    while waiting:
        node, bends = waiting.pop()
        match node:
            case Parameter():
                yield node, 1.0, bends
            case Product(factors):
                for factor in factors:
                    if isinstance(factor, Parameter):
                        yield factor, coefficient(node)[0], bends
                    else:
                        waiting.append((factor, bends))
            case Power(base, exponent):
                waiting += [(base, bends), (exponent, True)]
            case Function("exp", (argument,)):
                waiting.append((argument, True))
            case _:
                waiting += [(child, bends) for child in children(node)]


def _shifted(one: Parameter, places: Places) -> Node | None:
    """The constant less the number that it takes in."""
    free = one.lower == -math.inf and one.upper == math.inf
    return add(one, Number(-places[0][0])) if free and len(places) == 1 and places[0][0] else None


def _beside(tree: Node) -> Iterator[tuple[Parameter, float, bool]]:
    """The number that is added to each constant at each of its places, by the factor of the constant there."""
    waiting: list[tuple[Node, float]] = [(tree, 0.0)]
    while waiting:
        node, number = waiting.pop()
        match node:
            case Parameter():
                yield node, number, False
            case Product((Number(factor), Parameter() as one)):
                yield one, number / factor, False
            case Sum((Number(value), *terms)):
                waiting += [(term, value) for term in terms]
            case Product() | Power() | Function():
                waiting += [(child, 0.0) for child in children(node)]
            case Sum(terms):
                waiting += [(term, 0.0) for term in terms]


def _changes(
    trees: Sequence[Node],
    places: Callable[[Node], Iterator[tuple[Parameter, float, bool]]],
    other: Callable[[Parameter, Places], Node | None],
) -> dict[Node, Node]:
    """Constant -> what stands for it, of those that are to be turned."""
    found: dict[Parameter, list[tuple[float, bool]]] = {p: [] for tree in trees for p in parameters(tree)}
    for tree in trees:
        for one, number, bends in places(tree):
            found[one].append((number, bends))
    changes = {one: other(one, at) for one, at in found.items()}
    return {one: node for one, node in changes.items() if node is not None}


MOST_TERMS = 64  # of a product that is multiplied out
MOST_SHARES = 6  # terms below a fraction line that are tried as its unit
HALF = Number(0.5)


def expanded(node: Node) -> Node:
    """The normal form with products of sums multiplied out: b (x - c) is b x - b c. Hyperbolic functions and their
    inverses are exponentials and logarithms, a condition that cuts a curve off at zero is a maximum, and
    x / (b + x) is 1 - 1 / (1 + x / b)."""

    def change(part: Node, parts: Sequence[Node]) -> Node:
        if isinstance(part, Product):
            return _multiplied_out(parts)
        parts = [_quotient(one) if isinstance(one, Power) else one for one in parts]
        made = normal_part(part, parts)
        if isinstance(made, Function) and made.name in ("sinh", "cosh", "tanh", "arcsinh", "arctanh", "abs"):
            return _elementary(made.name, made.arguments[0])
        return _hinged(made)

    made = apply_each(node, change)
    return _quotient(made) if isinstance(made, Power) else made


def _sum(*terms: Node) -> Node:
    return normal_part(Sum(terms), terms)


def _product(*factors: Node) -> Node:
    return normal_part(Product(factors), factors)


def _power(base: Node, exponent: Node) -> Node:
    return normal_part(Power(base, exponent), (base, exponent))


def _function(name: str, *arguments: Node) -> Node:
    return normal_part(Function(name, arguments), arguments)


def _elementary(name: str, u: Node) -> Node:
    """sinh u = (e^u - e^-u) / 2, cosh u = (e^u + e^-u) / 2, tanh u = 2 / (1 + e^-2u) - 1,
    arcsinh u = log(u + (1 + u^2)^0.5), arctanh u = log((1 + u) / (1 - u)) / 2, |u| = 2 maximum(u, 0) - u."""
    match name:
        case "abs":
            return _sum(_product(Number(2.0), _rising(u)), _product(MINUS, u))
        case "arcsinh":
            return _function("log", _sum(u, _power(_sum(ONE, _power(u, Number(2.0))), HALF)))
        case "arctanh":
            below = _power(_sum(ONE, _product(MINUS, u)), MINUS)
            return _product(HALF, _function("log", _multiplied_out([_sum(ONE, u), below])))
        case "tanh":
            falling = _function("exp", _product(Number(-2.0), u))
            return _sum(MINUS, _product(Number(2.0), _multiplied_out([_power(_sum(ONE, falling), MINUS)])))
    rising, falling = (_function("exp", _product(sign, u)) for sign in (ONE, MINUS))
    return _sum(_product(HALF, rising), _product(HALF if name == "cosh" else Number(-0.5), falling))


def _hinged(node: Node) -> Node:
    """What has a kink as a sum with maximum(w, 0) in it: the larger of u and v is v + maximum(u - v, 0), and
    where(u < v, a, b) with a - b = k (v - u) is b + k maximum(v - u, 0)."""
    match node:
        case Function("maximum", (u, v)):
            return _sum(v, _rising(_difference(u, v)))
        case Function("minimum", (u, v)):
            return _sum(u, _product(MINUS, _rising(_difference(u, v))))
        case Function("where", (Function("less" | "less_equal", (u, v)), then, otherwise)):
            rise, step = _difference(v, u), _difference(then, otherwise)
            if (slope := _ratio(step, rise)) is not None:
                return _sum(otherwise, _multiplied_out([slope, _rising(rise)]))
    return node


def _difference(one: Node, other: Node) -> Node:
    return _sum(one, _multiplied_out([MINUS, other]))


def _ratio(step: Node, rise: Node) -> Node | None:
    """The factor that makes `step` of `rise`; None where no single product does."""
    first = rise.terms[0] if isinstance(rise, Sum) else rise
    for term in terms_of(step):
        slope = _product(term, _power(first, MINUS))
        if _difference(_multiplied_out([slope, rise]), step) == ZERO:
            return slope
    return None


def _rising(w: Node) -> Node:
    """maximum(w, 0) with positive factors of all terms outside, of w or -w that in which the first of the features, by
    name, has no minus: maximum(-w, 0) is maximum(w, 0) - w."""
    listed = [factors_of(term) for term in terms_of(w)]
    common = [f for f in listed[0] if all(f in others for others in listed) and span(f)[0] >= 0]
    common = [f for f in common if not isinstance(f, Number)]
    inner = _sum(*(mul(*(f for f in factors if f not in common)) for factors in listed))
    signs = [(features(term), coefficient(term)[0] < 0) for term in terms_of(inner)]
    if min(((names, negative) for names, negative in signs if names), default=((), False))[1]:
        opposite = _multiplied_out([MINUS, inner])
        return _multiplied_out([*common, _sum(inner, _function("maximum", opposite, ZERO))])
    return _multiplied_out([*common, _function("maximum", inner, ZERO)])


def _multiplied_out(factors: Sequence[Node]) -> Node:
    sums = [factor for factor in factors if isinstance(factor, Sum)]
    rest = [factor for factor in factors if factor not in sums]
    truths = [factor for factor in rest if is_truth(factor)]
    if len(truths) == 1 and sums:
        cut = _function("where", truths[0], _product(*sums), ZERO)
        return _product(*(factor for factor in rest if factor not in truths), _hinged(cut))
    if math.prod(len(one.terms) for one in sums) > MOST_TERMS:
        return _product(*factors)
    return _sum(*(_quotient(_product(*rest, *chosen)) for chosen in itertools.product(*(one.terms for one in sums))))


def _quotient(node: Node) -> Node:
    """A product with a power of a sum in it, the sum divided by the term that leaves the fewest factors outside: A x /
    (b + x) is A / (1 + b / x). Of 1 / (1 + u) and 1 - 1 / (1 + 1 / u), the one in which u rises."""
    factors = list(node.factors) if isinstance(node, Product) else [node]
    for k, factor in enumerate(factors):
        match factor:
            case Power(Sum(below), exponent) if len(below) <= MOST_SHARES and not _counts(exponent):
                outer, terms = _without_features(below, exponent)
                rest = [*factors[:k], *factors[k + 1 :], *outer]
                whole = isinstance(exponent, Number) and float(exponent.value).is_integer()
                units = [one for one in terms if whole or all(span(term)[0] >= 0 for term in terms)]
                written = [_divided(rest, terms, unit, exponent) for unit in units]
                outside, shares = min([(rest, terms), *written], key=_plainness)
                if len(shares) == 2 and shares[0] == ONE and exponent == MINUS and _falls(shares[1]):
                    turned = _power(_sum(ONE, _power(shares[1], MINUS)), MINUS)
                    return _sum(_product(*outside), _product(MINUS, *outside, turned))
                if shares is not below:
                    return _product(*outside, _power(_sum(*shares), exponent))
    return node


def _without_features(terms: Sequence[Node], exponent: Node) -> tuple[list[Node], Sequence[Node]]:
    """The lowest power of each feature in a sum, as a factor of the sum's power, and the terms without it:
    1 / (b / x + c) is x / (b + c x). So with constants and numbers, as far as signs allow."""
    whole = isinstance(exponent, Number) and float(exponent.value).is_integer()
    outside, powers = list[Node](), [_powers(term, whole) for term in terms]
    for base in dict.fromkeys(one for known in powers for one in known):
        if least := min(known.get(base, 0.0) for known in powers):
            outside.append(_power(_power(base, Number(least)), exponent))
            terms = [_product(term, _power(base, Number(-least))) for term in terms]
    number = coefficient(min(terms, key=lambda term: (features(term), len(parameters(term)))))[0]
    if number > 0 and number != 1:
        outside.append(_power(Number(number), exponent))
        terms = [_product(term, Number(1 / number)) for term in terms]
    return outside, terms


def _powers(term: Node, whole: bool) -> dict[Node, float]:
    """Feature -> the number it is raised to, of those among the factors; so of constants where that may be taken out of
    a power: of a `whole` one."""
    found = dict[Node, float]()
    for factor in factors_of(term):
        base, value = (factor.base, factor.exponent) if isinstance(factor, Power) else (factor, ONE)
        if isinstance(value, Number) and isinstance(base, Feature | Parameter if whole else Feature):
            found[base] = value.value
    return found


def _divided(
    outside: Sequence[Node], terms: Sequence[Node], unit: Node, exponent: Node
) -> tuple[Sequence[Node], Sequence[Node]]:
    """What stands outside and inside a power of a sum that is divided by one of its terms."""
    inverse = _power(unit, MINUS)
    shares = [_product(term, inverse) for term in terms if term is not unit]
    moved = _product(*outside, _power(unit, exponent))
    return factors_of(moved), (ONE, *shares)


def _counts(exponent: Node) -> bool:
    return isinstance(exponent, Number) and exponent.value > 0 and float(exponent.value).is_integer()


def _plainness(pair: tuple[Sequence[Node], Sequence[Node]]) -> tuple[int, bool, list[tuple[tuple[str, ...], float]]]:
    """Sorts what stands outside and inside a power of a sum: few factors outside, a 1 inside; then by the features and
    their exponents."""
    length = sum(1 for factor in pair[0] for part in walk(factor) if not isinstance(part, Number))
    exponents = [coefficient(one.exponent)[0] if isinstance(one, Power) else 1.0 for one in pair[0]]
    return length, pair[1][0] != ONE, sorted(zip(map(features, pair[0]), exponents, strict=True))


def _falls(ratio: Node) -> bool:
    """Whether a product falls with the first of its features, by name."""
    found: list[tuple[tuple[str, ...], bool]] = []
    for factor in factors_of(ratio):
        match factor:
            case Function("exp", (argument,)):
                found += [(features(term), coefficient(term)[0] < 0) for term in terms_of(argument)]
            case Power(base, exponent):
                found.append((features(base), coefficient(exponent)[0] < 0))
            case _:
                found.append((features(factor), False))
    return min(((names, falls) for names, falls in found if names), default=((), False))[1]
