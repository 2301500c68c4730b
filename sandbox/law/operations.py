"""Operations on the values that a form computes with while it is read, as numpy would do them.

Everything that grows is bounded, because sources come from strangers.
"""

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from lawsmith.sandbox.law import expression as tree
from lawsmith.sandbox.law.expression import depth, size
from lawsmith.sandbox.law.functions import FUNCTIONS, apply, is_truth
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Unreadable
from lawsmith.sandbox.law.values import MAX_ITEMS, NAN, Columns, EachRow, Lookup, RowCount, Vector, items_of, node_of

MAX_SIZE = 4_000  # nodes of one tree
MAX_DEPTH = 80  # levels of one tree: all that walk it recurse


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
    """A function of the table, of each item where one argument is a vector; a number where all are numbers.

    Raises Unreadable for another number of arguments than it takes.
    """
    if len(values) != FUNCTIONS[name].arity:
        raise Unreadable(f"{name} of {len(values)} arguments")
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
    if not isinstance(left, Node) and not isinstance(right, Node):
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
        if isinstance(value, Node):
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
    if isinstance(left, Node) or isinstance(right, Node):
        if type(op) not in RELATIONS:
            raise Unreadable(f"the comparison {type(op).__name__}")
        return call(RELATIONS[type(op)], [left, right])
    if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Eq | ast.NotEq):
        return (left == right) == isinstance(op, ast.Eq)
    return _number(op, left, right)


def merged(condition: Node, then: Any, otherwise: Any) -> Any:
    """One value for what two branches left behind."""
    if then is otherwise or (not isinstance(then, Node) and type(then) is type(otherwise) and then == otherwise):
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
    if isinstance(value, Node | Lookup | RowCount):
        raise Unreadable("a branch that depends on a feature or parameter")
    return bool(value)
