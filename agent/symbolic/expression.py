"""Expressions of the symbolic search: an immutable tree that simplifies itself, derivatives, a canonical form."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Parameter:
    """A constant left open, within [lower, upper]."""

    name: str
    lower: float = -math.inf
    upper: float = math.inf


@dataclass(frozen=True)
class Feature:
    """A column of the table divided by `unit`, a power of ten that brings it near 1."""

    name: str
    unit: float = 1.0


@dataclass(frozen=True)
class Sum:
    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Product:
    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Power:
    base: Node
    exponent: Node


@dataclass(frozen=True)
class Function:
    """`name` is one of FUNCTIONS."""

    name: str
    argument: Node


Node = Number | Parameter | Feature | Sum | Product | Power | Function

ZERO, ONE = Number(0.0), Number(1.0)
FUNCTIONS: dict[str, Callable[[Node], Node]] = {
    "exp": lambda u: Function("exp", u),
    "log": lambda u: power(u, Number(-1.0)),
    "log1p": lambda u: power(add(ONE, u), Number(-1.0)),
    "sin": lambda u: Function("cos", u),
    "cos": lambda u: neg(Function("sin", u)),
    "tanh": lambda u: add(ONE, neg(power(Function("tanh", u), Number(2.0)))),
}


def add(*terms: Node) -> Node:
    flat = [part for term in terms for part in (term.terms if isinstance(term, Sum) else (term,))]
    constant = math.fsum(t.value for t in flat if isinstance(t, Number))
    rest: list[Node] = [t for t in flat if not isinstance(t, Number)]
    if constant:
        rest.insert(0, Number(constant))
    if not rest:
        return ZERO
    return rest[0] if len(rest) == 1 else Sum(tuple(rest))


def mul(*factors: Node) -> Node:
    flat = [
        part for factor in factors for part in (factor.factors if isinstance(factor, Product) else (factor,))
    ]
    constant = math.prod(f.value for f in flat if isinstance(f, Number))
    if constant == 0:
        return ZERO
    rest: list[Node] = [f for f in flat if not isinstance(f, Number)]
    if constant != 1 or not rest:
        rest.insert(0, Number(constant))
    return rest[0] if len(rest) == 1 else Product(tuple(rest))


def neg(node: Node) -> Node:
    return mul(Number(-1.0), node)


def power(base: Node, exponent: Node) -> Node:
    if exponent == ZERO:
        return ONE
    if exponent == ONE:
        return base
    if isinstance(base, Number) and isinstance(exponent, Number):
        return Number(base.value**exponent.value)
    return Power(base, exponent)


def exp(node: Node) -> Node:
    return Function("exp", node)


def log(node: Node) -> Node:
    return Function("log", node)


def divide(above: Node, below: Node) -> Node:
    return mul(above, power(below, Number(-1.0)))


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Sum(terms):
            return terms
        case Product(factors):
            return factors
        case Power(base, exponent):
            return (base, exponent)
        case Function(_, argument):
            return (argument,)
        case _:
            return ()


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
            return Function(name, parts[0])
        case _:
            return node


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from walk(child)


def transform(node: Node, change: Callable[[Node], Node]) -> Node:
    """Applies `change` to every node, leaves first."""
    parts = children(node)
    return change(rebuild(node, tuple(transform(part, change) for part in parts)) if parts else node)


def parameters(node: Node) -> tuple[Parameter, ...]:
    """In order of first appearance."""
    return tuple(dict.fromkeys(n for n in walk(node) if isinstance(n, Parameter)))


def features(node: Node) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n.name for n in walk(node) if isinstance(n, Feature)))


def rename(node: Node, names: dict[str, str]) -> Node:
    def change(one: Node) -> Node:
        return replace(one, name=names.get(one.name, one.name)) if isinstance(one, Parameter) else one

    return transform(node, change)


def complexity(node: Node) -> int:
    """Number of nodes of the tree; a parameter counts twice, since it is a choice of the data."""
    return sum(2 if isinstance(n, Parameter) else 1 for n in walk(node))


@lru_cache(maxsize=100_000)
def derivative(node: Node, name: str) -> Node:
    """The partial derivative with respect to the parameter `name`."""
    match node:
        case Parameter(own):
            return ONE if own == name else ZERO
        case Number() | Feature():
            return ZERO
        case Sum(terms):
            return add(*(derivative(term, name) for term in terms))
        case Product(factors):
            parts = []
            for k, factor in enumerate(factors):
                slope = derivative(factor, name)
                if slope != ZERO:
                    parts.append(mul(*factors[:k], slope, *factors[k + 1 :]))
            return add(*parts)
        case Function(function, argument):
            return _chain(FUNCTIONS[function], argument, name)
        case Power(base, Number(value)):  # without dividing by the base, which may be 0
            inner = derivative(base, name)
            return ZERO if inner == ZERO else mul(Number(value), power(base, Number(value - 1)), inner)
        case Power(base, exponent):
            inner, outer = derivative(base, name), derivative(exponent, name)
            falling = mul(exponent, node, power(base, Number(-1.0)), inner) if inner != ZERO else ZERO
            return add(falling, mul(node, log(base), outer) if outer != ZERO else ZERO)


def _chain(slope: Callable[[Node], Node], argument: Node, name: str) -> Node:
    inner = derivative(argument, name)
    return ZERO if inner == ZERO else mul(slope(argument), inner)


def canonical(node: Node) -> str:
    """One text for expressions that differ in parameter names and in the order of terms and factors only."""
    order: dict[str, str] = {}

    def text(one: Node, named: bool) -> str:
        match one:
            case Number(value):
                return f"{value:.6g}"
            case Feature(name):
                return name
            case Parameter(name):
                return order.setdefault(name, f"#{len(order)}") if named else "#"
            case Sum() | Product():
                parts = sorted(children(one), key=lambda child: text(child, False))
                return type(one).__name__[0] + "(" + ",".join(text(part, named) for part in parts) + ")"
            case Power(base, exponent):
                return f"({text(base, named)}^{text(exponent, named)})"
            case Function(name, argument):
                return f"{name}({text(argument, named)})"

    return text(node, True)
