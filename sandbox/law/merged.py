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


def _one_constant(terms: tuple[Node, ...]) -> list[Node]:
    """At most one constant among terms or factors; numbers go with it."""
    free = [term for term in terms if isinstance(term, Parameter)]
    if not free:
        return list(terms)
    return [free[0], *(t for t in terms if not isinstance(t, Parameter | Number))]


def _product(factors: tuple[Node, ...]) -> Node:
    """One constant among the factors, and none where a factor brings its own."""
    kept = _one_constant(factors)
    if not isinstance(kept[0], Parameter):
        return mul(*kept)
    for k, factor in enumerate(kept[1:], 1):
        if isinstance(factor, Sum) and _has_own(factor):
            return mul(*kept[1:])
        if isinstance(factor, Function) and factor.name == "exp":
            (inner,) = factor.arguments
            rest = [t for t in inner.terms if not isinstance(t, Parameter)] if isinstance(inner, Sum) else []
            if isinstance(inner, Sum) and 0 < len(rest) < len(inner.terms):
                kept[k] = function("exp", add(*rest))
        if isinstance(factor, Power) and isinstance(factor.base, Product):
            bare = [f for f in factor.base.factors if not isinstance(f, Parameter)]
            if 0 < len(bare) < len(factor.base.factors):
                kept[k] = power(mul(*bare), factor.exponent)
    return mul(*kept)


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
