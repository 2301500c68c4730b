"""Prints expressions as candidate source: PARAMETERS, `form` and its analytic `gradient`; and puts a law into the one
order in which it is executed, so that its spelling changes neither the start of a fit nor its digits."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count

from lawsmith.sandbox.law.expression import (
    apply_each,
    features,
    fraction,
    mul,
    parameters,
    power,
    rebuild,
    recurring,
    walk,
)
from lawsmith.sandbox.law.functions import CONDITIONS, FUNCTIONS, is_orderless, is_truth
from lawsmith.sandbox.law.identified import slopes
from lawsmith.sandbox.law.nodes import (
    MINUS,
    ZERO,
    Feature,
    Function,
    Node,
    Number,
    Parameter,
    Power,
    Product,
    Statement,
    Sum,
)

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)  # binding strength


def write(statement: Statement, columns: Sequence[str]) -> str:
    """Our own candidate source for what is stated; `columns` are the features of the task.

    The parameters are those that are declared, by default those that occur. Where every part has a derivative, the
    source brings an analytic gradient.
    """
    targets = statement.targets
    known = statement.parameters or dict.fromkeys(p for node in targets.values() for p in parameters(node))
    special = any(FUNCTIONS[n.name].special for node in targets.values() for n in walk(node) if isinstance(n, Function))
    lines = ["import numpy as np", *(["import scipy.special"] if special else []), "", "PARAMETERS = {"]
    lines += [f"    {p.name!r}: ({_literal(p.lower)}, {_literal(p.upper)})," for p in known]
    lines += ["}"]
    if statement.shared:
        lines.append(f"SHARED = {statement.shared!r}")
    if statement.loss != "squared":
        lines.append(f"LOSS = {str(statement.loss)!r}")
    names = [p.name for p in known]
    if len(targets) == 1:
        node = next(iter(targets.values()))
        return "\n".join([*lines, *_form("", node, columns), *(_gradient("", node, columns, names) or ()), ""])
    own = {p.name for node in targets.values() for p in parameters(node)} == set(names)
    gradients = [_gradient(f"_{k}", node, columns, None) for k, node in enumerate(targets.values(), start=1)]
    if own and all(gradient is not None for gradient in gradients):
        for k, (node, slope) in enumerate(zip(targets.values(), gradients, strict=True), start=1):
            lines += [*_form(f"_{k}", node, columns), *(slope or ())]
        pairs = [f"    {name!r}: (form_{k}, gradient_{k})," for k, name in enumerate(targets, start=1)]
        lines += ["", "", "PER_TARGET = {", *pairs, "}"]
    identifiers = _identifiers(list(targets.values()), columns)
    parts, lines_of_parts = _parts(list(targets.values()), identifiers)
    lines += ["", "", "def form(x, p):", *_definitions(identifiers), *lines_of_parts, "    return {"]
    lines += [f"        {name!r}: {_rowwise(node, parts, columns)}," for name, node in targets.items()]
    return "\n".join([*lines, "    }", ""])


def _form(suffix: str, node: Node, columns: Sequence[str]) -> list[str]:
    """The function `form` of one target."""
    identifiers = _identifiers([node], columns)
    names, lines = _parts([node], identifiers)
    head = ["", "", f"def form{suffix}(x, p):", *_definitions(identifiers), *lines]
    return [*head, f"    return {_rowwise(node, names, columns)}"]


def _gradient(suffix: str, node: Node, columns: Sequence[str], declared: Sequence[str] | None) -> list[str] | None:
    """The function `gradient` of one target; None where a part has no derivative, or all are too large to help."""
    found = slopes(node)
    if found is None:
        return None
    found |= {name: ZERO for name in declared or () if name not in found}
    identifiers = _identifiers([node], columns)
    names, lines = _parts(list(found.values()), identifiers)
    head = ["", "", f"def gradient{suffix}(x, p):", *_definitions(identifiers), *lines, "    return {"]
    return [*head, *(f"        {name!r}: {_python(slope, names)[0]}," for name, slope in found.items()), "    }"]


def _parts(nodes: list[Node], identifiers: Mapping[Node, str]) -> tuple[dict[Node, str], list[str]]:
    """Powers and functions that occur more than once are computed once, inner ones first."""
    common = recurring(nodes, Power, Function)
    names = dict(identifiers)
    names.update((part, f"t{k}") for k, part in enumerate(common))
    return names, [f"    {names[part]} = {_python(part, names, inside=part)[0]}" for part in common]


def _identifiers(nodes: Sequence[Node], columns: Sequence[str]) -> dict[Node, str]:
    """A Python name of its own for every feature, in the order of the columns."""
    found = {n for node in nodes for n in walk(node) if isinstance(n, Feature)}
    ordered = sorted(found, key=lambda f: (list(columns).index(f.name), f.unit))
    names: dict[Node, str] = {}
    for feature in ordered:
        letters = (c if c.isascii() and c.isalnum() else "_" for c in feature.name)  # others need unicodedata
        clean = "x_" + "".join(letters)
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
    line = _number(node, names)[0]
    return line if features(node) else f"{line} + 0.0 * x[{columns[0]!r}]"


def _python(node: Node, names: Mapping[Node, str], inside: Node | None = None) -> tuple[str, int]:
    if node in names and node is not inside:
        return names[node], ATOM

    def at_least(child: Node, strength: int) -> str:
        inner, own = _number(child, names)
        return inner if own >= strength else f"({inner})"

    match node:
        case Number(value):
            return _literal(value), ATOM if value >= 0 else UNARY
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
            truths = CONDITIONS.get(name, 0)
            written = [
                _python(argument, names)[0] if k < truths else _number(argument, names)[0]
                for k, argument in enumerate(arguments)
            ]
            home = "scipy.special" if FUNCTIONS[name].special else "np"
            return f"{home}.{FUNCTIONS[name].numpy}({', '.join(written)})", ATOM


def _number(node: Node, names: Mapping[Node, str]) -> tuple[str, int]:
    """As `_python`, and 1 or 0 for what is true or false: numpy adds and negates these otherwise."""
    written = _python(node, names)
    return (f"np.where({written[0]}, 1.0, 0.0)", ATOM) if is_truth(node) else written


def _product(node: Product, at_least: Callable[[Node, int], str]) -> tuple[str, int]:
    above, below = fraction(node.factors)
    negative = bool(above) and above[0] == MINUS
    shown = above[1:] if negative else above
    line = " * ".join(at_least(factor, UNARY) for factor in shown) or "1.0"
    for base in below:
        line += f" / {at_least(base, POWER)}"
    if negative:
        return f"-{line}", UNARY if len(shown) == 1 and not below else PRODUCT
    return line, PRODUCT


def _literal(value: float) -> str:
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def arranged(statement: Statement) -> Statement:
    """The same law with terms, factors and parameters in an order that depends on their places and bounds, never on
    names or on how the source is written; quotients of products and powers are products of powers."""
    shared = frozenset(statement.shared)
    trees = {target: _sorted(_flat(node), shared) for target, node in statement.targets.items()}
    known = {p.name: p for p in statement.parameters}
    placed = dict.fromkeys(p.name for node in trees.values() for p in parameters(node))
    order = tuple(known[name] for name in (*placed, *(name for name in known if name not in placed)))
    return replace(statement, targets=trees, parameters=order)


def _flat(tree: Node) -> Node:
    """1 / (a x^b) is a^-1 x^-b."""

    def change(node: Node, parts: Sequence[Node]) -> Node:
        if isinstance(node, Power) and parts[1] == MINUS:
            return _inverse(parts[0])
        return rebuild(node, tuple(parts))

    return apply_each(tree, change)


def _inverse(node: Node) -> Node:
    match node:
        case Product(factors):
            return mul(*map(_inverse, factors))
        case Power(base, exponent) if not isinstance(exponent, Number):
            return power(base, mul(MINUS, exponent))
    return power(node, MINUS)


def _sorted(tree: Node, shared: frozenset[str]) -> Node:
    """The tree with what may be swapped in the order of its fingerprints."""

    def change(node: Node, parts: Sequence[tuple[Node, str]]) -> tuple[Node, str]:
        inner = list(parts)
        if is_orderless(node):
            inner.sort(key=lambda part: part[1])
        found = rebuild(node, tuple(part for part, _ in inner))
        return found, _print(node, [text for _, text in inner], shared)

    return apply_each(tree, change)[0]


def _print(node: Node, inner: Sequence[str], shared: frozenset[str]) -> str:
    match node:
        case Number(value):
            own = f"number {value!r}"
        case Parameter(name, lower, upper):
            own = f"parameter {lower!r} {upper!r} {name in shared}"
        case Feature(name, unit):
            own = f"feature {name} {unit!r}"
        case Function(name):
            own = name
        case _:
            own = type(node).__name__
    return hashlib.blake2b(f"{own}({','.join(inner)})".encode(), digest_size=12).hexdigest()
