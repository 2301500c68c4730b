"""Prints the expressions of `lawsmith.runs.formula`: as text and as sympy."""

from __future__ import annotations

import ast
import copy
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from keyword import kwlist
from typing import TYPE_CHECKING, Any

from lawsmith.runs.quoting import visible
from lawsmith.sandbox.law import arithmetic
from lawsmith.sandbox.law.arithmetic import safe_power

if TYPE_CHECKING:
    import sympy


def expression_text(node: ast.expr, constants: Mapping[str, float], digits: int) -> str:
    """The expression on one line, powers written ``**``; characters that no terminal should get are escaped.

    A parameter in `constants` is replaced by its value with that many significant digits. Where a feature has
    the name of a parameter, the parameter is written ``p.<name>``.
    """
    features = {leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name) and leaf.id.startswith("x:")}

    class Shown(ast.NodeTransformer):
        def visit_Name(self, leaf: ast.Name) -> ast.expr:
            kind, _, name = leaf.id.partition(":")
            if kind == "p" and name in constants:
                return _signed(f"{abs(constants[name]):.{digits}g}", constants[name])
            ambiguous = kind == "p" and f"x:{name}" in features
            return ast.Name(visible(f"p.{name}" if ambiguous else name or leaf.id), ast.Load())

        def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
            inner = self.visit(node.operand)
            both_negative = isinstance(inner, ast.UnaryOp) and isinstance(node.op, ast.USub)
            return inner.operand if both_negative else ast.UnaryOp(node.op, inner)

        def visit_Constant(self, leaf: ast.Constant) -> ast.expr:
            assert isinstance(leaf.value, int | float)
            return _signed(shortest(abs(leaf.value)), leaf.value)

    # The walker shares parts between expressions, so the tree is copied before names are replaced in it.
    return ast.unparse(Shown().visit(copy.deepcopy(node)))


def _signed(text: str, value: float) -> ast.expr:
    literal: ast.expr = ast.Name(re.sub(r"e\+?(-?)0*(\d)", r"e\1\2", text), ast.Load())
    return ast.UnaryOp(ast.USub(), literal) if math.copysign(1.0, value) < 0 else literal


def shortest(value: float) -> str:
    """The number exactly, as people write it: 0.5, 3, 1e9."""
    plain = repr(value).removesuffix(".0")
    if not math.isfinite(value):
        return plain
    decimal = Decimal(repr(value)).normalize()
    scientific = f"{decimal:e}".replace("e+", "e")
    return scientific if len(scientific) < len(plain) - 1 else plain


def to_sympy(node: ast.expr) -> sympy.Expr:
    """The expression over real symbols; raises ValueError for a part that sympy cannot state.

    Whatever holds no symbol is computed here, in bounded double precision: left to sympy, a stranger's
    ``9.0**9.0**9.0`` would be computed exactly and never end.
    """
    import sympy

    symbols: dict[str, sympy.Symbol] = {}

    def symbol(leaf: ast.Name) -> Any:
        if leaf.id not in symbols:
            kind, _, name = leaf.id.partition(":")
            clash = kind == "p" and f"x:{name}" in symbols
            symbols[leaf.id] = sympy.Symbol(f"p.{name}" if clash else name, real=True)
        return symbols[leaf.id]

    for leaf in ast.walk(node):
        if isinstance(leaf, ast.Name) and leaf.id.startswith("x:"):
            symbol(leaf)
    return _Converter(symbol).convert(node)


