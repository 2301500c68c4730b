"""Arranges a law for people: signs before terms, quotients for negative powers, roots, units below their columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from lawsmith.sandbox.law.expression import add, exp, features, function, log, mul, parameters, power, transform, walk
from lawsmith.sandbox.law.functions import apply
from lawsmith.sandbox.law.nodes import ONE, Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.sandbox.law.normal import unguarded
from lawsmith.sandbox.law.spans import span

_LETTERS = (
    *("alpha α", "beta β", "gamma γ", "delta δ", "epsilon ε", "zeta ζ", "eta η", "theta θ", "kappa κ", "lambda λ"),
    *("mu μ", "nu ν", "xi ξ", "pi π", "rho ρ", "sigma σ", "tau τ", "phi φ", "chi χ", "psi ψ", "omega ω", "Gamma Γ"),
    *("Delta Δ", "Theta Θ", "Lambda Λ", "Sigma Σ", "Phi Φ", "Omega Ω"),
)
GREEK = dict(pair.split() for pair in _LETTERS)
"""Names of parameters that stand for a letter."""

# How tightly a part holds together; a part looser than its place asks for is put in parentheses.
LOOSE, SUM, PRODUCT, POWER, ATOM = range(5)
_RELATIONS = {
    "less": "<", "less_equal": "≤", "greater": ">", "greater_equal": "≥", "equal": "=", "not_equal": "≠",
    "logical_and": "∧", "logical_or": "∨",
}  # fmt: skip
_SHOWN = {"maximum": "max", "minimum": "min", "gammaln": "lngamma", "remainder": "mod"}
_FENCES = {"abs": "||", "floor": "⌊⌋", "ceil": "⌈⌉"}
MOST_NUMERATOR, MOST_DENOMINATOR = 100, 12  # of a number that is shown as a fraction …
MOST_OF_PI = 366  # … or as one of pi, as half a degree or a day of the year in radians


@dataclass(frozen=True)
class Notation:
    """A way to write formulas.

    name: writes the name of a feature, parameter or target, a stranger's text.
    parts: a template (`str.format`) for each kind of part, filled with markup: number, row, negative, fraction, power,
    root, cbrt, where (condition, one, other), scientific (a number and the exponent of ten), ten (that alone), function
    (its name), logarithm (its base) and pairs of fences; and what signs (+ − ⋅ / , < ≤ > ≥ = ≠ ∧ ∨ ¬ ∞) and names of
    functions are written as, where they are not as they are.
    between: stands between parts side by side. inline: quotients and powers stand on the line, so that an exponent may
    need parentheses.
    """

    name: Callable[[str], str]
    parts: Mapping[str, str]
    between: str = ""
    inline: bool = False

    def __call__(self, kind: str, *parts: str) -> str:
        """A part of this kind."""
        return self.parts.get(kind, kind).format(*parts)

    def row(self, parts: Sequence[str]) -> str:
        """Parts side by side."""
        return self("row", self.between.join(parts))

    def number(self, digits: str) -> str:
        """Digits, perhaps with a point, or ∞."""
        return self("number", self.parts.get(digits, digits))

    def function(self, name: str) -> str:
        """The upright name of a function."""
        return self.parts[name] if name in self.parts else self("function", name)


def typeset(node: Node, notation: Notation, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
    """The expression in a notation, without guards that do nothing (`unguarded`); parameters
    in `constants` are replaced by their values, rounded to so many
    significant digits."""
    plain = unguarded(node)
    literal = {abs(n.value) for n in walk(plain) if isinstance(n, Number)}
    shown = _filled(plain, constants or {})
    setter = _Setter(notation, frozenset(features(node)), literal if constants else None, digits)
    return setter.set(shown)


def _filled(node: Node, constants: Mapping[str, float]) -> Node:
    def change(part: Node) -> Node:
        if isinstance(part, Parameter) and part.name in constants:
            return Number(constants[part.name])
        return apply(part.name, part.arguments) if isinstance(part, Function) else part

    return transform(node, change) if constants else node


class _Setter:
    def __init__(
        self, notation: Notation, columns: frozenset[str], literal: set[float] | None, digits: int, inline: bool = False
    ) -> None:
        self._to, self._columns, self._literal, self._digits = notation, columns, literal, digits
        self._inline = inline or notation.inline

    def set(self, node: Node, least: int = LOOSE) -> str:
        """The part, in parentheses where it holds less tightly than `least`."""
        made, strength = self._part(_spelt_out(node))
        return self._to(_fence(node), made) if strength < least else made

    def _part(self, node: Node) -> tuple[str, int]:
        to = self._to
        if (positive := _negated(node)) is not None and not isinstance(node, Sum):
            return to("negative", self.set(positive, PRODUCT)), SUM
        match node:
            case Number(value):
                return self._number(value)
            case Parameter(name):
                return to.name(f"p.{name}" if name in self._columns else name), ATOM
            case Feature(name, unit):
                if unit == 1:
                    return to.name(name), ATOM
                return self._quotient([to.name(name)], [self._number(unit)[0]], tight=True)
            case Sum(terms):
                return self._sum(terms), SUM
            case Product(factors):
                return self._product(factors)
            case Power(base, exponent):
                return self._power(base, exponent)
            case Function(name, arguments):
                return self._function(name, arguments)

    # -- sums, products, powers ----------------------------------------------------------------------------

    def _sum(self, terms: Sequence[Node]) -> str:
        """A positive term first, where there is one; then each with its sign."""
        first = next((k for k, term in enumerate(terms) if _negated(term) is None), 0)
        ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
        parts = [self.set(ordered[0], SUM)]
        for term in ordered[1:]:
            positive = _negated(term)
            parts.append(self._to("+" if positive is None else "−"))
            parts.append(self.set(term if positive is None else positive, PRODUCT))
        return self._to.row(parts)

    def _product(self, factors: Sequence[Node]) -> tuple[str, int]:
        """Constants first; what has a negative exponent below."""
        above: list[Node] = []
        below: list[Node] = []
        for factor in map(_merged, factors):
            if (inverse := self._inverse(factor)) is not None:
                below.append(inverse)
            elif (parts := _as_fraction(factor)) is not None:
                above += [part for part in parts[0] if part != ONE]
                below = [part for part in [parts[1]] if part != ONE] + below
            else:
                above.append(factor)
        above.sort(key=lambda one: (not isinstance(one, Number), not isinstance(one, Parameter)))
        if below:
            inside = self._small()  # no quotient within a quotient
            strength = POWER if self._inline else PRODUCT if len(below) > 1 else LOOSE
            over = PRODUCT if self._inline or len(above) > 1 else LOOSE
            return self._quotient(
                [inside.set(one, over) for one in above], [inside.set(one, strength) for one in below]
            )
        return self._to.row(self._between([self.set(one, PRODUCT) for one in above], "⋅")), PRODUCT

    def _inverse(self, factor: Node) -> Node | None:
        """What a factor divides by; None for one that does not."""
        if not isinstance(factor, Power):
            return None
        match factor.exponent:
            case Number(value) if value == -1 or (value < 0 and not self._inline):
                return power(factor.base, Number(-value))
            case exponent if not self._inline and (positive := _negated(exponent)) is not None:
                return power(factor.base, positive)
        return None

    def _quotient(self, above: list[str], below: list[str], tight: bool = False) -> tuple[str, int]:
        to = self._to
        over = to.row(self._between(above, "⋅")) if above else to.number("1")
        if not self._inline:
            return to("fraction", over, to.row(self._between(below, "⋅"))), PRODUCT
        if tight:
            return f"{over}/{below[0]}" if to.inline else to.row([over, to("/"), *below]), PRODUCT
        return to.row([over, *(piece for part in below for piece in (to("/"), part))]), PRODUCT

    def _power(self, base: Node, exponent: Node) -> tuple[str, int]:
        if (merged := _merged(Power(base, exponent))) != Power(base, exponent):
            return self._part(merged)
        if (inverse := self._inverse(Power(base, exponent))) is not None:
            return self._quotient([], [self._small().set(inverse, POWER if self._inline else LOOSE)])
        if exponent == Number(0.5):
            return self._to("root", self.set(base)), POWER
        raised, strength = self._small()._part(_spelt_out(exponent))
        positive = _negated(exponent)
        bare = strength == ATOM or isinstance(positive, Parameter)
        if isinstance(positive, Number):  # a fraction would divide what is raised
            bare = self._small()._number(positive.value)[1] == ATOM
        if self._to.inline and not bare:
            raised = self._to("()", raised)
        return self._to("power", self.set(base, ATOM), raised), POWER

    def _small(self) -> _Setter:
        """For what stands in an exponent or a quotient: on one line."""
        return _Setter(self._to, self._columns, self._literal, self._digits, inline=True)

    def _between(self, parts: Sequence[str], sign: str) -> list[str]:
        joined = [piece for part in parts for piece in (self._to(sign), part)]
        return joined[1:]

    # -- numbers and functions -----------------------------------------------------------------------------

    def _number(self, value: float) -> tuple[str, int]:
        to = self._to
        if not math.isfinite(value):
            return to.number("∞"), ATOM
        if self._literal is not None and abs(value) not in self._literal:
            value = float(f"{value:.{self._digits}g}")
        elif (parts := _as_fraction(Number(value))) is not None:
            above = [self.set(part, PRODUCT) for part in parts[0]]
            if parts[1] == ONE:
                return to.row(self._between(above, "⋅")), PRODUCT
            return self._quotient(above, [self.set(parts[1], PRODUCT)])
        mantissa, _, exponent = shortest(value).partition("e")
        if not exponent:
            return to.number(mantissa), ATOM
        size = to.number(str(abs(int(exponent))))
        raised = to("negative", size) if int(exponent) < 0 else size
        if mantissa == "1":
            return to("ten", raised), ATOM if to.inline else POWER
        return to("scientific", to.number(mantissa), raised), ATOM if to.inline else PRODUCT

    def _function(self, name: str, arguments: Sequence[Node]) -> tuple[str, int]:
        to = self._to
        if name in _RELATIONS:
            inner = [self.set(argument, SUM) for argument in arguments]
            return to.row(self._between(inner, _RELATIONS[name])), LOOSE
        inner = [self.set(argument) for argument in arguments]
        match name:
            case "cbrt":
                return to("cbrt", inner[0]), POWER
            case "abs" | "floor" | "ceil":
                return to(_FENCES[name], inner[0]), ATOM
            case "where":
                return to("where", *inner), ATOM if to.inline else LOOSE
            case "log2" | "log10":
                return to.row([to("logarithm", to.number(name[3:])), to("()", inner[0])]), POWER
            case "logical_not":
                return to.row([to("¬"), self.set(arguments[0], ATOM)]), LOOSE
        called = to.row([to.function(_SHOWN.get(name, name)), to("()", to.row(self._between(inner, ",")))])
        return called, ATOM if to.inline else POWER


def _fence(node: Node) -> str:
    """A condition that counts 1 or 0 stands in brackets."""
    return "[]" if isinstance(node, Function) and node.name in _RELATIONS else "()"


def _negated(node: Node) -> Node | None:
    """What a part is the negative of; None for a part without a leading minus."""
    match node:
        case Number(value) if math.copysign(1.0, value) < 0:
            return Number(-value)
        case Product((Number(value), *rest)) if value < 0:
            return mul(Number(-value), *rest)
    return None


def _merged(node: Node) -> Node:
    """(x^a)^b as x^(ab), where x is certainly no negative number."""
    while isinstance(node, Power) and isinstance(base := node.base, Power):
        fractional = isinstance(base.exponent, Number) and not base.exponent.value.is_integer()
        if not (fractional or span(base.base)[0] >= 0):  # a fractional power is taken of nothing negative
            break
        node = power(base.base, mul(base.exponent, node.exponent))
    return node


def _as_fraction(node: Node) -> tuple[list[Node], Number] | None:
    """Factors of the numerator, and the denominator, of a number that reads better as a fraction: 1/3, pi/180."""
    if not isinstance(node, Number) or not math.isfinite(node.value) or len(repr(node.value)) < 12:
        return None
    for unit, most in ((1.0, MOST_DENOMINATOR), (math.pi, MOST_OF_PI)):
        simple = Fraction(node.value / unit).limit_denominator(most)
        close = math.isclose(node.value, float(simple) * unit, rel_tol=1e-15)
        if close and abs(simple.numerator) <= MOST_NUMERATOR and (simple.denominator, unit) != (1, 1.0):
            above = [Number(simple.numerator)] if simple.numerator != 1 or unit == 1 else []
            return [*above, *([Parameter("pi")] if unit != 1 else [])], Number(simple.denominator)
    return None


def _spelt_out(node: Node) -> Node:
    """Functions that exist for the sake of accuracy, as people write them."""
    match node:
        case Function("log1p", (inner,)):
            return log(add(ONE, inner))
        case Function("expm1", (inner,)):
            return add(exp(inner), Number(-1.0))
        case Function("logaddexp", (one, two)):
            return log(add(apply("exp", [one]), apply("exp", [two])))
        case Function("not_equal", (one, other)) if one == other:
            return function("isnan", one)
    return node


def shortest(value: float) -> str:
    """The number exactly, as people write it: 0.5, 3, 1e9."""
    plain = repr(value).removesuffix(".0")
    if not math.isfinite(value):
        return plain
    decimal = Decimal(repr(value)).normalize()
    scientific = f"{decimal:e}".replace("e+", "e")
    return scientific if len(scientific) < len(plain) - 1 else plain


def clashing(nodes: Sequence[Node]) -> frozenset[str]:
    """Names that a parameter and a column share."""
    named = {p.name for node in nodes for p in parameters(node)}
    return frozenset(named & {name for node in nodes for name in features(node)})
