"""Typesets the expressions of `runs.formula` as they were written: nothing is expanded, reordered or cancelled."""

from __future__ import annotations

import ast
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from lawsmith.runs.formula_print import shortest

GREEK = dict(
    zip(
        (
            *(
                "alpha",
                "beta",
                "gamma",
                "delta",
                "epsilon",
                "zeta",
                "eta",
                "theta",
                "kappa",
                "lambda",
                "mu",
                "nu",
            ),
            *("xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
            *("Gamma", "Delta", "Theta", "Lambda", "Sigma", "Phi", "Omega"),
        ),
        "αβγδεζηθκλμνξπρστφχψωΓΔΘΛΣΦΩ",
        strict=True,
    )
)
"""Names of parameters that stand for a letter."""

# How tightly a part holds together; a part looser than its place asks for is put in parentheses.
_LOOSE, _SUM, _PRODUCT, _POWER, _ATOM = range(5)


class Notation(ABC):
    """A markup language for formulas: how each kind of part is written. All take and return markup, save `name`."""

    @abstractmethod
    def name(self, name: str) -> str:
        """The name of a feature, parameter or target, a stranger's text."""

    @abstractmethod
    def number(self, digits: str) -> str:
        """Digits, perhaps with a decimal point, or ∞."""

    @abstractmethod
    def operator(self, sign: str) -> str:
        """One of + − ⋅ , < ≤ > ≥ = ≠ ∧ ∨ ¬."""

    @abstractmethod
    def function(self, name: str, base: str = "") -> str:
        """The upright name of a function; `base` is that of a logarithm."""

    @abstractmethod
    def row(self, parts: Sequence[str]) -> str: ...

    @abstractmethod
    def fenced(self, inner: str, fence: str = "()") -> str: ...

    @abstractmethod
    def fraction(self, above: str, below: str) -> str: ...

    @abstractmethod
    def power(self, base: str, exponent: str) -> str: ...

    @abstractmethod
    def root(self, inner: str, degree: str = "") -> str: ...

    @abstractmethod
    def cases(self, condition: str, then: str, otherwise: str) -> str: ...


def typeset(node: ast.expr, notation: Notation) -> str:
    """The expression in a notation; raises ValueError for a part that has no counterpart there."""
    features = {leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name) and leaf.id.startswith("x:")}
    return _Setter(notation, features).set(node)


class _Setter:
    def __init__(self, notation: Notation, features: set[str]) -> None:
        self._to = notation
        self._features = features

    def set(self, node: ast.expr, least: int = _LOOSE) -> str:
        """The part, in parentheses where it holds less tightly than `least`."""
        node = _plain(node)
        made = self._part(node)
        return self._to.fenced(made) if _tightness(node) < least else made

    def _part(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=value) if isinstance(value, int | float):
                return self._number(value)
            case ast.Name():
                return self._name(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._to.row([self._to.operator("−"), self.set(operand, _PRODUCT)])
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(left, op, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                sign = self._to.operator(_RELATIONS[type(op)])
                return self._to.row([self.set(left, _SUM), sign, self.set(right, _SUM)])
            case ast.BoolOp(op=op, values=values):
                sign = "∧" if isinstance(op, ast.And) else "∨"
                return self._to.row(self._between([self.set(value, _SUM) for value in values], sign))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, arguments)
        raise ValueError(f"there is no notation for {type(node).__name__}")

    def _binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> str:
        to = self._to
        if isinstance(op, ast.Add | ast.Sub):
            minus, right = isinstance(op, ast.Sub), _plain(right)
            if (positive := _negated(right)) is not None:
                minus, right = not minus, positive
            sign = to.operator("−" if minus else "+")
            return to.row([self.set(left, _SUM), sign, self.set(right, _PRODUCT if minus else _SUM)])
        if isinstance(op, ast.Mult):
            return to.row([self.set(left, _PRODUCT), to.operator("⋅"), self.set(right, _PRODUCT)])
        if isinstance(op, ast.Div):
            return to.fraction(self.set(left), self.set(right))
        if isinstance(op, ast.Pow):
            return to.power(self.set(left, _ATOM), self.set(right))
        raise ValueError(f"there is no notation for the operator {type(op).__name__}")

    def _call(self, name: str, arguments: Sequence[ast.expr]) -> str:
        to, inner = self._to, [self.set(argument) for argument in arguments]
        match name:
            case "sqrt":
                return to.root(inner[0])
            case "cbrt":
                return to.root(inner[0], to.number("3"))
            case "abs":
                return to.fenced(inner[0], "||")
            case "floor":
                return to.fenced(inner[0], "⌊⌋")
            case "ceil":
                return to.fenced(inner[0], "⌈⌉")
            case "where":
                return to.cases(*inner)
            case "log2" | "log10":
                return to.row([to.function("log", to.number(name[3:])), to.fenced(inner[0])])
        shown = {"maximum": "max", "minimum": "min"}.get(name, name)
        return to.row([to.function(shown), to.fenced(to.row(self._between(inner, ",")))])

    def _between(self, parts: Sequence[str], sign: str) -> list[str]:
        joined = [piece for part in parts for piece in (self._to.operator(sign), part)]
        return joined[1:]

    def _name(self, leaf: ast.Name) -> str:
        kind, _, name = leaf.id.partition(":")
        return self._to.name(f"p.{name}" if kind == "p" and f"x:{name}" in self._features else name)

    def _number(self, value: float) -> str:
        to = self._to
        if math.copysign(1.0, value) < 0:
            return to.row([to.operator("−"), self._number(-value)])
        if not math.isfinite(value):
            return to.number("∞")
        mantissa, _, exponent = shortest(value).partition("e")
        if not exponent:
            return to.number(mantissa)
        size = to.number(str(abs(int(exponent))))
        raised = to.power(to.number("10"), to.row([to.operator("−"), size]) if exponent[0] == "-" else size)
        return raised if mantissa == "1" else to.row([to.number(mantissa), to.operator("⋅"), raised])


_RELATIONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠",
}  # fmt: skip


