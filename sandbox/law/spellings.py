"""What numpy, math and scipy offer, read as expressions of the one table of functions."""

import ast
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from typing import Any

from lawsmith.sandbox.law.expression import features
from lawsmith.sandbox.law.functions import FUNCTIONS
from lawsmith.sandbox.law.nodes import Function, Node, Number, Unreadable
from lawsmith.sandbox.law.operations import binary, call, dot, total, unary
from lawsmith.sandbox.law.values import MAX_ITEMS, NAN, Columns, Library, Lookup, RowCount, Vector, items_of

MODULES = ("numpy", "math", "scipy.special")
_FLOAT = sys.float_info
CONSTANTS = {
    **{f"math.{name}": getattr(math, name) for name in ("pi", "e", "inf", "tau")},
    **{f"numpy.{name}": getattr(math, name) for name in ("pi", "e", "inf")},
    "math.nan": NAN,
    "numpy.euler_gamma": 0.5772156649015329,
    "numpy.newaxis": None,
    "numpy.finfo.max": _FLOAT.max,
    "numpy.finfo.min": -_FLOAT.max,
    "numpy.finfo.eps": _FLOAT.epsilon,
    **dict.fromkeys(("numpy.finfo.tiny", "numpy.finfo.smallest_normal"), _FLOAT.min),
}
SAME = frozenset(
    {
        *("asarray", "array", "asanyarray", "atleast_1d", "ascontiguousarray", "broadcast_to", "copy"),
        *("float64", "double", "ravel", "squeeze", "real"),
        *("stack", "vstack", "hstack", "column_stack", "concatenate"),
    }
)
"""Functions that hand back their first argument; a list becomes a vector."""
METHODS = frozenset({"copy", "astype", "ravel", "flatten", "squeeze", "reshape"})

Call = Callable[..., Any]


def fold(name: str) -> Call:
    """A function of two values as one of any number of them."""
    return lambda *values: reduce(lambda left, right: call(name, [left, right]), values)


def _power(base: Any, exponent: Any) -> Any:
    return binary(base, ast.Pow(), exponent)


def _inverse(name: str, value: Any) -> Any:
    return call(f"arc{name}", [value])


def _clip(value: Any, a_min: Any = None, a_max: Any = None, **named: Any) -> Any:
    low, high = named.pop("min", a_min), named.pop("max", a_max)
    if named:
        raise Unreadable("clip with other arguments")
    if low is not None:
        value = call("maximum", [value, low])
    return value if high is None else call("minimum", [value, high])