class _Converter:
    def __init__(self, symbol: Callable[[ast.Name], Any]) -> None:
        import sympy

        self._sympy = sympy
        self._symbol = symbol

    def convert(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value) if isinstance(value, int | float):
                return self._number(value)
            case ast.Name():
                return self._symbol(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.convert(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(op, self.convert(left), self.convert(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return _RELATIONS[type(op)](self.convert(left), self.convert(right))
            case ast.BoolOp(op=op, values=values):
                join = self._sympy.And if isinstance(op, ast.And) else self._sympy.Or
                return join(*(self.convert(value) for value in values))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._function(name, [self.convert(argument) for argument in arguments])
        raise ValueError(f"sympy has no counterpart of {type(node).__name__}")

    def _number(self, value: float) -> Any:
        if not math.isfinite(value):
            return self._sympy.oo if value > 0 else -self._sympy.oo
        whole = value == int(value) and abs(value) < 2**53
        return self._sympy.Integer(int(value)) if whole else self._sympy.Float(repr(value))

    def _binary(self, op: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(op, ast.Add):
            return left + right
        if isinstance(op, ast.Sub):
            return left - right
        if isinstance(op, ast.Mult):
            return left * right
        if isinstance(op, ast.Div):
            return left / right
        if isinstance(op, ast.Pow):
            folded = self._folded(safe_power, [left, right])
            return left**right if folded is None else folded
        raise ValueError(f"sympy has no counterpart of the operator {type(op).__name__}")

    def _folded(self, function: Callable[..., float], values: list[Any]) -> Any:
        """The value as a double where no symbol is involved, else None."""
        if not all(getattr(value, "is_number", False) for value in values):
            return None
        result = function(*(float(value) for value in values))
        if math.isnan(result):
            raise ValueError("a constant of the formula is not a number")
        return self._number(result)

    def _function(self, name: str, values: list[Any]) -> Any:
        known = _functions().get(name)
        if known is None:
            raise ValueError(f"sympy has no counterpart of {name}")
        double = getattr(arithmetic, f"safe_{name}", getattr(math, name, None))
        folded = None if double is None else self._folded(double, values)
        return known(*values) if folded is None else folded


_RELATIONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: _sympy_relation("Eq", a, b),
    ast.NotEq: lambda a, b: _sympy_relation("Ne", a, b),
}


def _sympy_relation(name: str, a: Any, b: Any) -> Any:
    import sympy

    return getattr(sympy, name)(a, b)


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """Our function names -> sympy."""
    import sympy as s

    same = (
        "exp",
        "log",
        "sqrt",
        "sign",
        "sinh",
        "cosh",
        "tanh",
        "sin",
        "cos",
        "tan",
        "erf",
        "erfc",
        "gamma",
        "floor",
    )
    return {
        **{name: getattr(s, name) for name in same},
        "log2": lambda a: s.log(a, 2),
        "log10": lambda a: s.log(a, 10),
        "log1p": lambda a: s.log(1 + a),
        "expm1": lambda a: s.exp(a) - 1,
        "exp2": lambda a: 2**a,
        "cbrt": lambda a: s.sign(a) * s.Abs(a) ** s.Rational(1, 3),
        "square": lambda a: a**2,
        "reciprocal": lambda a: 1 / a,
        "negative": lambda a: -a,
        "abs": s.Abs,
        "expit": lambda a: 1 / (1 + s.exp(-a)),
        "gammaln": s.loggamma,
        "ceil": s.ceiling,
        "arctan": s.atan,
        "arctan2": s.atan2,
        "arcsinh": s.asinh,
        "arcsin": s.asin,
        "arccos": s.acos,
        "arccosh": s.acosh,
        "arctanh": s.atanh,
        "hypot": lambda a, b: s.sqrt(a**2 + b**2),
        "logaddexp": lambda a, b: s.log(s.exp(a) + s.exp(b)),
        "xlogy": lambda a, b: a * s.log(b),
        "maximum": s.Max,
        "minimum": s.Min,
        "where": lambda c, a, b: s.Piecewise((a, c), (b, True)),
        "greater": lambda a, b: a > b,
        "greater_equal": lambda a, b: a >= b,
        "less": lambda a, b: a < b,
        "less_equal": lambda a, b: a <= b,
        "logical_not": s.Not,
        "logical_and": s.And,
        "logical_or": s.Or,
    }


def sympy_script(expressions: Mapping[str, sympy.Expr]) -> str:
    """A Python script that defines a symbol for each name and `expressions`, target -> expression.

    Names that are no identifiers, or mean something to sympy, get an identifier of their own; the symbol keeps the
    name.
    """
    import sympy

    symbols = sorted({s for e in expressions.values() for s in e.free_symbols}, key=str)
    reserved = {"expressions", "constants", *kwlist, *dir(sympy)}
    identifiers: dict[Any, str] = {}
    for symbol in symbols:
        plain = str(symbol)
        usable = plain.isidentifier() and plain.isascii() and plain not in reserved
        identifiers[symbol] = (
            plain if usable and plain not in identifiers.values() else f"symbol_{len(identifiers)}"
        )
    renamed = {symbol: sympy.Symbol(name, real=True) for symbol, name in identifiers.items()}
    lines = ["from sympy import *", ""]
    lines += [f"{name} = Symbol({str(symbol)!a}, real=True)" for symbol, name in identifiers.items()]
    lines += ["expressions = {"]
    lines += [
        f"    {t!a}: {sympy.sstr(e.xreplace(renamed), full_prec=True)}," for t, e in expressions.items()
    ]
    return "\n".join([*lines, "}", ""])
