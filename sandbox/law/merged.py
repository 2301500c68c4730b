"""Merges constants that have the same effect on a formula: ``c1 + c2 * (c3 * x + c4)`` becomes ``c1 + c2 * x``.

Other programs print a constant at every place where they fitted one, and a change of a form may add a second one:
``exp(k1 * x) * exp(k2 * x)``. Each costs what any constant costs here.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import chain, product

from lawsmith.sandbox.law.expression import (
    add,
    coefficient,
    factors_of,
    function,
    is_log,
    mul,
    parameters,
    power,
    size,
    transform,
    walk,
)
from lawsmith.sandbox.law.nodes import ONE, Feature, Function, Node, Number, Parameter, Power, Product, Sum

ROUNDS = 20  # at most: each takes a constant away, or is the last
DIGITS = 15  # of a number raised to a power: 0.1^2 is 0.01


def merged(node: Node) -> Node:
    """The same form without constants that another one can stand for; as it is where a constant has several places."""
    places = [part.name for part in walk(node) if isinstance(part, Parameter)]
    for _ in range(ROUNDS if len(places) == len(set(places)) else 0):
        before, node = node, transform(node, _simpler)
        if node == before:
            break
    return node


def cancelled(node: Node, positive: Collection[str] = ()) -> Node:
    """The same with powers of one base put together, where that is shorter and no constant gets a second place:
    ``A x^2 / (h x + x^3)`` is ``A x / (h + x^2)``, ``A x / h / (1 + x/h)`` is ``A x / (h + x)``, and
    ``x^2 (b y / x^2 + A f(x))`` is ``b y + A x^2 f(x)``. Roots of features are taken apart where all of them are
    `positive`."""

    def shortest(part: Node) -> Node:
        if not isinstance(part, Product | Power):
            return part
        ways = (_common(part, lowest, positive) for lowest in (False, True))
        changed = [*map(_joined, ways), _inside(part, positive)]
        return min((part, *(one for one in changed if _places(one) <= _places(part))), key=size)

    return transform(node, shortest)


def _joined(exponents: Mapping[Node, float]) -> Node:
    return mul(*(_raised(base, exponent) for base, exponent in exponents.items()))


def _inside(node: Node, positive: Collection[str]) -> Node:
    """A product of features' powers and one sum with the powers in the terms; any other node as it is."""
    factors = node.factors if isinstance(node, Product) else ()
    sums = [factor for factor in factors if isinstance(factor, Sum)]
    rest = [factor for factor in factors if factor not in sums]
    if len(sums) != 1 or not all(isinstance(getattr(one, "base", one), Feature) for one in rest):
        return node
    return add(*(_joined(_common(mul(*rest, term), False, positive)) for term in sums[0].terms))


def _places(node: Node) -> int:
    return sum(isinstance(part, Parameter) for part in walk(node))


def _raised(base: Node, exponent: float) -> Node:
    made = power(base, Number(exponent))
    if isinstance(made, Number) and made != base:
        return Number(float(f"{made.value:.{DIGITS}g}"))
    return made


def _common(node: Node, lowest: bool, positive: Collection[str]) -> dict[Node, float]:
    """Base -> exponent of what multiplies the whole of a node: a sum's are those of all its terms, and with `lowest`
    also a constant by which only some of them are divided."""
    match node:
        case Power(base, Number(exponent)):
            apart = exponent.is_integer() or _is_positive(base, positive)
            inner = _common(base, lowest, positive) if apart else {base: 1.0}
            return {one: own * exponent for one, own in inner.items()}
        case Product(factors):
            found: dict[Node, float] = {}
            for factor in factors:
                for base, exponent in _common(factor, lowest, positive).items():
                    found[base] = found.get(base, 0.0) + exponent
            return found
        case Sum(terms):
            each = [_common(term, lowest, positive) for term in terms]
            exponents = {
                base: _exponent_of_all([one.get(base, 0.0) for one in each], lowest and isinstance(base, Parameter))
                for base in dict.fromkeys(chain(*each))
            }
            shared: dict[Node, float] = {base: a for base, a in exponents.items() if a and not isinstance(base, Number)}
            rest = add(*(mul(term, *(power(base, Number(-a)) for base, a in shared.items())) for term in terms))
            left = cancelled(rest, positive) if shared else node
            return {**shared, left: 1.0 + shared.get(left, 0.0)}
    return {node: 1.0}


def _is_positive(node: Node, positive: Collection[str]) -> bool:
    """Whether a node is a product of powers of features that are all positive."""
    bases = [getattr(factor, "base", factor) for factor in factors_of(node)]
    return all(isinstance(base, Feature) and base.name in positive for base in bases)


def _exponent_of_all(exponents: list[float], lowest: bool) -> float:
    """The exponent with which a base multiplies each of several terms; 0 where it does not."""
    if all(a > 0 for a in exponents) or (lowest and min(exponents) < 0):
        return min(exponents)
    return max(exponents) if all(a < 0 for a in exponents) else 0.0


def _simpler(node: Node) -> Node:
    match node:
        case Sum(terms):
            return add(*_one_constant(tuple(terms)))
        case Product(factors):
            return _product(tuple(factors))
        case Function("exp", (Product(factors),)) if any(map(is_log, factors)):  # exp(b log u) is u^b
            first = next(factor for factor in factors if is_log(factor))
            place = factors.index(first)
            return power(first.arguments[0], mul(*factors[:place], *factors[place + 1 :]))
        case Power(Product(factors), exponent) if not parameters(exponent):
            own = [f for f in factors if isinstance(f, Parameter)]
            rest = [f for f in factors if not isinstance(f, Parameter)]
            return mul(*own, power(mul(*rest), exponent)) if own and rest else node
    return node


