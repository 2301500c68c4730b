"""Signs of exponents as people read them: x^-a says that x makes it fall, x^a that it grows."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from lawsmith.sandbox.law.expression import neg, parameters, power, transform, walk
from lawsmith.sandbox.law.nodes import Node, Parameter, Power, Role


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
