"""Prints expressions as candidate source: PARAMETERS, `form` and its analytic `gradient`."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, count

from lawsmith.sandbox.law.derivative import derivative
from lawsmith.sandbox.law.expression import (
    Feature,
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    Sum,
    features,
    parameters,
    walk,
)
from lawsmith.sandbox.law.functions import FUNCTIONS

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)  # binding strength
NUMPY = re.compile(r"\bnp\.(?=\w+\()")


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
    names = _identifiers(list(targets.values()), columns)
    lines += ["", "", "def form(x, p):", *_definitions(names), "    return {"]
    lines += [f"        {name!r}: {_rowwise(node, names, columns)}," for name, node in targets.items()]
    lines += ["    }", "", "", "PER_TARGET = {"]
    lines += [f"    {name!r}: (form_{k}, gradient_{k})," for k, name in enumerate(targets, start=1)]
    return "\n".join([*lines, "}", ""])


def _functions(suffix: str, node: Node, columns: Sequence[str]) -> list[str]:
    """`form` and `gradient` of one target."""
    names = _identifiers([node], columns)
    lines = ["", "", f"def form{suffix}(x, p):", *_definitions(names)]
    lines += [f"    return {_rowwise(node, names, columns)}", "", "", f"def gradient{suffix}(x, p):"]
    return [*lines, *_definitions(names), *_gradient(node, names)]


def _headline(targets: Mapping[str, Node]) -> str:
    return "; ".join(f"{name} = {text(node)}" for name, node in targets.items())


def _gradient(node: Node, identifiers: Mapping[Node, str]) -> list[str]:
    """Derivatives by name, with sub-expressions that recur computed once."""
    slopes = {p.name: derivative(node, p.name) for p in parameters(node)}
    common = _recurring(list(slopes.values()))
    parts = {part: f"t{k}" for k, part in enumerate(common)}
    names = {**identifiers, **parts}
    lines = [f"    {name} = {_python(part, names, inside=part)[0]}" for part, name in parts.items()]
    lines.append("    return {")
    lines += [f"        {name!r}: {_python(slope, names)[0]}," for name, slope in slopes.items()]
    return [*lines, "    }"]


def _recurring(nodes: list[Node]) -> list[Node]:
    """Powers and functions that occur more than once, inner ones first."""
    seen = Counter(part for node in nodes for part in walk(node) if isinstance(part, Power | Function))
    return sorted(
        (part for part, times in seen.items() if times > 1), key=lambda part: sum(1 for _ in walk(part))
    )


def _identifiers(nodes: Sequence[Node], columns: Sequence[str]) -> dict[Node, str]:
    """A Python name of its own for every feature, in the order of the columns."""
    found = {n for node in nodes for n in walk(node) if isinstance(n, Feature)}
    ordered = sorted(found, key=lambda f: (list(columns).index(f.name), f.unit))
    names: dict[Node, str] = {}
    for feature in ordered:
        letters = unicodedata.normalize("NFKC", feature.name)  # as Python reads identifiers
        clean = "x_" + "".join(c if f"x{c}".isidentifier() else "_" for c in letters)
        same = (f"{clean}_{k}" for k in count(2))
        names[feature] = next(name for name in chain([clean], same) if name not in names.values())
    return names


def _definitions(names: Mapping[Node, str]) -> list[str]:
    return [
        f"    {name} = x[{f.name!r}]" + (f" / {f.unit!r}" if f.unit != 1 else "")
        for f, name in names.items()
        if isinstance(f, Feature)
    ]


def _rowwise(node: Node, names: Mapping[Node, str], columns: Sequence[str]) -> str:
    """A form returns one value per row, also where it is the same for all."""
    line = _python(node, names)[0]
    return line if features(node) else f"{line} + 0.0 * x[{columns[0]!r}]"


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
        case Feature():
            return names[node], ATOM
        case Sum(terms):
            return " + ".join(at_least(term, PRODUCT) for term in terms).replace("+ -", "- "), SUM
        case Product():
            return _product(node, at_least)
        case Power(base, Number(-1.0)):
            return f"1.0 / {at_least(base, POWER)}", PRODUCT
        case Power(base, exponent):
            return f"{at_least(base, ATOM)} ** {at_least(exponent, UNARY)}", POWER
        case Function(name, arguments):
            written = ", ".join(_python(argument, names)[0] for argument in arguments)
            return f"np.{FUNCTIONS[name].numpy}({written})", ATOM


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
    names: dict[Node, str] = {p: p.name for p in parameters(node)}
    for n in walk(node):
        if isinstance(n, Feature):
            names[n] = n.name if n.unit == 1 else f"({n.name}/{n.unit:g})"
    return NUMPY.sub("", _python(node, names)[0]).replace(" ** ", "^")


def _bound(value: float) -> str:
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)
