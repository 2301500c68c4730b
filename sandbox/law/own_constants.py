"""Where the constants of a formula of the user's own are sought: of the size of the feature beside them."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from lawsmith.sandbox.law.expression import (
    add,
    children,
    coefficient,
    exp,
    factors_of,
    features,
    fraction,
    mul,
    parameters,
    terms_of,
    transform,
    walk,
)
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Parameter, Power, Sum
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.table import Table

NEAR = 1e6
"""Factor beyond a feature's values within which a constant of its size is sought."""
ROOM, MOST_STEEP = 3.0, 50.0
"""How many times the power that a table shows an exponent may be, and the largest one."""
ENDS = (("top", "bottom"), ("upper", "lower"), ("max", "min"), ("high", "low"))
"""Words for the higher and the lower of two levels."""
LEAST = 1e-300
"""A positive number below any constant."""
FAR, OUTSIDE, WIDEST = 0.1, 10.0, 1e3
"""A feature far from zero varies by at most this share of its least value. A constant subtracted from it lies at most
so many of its widths outside; one that divides it differs from the width by this factor at most."""


def factored(node: Node, places: Mapping[str, int], train: Table) -> Node:
    """``exp(a - b*x)`` as ``exp_a * exp(-b*x)``, with a constant that is a factor, where a has no other place and x is
    not far from zero; the exponential of ``logaddexp(u, v)`` as a sum."""
    if not (isinstance(node, Function) and node.name == "exp"):
        return node
    argument = node.arguments[0]
    if isinstance(argument, Function) and argument.name == "logaddexp":
        return add(*(factored(exp(one), places, train) for one in argument.arguments))
    terms = terms_of(argument)
    far = any(np.ptp(x := train.features[name]) < np.abs(x).min() for name in features(argument))
    for term in terms if not far else ():
        if isinstance(term, Parameter) and places[term.name] == 1 and f"exp_{term.name}" not in places:
            rest = [other for other in terms if other is not term]
            return mul(Parameter(f"exp_{term.name}"), *([exp(add(*rest))] if rest else []))
    return node


def sizes(trees: Iterable[Node], train: Table) -> dict[str, tuple[float, float]]:
    """Bounds of constants whose size a feature tells. They stand alone beside it in the base of a power, or beside a
    power of it; they divide it in ``exp(-t/tau)``; or they are taken off one that varies little, such as a year."""
    found: dict[str, tuple[float, float]] = {}
    for node in (node for tree in trees for node in walk(tree)):
        found |= {name: bounds for name, bounds in _positive(node, train).items() if name not in found}
        whole = node.base if isinstance(node, Power) else _decay(node)
        terms = () if whole is None else terms_of(whole)
        for above, below in map(fraction, map(factors_of, terms if all(map(features, terms)) else ())):
            inverse = not (above and below)
            match sorted((*above, *below), key=lambda part: isinstance(part, Feature)):
                case [Parameter(name), Feature(column)] if not inverse or len(terms) == 1:  # of one sign
                    values = np.abs(train.features[column][train.features[column] != 0])
                    if len(values):
                        low, high = float(values.min()) / NEAR, float(values.max()) * NEAR
                        found[name] = (1 / high, 1 / low) if inverse else (low, high)
        found |= _far_from_zero(node, train) | _centre_of_logarithm(node, train)
    return found


def _centre_of_logarithm(node: Node, train: Table) -> dict[str, tuple[float, float]]:
    """Bounds of m in ``(log(x) - m)^2``: the logarithms of sizes that x may have."""
    match node:
        case Power(base=Sum(terms=(_, _) as terms), exponent=Number()):
            split = [coefficient(term) for term in terms]
            logs = [one for _, one in split if isinstance(one, Function) and one.name == "log"]
            names = [one.name for _, one in split if isinstance(one, Parameter)]
            if len(logs) == len(names) == 1 and split[0][0] == -split[1][0] and features(logs[0]):
                sizes = evaluate(logs[0], train.features, {}) if not parameters(logs[0]) else np.array([np.nan])
                if np.isfinite(sizes).all():
                    return {names[0]: (float(sizes.min() - np.log(NEAR)), float(sizes.max() + np.log(NEAR)))}
    return {}


def mirrored(trees: Mapping[str, Node], train: Table | None = None) -> dict[str, float]:
    """Signs of exponents and rates in ``B + A / (1 + (x/h)^n)`` and ``B + A / (1 + exp(-k*x))``: with the other sign,
    another A and another B they state the same law.

    Positive, unless A and B are called ``Top`` and ``Bottom`` or alike, and the rows say that they would change places.
    """
    found = dict[str, float]()
    for target, tree in trees.items():
        places = Counter(part.name for part in walk(tree) if isinstance(part, Parameter))
        levels = {term.name for term in terms_of(tree) if isinstance(term, Parameter)}
        for above, below in map(fraction, map(factors_of, terms_of(tree))):
            sizes = Counter(one.name for part in above for one in walk(part) if isinstance(one, Parameter))
            level = next((b for b in levels if places[b] == 1 + sizes[b]), None)
            free = any(places[name] == 1 for name in sizes) and level is not None and not any(map(features, above))
            match below:
                case [Sum(terms=(Number(value=1.0), Power(exponent=inner) | Function("exp", (inner,)) as term))] if (
                    free
                ):
                    bare = (factor.base if isinstance(factor, Power) else factor for factor in factors_of(inner))
                    names = {one.name for one in bare if isinstance(one, Parameter) and places[one.name] == 1}
                    changed = train is not None and _changed(term, level or "", set(sizes), train, target)
                    found |= dict.fromkeys(names, -1.0 if changed else 1.0)
    return found


