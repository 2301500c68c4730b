"""The values that a form computes with while it is read: numbers, trees, collections, and operations on them.

Everything that grows is bounded, because sources come from strangers.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lawsmith.sandbox.law import expression as tree
from lawsmith.sandbox.law.expression import depth, features, size
from lawsmith.sandbox.law.functions import apply, is_truth
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.sandbox.law.statement import Unreadable

MAX_ITEMS = 5_000  # of a collection
MAX_SIZE = 4_000  # nodes of one tree
MAX_DEPTH = 80  # levels of one tree: all that walk it recurse


class RowCount:
    """The number of rows, or the shape of a column: good for making columns of one value only."""


class Vector(list[Any]):
    """An array of known length along an axis that is not the rows': operations act on each item."""


class Columns(Vector):
    """An array whose first axis is the rows', as `numpy.column_stack` makes it: `X[:, 0]` is the first column."""


@dataclass(frozen=True)
class EachRow:
    """What a loop over rows goes through, as `zip` of columns does: `item` stands for that of every row."""

    item: Any


class RowNumber:
    """The number of the row that a loop over rows is at."""


class Once(list[Any]):
    """The items of a generator, of `map` or `zip`: they can be gone through one time."""

    used = False


@dataclass(frozen=True)
class Library:
    """Something of numpy, math or scipy, by its dotted name."""

    name: str


NAN = Library("numpy.nan")


@dataclass(frozen=True)
class Lookup:
    """The argument `x` or `p` of a form: `items` holds the trees; an item that is not there may be a feature where
    the features are not known."""

    what: str
    items: dict[str, Node]
    complete: bool = True

    def item(self, key: object) -> Node:
        """The tree under a key; raises Unreadable where there is none or the key is no text."""
        if not isinstance(key, str):
            raise Unreadable(f"a {self.what} that is not named by text")
        if key not in self.items:
            if self.complete:
                raise Unreadable(f"there is no {self.what} {key[:40]}")
            self.items[key] = Feature(key)
        return self.items[key]

    def names(self) -> list[str]:
        """All keys; raises Unreadable where they are not known."""
        if not self.complete:
            raise Unreadable(f"a loop over every {self.what}")
        return list(self.items)


@dataclass
class Scope:
    """Local names of a call; functions defined inside see those around them."""

    names: dict[str, Any]
    outer: Scope | None = None
    inside: bool = False  # of a comprehension, whose `:=` binds in the function around it

    def function(self) -> Scope:
        """The scope of the function itself."""
        return self if not self.inside or self.outer is None else self.outer.function()

    def find(self, name: str) -> Scope | None:
        """The innermost scope that holds the name, or None."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.outer
        return scope

    def branch(self) -> Scope:
        """A copy for one of two branches."""
        return Scope({name: copied(value) for name, value in self.names.items()}, self.outer, self.inside)


@dataclass(frozen=True)
class Own:
    """A function of the source; `defaults` are the values of its arguments' defaults, made where it is defined."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope | None = field(default=None, compare=False)
    defaults: tuple[Any, ...] = field(default=(), compare=False)


TREES = Number | Parameter | Feature | Sum | Product | Power | Function


def copied(value: Any) -> Any:
    """Collections are copied, for they may be changed in place."""
    if isinstance(value, list):
        return type(value)(map(copied, value))
    return {key: copied(item) for key, item in value.items()} if type(value) is dict else value


def items_of(value: Any) -> list[Any]:
    """The items of a collection whose items are known. Raises Unreadable for others."""
    if isinstance(value, Lookup):
        return value.names()
    if isinstance(value, Once):
        if value.used:
            raise Unreadable("a generator is gone through twice")
        value.used = True
    if not isinstance(value, list | tuple | dict | range | str) or len(value) > MAX_ITEMS:
        raise Unreadable("a loop over something that is not known beforehand")
    return list(value)


def item_of_rows(value: Any) -> Any:
    """What stands for the item of every row in a loop over rows; None where the value has no item for each row."""
    if isinstance(value, TREES):
        return value if features(value) else None
    return value.item if isinstance(value, EachRow) else None


def node_of(value: Any) -> Node:
    """The value as a tree; raises Unreadable for what is no number."""
    if isinstance(value, TREES):
        return value
    if isinstance(value, bool):
        value = int(value)
    if not isinstance(value, int | float):
        raise Unreadable(f"a {_kind(value)} stands where a number should")
    try:
        number = float(value)
    except OverflowError:
        raise Unreadable("a number is too large") from None
    if math.isnan(number):
        raise Unreadable("it contains nan")
    return Number(number)