def _tightness(node: ast.expr) -> int:
    match node:
        case ast.Name():
            return _ATOM
        case ast.Constant(value=value) if isinstance(value, int | float):
            if math.copysign(1.0, value) < 0:
                return _SUM
            mantissa, _, exponent = shortest(value).partition("e")
            return _ATOM if not exponent else _POWER if mantissa == "1" else _PRODUCT
        case ast.BinOp(op=ast.Pow()) | ast.Call(func=ast.Name(id="sqrt" | "cbrt")):
            return _POWER
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            return _PRODUCT
        case ast.BinOp() | ast.UnaryOp():
            return _SUM
        case ast.Call(func=ast.Name(id="abs" | "floor" | "ceil")):
            return _ATOM
        case ast.Call(func=ast.Name(id=name)) if name != "where":
            return _POWER
    return _LOOSE


def _negated(node: ast.expr) -> ast.expr | None:
    """What a part is the negative of; None for a part without a leading minus."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return operand
        case ast.Constant(value=value) if isinstance(value, int | float) and math.copysign(1.0, value) < 0:
            return ast.Constant(-value)
    return None


def _plain(node: ast.expr) -> ast.expr:
    """The same part without numpy's short names for arithmetic, and with a product's minus in front of it."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _SPELT_OUT:
            return _plain(_SPELT_OUT[name](*arguments))
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            if (positive := _negated(_plain(left))) is not None:
                return _minus(ast.BinOp(positive, op, right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            if (positive := _negated(_plain(operand))) is not None:
                return _plain(positive)
    return node


def _minus(a: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), a)


def _exp(a: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("exp", ast.Load()), [a], [])


def _one() -> ast.expr:
    return ast.Constant(1)


_SPELT_OUT: Mapping[str, Callable[..., ast.expr]] = {
    "square": lambda a: ast.BinOp(a, ast.Pow(), ast.Constant(2)),
    "reciprocal": lambda a: ast.BinOp(_one(), ast.Div(), a),
    "negative": _minus,
    "exp2": lambda a: ast.BinOp(ast.Constant(2), ast.Pow(), a),
    "expm1": lambda a: ast.BinOp(_exp(a), ast.Sub(), _one()),
    "log1p": lambda a: ast.Call(ast.Name("log", ast.Load()), [ast.BinOp(_one(), ast.Add(), a)], []),
    "expit": lambda a: ast.BinOp(_one(), ast.Div(), ast.BinOp(_one(), ast.Add(), _exp(_minus(a)))),
    "greater": lambda a, b: ast.Compare(a, [ast.Gt()], [b]),
    "greater_equal": lambda a, b: ast.Compare(a, [ast.GtE()], [b]),
    "less": lambda a, b: ast.Compare(a, [ast.Lt()], [b]),
    "less_equal": lambda a, b: ast.Compare(a, [ast.LtE()], [b]),
    "logical_and": lambda *parts: ast.BoolOp(ast.And(), list(parts)),
    "logical_or": lambda *parts: ast.BoolOp(ast.Or(), list(parts)),
}