def _changed(term: Node, level: str, others: set[str], train: Table, target: str) -> bool:
    """Whether Top would lie below Bottom in ``Bottom + (Top - Bottom) / (1 + term)`` with a positive exponent or rate.

    The rows tell by whether the target is larger where the term is small, where the law tends to the other constant.
    """
    if len(others) != 2 or target not in train.targets:
        return False
    (other,) = others - {level}
    higher = next((end for end in ENDS for end in (end, end[::-1]) if _are_called(other, level, end)), None)
    if higher is None:
        return False
    shape = term.base if isinstance(term, Power) and features(term.base) else children(term)[-1]
    plain = transform(shape, lambda node: Number(1.0) if isinstance(node, Parameter) else node)
    sizes, y = np.broadcast_to(evaluate(plain, train.features, {}), len(train)), train.targets[target]
    if not np.isfinite(sizes).all():
        return False
    falls = float(np.cov(sizes.argsort().argsort(), y)[0, 1]) < 0
    return falls != (higher in ENDS)


def _are_called(one: str, other: str, ends: tuple[str, str]) -> bool:
    """Whether two names differ by the words for two ends alone: ``y_max`` and ``y_min``."""
    return ends[0] in one.lower() and one.lower().replace(*ends) == other.lower()


def _positive(node: Node, train: Table) -> dict[str, tuple[float, float]]:
    """Bounds of A and B in ``(A/N^a + B/D^b)^g``, where all exponents are constants: a power that is no whole number
    needs a positive base, and a term is taken to have the sign with which it is written."""
    if not isinstance(node, Power) or not parameters(node.exponent):
        return {}
    if any(train.features[name].min() <= 0 for name in features(node.base)):
        return {}
    found: dict[str, tuple[float, float]] = {}
    for factors in map(factors_of, terms_of(node.base)):
        match sorted(factors, key=lambda part: not isinstance(part, Parameter)):
            case [Parameter(name), *others] if others and all(map(_is_open_power, others)):
                found[name] = (LEAST, np.inf)
    return found


def _is_open_power(node: Node) -> bool:
    """Whether a feature is raised to a constant, as in ``N^a`` and its inverse."""
    inner = node.base if isinstance(node, Power) and isinstance(node.base, Power) else node
    return isinstance(inner, Power) and isinstance(inner.base, Feature) and bool(parameters(inner.exponent))


def _far_from_zero(node: Node, train: Table) -> dict[str, tuple[float, float]]:
    """Bounds of ``t0`` and ``tau`` in ``(t - t0) / tau`` for a feature that varies by little beside its size."""
    factors = factors_of(node)
    for terms in (factor.terms for factor in factors if isinstance(factor, Sum) and len(factor.terms) == 2):
        columns = [term.name for term in terms if isinstance(term, Feature)]
        taken = (coefficient(term) for term in terms)
        shifts = [one.name for number, one in taken if number == -1.0 and isinstance(one, Parameter)]
        values = train.features[columns[0]] if columns and shifts else np.zeros(1)
        low, wide = float(values.min()), float(np.ptp(values))
        if 0 < wide < FAR * abs(low):
            divisors = [f.base.name for f in factors if isinstance(f, Power) and isinstance(f.base, Parameter)]
            found = dict.fromkeys(divisors, (wide / WIDEST, wide * WIDEST))
            return {**found, shifts[0]: (low - OUTSIDE * wide, low + (1 + OUTSIDE) * wide)}
    return {}


def _decay(node: Node) -> Node | None:
    """``t/tau`` of ``exp(-t/tau)``, whose tau is a size; None for anything else."""
    if isinstance(node, Function) and node.name == "exp":
        number, rest = coefficient(node.arguments[0])
        above, below = fraction(factors_of(rest))
        if number == -1.0 and len(above) + len(below) == 2 and any(isinstance(one, Parameter) for one in below):
            return rest
    return None


def steepest(train: Table) -> float:
    """The largest size of an exponent that rows may ask for: a few times the power of the narrowest positive feature
    that makes the whole range of a target, as of lives of specimens over a factor of two in stress."""
    growths = [_decades(np.abs(values[values != 0])) for values in train.targets.values()]
    widths = [_decades(values) for values in train.features.values() if (values > 0).all()]
    widths = [width for width in widths if width > 0]
    return min(ROOM * max(growths) / min(widths), MOST_STEEP) if widths else 0.0


def _decades(sizes: Array) -> float:
    return float(np.log10(sizes.max() / sizes.min())) if len(sizes) else 0.0
