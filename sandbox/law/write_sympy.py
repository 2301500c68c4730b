"""Laws as sympy expressions, and as a script that defines them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from keyword import kwlist
from typing import TYPE_CHECKING, Any

from lawsmith.sandbox.law.expression import apply_each, size, walk
from lawsmith.sandbox.law.functions import FUNCTIONS
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Parameter, Power, Product, Statement, Sum
from lawsmith.sandbox.law.typeset import clashing
from lawsmith.tasks.errors import require

if TYPE_CHECKING:
    import sympy

MOST_NODES = 2_000  # sympy's time grows faster than the expression
MOST_CASES = 12  # Max and Min of many arguments are compared in pairs, and conditions are worked out in each other
_CASES = {"maximum": 1, "minimum": 1, "clip": 2, "where": 2}


def to_sympy(statement: Statement) -> dict[str, sympy.Expr]:
    """Target -> sympy expression over real symbols named as the features and parameters.

    A parameter with the name of a column is called ``p.<name>``. Raises ValueError for a law that is too large, or that
    sympy cannot state.
    """
    require("sympy", "sympy", "A sympy expression")
    nodes = list(statement.targets.values())
    cases = sum(_CASES.get(one.name, 0) for node in nodes for one in walk(node) if isinstance(one, Function))
    if sum(map(size, nodes)) > MOST_NODES or cases > MOST_CASES:
        raise ValueError("the formula is too large for sympy")
    clash = clashing(nodes)
    try:
        return {target: apply_each(node, _converter(clash)) for target, node in statement.targets.items()}
    except (TypeError, ArithmeticError, NotImplementedError) as error:
        raise ValueError(f"sympy cannot state the formula: {error}") from None


def _converter(clash: frozenset[str]) -> Any:
    import sympy

    def convert(node: Node, parts: list[Any]) -> Any:
        match node:
            case Number(value):
                return _number(value)
            case Parameter(name):
                return sympy.Symbol(f"p.{name}" if name in clash else name, real=True)
            case Feature(name, unit):
                return sympy.Symbol(name, real=True) / _number(unit)
            case Sum():
                return sympy.Add(*map(_as_number, parts))
            case Product():
                return sympy.Mul(*map(_as_number, parts))
            case Power(base, exponent):
                if isinstance(base, Number) and isinstance(exponent, Number):
                    raise ValueError("a constant of the formula is not a number")
                return parts[0] ** parts[1]
            case Function(name):
                return eval(FUNCTIONS[name].sympy, vars(sympy), dict(zip("abc", parts, strict=False)))

    return convert


def _as_number(part: Any) -> Any:
    """1 for true and 0 for false, which sympy neither adds nor multiplies; other expressions as they are."""
    import sympy

    return part if isinstance(part, sympy.Expr) else sympy.Piecewise((1, part), (0, True))


def _number(value: float) -> Any:
    import sympy

    if not math.isfinite(value):
        return sympy.oo if value > 0 else -sympy.oo
    whole = value == int(value) and abs(value) < 2**53
    return sympy.Integer(int(value)) if whole else sympy.Float(repr(value))


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
        identifiers[symbol] = plain if usable and plain not in identifiers.values() else f"symbol_{len(identifiers)}"
    renamed = {symbol: sympy.Symbol(name, real=True) for symbol, name in identifiers.items()}
    lines = ["from sympy import *", ""]
    lines += [f"{name} = Symbol({str(symbol)!a}, real=True)" for symbol, name in identifiers.items()]
    lines += ["expressions = {"]
    lines += [f"    {t!a}: {sympy.sstr(e.xreplace(renamed), full_prec=True)}," for t, e in expressions.items()]
    return "\n".join([*lines, "}", ""])
