"""The values that an expression can take: intervals from the bounds of parameters and the ranges of columns."""

import math
from collections.abc import Sequence

from lawsmith.sandbox.law.expression import apply_each
from lawsmith.sandbox.law.functions import FUNCTIONS, evaluate
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Parameter, Power, Product, Sum

Span = tuple[float, float]
ANY: Span = (-math.inf, math.inf)
POSITIVE: Span = (5e-324, math.inf)
_RISING = {
    *("exp", "expm1", "log", "log2", "log10", "log1p", "cbrt", "tanh", "sinh", "arctan", "arcsinh", "erf"),
    *("floor", "ceil"),
}
_DOMAIN = {"log": 0.0, "log2": 0.0, "log10": 0.0, "log1p": -1.0}
TINY = 1e-6
"""A floor so low only keeps a logarithm or a quotient of something positive from the edge."""


def span(node: Node) -> Span:
    """Bounds on the value of `node`, never too narrow, where features are positive, as sizes are."""
    return apply_each(node, _span)


def holds(condition: Node) -> bool | None:
    """Whether a condition holds everywhere, or nowhere; None where that depends on the row."""
    match condition:
        case Function("isfinite"):
            return True
        case Function("not_equal", (one, other)) if one == other:  # whether it is nan
            return False
        case Function("equal", (_, Number(value))) if math.isinf(value):
            return False
        case Function("equal", (one, Number(0.0))) if span(one)[0] > 0:
            return False
        case Function("less" | "less_equal" as name, (one, other)):
            low, high = span(one), span(other)
            if high[1] < low[0] or (name == "less" and high[1] <= low[0]):
                return False
            if low[1] < high[0] or (name == "less_equal" and low[1] <= high[0]):
                return True
            if isinstance(one, Number) and 0 <= one.value <= TINY and high[0] >= 0:
                return True
            if isinstance(other, Number) and 0 <= other.value <= TINY and low[0] >= 0:
                return False
    return None


def _span(node: Node, inner: Sequence[Span]) -> Span:
    match node:
        case Number(value):
            return value, value
        case Parameter(_, lower, upper):
            return lower, upper
        case Feature(_, unit):
            return POSITIVE if unit > 0 else ANY
        case Sum():
            return _sound(sum(low for low, _ in inner), sum(high for _, high in inner))
        case Product():
            result: Span = (1.0, 1.0)
            for one in inner:
                ends = [0.0 if a == 0 or b == 0 else a * b for a in result for b in one]
                result = _sound(min(ends), max(ends))
            return result
        case Power(_, exponent):
            return _power(inner[0], inner[1], exponent)
        case Function(name):
            return _function(name, inner)


def _sound(low: float, high: float) -> Span:
    return ANY if math.isnan(low) or math.isnan(high) else (low, high)


def _power(base: Span, exponent: Span, exact: Node) -> Span:
    if isinstance(exact, Number) and exact.value % 2 == 0 and exact.value > 0 and base[0] < 0:
        most = max(abs(base[0]), abs(base[1]))
        least = 0.0 if base[1] >= 0 else abs(base[1])
        base = (least, most)
    if base[0] < 0:
        return ANY
    # Monotone in each argument, so that the extremes lie at the corners.
    ends = [_raised(a, b) for a in base for b in exponent]
    low, high = _sound(min(ends), max(ends))
    return (max(low, 0.0), high) if (low, high) != ANY else (0.0, math.inf)


def _raised(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except (ZeroDivisionError, OverflowError):
        return math.inf


def _function(name: str, inner: Sequence[Span]) -> Span:
    entry = FUNCTIONS[name]
    match name:
        case "maximum" | "minimum":
            pick = max if name == "maximum" else min
            return pick(one[0] for one in inner), pick(one[1] for one in inner)
        case "where":
            return min(inner[1][0], inner[2][0]), max(inner[1][1], inner[2][1])
        case "abs":
            low, high = inner[0]
            return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        case "logaddexp":
            return max(one[0] for one in inner), math.inf
    if name in _RISING and inner[0][0] >= _DOMAIN.get(name, -math.inf):
        low, high = (evaluate(name, [end]) for end in inner[0])
        return _sound(low, high)
    return entry.low, entry.high
