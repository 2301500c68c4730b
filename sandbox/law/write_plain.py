"""Laws as plain Python: a function of single numbers that needs only the standard library."""

import ast
import inspect
import math
import re
from collections.abc import Callable, Mapping

from lawsmith.sandbox.law import arithmetic
from lawsmith.sandbox.law.expression import mul, recurring
from lawsmith.sandbox.law.functions import FUNCTIONS, is_truth
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Parameter, Power, Product, Statement, Sum
from lawsmith.sandbox.law.syntax import parse

_ARGUMENT = re.compile(r"\b[abc]\b")
MOST_TERMS = 100  # of a sum on one line: Python's own parser nests them


def plain_form(statement: Statement) -> str:
    """The function ``form(x, p)`` of a row's features and a group's constants, with the helpers that it uses.

    It returns one float, or a dict of them where there are several targets; where `math` would raise it gives
    infinity or nan, as numpy does.
    """
    nodes = list(statement.targets.values())
    names: dict[Node, str] = {}
    lines = []
    for part in recurring(nodes, Power, Function, Feature):
        lines.append(f"    t{len(names)} = {_plain(part, names)}")
        names[part] = f"t{len(names)}"
    if len(nodes) == 1:
        returned = f"float({_plain(nodes[0], names)})"
    else:
        parts = (f"{target!a}: {_plain(node, names)}" for target, node in statement.targets.items())
        returned = "{" + ", ".join(parts) + "}"
    body = "\n".join(["def form(x, p):", *lines, f"    return {returned}", ""])
    return "\n\n".join([*_helpers(body), body])


def _plain(node: Node, names: Mapping[Node, str]) -> str:
    """The expression, in parentheses unless it holds together by itself."""
    if node in names:
        return names[node]
    match node:
        case Number(value):
            return repr(value) if math.isfinite(value) else "math.inf" if value > 0 else "(-math.inf)"
        case Parameter(name):
            return f"p[{name!a}]"
        case Feature(name, unit):
            return f"x[{name!a}]" if unit == 1 else f"(x[{name!a}] / {unit!r})"
        case Sum(terms):
            return _sum([_plain(term, names) for term in terms])
        case Product(factors):
            return _product(factors, names)
        case Power(base, Number(-1.0)):
            return f"safe_divide(1.0, {_plain(base, names)})"
        case Power(base, exponent):
            return f"safe_power({_plain(base, names)}, {_plain(exponent, names)})"
        case Function(name, arguments):
            written = dict(zip("abc", (_plain(argument, names) for argument in arguments), strict=False))
            made = _ARGUMENT.sub(lambda match: written[match[0]], FUNCTIONS[name].plain)
            return f"({made})" if is_truth(node) else made


def _sum(terms: list[str]) -> str:
    while len(terms) > MOST_TERMS:
        terms = ["(" + " + ".join(terms[k : k + MOST_TERMS]) + ")" for k in range(0, len(terms), MOST_TERMS)]
    return "(" + " + ".join(terms) + ")"


def _product(factors: tuple[Node, ...], names: Mapping[Node, str]) -> str:
    below = [f.base for f in factors if isinstance(f, Power) and f.exponent == Number(-1.0) and f not in names]
    above = [f for f in factors if not (isinstance(f, Power) and f.exponent == Number(-1.0)) or f in names]
    line = " * ".join(_plain(factor, names) for factor in above) or "1.0"
    return f"safe_divide({line}, {_plain(mul(*below), names)})" if below else f"({line})"


def _helpers(body: str) -> list[str]:
    """The functions of `arithmetic` that are used, with those that they use, as source."""
    available = {name: item for name, item in vars(arithmetic).items() if name.startswith("safe_")}
    needed: dict[str, str] = {}
    waiting = [name for name in available if name in body]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = function_source(available[name])
            waiting += [other for other in available if f"{other}(" in needed[name]]
    return [f"{needed[name]}\n" for name in available if name in needed]


def function_source(function: Callable[..., object]) -> str:
    """The source of one of our own functions for a law: without annotations, whose names the law lacks, and without
    the docstring."""
    (node,) = parse(inspect.getsource(function)).body
    assert isinstance(node, ast.FunctionDef)
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        argument.annotation = None
    node.returns = None
    if ast.get_docstring(node) is not None:
        del node.body[0]
    return ast.unparse(node)