def _one_constant(parts: tuple[Node, ...]) -> list[Node]:
    """The terms or factors with at most one constant among them, the one with the widest bounds; numbers beside several
    of them go."""
    free = [part for part in parts if _is_free(part)]
    if len(free) < 2:
        return list(parts)
    kept = max(free, key=lambda part: sum(one.upper - one.lower for one in parameters(part)))
    return [part for part in parts if part is kept or not (_is_free(part) or isinstance(part, Number))]


def _is_free(part: Node) -> bool:
    """Whether a part is a constant, perhaps times numbers."""
    if isinstance(part, Product):
        return sum(isinstance(f, Parameter) for f in part.factors) == 1 and all(
            isinstance(f, Parameter | Number) for f in part.factors
        )
    return isinstance(part, Parameter)


def _product(factors: tuple[Node, ...]) -> Node:
    """One constant among the factors, and none where a factor brings its own; one exponent for each base."""
    kept = _one_exponent(_one_constant(factors))
    lead = next((factor for factor in kept if isinstance(factor, Parameter)), None)
    if lead is None:
        return mul(*kept)
    for k, factor in enumerate(kept):
        if isinstance(factor, Sum):
            bare = sum(not _has_own(term) for term in factor.terms)
            if bare == 0 or (bare == 1 and len(kept) == 2):  # A (u + k v) is A u + k v
                kept[k] = _scaled(factor, lead)
                return mul(*(one for one in kept if one is not lead))
        kept[k] = _without_scale(factor)
    return mul(*kept)


def _scaled(part: Node, lead: Parameter) -> Node:
    """A part times a constant that is nowhere else: its own constants take it in, as far as there are some."""
    match part:
        case Parameter():
            pairs = product((part.lower, part.upper), (lead.lower, lead.upper))
            ends = [low * high if low and high else 0.0 for low, high in pairs]  # nothing times infinity is nothing
            return replace(part, lower=min(ends), upper=max(ends), role=lead.role)
        case Sum(terms):
            return add(*(_scaled(term, lead) for term in terms))
        case Product(factors) if any(map(_has_own, factors)):
            place = next(k for k, one in enumerate(factors) if _has_own(one))
            return mul(*factors[:place], _scaled(factors[place], lead), *factors[place + 1 :])
    return mul(lead, part)


def _one_exponent(factors: list[Node]) -> list[Node]:
    """The factors with one of those that are powers of the same, or exponentials of it, where a constant says how
    much: it takes in the others, and their bounds."""
    alike: dict[tuple[str, Node], list[tuple[int, float, Parameter | None]]] = {}
    for k, factor in enumerate(factors):
        kind, base, exponent = _taken_apart(factor)
        found = _scaled_constant(exponent)
        if base != ONE and found is not None:
            alike.setdefault((kind, base), []).append((k, *found))
    changed: dict[int, Node] = {}
    for (kind, base), members in alike.items():
        lead = next((one for one in members if one[2] is not None), None)
        if len(members) > 1 and lead is not None:
            k, number, constant = lead
            assert constant is not None
            whole = mul(Number(number), _with_all(constant, number, members))
            changed |= {other: ONE for other, _, _ in members}
            changed[k] = power(base, whole) if kind == "power" else function("exp", mul(whole, base))
    return [factor for k, part in enumerate(factors) if (factor := changed.get(k, part)) != ONE]


def _taken_apart(factor: Node) -> tuple[str, Node, Node]:
    """A factor as a power of a base, or as an exponential of so much of it."""
    match factor:
        case Power(base, exponent):
            return "power", base, exponent
        case Function("exp", (argument,)):
            parts = factors_of(argument)
            much = [part for part in parts if isinstance(part, Parameter | Number)]
            return "exp", mul(*(part for part in parts if part not in much)), mul(*much)
        case Parameter() | Number():
            return "power", ONE, ONE
    return "power", factor, ONE


def _scaled_constant(exponent: Node) -> tuple[float, Parameter | None] | None:
    """A number, or a number times a constant; None for anything else."""
    number, rest = coefficient(exponent)
    if rest == ONE:
        return number, None
    return (number, rest) if isinstance(rest, Parameter) else None


def _with_all(constant: Parameter, number: float, members: list[tuple[int, float, Parameter | None]]) -> Parameter:
    """The constant, so bounded that `number` times it takes every value that the sum of the members took."""
    ends = [sorted((n * one.lower, n * one.upper)) if one is not None else [n, n] for _, n, one in members]
    low, high = sorted(math.fsum(side) / number for side in zip(*ends, strict=True))
    return replace(constant, lower=low, upper=high)


def _without_scale(factor: Node) -> Node:
    """A factor beside a constant, without a constant of its own that only scales it."""
    match factor:
        case Function("exp", (Sum(terms),)):
            rest = [term for term in terms if not _is_free(term)]
            return function("exp", add(*rest)) if 0 < len(rest) < len(terms) else factor
        case Power(Product(factors), exponent):
            rest = [one for one in factors if not isinstance(one, Parameter)]
            return power(mul(*rest), exponent) if 0 < len(rest) < len(factors) else factor
    return factor


def _has_own(term: Node) -> bool:
    """Whether a constant scales the term."""
    match term:
        case Parameter():
            return True
        case Product(factors):
            return any(map(_has_own, factors))
        case Sum(terms):
            return all(map(_has_own, terms))
    return False
