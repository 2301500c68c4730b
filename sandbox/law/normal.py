"""The normal form of a law: the same for all its spellings. It is what keys and traits look at; the law that is
executed stays as it was read."""

import math
from collections.abc import Sequence
from itertools import chain, permutations

from lawsmith.sandbox.law.expression import (
    add,
    apply_each,
    coefficient,
    exp,
    factors_of,
    features,
    is_log,
    mul,
    parameters,
    power,
    rebuild,
    terms_of,
)
from lawsmith.sandbox.law.functions import apply
from lawsmith.sandbox.law.nodes import ONE, ZERO, Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.sandbox.law.spans import ANY, POSITIVE, TINY, holds, span

DIGITS = 13  # of a number: 1 / log 10 times log 10 is 1
ODD = frozenset({"sinh", "tanh", "arcsinh", "arctan", "arctanh", "arcsin", "sin", "tan", "erf", "cbrt"})
EVEN = frozenset({"cosh", "cos", "abs"})  # f(-u) is f(u); of an odd function it is -f(u)
ENDLESS = 1e300  # a bound beyond this is none, such as the largest float
STEEP = 20.0  # log(1 + exp(u)) is u from here on, to nine digits
FAR = 30.0  # a cap on the argument of an exponential beyond this only keeps it from overflowing


def normal(node: Node) -> Node:
    """The normal form, where features and what the law predicts are positive, as sizes and losses are."""
    return _unguarded_whole(apply_each(node, normal_part))


def unguarded(node: Node) -> Node:
    """The law as people read it: without what only keeps arithmetic from the edge (a tiny floor of something positive,
    a far cap inside an exponential, a value instead of what is not finite), else as it was written."""

    def change(part: Node, parts: Sequence[Node]) -> Node:
        match part:
            case Function("maximum") if any(isinstance(one, Number) and 0 < one.value <= TINY for one in parts):
                return _extreme("maximum", parts)
            case Function("where") if isinstance(parts[0], Function) and parts[0].name in ("isfinite", "not_equal"):
                return _where(parts)
            case Function("exp"):
                return Function("exp", (_uncapped(parts[0]),))
        return rebuild(part, tuple(parts))

    return apply_each(node, change)


def bare(node: Node) -> Node:
    """The law without bounds and conditions around the whole of it, and without what `unguarded` takes away. It is
    another law where one of these acts."""
    node = unguarded(node)
    while True:
        match node:
            case Function("maximum" | "minimum", (Number(), inner)) | Function(
                "maximum" | "minimum", (inner, Number())
            ):
                node = inner
            case Function("where", (condition, inner, Number())) | Function("where", (condition, Number(), inner)) if (
                set(parameters(condition)) <= set(parameters(inner))
            ):
                node = inner
            case _:
                return node


def normal_part(node: Node, parts: Sequence[Node]) -> Node:
    """The normal form of `node` with these parts, which have normal forms already."""
    match node:
        case Number() | Parameter():
            return node
        case Feature(name, unit):
            return mul(Number(1 / unit), Feature(name)) if unit != 1 else node
        case Sum():
            return _sum(_softplus(parts))
        case Product():
            return _product(parts)
        case Power():
            return _power(parts[0], parts[1])
        case Function(name):
            return _function(name, parts)


# -- sums and products -------------------------------------------------------------------------------------


def _sum(terms: Sequence[Node]) -> Node:
    """Like terms are put together, whatever the order of their factors."""
    found: dict[frozenset[Node], tuple[float, Node]] = {}
    for term in terms:
        for part in terms_of(term):
            value, rest = coefficient(part)
            like = frozenset(factors_of(rest))  # powers of one base are one factor
            before, rest = found.get(like, (0.0, rest))
            found[like] = before + value, rest
    return add(*(mul(_number(value), rest) for value, rest in found.values() if value))


def _number(value: float) -> Number:
    return Number(float(f"{value:.{DIGITS}g}"))


def _softplus(terms: Sequence[Node]) -> Sequence[Node]:
    """``max(u, 0) + log(1 + exp(-|u|))``, which cannot overflow, is ``log(1 + exp(u))``."""
    for floor in terms:
        match floor:
            case Function("maximum", (u, Number(0.0))):
                falling = _product([Number(-1.0), _function("abs", [u])])
                tail = _function("log1p", [apply("exp", [falling])])
                if tail in terms:
                    return [*(t for t in terms if t not in (floor, tail)), _function("logaddexp", [u, ZERO])]
    return terms


