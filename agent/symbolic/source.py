"""Prints expressions as candidate source: PARAMETERS, `form` and its analytic `gradient`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from agent.symbolic.expression import (
    Feature,
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    Sum,
    derivative,
    features,
    parameters,
    walk,
)

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)  # binding strength


def candidate(
    targets: Mapping[str, Node], *, shared: Sequence[str] = (), loss: str = "squared", columns: Sequence[str]
) -> str:
    """Candidate source for one expression per target; constants named in `shared` are common to all groups."""
    known = dict.fromkeys(p for node in targets.values() for p in parameters(node))
    lines = ["import numpy as np", ""]
    lines += [f"EXPRESSION = {_headline(targets)!r}", "PARAMETERS = {"]
    lines += [f"    {p.name!r}: ({_bound(p.lower)}, {_bound(p.upper)})," for p in known]
    lines += ["}"]
    if shared:
        lines.append(f"SHARED = {tuple(shared)!r}")
    if loss != "squared":
        lines.append(f"LOSS = {str(loss)!r}")
    if len(targets) == 1:
        return "\n".join([*lines, *_functions("", next(iter(targets.values())), columns), ""])
    for k, node in enumerate(targets.values(), start=1):
        lines += _functions(f"_{k}", node, columns)
    lines += ["", "", "def form(x, p):", *_definitions(list(targets.values()), columns), "    return {"]
    lines += [f"        {name!r}: {_rowwise(node, columns)}," for name, node in targets.items()]
    lines += ["    }", "", "", "PER_TARGET = {"]
    lines += [f"    {name!r}: (form_{k}, gradient_{k})," for k, name in enumerate(targets, start=1)]
    return "\n".join([*lines, "}", ""])


def _functions(suffix: str, node: Node, columns: Sequence[str]) -> list[str]:
    """`form` and `gradient` of one target."""
    lines = ["", "", f"def form{suffix}(x, p):", *_definitions([node], columns)]
    lines += [f"    return {_rowwise(node, columns)}", "", "", f"def gradient{suffix}(x, p):"]
    return [*lines, *_definitions([node], columns), *_gradient(node)]


def _headline(targets: Mapping[str, Node]) -> str:
    return "; ".join(f"{name} = {text(node)}" for name, node in targets.items())


def _gradient(node: Node) -> list[str]:
    """Derivatives by name, with sub-expressions that recur computed once."""
    slopes = {p.name: derivative(node, p.name) for p in parameters(node)}
    common = _recurring(list(slopes.values()))
    names = {part: f"t{k}" for k, part in enumerate(common)}
    lines = [f"    {name} = {_python(part, names, inside=part)[0]}" for part, name in names.items()]
    lines.append("    return {")
    lines += [f"        {name!r}: {_python(slope, names)[0]}," for name, slope in slopes.items()]
    return [*lines, "    }"]


def _recurring(nodes: list[Node]) -> list[Node]:
    """Powers and functions that occur more than once, inner ones first."""
    seen = Counter(part for node in nodes for part in walk(node) if isinstance(part, Power | Function))
    return sorted(
        (part for part, times in seen.items() if times > 1), key=lambda part: sum(1 for _ in walk(part))
    )


def _definitions(nodes: Sequence[Node], columns: Sequence[str]) -> list[str]:
    found = {n for node in nodes for n in walk(node) if isinstance(n, Feature)}
    ordered = sorted(found, key=lambda f: (list(columns).index(f.name) if f.name in columns else 0, f.name))
    return [
        f"    {local(f.name)} = x[{f.name!r}]" + (f" / {f.unit!r}" if f.unit != 1 else "") for f in ordered
    ]


def _rowwise(node: Node, columns: Sequence[str]) -> str:
    """A form returns one value per row, also where it is the same for all."""
    return python(node) if features(node) else f"{python(node)} + 0.0 * x[{columns[0]!r}]"


def local(column: str) -> str:
    """A Python identifier for a column's scaled value, unlike any parameter."""
    clean = "".join(c if c.isascii() and c.isalnum() else "_" for c in column)
    return f"x_{clean}"


def python(node: Node) -> str:
    return _python(node, {})[0]


def _python(node: Node, names: Mapping[Node, str], inside: Node | None = None) -> tuple[str, int]:
    if node in names and node is not inside:
        return names[node], ATOM

    def at_least(child: Node, strength: int) -> str:
        inner, own = _python(child, names)
        return inner if own >= strength else f"({inner})"

    match node:
        case Number(value):
            return (repr(value), ATOM if value >= 0 else UNARY)
        case Parameter(name):
            return f"p[{name!r}]", ATOM
        case Feature(name):
            return local(name), ATOM
        case Sum(terms):
            return " + ".join(at_least(term, PRODUCT) for term in terms).replace("+ -", "- "), SUM
        case Product():
            return _product(node, at_least)
        case Power(base, Number(-1.0)):
            return f"1.0 / {at_least(base, POWER)}", PRODUCT
        case Power(base, exponent):
            return f"{at_least(base, ATOM)} ** {at_least(exponent, UNARY)}", POWER
        case Function(name, argument):
            return f"np.{name}({_python(argument, names)[0]})", ATOM


def _product(node: Product, at_least) -> tuple[str, int]:  # type: ignore[no-untyped-def]
    above = [f for f in node.factors if not (isinstance(f, Power) and f.exponent == Number(-1.0))]
    below = [f.base for f in node.factors if isinstance(f, Power) and f.exponent == Number(-1.0)]
    negative = bool(above) and above[0] == Number(-1.0)
    shown = above[1:] if negative else above
    line = " * ".join(at_least(factor, UNARY) for factor in shown) or "1.0"
    for base in below:
        line += f" / {at_least(base, POWER)}"
    if negative:
        return f"-{line}", UNARY if len(shown) == 1 and not below else PRODUCT
    return line, PRODUCT


def text(node: Node) -> str:
    """For people: the formula without indexing noise, features under their column names (scaled where noted)."""
    line = python(node).replace("np.", "")
    for p in parameters(node):
        line = line.replace(f"p[{p.name!r}]", p.name)
    scales = {n.name: n.unit for n in walk(node) if isinstance(n, Feature)}
    for name in sorted(features(node), key=len, reverse=True):
        unit = scales[name]
        line = line.replace(local(name), name if unit == 1 else f"({name}/{unit:g})")
    return line.replace(" ** ", "^")


def _bound(value: float) -> str:
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)
