"""The role of each parameter, inferred from its place in the tree; and signs of exponents as people read them: x^a says
that x makes a law grow, x^-a that it falls."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from lawsmith.sandbox.law.expression import factors_of, features, neg, parameters, power, transform, walk
from lawsmith.sandbox.law.nodes import LINEAR, Feature, Function, Node, Number, Parameter, Power, Product, Role, Sum

_INSIDE = {"exp": "rate", "expm1": "rate"}
_CHOICES = frozenset({"maximum", "minimum", "where", "abs"})


def roles(trees: Sequence[Node]) -> dict[str, Role]:
    """Name -> role; where one parameter has several places, one that bends the curve counts most."""
    found: dict[str, Role] = {}
    for tree in trees:
        for parameter, role in _places(tree, "whole"):
            if parameter.name not in found or found[parameter.name] in LINEAR:
                found[parameter.name] = role
    return found


def _places(node: Node, inside: str) -> Iterator[tuple[Parameter, Role]]:
    """`inside` says where `node` stands: the whole law, a factor, a base, a square, the divisor of a square, a rate
    (the argument of an exponential), or an argument of another function."""
    match node:
        case Parameter():
            yield node, _ALONE[inside]
        case Sum(terms):
            for term in terms:
                yield from _term(term, inside)
        case Product():
            yield from _term(node, inside)
        case Power(Number(), exponent):  # 10^(A - B/T) is an exponential
            yield from _places(exponent, "rate")
        case Power(base, exponent):
            for parameter in parameters(exponent):
                yield parameter, Role.EXPONENT
            square = exponent == Number(2.0)
            divides = exponent == Number(-1.0) and inside in ("whole", "factor", "rate")
            width = inside == "square" and exponent == Number(-1.0)
            kept = inside if divides and inside == "rate" else "width" if width else "base"
            yield from _places(base, "square" if square else kept)
        case Function(name, arguments):
            within = inside if name in _CHOICES else _INSIDE.get(name, "argument")
            for argument in arguments:
                yield from _places(argument, within)


def _term(term: Node, inside: str) -> Iterator[tuple[Parameter, Role]]:
    """One term of a sum, or a product that stands alone."""
    factors = factors_of(term)
    others = [factor for factor in factors if not isinstance(factor, Number | Parameter)]
    for factor in factors:
        if isinstance(factor, Parameter):
            yield factor, _scaling(inside, others) if others else _ALONE[inside]
        elif isinstance(factor, Sum) and len(others) < len(factors) and inside in ("whole", "factor"):
            yield from _places(factor, "factor")
        else:
            yield from _places(factor, "factor" if inside == "whole" and len(factors) > 1 else inside)


_ALONE = {
    "whole": Role.LEVEL,
    "factor": Role.AMPLITUDE,
    "base": Role.SHIFT,
    "square": Role.CENTRE,
    "width": Role.WIDTH,
    "rate": Role.CENTRE,
    "argument": Role.SHIFT,
}


def _scaling(inside: str, others: Sequence[Node]) -> Role:
    """The role of a parameter that multiplies `others`."""
    match inside:
        case "whole" | "factor":
            bends = any(parameters(other) for other in others)
            return Role.AMPLITUDE if bends else Role.COEFFICIENT
        case "base" | "width":
            return Role.SCALE
        case "square":
            return Role.CENTRE
    logarithms = [o for o in others if isinstance(o, Function) and o.name.startswith("log") and features(o)]
    if inside == "rate" and logarithms and not any(isinstance(o, Feature) for o in others):
        return Role.EXPONENT
    return Role.RATE


def bare_exponents(node: Node) -> dict[Parameter, int]:
    """The free exponents that stand alone wherever they stand: 1 where that is x^a, -1 where it is x^-a."""
    exponents = Counter(n.exponent for n in walk(node) if isinstance(n, Power))
    found = {}
    for one, count in Counter(n for n in walk(node) if isinstance(n, Parameter)).items():
        for sign, written in ((1, one), (-1, neg(one))):
            if one.role is Role.EXPONENT and exponents[written] == count:
                found[one] = sign
    return found


def turned(node: Node, names: Collection[str]) -> Node:
    """The same law with the other sign of these bare exponents."""

    def change(n: Node) -> Node:
        if isinstance(n, Power) and len(held := parameters(n.exponent)) == 1 and held[0].name in names:
            other = replace(held[0], lower=-held[0].upper, upper=-held[0].lower)
            return power(n.base, neg(other) if n.exponent == held[0] else other)
        return n

    return transform(node, change)


def by_bounds(node: Node) -> Node:
    """The law with x^a for bare exponents that may have either sign, and x^-a for those that are negative."""
    either = [p.name for p, sign in bare_exponents(node).items() if sign < 0 and p.lower < 0 < p.upper]
    negative = [p.name for p, sign in bare_exponents(node).items() if sign > 0 and p.upper <= 0]
    return turned(node, {*either, *negative})
