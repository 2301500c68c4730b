"""Constants of a formula that say the same, merged: ``c1 + c2 * (c3 * x + c4)`` is ``c1 + c2 * x``.

Other programs print a constant at every place where they fitted one. Each costs what any constant costs here.
"""

from __future__ import annotations

from lawsmith.sandbox.law.expression import (
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    Sum,
    add,
    function,
    mul,
    parameters,
    power,
    transform,
    walk,
)

ROUNDS = 20


def merged(node: Node) -> Node:
    """The same form without constants that another one can stand for; as it is where a constant has several places."""
    for _ in range(ROUNDS if _each_once(node) else 0):
        before, node = node, transform(node, _simpler)
        if node == before:
            break
    return node


def _each_once(node: Node) -> bool:
    places = [part.name for part in walk(node) if isinstance(part, Parameter)]
    return len(places) == len(set(places))


def _simpler(node: Node) -> Node:
    match node:
        case Sum(terms):
            return add(*_one_constant(tuple(terms)))
        case Product(factors):
            return _product(tuple(factors))
        case Power(Product(factors), exponent) if not parameters(exponent):
            own = [f for f in factors if isinstance(f, Parameter)]
            rest = [f for f in factors if not isinstance(f, Parameter)]
            return mul(*own, power(mul(*rest), exponent)) if own and rest else node
    return node


def _one_constant(parts: tuple[Node, ...]) -> list[Node]:
    """The terms or factors with at most one constant among them; numbers beside several of them go."""
    free = [part for part in parts if _is_free(part)]
    if len(free) < 2:
        return list(parts)
    return [part for part in parts if part is free[0] or not (_is_free(part) or isinstance(part, Number))]


def _is_free(part: Node) -> bool:
    """Whether a part is a constant, perhaps times numbers."""
    if isinstance(part, Product):
        return sum(isinstance(f, Parameter) for f in part.factors) == 1 and all(
            isinstance(f, Parameter | Number) for f in part.factors
        )
    return isinstance(part, Parameter)


def _product(factors: tuple[Node, ...]) -> Node:
    """One constant among the factors, and none where a factor brings its own."""
    kept = _one_constant(factors)
    lead = next((factor for factor in kept if isinstance(factor, Parameter)), None)
    if lead is None:
        return mul(*kept)
    for k, factor in enumerate(kept):
        if isinstance(factor, Sum) and _has_own(factor):
            return mul(*(one for one in kept if one is not lead))
        kept[k] = _without_scale(factor)
    return mul(*kept)


def _without_scale(factor: Node) -> Node:
    """A factor beside a constant, without a constant of its own that only scales it."""
    match factor:
        case Function("exp", (Sum(terms),)):
            rest = [term for term in terms if not _is_free(term)]
            return function("exp", add(*rest)) if 0 < len(rest) < len(terms) else factor
        case Power(Product(factors), exponent):
            rest = [one for one in factors if not isinstance(one, Parameter)]
            return power(mul(*rest), exponent) if 0 < len(rest) < len(factors) else factor
    return factor


def _has_own(term: Node) -> bool:
    """Whether a constant scales the term."""
    match term:
        case Parameter():
            return True
        case Product(factors):
            return any(map(_has_own, factors))
        case Sum(terms):
            return all(map(_has_own, terms))
    return False
