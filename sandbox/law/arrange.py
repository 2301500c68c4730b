"""The one order in which a law is executed: its spelling then changes neither the start of a fit nor its digits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from lawsmith.sandbox.law.expression import (
    Feature,
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    apply_each,
    mul,
    parameters,
    power,
    rebuild,
)
from lawsmith.sandbox.law.functions import is_orderless
from lawsmith.sandbox.law.statement import Statement

INVERSE = Number(-1.0)


def arranged(statement: Statement) -> Statement:
    """The same law with terms, factors and parameters in an order that depends on their places and bounds, never on
    names or on how the source is written; quotients of products and powers are products of powers."""
    shared = frozenset(statement.shared)
    trees = {target: _sorted(_flat(node), shared) for target, node in statement.targets.items()}
    known = {p.name: p for p in statement.parameters}
    placed = dict.fromkeys(p.name for node in trees.values() for p in parameters(node))
    order = tuple(known[name] for name in (*placed, *(name for name in known if name not in placed)))
    return replace(statement, targets=trees, parameters=order)


def _flat(tree: Node) -> Node:
    """1 / (a x^b) is a^-1 x^-b."""

    def change(node: Node, parts: Sequence[Node]) -> Node:
        if isinstance(node, Power) and parts[1] == INVERSE:
            return _inverse(parts[0])
        return rebuild(node, tuple(parts))

    return apply_each(tree, change)


def _inverse(node: Node) -> Node:
    match node:
        case Product(factors):
            return mul(*map(_inverse, factors))
        case Power(base, exponent) if not isinstance(exponent, Number):
            return power(base, mul(INVERSE, exponent))
    return power(node, INVERSE)


def _sorted(tree: Node, shared: frozenset[str]) -> Node:
    """The tree with what may be swapped in the order of its fingerprints."""

    def change(node: Node, parts: Sequence[tuple[Node, str]]) -> tuple[Node, str]:
        inner = list(parts)
        if is_orderless(node):
            inner.sort(key=lambda part: part[1])
        found = rebuild(node, tuple(part for part, _ in inner))
        return found, _print(node, [text for _, text in inner], shared)

    return apply_each(tree, change)[0]


def _print(node: Node, inner: Sequence[str], shared: frozenset[str]) -> str:
    match node:
        case Number(value):
            own = f"number {value!r}"
        case Parameter(name, lower, upper):
            own = f"parameter {lower!r} {upper!r} {name in shared}"
        case Feature(name, unit):
            own = f"feature {name} {unit!r}"
        case Function(name):
            own = name
        case _:
            own = type(node).__name__
    return hashlib.blake2b(f"{own}({','.join(inner)})".encode(), digest_size=12).hexdigest()