def _nan_to_num(value: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    high = _FLOAT.max if posinf is None else posinf
    low = -_FLOAT.max if neginf is None else neginf
    beyond = call("where", [call("less", [value, 0.0]), low, nan])
    beyond = call("where", [call("greater", [value, 0.0]), high, beyond])
    return call("where", [call("isfinite", [value]), value, beyond])


def _heaviside(value: Any, half: Any) -> Any:
    above = call("where", [call("greater", [value, 0.0]), 1.0, 0.0])
    return call("where", [call("equal", [value, 0.0]), half, above])


def _select(conditions: Any, choices: Any, default: Any = 0.0) -> Any:
    result = default
    for condition, choice in reversed(list(zip(items_of(conditions), items_of(choices), strict=True))):
        result = call("where", [condition, choice, result])
    return result


def _along(value: Any, axis: Any) -> list[Any]:
    """The items that a reduction along this axis brings together. Raises Unreadable where they are rows."""
    axes = (1, -1) if isinstance(value, Columns) else (None, 0, -1)
    if axis not in axes or isinstance(value, Node | RowCount | Lookup):
        raise Unreadable("a sum, product or extreme over rows")
    items = items_of(value)
    if axis != 0 and not isinstance(value, Columns) and any(isinstance(one, Node) and features(one) for one in items):
        raise Unreadable("a sum, product or extreme over rows")
    return items


def _reduced(operator: ast.operator) -> Call:
    """Sum or product of a vector's items; over rows it would bring rows together."""

    def reduced(value: Any, axis: Any = 0, **named: Any) -> Any:
        items = _along(value, 1 if named else axis)
        if isinstance(operator, ast.Add):
            return total(items, [1] * len(items)) if items else 0.0
        return reduce(lambda left, right: binary(left, operator, right), items, 1.0)

    return reduced


def _mean(value: Any, axis: Any = 0) -> Any:
    return binary(_reduced(ast.Add())(value, axis), ast.Div(), float(len(items_of(value))))


def _extreme(name: str) -> Call:
    return lambda value, axis=0: fold(name)(*_along(value, axis))


def _polyval(coefficients: Any, at: Any) -> Any:
    def horner(value: Any, coefficient: Any) -> Any:
        return binary(binary(value, ast.Mult(), at), ast.Add(), coefficient)

    return reduce(horner, items_of(coefficients), 0.0)


def _ndim(value: Any) -> int:
    if not isinstance(value, Node) or not features(value):
        raise Unreadable("the dimensions of what is not a column")
    return 1


def _xlogy(value: Any, other: Any) -> Any:
    product = binary(value, ast.Mult(), call("log", [other]))
    return call("where", [call("equal", [value, 0.0]), 0.0, product])


def _told(value: Any) -> bool:
    """What `any` and `all` say of a test for nan or infinity: predictions of a law are finite, and where they are not
    its verdict says so. Raises Unreadable for other tests, which would bring rows together."""
    match value:
        case Function("isfinite"):
            return True
        case Function("not_equal", (one, other)) if one == other:
            return False
        case Function("equal", (Function("abs"), Number(math.inf))):
            return False
        case Function("logical_not", (inner,)):
            return not _told(inner)
        case Function("logical_or" | "logical_and", (one, other)) if _told(one) == _told(other):
            return _told(one)
    raise Unreadable("a test of all rows together")


def _log(value: Any, base: Any = None) -> Any:
    natural = call("log", [value])
    return natural if base is None else binary(natural, ast.Div(), call("log", [base]))


def _filled(filling: float) -> Call:
    def filled(shape: Any, dtype: Any = None) -> Any:
        return Vector([filling] * shape) if isinstance(shape, int) and shape <= MAX_ITEMS else filling

    return filled


def _arithmetic(operator: ast.operator) -> Call:
    return lambda left, right: binary(left, operator, right)


SPELLINGS: dict[str, Call] = {
    **{name: (lambda *values, name=name: call(name, values)) for name in FUNCTIONS if name != "remainder"},
    "add": _arithmetic(ast.Add()),
    "subtract": _arithmetic(ast.Sub()),
    "multiply": _arithmetic(ast.Mult()),
    **dict.fromkeys(("divide", "true_divide"), _arithmetic(ast.Div())),
    "floor_divide": _arithmetic(ast.FloorDiv()),
    **dict.fromkeys(("mod", "remainder"), _arithmetic(ast.Mod())),
    **dict.fromkeys(("power", "float_power", "pow"), _power),
    **dict.fromkeys(("absolute", "fabs"), lambda value: call("abs", [value])),
    **dict.fromkeys(("maximum", "fmax"), fold("maximum")),
    **dict.fromkeys(("minimum", "fmin"), fold("minimum")),
    **{f"a{name}": partial(_inverse, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **dict.fromkeys(("atan2", "arctan2"), lambda one, two: call("arctan2", [one, two])),
    **dict.fromkeys(("gammaln", "lgamma"), lambda value: call("gammaln", [value])),
    "log": _log,
    "sqrt": lambda value: _power(value, 0.5),
    "square": lambda value: _power(value, 2),
    "reciprocal": lambda value: binary(1.0, ast.Div(), value),
    "negative": lambda value: unary(ast.USub(), value),
    "positive": lambda value: value,
    "exp2": lambda value: _power(2.0, value),
    "exp10": lambda value: _power(10.0, value),
    "expit": lambda value: binary(1.0, ast.Div(), binary(1.0, ast.Add(), call("exp", [unary(ast.USub(), value)]))),
    "logit": lambda value: call("log", [binary(value, ast.Div(), binary(1.0, ast.Sub(), value))]),
    "hypot": lambda one, two: _power(binary(_power(one, 2), ast.Add(), _power(two, 2)), 0.5),
    "log_expit": lambda value: unary(ast.USub(), call("logaddexp", [0.0, unary(ast.USub(), value)])),
    "xlogy": _xlogy,
    "heaviside": _heaviside,
    "clip": _clip,
    "nan_to_num": _nan_to_num,
    "select": _select,
    "ndim": _ndim,
    **dict.fromkeys(("any", "all"), lambda value, axis=None: _told(value)),
    "isinf": lambda value: call("equal", [call("abs", [value]), math.inf]),
    "isnan": lambda value: call("not_equal", [value, value]),
    "invert": lambda value: call("logical_not", [value]),
    "logical_and": fold("logical_and"),
    "logical_or": fold("logical_or"),
    "polyval": _polyval,
    **dict.fromkeys(("dot", "inner", "vdot", "matmul"), dot),
    **dict.fromkeys(("sum", "nansum", "fsum"), _reduced(ast.Add())),
    **dict.fromkeys(("mean", "nanmean", "average"), _mean),
    **dict.fromkeys(("prod", "nanprod"), _reduced(ast.Mult())),
    **dict.fromkeys(("max", "amax"), _extreme("maximum")),
    **dict.fromkeys(("min", "amin"), _extreme("minimum")),
    "logsumexp": _extreme("logaddexp"),
    **dict.fromkeys(("zeros", "zeros_like", "empty", "empty_like"), _filled(0.0)),
    **dict.fromkeys(("ones", "ones_like"), _filled(1.0)),
    **dict.fromkeys(("full", "full_like"), lambda shape, value, dtype=None: value),
}


REDUCTIONS = frozenset(
    {"sum", "prod", "max", "min", "logsumexp", "nansum", "mean", "nanmean", "average", "nanprod", "amax", "amin"}
)


def library(dotted: str, values: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """The call of something in numpy, math or scipy.special; raises Unreadable for what is not known."""
    module, _, name = dotted.rpartition(".")
    if module not in MODULES or (not values and not named):
        raise Unreadable(dotted)
    require_floats(*([named["dtype"]] if "dtype" in named else []))
    named = {key: value for key, value in named.items() if key not in ("dtype", "order", "copy", "casting")}
    axis = named.pop("axis", 0) if name in ("stack", "column_stack", "vstack", "hstack", "concatenate") else 0
    if module != "math" and name in REDUCTIONS and len(values) == 1:
        named = {"axis": None, **named}  # all axes
    if name in SAME:
        value = values[0]
        if name in ("asarray", "array", "asanyarray", "ascontiguousarray"):
            require_floats(*values[1:])
        if name == "column_stack" or (name == "stack" and axis in (1, -1)):
            return Columns(map(_vector, items_of(value)))
        return _vector(value) if isinstance(value, list | tuple) else value
    if name not in SPELLINGS:
        raise Unreadable(dotted)
    try:
        return SPELLINGS[name](*values, **named)
    except (TypeError, ValueError):
        raise Unreadable(f"the arguments of {dotted}") from None


def require_floats(*kinds: Any) -> None:
    """Refuses a conversion to anything but ordinary floats. Raises Unreadable."""
    for kind in kinds:
        name = kind.name.rpartition(".")[2] if isinstance(kind, Library) else kind
        if name not in (None, "float", "float64", "double", "float_", "f8"):
            raise Unreadable("a conversion to other numbers than floats")


def _vector(value: Any) -> Any:
    if isinstance(value, Columns):
        return value
    return Vector(map(_vector, value)) if isinstance(value, list | tuple) else value
