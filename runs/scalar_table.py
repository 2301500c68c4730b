"""What `lawsmith.runs.scalar` knows: names that a form may use, and how each is written for single numbers."""

from __future__ import annotations

BUILTINS = frozenset(
    {
        *(
            "abs",
            "all",
            "any",
            "bool",
            "dict",
            "enumerate",
            "float",
            "int",
            "isinstance",
            "len",
            "list",
            "max",
        ),
        *("min", "range", "reversed", "round", "sorted", "str", "sum", "tuple", "zip"),
        *("ValueError", "TypeError", "KeyError", "ArithmeticError"),
    }
)
METHODS = frozenset({"get", "items", "keys", "values", "format", "join", "append", "extend"})
MODULES = ("numpy.", "scipy.special.", "math.")
CONSTANTS = frozenset({"pi", "e", "inf", "nan", "tau"})

TEMPLATES = {
    "exp": "safe_exp(a)",
    "expm1": "safe_expm1(a)",
    "log": "safe_log(a)",
    "log2": "safe_log2(a)",
    "log10": "safe_log10(a)",
    "log1p": "safe_log1p(a)",
    "sqrt": "safe_sqrt(a)",
    "abs": "abs(a)",
    "absolute": "abs(a)",
    "fabs": "abs(a)",
    "square": "safe_power(a, 2.0)",
    "exp2": "safe_power(2.0, a)",
    "reciprocal": "safe_divide(1.0, a)",
    "negative": "-a",
    "sign": "safe_sign(a)",
    "cbrt": "math.cbrt(a)",
    "tanh": "math.tanh(a)",
    "arctan": "math.atan(a)",
    "arcsinh": "math.asinh(a)",
    "isfinite": "math.isfinite(a)",
    "isnan": "math.isnan(a)",
    "isinf": "math.isinf(a)",
    "logical_not": "not a",
    "erf": "math.erf(a)",
    "erfc": "math.erfc(a)",
    "expit": "safe_expit(a)",
    "gamma": "safe_call(math.gamma, a)",
    "gammaln": "safe_call(math.lgamma, a)",
    **{
        name: f"safe_call(math.{name}, a)"
        for name in ("floor", "ceil", "trunc", "sin", "cos", "tan", "sinh", "cosh")
    },
    **{f"arc{name}": f"safe_call(math.a{name}, a)" for name in ("sin", "cos", "cosh", "tanh")},
    "power": "safe_power(a, b)",
    "float_power": "safe_power(a, b)",
    "add": "a + b",
    "subtract": "a - b",
    "multiply": "a * b",
    "divide": "safe_divide(a, b)",
    "true_divide": "safe_divide(a, b)",
    "maximum": "safe_maximum(a, b)",
    "minimum": "safe_minimum(a, b)",
    "arctan2": "math.atan2(a, b)",
    "hypot": "math.hypot(a, b)",
    "logaddexp": "safe_logaddexp(a, b)",
    "logical_and": "bool(a and b)",
    "logical_or": "bool(a or b)",
    "greater": "a > b",
    "greater_equal": "a >= b",
    "less": "a < b",
    "less_equal": "a <= b",
    "xlogy": "safe_xlogy(a, b)",
    "where": "b if a else c",
}
"""numpy or scipy.special function -> the expression for single numbers, with its arguments called a, b and c.
"""

SAME = frozenset(
    {"asarray", "array", "asanyarray", "atleast_1d", "float64", "ascontiguousarray", "broadcast_to", "copy"}
)
FILLED = {"ones_like": 1.0, "zeros_like": 0.0}
REDUCED = {"sum": "sum(a)", "prod": "math.prod(a)", "max": "max(a)", "min": "min(a)"}
STACKED = frozenset({"array", "asarray", "stack", "vstack"})
