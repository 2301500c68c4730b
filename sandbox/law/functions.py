"""The one table of functions that laws are made of: how each is called in numpy, in plain Python and in sympy, its
derivatives, its range. Whatever else numpy, math and scipy offer is read as an expression of these."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from lawsmith.sandbox.law import arithmetic
from lawsmith.sandbox.law.expression import (
    ONE,
    ZERO,
    Function,
    Node,
    Number,
    Product,
    Sum,
    add,
    exp,
    function,
    mul,
    neg,
    power,
)

Slope = Callable[..., Node]
TWO = Number(2.0)


@dataclass(frozen=True)
class FunctionEntry:
    """One function of numbers, elementwise over arrays.

    numpy: its name in numpy, or in `scipy.special` where `special`. slopes: the partial derivative for each argument;
    None where we have none. plain: an expression of single floats a, b and c that ends as numpy's does, with infinity
    or nan where `math` would raise (the `safe_` functions stand in `lawsmith.sandbox.law.arithmetic`). sympy: takes the
    module and the arguments. truth: the result is true or false. low, high: bounds of the value.
    """

    arity: int
    numpy: str
    slopes: tuple[Slope, ...] | None
    plain: str
    sympy: Callable[..., Any]
    special: bool = False
    truth: bool = False
    low: float = -math.inf
    high: float = math.inf


def _zero(*_: Node) -> Node:
    return ZERO


def _one_minus_square(node: Node, sign: float = -1.0) -> Node:
    return add(ONE, mul(Number(sign), power(node, TWO)))


def _squared(name: str) -> Slope:
    """1 - f(u)^2."""
    return lambda u: _one_minus_square(function(name, u))


def _over_root(first: float, square: float) -> Slope:
    """1 / sqrt(first + square u^2)."""
    return lambda u: power(add(Number(first), mul(Number(square), power(u, TWO))), Number(-0.5))


def _inverse(node: Node) -> Node:
    return power(node, Number(-1.0))


def _relation(numpy: str, sign: str, sympy: Callable[..., Any]) -> FunctionEntry:
    return FunctionEntry(2, numpy, (_zero, _zero), f"bool(a {sign} b)", sympy, truth=True, low=0.0, high=1.0)


FUNCTIONS: dict[str, FunctionEntry] = {
    "exp": FunctionEntry(1, "exp", (exp,), "safe_exp(a)", lambda s, a: s.exp(a), low=0.0),
    "expm1": FunctionEntry(1, "expm1", (exp,), "safe_expm1(a)", lambda s, a: s.exp(a) - 1, low=-1.0),
    "log": FunctionEntry(1, "log", (_inverse,), "safe_log(a)", lambda s, a: s.log(a)),
    "log2": FunctionEntry(
        1, "log2", (lambda u: mul(Number(1 / math.log(2)), _inverse(u)),), "safe_log2(a)", lambda s, a: s.log(a, 2)
    ),
    "log10": FunctionEntry(
        1, "log10", (lambda u: mul(Number(1 / math.log(10)), _inverse(u)),), "safe_log10(a)", lambda s, a: s.log(a, 10)
    ),
    "log1p": FunctionEntry(1, "log1p", (lambda u: _inverse(add(ONE, u)),), "safe_log1p(a)", lambda s, a: s.log(1 + a)),
    "logaddexp": FunctionEntry(
        2,
        "logaddexp",
        (
            lambda u, v: exp(add(u, neg(function("logaddexp", u, v)))),
            lambda u, v: exp(add(v, neg(function("logaddexp", u, v)))),
        ),
        "safe_logaddexp(a, b)",
        lambda s, a, b: s.log(s.exp(a) + s.exp(b)),
    ),
    "cbrt": FunctionEntry(
        1,
        "cbrt",
        (lambda u: mul(Number(1 / 3), power(function("cbrt", u), Number(-2.0))),),
        "math.cbrt(a)",
        lambda s, a: s.sign(a) * s.Abs(a) ** s.Rational(1, 3),
    ),
    "abs": FunctionEntry(1, "abs", (lambda u: function("sign", u),), "abs(a)", lambda s, a: s.Abs(a), low=0.0),
    "sign": FunctionEntry(1, "sign", (_zero,), "safe_sign(a)", lambda s, a: s.sign(a), low=-1.0, high=1.0),
    "floor": FunctionEntry(1, "floor", (_zero,), "safe_call(math.floor, a)", lambda s, a: s.floor(a)),
    "ceil": FunctionEntry(1, "ceil", (_zero,), "safe_call(math.ceil, a)", lambda s, a: s.ceiling(a)),
    "sin": FunctionEntry(
        1, "sin", (lambda u: function("cos", u),), "safe_call(math.sin, a)", lambda s, a: s.sin(a), low=-1.0, high=1.0
    ),
    "cos": FunctionEntry(
        1,
        "cos",
        (lambda u: neg(function("sin", u)),),
        "safe_call(math.cos, a)",
        lambda s, a: s.cos(a),
        low=-1.0,
        high=1.0,
    ),
    "tan": FunctionEntry(
        1,
        "tan",
        (lambda u: _one_minus_square(function("tan", u), 1.0),),
        "safe_call(math.tan, a)",
        lambda s, a: s.tan(a),
    ),
    "sinh": FunctionEntry(
        1, "sinh", (lambda u: function("cosh", u),), "safe_call(math.sinh, a)", lambda s, a: s.sinh(a)
    ),
    "cosh": FunctionEntry(
        1, "cosh", (lambda u: function("sinh", u),), "safe_call(math.cosh, a)", lambda s, a: s.cosh(a), low=1.0
    ),
    "tanh": FunctionEntry(1, "tanh", (_squared("tanh"),), "math.tanh(a)", lambda s, a: s.tanh(a), low=-1.0, high=1.0),
    "arcsin": FunctionEntry(1, "arcsin", (_over_root(1.0, -1.0),), "safe_call(math.asin, a)", lambda s, a: s.asin(a)),
    "arccos": FunctionEntry(
        1, "arccos", (lambda u: neg(_over_root(1.0, -1.0)(u)),), "safe_call(math.acos, a)", lambda s, a: s.acos(a)
    ),
    "arctan": FunctionEntry(
        1,
        "arctan",
        (lambda u: _inverse(_one_minus_square(u, 1.0)),),
        "math.atan(a)",
        lambda s, a: s.atan(a),
        low=-math.pi / 2,
        high=math.pi / 2,
    ),
    "arctan2": FunctionEntry(
        2,
        "arctan2",
        (
            lambda u, v: mul(v, _inverse(add(power(u, TWO), power(v, TWO)))),
            lambda u, v: mul(neg(u), _inverse(add(power(u, TWO), power(v, TWO)))),
        ),
        "math.atan2(a, b)",
        lambda s, a, b: s.atan2(a, b),
        low=-math.pi,
        high=math.pi,
    ),
    "arcsinh": FunctionEntry(1, "arcsinh", (_over_root(1.0, 1.0),), "math.asinh(a)", lambda s, a: s.asinh(a)),
    "arccosh": FunctionEntry(
        1, "arccosh", (_over_root(-1.0, 1.0),), "safe_call(math.acosh, a)", lambda s, a: s.acosh(a), low=0.0
    ),
    "arctanh": FunctionEntry(
        1, "arctanh", (lambda u: _inverse(_one_minus_square(u)),), "safe_arctanh(a)", lambda s, a: s.atanh(a)
    ),
    "erf": FunctionEntry(
        1,
        "erf",
        (lambda u: mul(Number(2 / math.sqrt(math.pi)), exp(neg(power(u, TWO)))),),
        "math.erf(a)",
        lambda s, a: s.erf(a),
        special=True,
        low=-1.0,
        high=1.0,
    ),
    "erfc": FunctionEntry(
        1,
        "erfc",
        (lambda u: mul(Number(-2 / math.sqrt(math.pi)), exp(neg(power(u, TWO)))),),
        "math.erfc(a)",
        lambda s, a: s.erfc(a),
        special=True,
        low=0.0,
        high=2.0,
    ),
    "gamma": FunctionEntry(1, "gamma", None, "safe_gamma(a)", lambda s, a: s.gamma(a), special=True),
    "gammaln": FunctionEntry(1, "gammaln", None, "safe_gammaln(a)", lambda s, a: s.loggamma(a), special=True),
    "remainder": FunctionEntry(2, "mod", None, "safe_remainder(a, b)", lambda s, a, b: s.Mod(a, b)),
    "maximum": FunctionEntry(2, "maximum", None, "safe_maximum(a, b)", lambda s, a, b: s.Max(a, b)),
    "minimum": FunctionEntry(2, "minimum", None, "safe_minimum(a, b)", lambda s, a, b: s.Min(a, b)),
    "where": FunctionEntry(3, "where", None, "(b if a else c)", lambda s, a, b, c: s.Piecewise((b, a), (c, True))),
    "less": _relation("less", "<", lambda s, a, b: a < b),
    "less_equal": _relation("less_equal", "<=", lambda s, a, b: a <= b),
    "greater": _relation("greater", ">", lambda s, a, b: a > b),
    "greater_equal": _relation("greater_equal", ">=", lambda s, a, b: a >= b),
    "equal": _relation("equal", "==", lambda s, a, b: s.Eq(a, b)),
    "not_equal": _relation("not_equal", "!=", lambda s, a, b: s.Ne(a, b)),
    "logical_and": _relation("logical_and", "and", lambda s, a, b: s.And(a, b)),
    "logical_or": _relation("logical_or", "or", lambda s, a, b: s.Or(a, b)),
    "logical_not": FunctionEntry(
        1, "logical_not", (_zero,), "not a", lambda s, a: s.Not(a), truth=True, low=0.0, high=1.0
    ),
    "isfinite": FunctionEntry(
        1, "isfinite", (_zero,), "math.isfinite(a)", lambda s, a: s.true, truth=True, low=0.0, high=1.0
    ),
}
"""The functions by our own names. `where`, `maximum` and `minimum` are differentiated branch by branch."""

ORDERLESS = frozenset({"maximum", "minimum", "logical_and", "logical_or", "equal", "not_equal", "logaddexp"})
"""Functions whose arguments may be swapped."""
CONDITIONS = {"where": 1, "logical_and": 2, "logical_or": 2, "logical_not": 1}
"""How many first arguments of a function are conditions."""


def is_orderless(node: Node) -> bool:
    """Whether the parts of `node` may be swapped."""
    return isinstance(node, Sum | Product) or (isinstance(node, Function) and node.name in ORDERLESS)


def is_truth(node: Node) -> bool:
    """Whether the value of `node` is true or false rather than a number."""
    return isinstance(node, Function) and FUNCTIONS[node.name].truth


def apply(name: str, arguments: Sequence[Node]) -> Node:
    """The function of these arguments: a number where all of them are, unless that would be nan."""
    if name == "where" and isinstance(arguments[0], Number):
        return arguments[1] if arguments[0].value else arguments[2]
    if name == "where" and is_truth(arguments[0]) and tuple(arguments[1:]) == (ONE, ZERO):
        return arguments[0]
    if all(isinstance(argument, Number) for argument in arguments):
        value = evaluate(name, [a.value for a in arguments if isinstance(a, Number)])
        if not math.isnan(value):
            return Number(value)
    return Function(name, tuple(arguments))


def evaluate(name: str, values: Sequence[float]) -> float:
    """The value of a function of numbers; nan or infinity where numpy would say so."""
    return float(_compiled(name)(*values))


@cache
def _compiled(name: str) -> Callable[..., float]:
    """The plain Python of the table as a function of floats."""
    letters = ", ".join("abc"[: FUNCTIONS[name].arity])
    made: Callable[..., float] = eval(f"lambda {letters}: {FUNCTIONS[name].plain}", dict(vars(arithmetic)))
    return made
