"""The one table of functions that laws are made of: how each is called in numpy, in plain Python and in sympy, its
derivatives, its range. Whatever else numpy, math and scipy offer is read as an expression of these."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from lawsmith.sandbox.law import arithmetic
from lawsmith.sandbox.law.expression import add, exp, function, mul, neg, power
from lawsmith.sandbox.law.nodes import ONE, ZERO, Function, Node, Number, Product, Sum

Slope = Callable[..., Node]
TWO = Number(2.0)


@dataclass(frozen=True)
class FunctionEntry:
    """One function of numbers, elementwise over arrays.

    numpy: its name in numpy, or in `scipy.special` where `special`. slopes: the partial derivative for each argument;
    None where we have none. plain: an expression of single floats a, b and c that ends as numpy's does, with infinity
    or nan where `math` would raise (the `safe_` functions stand in `lawsmith.sandbox.law.arithmetic`). sympy: the
    same in sympy's names. truth: the result is true or false. low, high: bounds of the value.
    """

    arity: int
    numpy: str
    slopes: tuple[Slope, ...] | None
    plain: str
    sympy: str
    special: bool = False
    truth: bool = False
    low: float = -math.inf
    high: float = math.inf


def _zero(*_: Node) -> Node:
    return ZERO


def _inverse(node: Node) -> Node:
    return power(node, Number(-1.0))


def _quadratic(first: float, square: float, node: Node) -> Node:
    """first + square u^2."""
    return add(Number(first), mul(Number(square), power(node, TWO)))


def _over_root(first: float, square: float) -> Slope:
    """1 / sqrt(first + square u^2)."""
    return lambda u: power(_quadratic(first, square, u), Number(-0.5))


def _called(name: str) -> Slope:
    return lambda u: function(name, u)


def _times(number: float, slope: Slope) -> Slope:
    return lambda u: mul(Number(number), slope(u))


def _bell(u: Node) -> Node:
    return exp(neg(power(u, TWO)))


def _share(k: int) -> Slope:
    """exp(u_k) / (exp(u_0) + exp(u_1))."""
    return lambda *u: exp(add(u[k], neg(function("logaddexp", *u))))


def _over_radius(u: Node, v: Node) -> Node:
    return _inverse(add(power(u, TWO), power(v, TWO)))


def _one(
    name: str, slope: Slope | None, plain: str, sympy: str, low: float = -math.inf, high: float = math.inf
) -> FunctionEntry:
    """A function of one number; `plain` may be the name of a function of `math`."""
    called = plain if "(" in plain else f"safe_call(math.{plain}, a)"
    return FunctionEntry(1, name, None if slope is None else (slope,), called, sympy, low=low, high=high)


def _truth(arity: int, name: str, plain: str, sympy: str) -> FunctionEntry:
    return FunctionEntry(arity, name, (_zero,) * arity, plain, sympy, truth=True, low=0.0, high=1.0)


_ENTRIES = (
    _one("exp", exp, "safe_exp(a)", "exp(a)", low=0.0),
    _one("expm1", exp, "safe_expm1(a)", "exp(a) - 1", low=-1.0),
    _one("log", _inverse, "safe_log(a)", "log(a)"),
    _one("log2", _times(1 / math.log(2), _inverse), "safe_log2(a)", "log(a, 2)"),
    _one("log10", _times(1 / math.log(10), _inverse), "safe_log10(a)", "log(a, 10)"),
    _one("log1p", lambda u: _inverse(add(ONE, u)), "safe_log1p(a)", "log(1 + a)"),
    FunctionEntry(2, "logaddexp", (_share(0), _share(1)), "safe_logaddexp(a, b)", "log(exp(a) + exp(b))"),
    _one(
        "cbrt",
        _times(1 / 3, lambda u: power(function("cbrt", u), Number(-2.0))),
        "math.cbrt(a)",
        "sign(a) * Abs(a) ** Rational(1, 3)",
    ),
    _one("abs", _called("sign"), "abs(a)", "Abs(a)", low=0.0),
    _one("sign", _zero, "safe_sign(a)", "sign(a)", -1.0, 1.0),
    _one("floor", _zero, "floor", "floor(a)"),
    _one("ceil", _zero, "ceil", "ceiling(a)"),
    _one("sin", _called("cos"), "sin", "sin(a)", -1.0, 1.0),
    _one("cos", _times(-1.0, _called("sin")), "cos", "cos(a)", -1.0, 1.0),
    _one("tan", lambda u: _quadratic(1.0, 1.0, function("tan", u)), "tan", "tan(a)"),
    _one("sinh", _called("cosh"), "sinh", "sinh(a)"),
    _one("cosh", _called("sinh"), "cosh", "cosh(a)", low=1.0),
    _one("tanh", lambda u: _quadratic(1.0, -1.0, function("tanh", u)), "math.tanh(a)", "tanh(a)", -1.0, 1.0),
    _one("arcsin", _over_root(1.0, -1.0), "asin", "asin(a)"),
    _one("arccos", _times(-1.0, _over_root(1.0, -1.0)), "acos", "acos(a)"),
    _one("arctan", lambda u: _inverse(_quadratic(1.0, 1.0, u)), "math.atan(a)", "atan(a)", -math.pi / 2, math.pi / 2),
    FunctionEntry(
        2,
        "arctan2",
        (lambda u, v: mul(v, _over_radius(u, v)), lambda u, v: mul(neg(u), _over_radius(u, v))),
        "math.atan2(a, b)",
        "atan2(a, b)",
        low=-math.pi,
        high=math.pi,
    ),
    _one("arcsinh", _over_root(1.0, 1.0), "math.asinh(a)", "asinh(a)"),
    _one("arccosh", _over_root(-1.0, 1.0), "acosh", "acosh(a)", low=0.0),
    _one("arctanh", lambda u: _inverse(_quadratic(1.0, -1.0, u)), "safe_arctanh(a)", "atanh(a)"),
    replace(_one("erf", _times(2 / math.sqrt(math.pi), _bell), "math.erf(a)", "erf(a)", -1.0, 1.0), special=True),
    replace(_one("erfc", _times(-2 / math.sqrt(math.pi), _bell), "math.erfc(a)", "erfc(a)", 0.0, 2.0), special=True),
    replace(_one("gamma", None, "safe_gamma(a)", "gamma(a)"), special=True),
    replace(_one("gammaln", None, "safe_gammaln(a)", "loggamma(a)"), special=True),
    FunctionEntry(2, "mod", None, "safe_remainder(a, b)", "Mod(a, b)"),
    FunctionEntry(2, "maximum", None, "safe_maximum(a, b)", "Max(a, b)"),
    FunctionEntry(2, "minimum", None, "safe_minimum(a, b)", "Min(a, b)"),
    FunctionEntry(3, "where", None, "(b if a else c)", "Piecewise((b, a), (c, True))"),
    _truth(2, "less", "bool(a < b)", "a < b"),
    _truth(2, "less_equal", "bool(a <= b)", "a <= b"),
    _truth(2, "greater", "bool(a > b)", "a > b"),
    _truth(2, "greater_equal", "bool(a >= b)", "a >= b"),
    _truth(2, "equal", "bool(a == b)", "Eq(a, b)"),
    _truth(2, "not_equal", "bool(a != b)", "Ne(a, b)"),
    _truth(2, "logical_and", "bool(a and b)", "And(a, b)"),
    _truth(2, "logical_or", "bool(a or b)", "Or(a, b)"),
    _truth(1, "logical_not", "not a", "Not(a)"),
    _truth(1, "isfinite", "math.isfinite(a)", "true"),
)
FUNCTIONS = {"remainder" if entry.numpy == "mod" else entry.numpy: entry for entry in _ENTRIES}
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
