"""Operations on the values of `lawsmith.runs.formula_walk`: Python numbers are computed, expressions are joined."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from lawsmith.runs.scalar_table import SAME, STACKED, TEMPLATES
from lawsmith.runs.source import Untranslatable

MAX_ITEMS = 20_000
MAX_SIZE = 3_000  # nodes of one expression
MAX_NESTING = 100  # a sum of as many terms is nested as deep; printers recurse

FUNCTIONS = frozenset(TEMPLATES) - {
    "add",
    "subtract",
    "multiply",
    "divide",
    "true_divide",
    "power",
    "float_power",
}
_ARITHMETIC: dict[str, type[ast.operator]] = {
    "add": ast.Add,
    "subtract": ast.Sub,
    "multiply": ast.Mult,
    "divide": ast.Div,
    "true_divide": ast.Div,
    "power": ast.Pow,
    "float_power": ast.Pow,
}
_RENAMED = {
    "absolute": "abs",
    "fabs": "abs",
    "max": "maximum",
    "min": "minimum",
    "fmax": "maximum",
    "fmin": "minimum",
}
_NUMBERS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: lambda a, b: float(a) ** float(b),
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def known_items(value: Any, node: ast.AST) -> list[Any]:
    """The items of a collection; raises Untranslatable for anything whose items are not known beforehand."""
    if not isinstance(value, list | tuple | dict | range | str) or len(value) > MAX_ITEMS:
        raise Untranslatable("a loop over something that is not known beforehand", node)
    return list(value)


def _joined(left: Any, right: Any) -> Any:
    if len(left) + len(right) > MAX_SIZE:
        raise Untranslatable("a string or list grows too long")
    return left + right


class Algebra:
    """Builds expressions of at most `MAX_SIZE` nodes; every method raises Untranslatable for what it does not
    know.
    """

    def __init__(self) -> None:
        self._measured: dict[int, tuple[ast.expr, int, int]] = {}

    def expression(self, value: Any) -> ast.expr:
        if isinstance(value, ast.expr):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Untranslatable(f"a {type(value).__name__} stands where a number should")
        if math.isnan(value):
            raise Untranslatable("it contains nan")
        constant: ast.expr = ast.Constant(abs(value))
        return ast.UnaryOp(ast.USub(), constant) if math.copysign(1.0, value) < 0 else constant

    def _sized(self, node: ast.expr, *parts: ast.expr) -> ast.expr:
        measured = [self._measured.get(id(part), (part, 1, 1)) for part in parts]
        size, depth = 1 + sum(item[1] for item in measured), 1 + max(item[2] for item in measured)
        if size > MAX_SIZE or depth > MAX_NESTING:
            raise Untranslatable(f"the expression has more than {MAX_SIZE} parts, or {MAX_NESTING} levels")
        self._measured[id(node)] = (node, size, depth)  # holding the node keeps its id from being reused
        return node

    def binary(self, left: Any, op: ast.operator, right: Any) -> Any:
        if not isinstance(left, ast.expr) and not isinstance(right, ast.expr):
            return self._number(op, left, right)
        a, b = self.expression(left), self.expression(right)
        if isinstance(op, ast.MatMult | ast.LShift | ast.RShift):
            raise Untranslatable(f"the operator {type(op).__name__}")
        if isinstance(op, ast.BitAnd | ast.BitOr):
            return self._sized(
                ast.BoolOp(ast.And() if isinstance(op, ast.BitAnd) else ast.Or(), [a, b]), a, b
            )
        return self._sized(ast.BinOp(a, op, b), a, b)

    def _number(self, op: ast.AST, left: Any, right: Any) -> Any:
        if isinstance(op, ast.Add) and type(left) is type(right) and isinstance(left, str | list):
            return _joined(left, right)
        known = _NUMBERS.get(type(op))
        if known is None or not all(isinstance(value, int | float) for value in (left, right)):
            raise Untranslatable(f"the operator {type(op).__name__}")
        try:
            result = known(left, right)
        except ArithmeticError:
            raise Untranslatable("a constant cannot be computed") from None
        if isinstance(result, complex) or (isinstance(result, int) and abs(result) > 2**63):
            raise Untranslatable("a constant is complex or too large")
        return result

    def unary(self, op: ast.unaryop, value: Any) -> Any:
        if isinstance(op, ast.Not | ast.Invert):
            return self.function("logical_not", [value]) if isinstance(value, ast.expr) else not value
        if isinstance(op, ast.UAdd):
            return value
        if isinstance(value, int | float):
            return -value
        inner = self.expression(value)
        return self._sized(ast.UnaryOp(ast.USub(), inner), inner)

    def compare(self, left: Any, op: ast.cmpop, right: Any) -> Any:
        if isinstance(op, ast.In | ast.NotIn) and isinstance(right, dict | list | tuple):
            return (left in right) == isinstance(op, ast.In)
        if isinstance(left, ast.expr) or isinstance(right, ast.expr):
            a, b = self.expression(left), self.expression(right)
            if not isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.Eq | ast.NotEq):
                raise Untranslatable(f"the comparison {type(op).__name__}")
            return self._sized(ast.Compare(a, [op], [b]), a, b)
        if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Eq | ast.NotEq):
            return (left == right) == isinstance(op, ast.Eq)
        return self._number(op, left, right)

    def fold(self, items: list[Any], join: Callable[[Any, Any], Any], start: Any) -> Any:
        total = start
        for index, item in enumerate(items):
            total = item if index == 0 else join(total, item)
        return total

    def library(self, dotted: str, values: list[Any], named: dict[str, Any], node: ast.Call) -> Any:
        module, _, name = dotted.rpartition(".")
        if module not in ("numpy", "math", "scipy.special") or not values:
            raise Untranslatable(dotted, node)
        if name in ("sum", "prod") and (named.get("axis", values[1] if len(values) == 2 else None)) == 0:
            op = ast.Add() if name == "sum" else ast.Mult()
            return self.fold(known_items(values[0], node), lambda a, b: self.binary(a, op, b), 0)
        if name in SAME or name in STACKED or name == "column_stack":
            return values[0]
        if name == "full_like" and len(values) == 2:
            return values[1]
        if name == "clip":
            return self._clip(values, named)
        if named:
            raise Untranslatable(f"{dotted} with named arguments", node)
        if name in _ARITHMETIC and len(values) == 2:
            return self.binary(values[0], _ARITHMETIC[name](), values[1])
        name = _RENAMED.get(name, name)
        if name in ("maximum", "minimum") and len(values) > 1:
            return self.fold(values, lambda a, b: self.function(name, [a, b]), None)
        if name not in FUNCTIONS:
            raise Untranslatable(dotted, node)
        return self.function(name, values)

    def _clip(self, values: list[Any], named: dict[str, Any]) -> Any:
        listed = [*values, None, None]
        low = named.get("a_min", named.get("min", listed[1]))
        high = named.get("a_max", named.get("max", listed[2]))
        value = values[0]
        if low is not None:
            value = self.function("maximum", [value, low])
        return value if high is None else self.function("minimum", [value, high])

    def function(self, name: str, values: Sequence[Any]) -> ast.expr:
        parts = [self.expression(value) for value in values]
        return self._sized(ast.Call(ast.Name(name, ast.Load()), parts, []), *parts)