def _kind(value: Any) -> str:
    return {RowCount: "number of rows", Own: "function", Library: "function", Lookup: "whole table"}.get(
        type(value), type(value).__name__
    )


def bounded(node: Node) -> Node:
    """The tree itself; raises Unreadable where it is too large to work with."""
    if size(node) > MAX_SIZE or depth(node) > MAX_DEPTH:
        raise Unreadable(f"the law has more than {MAX_SIZE} parts, or {MAX_DEPTH} levels")
    return node


def _room(*nodes: Node) -> None:
    """Refuses before anything is built: a product of two halves may copy both."""
    if sum(map(size, nodes)) > MAX_SIZE:
        raise Unreadable(f"the law has more than {MAX_SIZE} parts")


def call(name: str, values: Sequence[Any]) -> Any:
    """A function of the table, of each item where one argument is a vector; a number where all are numbers."""
    values = [value if isinstance(value, Vector) or not isinstance(value, list) else Vector(value) for value in values]
    if name == "where":  # what is not finite is no prediction, whichever it is
        values = [math.inf if value == NAN else value for value in values]
    width = max((len(v) for v in values if isinstance(v, Vector)), default=None)
    if width is not None:
        return _like(values)(call(name, [_part(value, k, width) for value in values]) for k in range(width))
    nodes = [node_of(value) for value in values]
    _room(*nodes)
    return _plain(bounded(apply(name, nodes)))


def _like(values: Sequence[Any]) -> type[Vector]:
    return Columns if any(isinstance(value, Columns) for value in values) else Vector


def _part(value: Any, k: int, width: int) -> Any:
    if not isinstance(value, Vector):
        return value
    if len(value) not in (1, width):
        raise Unreadable("arrays of different lengths")
    return value[k if len(value) == width else 0]


def _plain(node: Node) -> Any:
    if not isinstance(node, Number):
        return node
    if math.isnan(node.value):
        raise Unreadable("it contains nan")
    return node.value


_NUMBERS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Pow: lambda a, b: a**b if isinstance(a, int) and abs(a) < 1e6 and b in (0, 1, 2, 3) else float(a) ** float(b),
}
RELATIONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}


def total(terms: Sequence[Any], sign: Sequence[int]) -> Any:
    """A sum, made at once: one of a thousand terms is built as fast as read."""
    if all(isinstance(term, int | float) for term in terms):
        result: Any = terms[0]
        for term, one in zip(terms[1:], sign[1:], strict=True):
            result = _number(ast.Add() if one > 0 else ast.Sub(), result, term)
        return result
    nodes = [node_of(term) for term in terms]
    _room(*nodes)
    return _plain(bounded(tree.add(*(n if s > 0 else tree.neg(n) for n, s in zip(nodes, sign, strict=True)))))


def binary(left: Any, op: ast.operator, right: Any) -> Any:
    """`left op right` as numpy would do it. Raises Unreadable for an operator that no formula needs."""
    if isinstance(left, Vector) or isinstance(right, Vector):
        if isinstance(op, ast.MatMult):
            return dot(left, right)
        left, right = (Vector(v) if type(v) is list else v for v in (left, right))
        width = max(len(v) for v in (left, right) if isinstance(v, Vector))
        return _like((left, right))(binary(_part(left, k, width), op, _part(right, k, width)) for k in range(width))
    if not isinstance(left, TREES) and not isinstance(right, TREES):
        return _number(op, left, right)
    if isinstance(op, ast.Div) and isinstance(left, Feature) and left.unit == 1 and _positive(right):
        return Feature(left.name, float(right))
    a, b = node_of(left), node_of(right)
    _room(a, b)
    match op:
        case ast.Add() if is_truth(a) and is_truth(b):
            made = apply("logical_or", [a, b])
        case ast.Add():
            made = tree.add(a, b)
        case ast.Sub():
            made = tree.add(a, tree.neg(b))
        case ast.Mult():
            made = tree.mul(a, b)
        case ast.Div():
            made = tree.divide(a, b)
        case ast.Pow():
            made = apply("exp", [b]) if a == Number(math.e) else tree.power(a, b)
        case ast.FloorDiv():
            made = apply("floor", [tree.divide(a, b)])
        case ast.Mod():
            made = apply("remainder", [a, b])
        case ast.BitAnd() | ast.BitOr() if is_truth(a) and is_truth(b):
            made = apply("logical_and" if isinstance(op, ast.BitAnd) else "logical_or", [a, b])
        case _:
            raise Unreadable(f"the operator {type(op).__name__}")
    return _plain(bounded(made))


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def dot(left: Any, right: Any) -> Any:
    """The inner product of two known vectors. Raises Unreadable for matrices, and for different lengths."""
    pairs = list(zip(items_of(left), items_of(right), strict=False))
    if len(items_of(left)) != len(items_of(right)) or not pairs:
        raise Unreadable("a product of arrays of different lengths")
    products = [binary(a, ast.Mult(), b) for a, b in pairs]
    if any(isinstance(product, Vector) for product in products):
        raise Unreadable("a product of matrices")
    return total(products, [1] * len(products))