def _product(factors: Sequence[Node]) -> Node:
    """Powers of one base are put together, exponentials become one, a number goes into a sum."""
    number, inside = 1.0, list[Node]()
    powers: dict[Node, list[Node]] = {}
    for factor in factors:
        for part in factors_of(factor):
            match part:
                case Number(value):
                    number *= value
                case Function("exp", (argument,)):
                    inside.append(argument)
                case Power(base, exponent):
                    powers.setdefault(base, []).append(exponent)
                case Sum() if _is_reversed(part):
                    number = -number
                    powers.setdefault(_opposite(part), []).append(ONE)
                case _:
                    powers.setdefault(part, []).append(ONE)
    number = _number(number).value
    made = [power(base, _sum(exponents)) for base, exponents in powers.items()]
    if inside and (argument := _sum(inside)) != ZERO:
        made.append(exp(argument))
    if not math.isfinite(number) or number == 0:
        return mul(Number(number), *made)
    if number != 1 and len(made) == 1 and isinstance(made[0], Sum):
        return _sum([mul(Number(number), term) for term in made[0].terms])
    return mul(Number(number), *made)


def _is_reversed(terms: Sum) -> bool:
    """Whether the first of the columns in a sum is taken off it, as in m - log x; not where a number stands in it."""
    pairs = [coefficient(term) for term in terms.terms]
    columns = [(repr(rest), value) for value, rest in pairs if rest != ONE and not parameters(rest)]
    return bool(columns) and min(columns)[1] < 0 and all(rest != ONE for _, rest in pairs)


def _opposite(terms: Sum) -> Node:
    return _sum([mul(Number(-1.0), term) for term in terms.terms])


def _unfloored(node: Node) -> Node:
    """What a power or a logarithm is taken of, without a number that is so low in any unit that it only keeps it from
    the edge."""
    match node:
        case Sum((Number(value), *rest)) if 0 < value <= TINY and span(add(*rest))[0] >= 0:
            least = TINY * max(abs(coefficient(term)[0]) for term in rest)
            return add(*rest) if value <= least else node
    return node


def _power(base: Node, exponent: Node) -> Node:
    base = _unfloored(base)
    whole = isinstance(exponent, Number) and float(exponent.value).is_integer()
    if isinstance(exponent, Number) and exponent.value % 2 == 0:  # a distance to a square
        base = base.arguments[0] if isinstance(base, Function) and base.name == "abs" else base
        base = _opposite(base) if isinstance(base, Sum) and _is_reversed(base) else base
    match base:
        case Power(inner, first) if whole or span(inner)[0] >= 0:
            return _power(inner, _product([first, exponent]))
        case Function("exp", (argument,)):
            return _exponential(_product([argument, exponent]))
        case Product(factors) if whole or all(span(factor)[0] >= 0 for factor in factors):
            return _product([_power(factor, exponent) for factor in factors])
    if isinstance(base, Number) and base.value > 0 and not isinstance(exponent, Number):
        return _exponential(_product([Number(math.log(base.value)), exponent]))
    return power(base, exponent)


def _exponential(argument: Node) -> Node:
    """exp(c log u + v) is u^c exp(v)."""
    left, powers = list[Node](), list[Node]()
    for term in _log_terms(argument):
        rest = list(factors_of(term))
        logs = [factor for factor in rest if is_log(factor)]
        if not logs:
            left.append(term)
            continue
        rest.remove(first := min(logs, key=features))  # of log u log v, whichever is written first
        powers.append(_power(first.arguments[0], mul(*rest)))
    if not powers:
        return apply("exp", [argument])
    return _product([*powers, *([apply("exp", [add(*left)])] if left else [])])


def _log_terms(argument: Node) -> list[Node]:
    """The terms of an argument; c (log u - log v) is two of them."""
    found = list[Node]()
    for term in terms_of(argument):
        factors = factors_of(term)
        sums = (one for one in factors if isinstance(one, Sum) and any(map(is_log, chain(*map(factors_of, one.terms)))))
        logs = min(sums, key=features, default=None)
        rest = [factor for factor in factors if factor is not logs]
        found += [mul(*rest, part) for part in logs.terms] if logs is not None else [term]
    return found


# -- functions ---------------------------------------------------------------------------------------------


def _function(name: str, parts: Sequence[Node]) -> Node:
    first = parts[0]
    if name in ODD | EVEN and (mirrored := _mirrored(first)) is not None:
        turned = _function(name, [mirrored])
        return _product([Number(-1.0), turned]) if name in ODD else turned
    match name:
        case "exp":
            return _exponential(_uncapped(first))
        case "expm1":
            return _sum([_exponential(_uncapped(first)), Number(-1.0)])
        case "cos":
            return apply("sin", [_sum([first, Number(math.pi / 2)])])
        case "log1p":
            return _logarithm(_sum([ONE, first]))
        case "log":
            return _logarithm(first)
        case "log2" | "log10":
            base = math.log(2.0 if name == "log2" else 10.0)
            return _product([Number(1 / base), _logarithm(first)])
        case "logaddexp":
            return _logarithm(_sum([_exponential(part) for part in parts]))
        case "cbrt" if span(first)[0] >= 0:
            return _power(first, Number(1 / 3))
        case "abs" if span(first)[0] >= 0:
            return first
        case "sign" if span(first)[0] > 0:
            return ONE
        case "maximum" | "minimum":
            return _extreme(name, parts)
        case "where":
            return _where(parts)
        case "greater" | "greater_equal":  # one direction is enough
            return apply("less" if name == "greater" else "less_equal", [parts[1], parts[0]])
    return apply(name, parts)


