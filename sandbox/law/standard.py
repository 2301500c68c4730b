"""One way to write what free constants may turn round: signs and inverses that their bounds allow.

``A x^-a`` and ``A x^b`` are one law where a and b may have either sign, and so are ``exp(-k x)`` with k in [0, 2] and
``exp(k x)`` with k in [-2, 0], or ``x / h`` and ``k x``. Keys and traits look at a law after this.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from lawsmith.sandbox.law.expanded import expanded
from lawsmith.sandbox.law.expression import add, apply_each, children, coefficient, mul, parameters, power, rebuild
from lawsmith.sandbox.law.nodes import MINUS, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.sandbox.law.normal import normal
from lawsmith.sandbox.law.statement import Statement

Places = Sequence[tuple[float, bool]]
"""Of a constant, for each of its places: the number beside it, and whether it bends what it stands in."""


def standard(statement: Statement) -> list[Node]:
    """One tree per target, the same for all spellings of a law: multiplied out, and with the constants turned the usual
    way: positive where bounds leave no choice, powers and exponentials that fall, coefficients that are added. Those
    that stand below fraction lines alone are inverted (1 / h is k) before signs are looked at, and in the end those
    that may be anything take in the number beside them."""
    trees = [expanded(normal(tree)) for tree in statement.targets.values()]
    for places, other in ((_exponents, _inverse), (_coefficients, _opposite), (_beside, _shifted)):
        if changes := _changes(trees, places, other):  # `transform` would replace what looks like the constant itself
            turned = [apply_each(t, lambda one, parts: changes.get(one) or rebuild(one, tuple(parts))) for t in trees]
            trees = [*map(expanded, turned)]
    return trees


def _inverse(one: Parameter, places: Places) -> Node | None:
    whole = all(exponent == round(exponent) and not bent for exponent, bent in places)
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
