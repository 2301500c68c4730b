"""Arithmetic on single numbers that ends as numpy's does: with infinity or nan where `math` would raise.

The source of these functions is copied into every exported law that uses them, so each one needs nothing but `math` and
the others here.
"""

import math
from collections.abc import Callable


def safe_power(base: float, exponent: float) -> float:
    """base to the exponent as numpy computes it: infinite on overflow, nan where it is not real."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        if base != 0:
            return math.nan
        return math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf


def safe_divide(above: float, below: float) -> float:
    """above / below as numpy computes it: a division by zero is infinite, or nan for 0 / 0."""
    if below != 0:
        return float(above) / below
    if above == 0 or math.isnan(above) or math.isnan(below):
        return math.nan
    return math.copysign(math.inf, above) * math.copysign(1.0, below)


def safe_exp(value: float) -> float:
    """e to the value; infinite on overflow."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def safe_expm1(value: float) -> float:
    """e to the value, less 1, exact near zero; infinite on overflow."""
    try:
        return math.expm1(value)
    except OverflowError:
        return math.inf


def safe_log(value: float) -> float:
    """The natural logarithm; -inf at zero, nan below."""
    if value > 0:
        return math.log(value)
    return -math.inf if value == 0 else math.nan


def safe_log2(value: float) -> float:
    """The logarithm to base 2; -inf at zero, nan below."""
    return math.log2(value) if value > 0 else safe_log(value)


def safe_log10(value: float) -> float:
    """The logarithm to base 10; -inf at zero, nan below."""
    return math.log10(value) if value > 0 else safe_log(value)


def safe_log1p(value: float) -> float:
    """The natural logarithm of 1 + value, exact near zero; -inf at -1, nan below."""
    if value > -1:
        return math.log1p(value)
    return -math.inf if value == -1 else math.nan


def safe_maximum(a: float, b: float) -> float:
    """The larger number; nan where either is nan, as `numpy.maximum`."""
    return a if a >= b or math.isnan(a) else b


def safe_minimum(a: float, b: float) -> float:
    """The smaller number; nan where either is nan, as `numpy.minimum`."""
    return a if a <= b or math.isnan(a) else b


def safe_sign(value: float) -> float:
    """-1, 0 or 1; nan stays nan."""
    return value if math.isnan(value) else float((value > 0) - (value < 0))


def safe_call(function: Callable[[float], float], value: float) -> float:
    """A function of `math` as numpy's would answer: nan outside its domain, infinite on overflow."""
    try:
        return float(function(value))
    except ValueError:
        return math.nan
    except OverflowError:  # sinh and cosh far out, or rounding an infinite number
        return value if math.isinf(value) else math.copysign(math.inf, function(math.copysign(1.0, value)))


def safe_logaddexp(a: float, b: float) -> float:
    """log(exp(a) + exp(b)) without overflow."""
    if a == b:
        return a + math.log(2.0)
    return max(a, b) + math.log1p(math.exp(-abs(a - b))) if a < b or b < a else math.nan


def safe_remainder(a: float, b: float) -> float:
    """a % b with the sign of b; nan for a division by zero or an infinite a."""
    return math.nan if b == 0 or math.isinf(a) else a % b


def safe_arctanh(value: float) -> float:
    """The inverse hyperbolic tangent; infinite at -1 and 1, nan beyond."""
    return math.copysign(math.inf, value) if abs(value) == 1 else safe_call(math.atanh, value)


def safe_gamma(value: float) -> float:
    """The gamma function; infinite with the sign of zero at zero, nan at negative integers."""
    return math.copysign(math.inf, value) if value == 0 else safe_call(math.gamma, value)


def safe_gammaln(value: float) -> float:
    """The logarithm of the gamma function's size; infinite at its poles."""
    if math.isinf(value):
        return value
    return math.inf if value <= 0 and value == math.floor(value) else safe_call(math.lgamma, value)