def _number(op: ast.AST, left: Any, right: Any) -> Any:
    if isinstance(op, ast.Add) and type(left) is type(right) and isinstance(left, str | list | tuple):
        if len(left) + len(right) > MAX_ITEMS:
            raise Unreadable("text or a list grows too long")
        return left + right
    if isinstance(op, ast.Mult) and isinstance(left, list | tuple) and isinstance(right, int):
        if len(left) * max(right, 0) > MAX_ITEMS:
            raise Unreadable("a list grows too long")
        return left * right
    known = _NUMBERS.get(type(op))
    if known is None or not all(isinstance(value, int | float) for value in (left, right)):
        raise Unreadable(f"the operator {type(op).__name__}")
    try:
        result = known(left, right)
    except (ArithmeticError, ValueError):
        raise Unreadable("a constant cannot be computed") from None
    if isinstance(result, complex) or (isinstance(result, int) and abs(result) > 2**63):
        raise Unreadable("a constant is complex or too large")
    return result


def unary(op: ast.unaryop, value: Any) -> Any:
    """The value of a unary operator; raises Unreadable for one that trees do not have."""
    if isinstance(value, Vector):
        return type(value)(unary(op, item) for item in value)
    if isinstance(op, ast.Not | ast.Invert):
        if isinstance(value, TREES):
            return call("logical_not", [value])
        if isinstance(op, ast.Not):
            return not value
        raise Unreadable("the operator ~")
    if isinstance(op, ast.UAdd):
        return value
    return -value if isinstance(value, int | float) else _plain(bounded(tree.neg(node_of(value))))


def compare(left: Any, op: ast.cmpop, right: Any) -> Any:
    """The truth of a comparison, or the tree of one between trees; raises Unreadable for others."""
    if isinstance(op, ast.In | ast.NotIn) and isinstance(right, dict | list | tuple | Lookup | str):
        keys = right.names() if isinstance(right, Lookup) else right
        return (left in keys) == isinstance(op, ast.In)
    if isinstance(left, RowCount) and type(right) is int and right <= 0:
        return _number(op, 1, right)  # there is always a row
    if isinstance(left, RowCount) and isinstance(right, RowCount) and isinstance(op, ast.Eq | ast.NotEq):
        return isinstance(op, ast.Eq)
    if isinstance(op, ast.Is | ast.IsNot) and (left is None or right is None):
        return (left is right) == isinstance(op, ast.Is)
    if isinstance(left, TREES) or isinstance(right, TREES):
        if type(op) not in RELATIONS:
            raise Unreadable(f"the comparison {type(op).__name__}")
        return call(RELATIONS[type(op)], [left, right])
    if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Eq | ast.NotEq):
        return (left == right) == isinstance(op, ast.Eq)
    return _number(op, left, right)


def merged(condition: Node, then: Any, otherwise: Any) -> Any:
    """One value for what two branches left behind."""
    if then is otherwise or (not isinstance(then, TREES) and type(then) is type(otherwise) and then == otherwise):
        return then
    if isinstance(then, EachRow) or isinstance(otherwise, EachRow):
        return EachRow(merged(condition, *(v.item if isinstance(v, EachRow) else v for v in (then, otherwise))))
    if type(then) is dict and type(otherwise) is dict and then.keys() == otherwise.keys():
        return {key: merged(condition, then[key], otherwise[key]) for key in then}
    if isinstance(then, list) and isinstance(otherwise, list) and len(then) == len(otherwise):
        return type(then)(merged(condition, a, b) for a, b in zip(then, otherwise, strict=True))
    return call("where", [condition, then, otherwise])


def truth(value: Any) -> bool:
    """The value of a condition that is known beforehand. Raises Unreadable for others."""
    if isinstance(value, TREES | Lookup | RowCount):
        raise Unreadable("a branch that depends on a feature or parameter")
    return bool(value)