def _logarithm(node: Node) -> Node:
    node = _unfloored(node)
    match node:
        case Power(base, exponent) if span(base)[0] >= 0:
            return _product([exponent, _logarithm(base)])
        case Function("exp", (argument,)):
            return argument
        case Product(factors) if all(span(factor)[0] >= 0 for factor in factors):
            return _sum([_logarithm(factor) for factor in factors])
    return apply("log", [node]) if node != ONE else ZERO


def _mirrored(argument: Node) -> Node | None:
    """The argument times -1 where that is the plainer way to write it; None elsewhere."""
    if isinstance(argument, Sum):
        return _opposite(argument) if _is_reversed(argument) else None
    return mul(Number(-1.0), argument) if coefficient(argument)[0] < 0 else None


def _uncapped(node: Node) -> Node:
    """The argument of an exponential without bounds that only keep it from overflowing."""
    while True:
        match node:
            case Product((Number(-1.0), inner)) if (bare := _uncapped(inner)) != inner:
                return mul(Number(-1.0), bare)
            case Function("maximum", (inner, Number(value))) | Function("maximum", (Number(value), inner)) if (
                value <= -FAR
            ):
                node = inner
            case Function("minimum", (inner, Number(value))) | Function("minimum", (Number(value), inner)) if (
                value >= FAR
            ):
                node = inner
            case _:
                return node


def _extreme(name: str, parts: Sequence[Node]) -> Node:
    """A guard on its safe side is what it guards."""
    spans = [span(part) for part in parts]
    if name == "minimum":
        spans = [(-high, -low) for low, high in spans]
    for one, other in ((0, 1), (1, 0)):
        floor = parts[other]
        tiny = name == "maximum" and isinstance(floor, Number) and 0 < floor.value <= TINY
        if isinstance(floor, Number) and spans[other][1] <= -ENDLESS:
            return parts[one]
        if spans[one] != ANY and (spans[one][0] >= spans[other][1] or (tiny and spans[one][0] >= 0)):
            return parts[one]
    return apply(name, sorted(parts, key=lambda part: isinstance(part, Number)))


def _where(parts: Sequence[Node]) -> Node:
    """A condition that always holds, or that only asks for a number, chooses its branch."""
    condition, then, otherwise = parts
    if then == otherwise:
        return then
    if (then, otherwise) == (ONE, ZERO):
        return condition
    if (known := holds(condition)) is not None:
        return then if known else otherwise
    match condition:
        case Function("equal", (step, Number(0.0))) if otherwise == apply("less", [ZERO, step]):
            return otherwise  # what a step is at its own edge
        case Function("equal", (factor, Number(0.0))) if then == ZERO and factor in factors_of(otherwise):
            return otherwise
        case Function("less" | "less_equal", (Number(value), u)) if value >= STEEP and then == u:
            if otherwise == _function("logaddexp", [u, ZERO]):  # what it is nearly, far out
                return otherwise
        case Function("logical_not", (inner,)):
            return _where([inner, otherwise, then])
        case Function("logical_and" | "logical_or" as name, pair):
            for first, second in permutations(pair):
                decided = _where([first, then, otherwise])
                if decided in (then, otherwise):
                    ends = (decided == otherwise) == (name == "logical_and")
                    return decided if ends else _where([second, then, otherwise])
    return apply("where", parts)


def _unguarded_whole(node: Node) -> Node:
    """The whole law without a floor below, or a cap above, everything that it is to predict."""
    while isinstance(node, Function) and node.name in ("maximum", "minimum", "where"):
        match node:
            case Function("maximum", (inner, Number(value))) if value <= TINY:
                node = inner
            case Function("minimum", (inner, Number(value))) if value >= 1 / TINY:
                node = inner
            case Function("where", (Function("less" | "less_equal", (Number(value), inner)), then, _)) if (
                inner == then and value <= POSITIVE[0]
            ):
                node = then
            case Function("where", (Function("less" | "less_equal", (inner, Number(value))), _, other)) if (
                inner == other and value <= POSITIVE[0]
            ):
                node = other
            case _:
                return node
    return node
