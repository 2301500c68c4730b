"""Builds trees, simplified as they are built, and walks them. Derivatives, keys and writers are modules beside it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from operator import attrgetter
from typing import Any, TypeGuard, TypeVar

from lawsmith.sandbox.law.arithmetic import safe_power
from lawsmith.sandbox.law.nodes import MINUS, ONE, ZERO, Feature, Function, Node, Number, Parameter, Power, Product, Sum

_T = TypeVar("_T")


def recurring(nodes: Iterable[Node], *kinds: type[Node]) -> list[Node]:
    """The parts of these kinds that occur more than once, inner ones first."""
    seen = Counter(part for node in nodes for part in walk(node) if isinstance(part, kinds))
    return sorted((part for part, times in seen.items() if times > 1), key=size)


def _kept(made: Callable[[Node], _T]) -> Callable[[Node], _T]:
    """The function, which keeps with each node what it says of it: trees never change."""
    name = f"_{made.__name__}"

    @wraps(made)
    def known(node: Node) -> _T:
        found: _T | None = node.__dict__.get(name)
        if found is None:
            found = node.__dict__[name] = made(node)
        return found

    return known


@_kept
def size(node: Node) -> int:
    """Number of nodes, where a part that occurs twice counts twice."""
    return 1 + sum(map(size, children(node)))


@_kept
def depth(node: Node) -> int:
    """Levels of the tree; 1 for a leaf."""
    return 1 + max(map(depth, children(node)), default=0)


def terms_of(node: Node) -> tuple[Node, ...]:
    """The terms of a sum; of any other node that alone."""
    return node.terms if isinstance(node, Sum) else (node,)


def factors_of(node: Node) -> tuple[Node, ...]:
    """The factors of a product; of any other node that alone."""
    return node.factors if isinstance(node, Product) else (node,)


def fraction(factors: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """The factors above a fraction line, and what stands below it: the bases of powers with the exponent -1."""
    below = [f.base for f in factors if isinstance(f, Power) and f.exponent == MINUS]
    return [f for f in factors if not (isinstance(f, Power) and f.exponent == MINUS)], below


def coefficient(node: Node) -> tuple[float, Node]:
    """The number in front, and what it multiplies: 1 where there is none."""
    first, *rest = factors_of(node)
    return (first.value, mul(*rest)) if isinstance(first, Number) else (1.0, node)


def add(*terms: Node) -> Node:
    """The sum, flat, with all numbers added up in front; zero without terms."""
    flat = [part for term in terms for part in terms_of(term)]
    constant = sum((t.value for t in flat if isinstance(t, Number)), 0.0)
    rest: list[Node] = [t for t in flat if not isinstance(t, Number)]
    if constant:
        rest.insert(0, Number(constant))
    if not rest:
        return ZERO
    return rest[0] if len(rest) == 1 else Sum(tuple(rest))


def mul(*factors: Node) -> Node:
    """The product, flat, with all numbers multiplied in front; zero where a number is zero."""
    flat = [part for factor in factors for part in factors_of(factor)]
    constant = math.prod(f.value for f in flat if isinstance(f, Number))
    if constant == 0:
        return ZERO
    rest: list[Node] = [f for f in flat if not isinstance(f, Number)]
    if constant != 1 or not rest:
        rest.insert(0, Number(constant))
    return rest[0] if len(rest) == 1 else Product(tuple(rest))


def neg(node: Node) -> Node:
    """The node times -1."""
    return mul(MINUS, node)


def power(base: Node, exponent: Node) -> Node:
    """The base to the exponent; exponents 0 and 1 and powers of numbers are computed."""
    if exponent == ZERO:
        return ONE
    if exponent == ONE:
        return base
    if isinstance(base, Number) and isinstance(exponent, Number):
        value = safe_power(base.value, exponent.value)
        return Power(base, exponent) if math.isnan(value) else Number(value)
    return Power(base, exponent)


def function(name: str, *arguments: Node) -> Node:
    """The function of that name, one of `lawsmith.sandbox.law.functions`, at its arguments."""
    return Function(name, arguments)


def exp(node: Node) -> Node:
    """e to the node."""
    return Function("exp", (node,))


def log(node: Node) -> Node:
    """The natural logarithm of the node."""
    return Function("log", (node,))


def is_log(node: Node) -> TypeGuard[Function]:
    """Whether the node is a natural logarithm."""
    return isinstance(node, Function) and node.name == "log"


def divide(above: Node, below: Node) -> Node:
    """A quotient, written as a product with the power -1."""
    return mul(above, power(below, MINUS))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below this one, in order; none for a number, a parameter or a feature."""
    below = _BELOW.get(type(node))
    return () if below is None else below(node)


_BELOW: dict[type[Node], Callable[[Any], tuple[Node, ...]]] = {
    Sum: attrgetter("terms"),
    Product: attrgetter("factors"),
    Power: attrgetter("base", "exponent"),
    Function: attrgetter("arguments"),
}


def rebuild(node: Node, parts: tuple[Node, ...]) -> Node:
    """`node` with other children, simplified."""
    match node:
        case Sum():
            return add(*parts)
        case Product():
            return mul(*parts)
        case Power():
            return power(*parts)
        case Function(name, _):
            return Function(name, parts)
        case _:
            return node


def walk(node: Node) -> Iterator[Node]:
    """Every part, from the outside in and from left to right."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(children(node))


def transform(node: Node, change: Callable[[Node], Node]) -> Node:
    """Applies `change` to every node, leaves first."""
    parts = children(node)
    return change(rebuild(node, tuple(transform(part, change) for part in parts)) if parts else node)


def apply_each(node: Node, change: Callable[[Node, list[_T]], _T]) -> _T:
    """`change(part, results of its children)` for every part, leaves first, each distinct part once, without
    recursion; the result of the whole."""
    known: dict[Node, _T] = {}
    waiting = [node]
    while waiting:
        part = waiting[-1]
        missing = [child for child in children(part) if child not in known]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        if part not in known:
            known[part] = change(part, [known[child] for child in children(part)])
    return known[node]


@_kept
def parameters(node: Node) -> tuple[Parameter, ...]:
    """In order of first appearance."""
    if isinstance(node, Parameter):
        return (node,)
    return tuple(dict.fromkeys(one for part in children(node) for one in parameters(part)))


@_kept
def features(node: Node) -> tuple[str, ...]:
    """The names of the features in the tree, each once, in the order of first use."""
    if isinstance(node, Feature):
        return (node.name,)
    return tuple(dict.fromkeys(name for part in children(node) for name in features(part)))


def rename(node: Node, names: dict[str, str]) -> Node:
    """The tree with parameters named anew; names that are not in `names` stay."""

    def change(one: Node) -> Node:
        return replace(one, name=names.get(one.name, one.name)) if isinstance(one, Parameter) else one

    return transform(node, change)
