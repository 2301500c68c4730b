"""A law multiplied out, its quotients written in one way: what a key looks at. Nobody reads or executes it."""

import itertools
import math
from collections.abc import Iterable, Sequence

from lawsmith.sandbox.law.expression import apply_each, coefficient, factors_of, features, mul, terms_of, walk
from lawsmith.sandbox.law.functions import is_truth
from lawsmith.sandbox.law.nodes import MINUS, ONE, ZERO, Feature, Function, Node, Number, Power, Product, Sum
from lawsmith.sandbox.law.normal import normal_part
from lawsmith.sandbox.law.spans import span

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
                whole = isinstance(exponent, Number) and exponent.value == round(exponent.value)
                units = [one for one in terms if whole or all(span(term)[0] >= 0 for term in terms)]
                written = [_divided(rest, terms, unit, exponent) for unit in units]
                outside, shares = min([(rest, terms), *written], key=lambda pair: (_length(pair[0]), pair[1][0] != ONE))
                if len(shares) == 2 and shares[0] == ONE and exponent == MINUS and _falls(shares[1]):
                    turned = _power(_sum(ONE, _power(shares[1], MINUS)), MINUS)
                    return _sum(_product(*outside), _product(MINUS, *outside, turned))
                if shares is not below:
                    return _product(*outside, _power(_sum(*shares), exponent))
    return node


def _without_features(terms: Sequence[Node], exponent: Node) -> tuple[list[Node], Sequence[Node]]:
    """The lowest power of each feature in a sum, as a factor of the sum's power, and the terms without it:
    1 / (b / x + c) is x / (b + c x)."""
    outside, powers = list[Node](), [_powers(term) for term in terms]
    for feature in dict.fromkeys(one for known in powers for one in known):
        if least := min(known.get(feature, 0.0) for known in powers):
            outside.append(_power(_power(feature, Number(least)), exponent))
            terms = [_product(term, _power(feature, Number(-least))) for term in terms]
    return outside, terms


def _powers(term: Node) -> dict[Node, float]:
    """Feature -> the number it is raised to, of those among the factors."""
    found = dict[Node, float]()
    for factor in factors_of(term):
        match factor:
            case Feature():
                found[factor] = 1.0
            case Power(Feature() as base, Number(value)):
                found[base] = value
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
    return isinstance(exponent, Number) and exponent.value > 0 and exponent.value == round(exponent.value)


def _length(factors: Iterable[Node]) -> int:
    return sum(1 for factor in factors for part in walk(factor) if not isinstance(part, Number))


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
