"""Functions of one argument that terms are products of: values, slopes, trees, and where their constants start.

An argument is a feature in its unit, or the product, quotient or weighted sum of two.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from lawsmith.sandbox.law.expression import add, divide, exp, function, log, mul, neg, power
from lawsmith.sandbox.law.nodes import ONE, Node, Number, Role
from lawsmith.tasks.arrays import Array

TINY = 1e-300  # added to what is divided by and may be zero
STEEPEST = 16.0  # of exponents
FLATTEST = 0.3  # exponent of a rising Hill curve
LEAST_EXPONENT = 0.02  # where an argument may be zero
TURNS = 60.0  # of a wave over the range of its argument, where the dictionary's frequencies end
NATURAL = (1.0, 2.0, 3.0, 4.0, 0.5, 1 / 3, 1.5, -1.0, -2.0)  # constants that laws have in their own units
ACTIVATED = (17.0,)  # thermal energies of an activation, as reactions have …
NARROW = 3.0  # … over a range of temperatures that is not wider than this factor
FAR_OFF = 0.02  # width of a positive argument, as a share of its smallest value, in which every power is a line
WIDE, QUARTERS = 30.0, (0.25, 0.5, 0.75)  # of a wide range, counted in its logarithm: where Hill curves are half-way
OWN_UNIT = (0.1, 30.0)  # sizes of an argument of which constants near 1 are more likely than others

TURNING = ("sin", "cos", "sigmoid", "tanh", "gauss", "bell", "hinge")
"""Kinds that a scale of many decades does not show."""

PRODUCT, QUOTIENT, SUM = "\x1f*\x1f", "\x1f/\x1f", "\x1f+\x1f"  # between two features of an argument; in no name

Bounds = tuple[tuple[float, float], ...]
Ends = tuple[float, float]


@dataclass(frozen=True)
class FactorKind:
    """A function of an argument u (n,) and of constants, which are numbers.

    values(u, *constants); slopes(u, *constants) has one entry (n,) per free constant. node(u, |u|, *constants) is its
    tree. roles: of the free constants, which are the first ones. bounds(size, *constants): of the free constants, where
    `size` is the largest |u|. positive: needs u > 0.
    """

    values: Callable[..., Array]
    node: Callable[..., Node]
    cost: float
    slopes: Callable[..., tuple[Array, ...]] = lambda u, *constants: ()
    roles: tuple[Role, ...] = ()
    bounds: Callable[..., Bounds] = lambda size, *constants: ()
    positive: bool = False


def _real(u: Array, a: float) -> Array:
    return np.asarray(np.maximum(np.abs(u), TINY) ** a)


def _log(u: Array) -> Array:
    return np.asarray(np.log(np.maximum(np.abs(u), TINY)))


def _hill(u: Array, k: float, n: float) -> Array:
    return np.asarray(1 / (1 + k * _real(u, n)))


def _rising_hill(u: Array, k: float, n: float) -> Array:
    raised = _real(u, n)
    return np.asarray(raised * (1 / (1 + k * raised)))


def _rising_hill_node(u: Node, absolute: Node, k: Node, n: Node) -> Node:
    return divide(power(absolute, n), add(ONE, mul(k, power(absolute, n))))


def _is_even(node: Node) -> bool:
    return isinstance(node, Number) and node.value % 2 == 0


def _logistic(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -500, 500))))


def _wave(
    name: str,
    inner: Callable[[Array], Array],
    node: Callable[[Node, Node], Node],
    most: Callable[[float], float],
    cost: float,
) -> FactorKind:
    """sin or cos of w times an inner function of u."""
    sine = name == "sin"

    def slopes(u: Array, w: float) -> tuple[Array, ...]:
        z = inner(u)
        return (z * np.cos(w * z) if sine else -z * np.sin(w * z),)

    return FactorKind(
        lambda u, w: np.asarray(np.sin(w * inner(u)) if sine else np.cos(w * inner(u))),
        lambda u, absolute, w: function(name, mul(w, node(u, absolute))),
        cost,
        slopes,
        (Role.RATE,),
        lambda size, w: ((1e-2 / size, most(size)),),
    )


def _waves(name: str) -> dict[str, FactorKind]:
    """Of the argument itself, of its root and of its logarithm."""
    return {
        name: _wave(name, lambda u: u, lambda u, absolute: u, lambda size: 2 * np.pi * 4 * TURNS / size, 2.0),
        f"{name} of root": _wave(
            name,
            lambda u: np.sqrt(np.abs(u)),
            lambda u, absolute: power(absolute, Number(0.5)),
            lambda size: 200 / size**0.5,
            3.0,
        ),
        f"{name} of log": _wave(
            name, lambda u: np.log1p(np.abs(u)), lambda u, absolute: function("log1p", absolute), lambda size: 40.0, 3.0
        ),
    }


KINDS: Mapping[str, FactorKind] = {
    "power": FactorKind(lambda u, n: u**n, lambda u, absolute, n: power(u, n), 1.0),
    "real": FactorKind(
        _real,
        lambda u, absolute, a: power(absolute, a),
        2.0,
        lambda u, a: (_real(u, a) * _log(u),),
        (Role.EXPONENT,),
        lambda size, a: ((-STEEPEST, STEEPEST),),
    ),
    "odd": FactorKind(
        lambda u, a: np.sign(u) * _real(u, a),
        lambda u, absolute, a: mul(function("sign", u), power(absolute, a)),
        3.0,
        lambda u, a: (np.sign(u) * _real(u, a) * _log(u),),
        (Role.EXPONENT,),
        lambda size, a: ((LEAST_EXPONENT, STEEPEST),),
    ),
    "sign": FactorKind(np.sign, lambda u, absolute: function("sign", u), 2.0),
    "log": FactorKind(_log, lambda u, absolute: log(u), 1.5, positive=True),
    "log1p": FactorKind(
        lambda u, k: np.log1p(k * np.abs(u)),
        lambda u, absolute, k: function("log1p", mul(k, absolute)),
        2.0,
        lambda u, k: (np.abs(u) / (1 + k * np.abs(u)),),
        (Role.SCALE,),
        lambda size, k: ((1e-3 / size, 1e4 / size),),
    ),
    "exp": FactorKind(
        lambda u, k: np.exp(k * u),
        lambda u, absolute, k: exp(mul(k, u)),
        2.0,
        lambda u, k: (u * np.exp(k * u),),
        (Role.RATE,),
        lambda size, k: ((-40 / size, 40 / size),),
    ),
    "fade": FactorKind(
        lambda u, k: np.exp(-k * np.abs(u)),
        lambda u, absolute, k: exp(neg(mul(k, absolute))),
        2.5,
        lambda u, k: (-np.abs(u) * np.exp(-k * np.abs(u)),),
        (Role.RATE,),
        lambda size, k: ((1e-4 / size, 400 / size),),
    ),
    "gauss": FactorKind(
        lambda u, k: np.exp(-k * u * u),
        lambda u, absolute, k: exp(neg(mul(k, power(u, Number(2.0))))),
        2.5,
        lambda u, k: (-u * u * np.exp(-k * u * u),),
        (Role.RATE,),
        lambda size, k: ((1e-3 / size**2, 1e3 / size**2),),
    ),
    "bell": FactorKind(
        lambda u, k, m: np.exp(-k * (u - m) ** 2),
        lambda u, absolute, k, m: exp(neg(mul(k, power(add(u, neg(m)), Number(2.0))))),
        3.0,
        lambda u, k, m: (-((u - m) ** 2) * np.exp(-k * (u - m) ** 2), 2 * k * (u - m) * np.exp(-k * (u - m) ** 2)),
        (Role.RATE, Role.CENTRE),
        lambda size, k, m: ((1e-3 / size**2, 1e4 / size**2), (-2 * size, 2 * size)),
    ),
    **_waves("sin"),
    **_waves("cos"),
    "tanh": FactorKind(
        lambda u, k: np.tanh(k * u),
        lambda u, absolute, k: function("tanh", mul(k, u)),
        2.5,
        lambda u, k: (u * (1 - np.tanh(k * u) ** 2),),
        (Role.RATE,),
        lambda size, k: ((1e-2 / size, 100 / size),),
    ),
    "hill": FactorKind(  # falls from one
        _hill,
        lambda u, absolute, k, n: divide(ONE, add(ONE, mul(k, power(u if _is_even(n) else absolute, n)))),
        2.5,
        lambda u, k, n: (-_real(u, n) * _hill(u, k, n) ** 2,),
        (Role.SCALE,),
        lambda size, k, n: ((1e-3 / size**n, 1e4 / size**n),),
    ),
    "rising hill": FactorKind(  # begins at zero
        _rising_hill,
        _rising_hill_node,
        2.5,
        lambda u, k, n: (-(_rising_hill(u, k, n) ** 2),),
        (Role.SCALE,),
        lambda size, k, n: ((1e-3 / size**n, 1e4 / size**n),),
    ),
    "steep rising hill": FactorKind(
        _rising_hill,
        _rising_hill_node,
        3.0,
        lambda u, k, n: (-(_rising_hill(u, k, n) ** 2), _rising_hill(u, k, n) * _hill(u, k, n) * _log(u)),
        (Role.SCALE, Role.EXPONENT),
        lambda size, k, n: ((1e-3 / size**n, 1e4 / size**n), (FLATTEST, STEEPEST)),
    ),
    "sigmoid": FactorKind(
        lambda u, s, m: _logistic(s * (u - m)),
        lambda u, absolute, s, m: divide(ONE, add(ONE, exp(neg(mul(s, add(u, neg(m))))))),
        3.5,
        lambda u, s, m: (
            (u - m) * _logistic(s * (u - m)) * _logistic(-s * (u - m)),
            -s * _logistic(s * (u - m)) * _logistic(-s * (u - m)),
        ),
        (Role.SHAPE, Role.CENTRE),
        lambda size, s, m: ((-100 / size, 100 / size), (-2 * size, 2 * size)),
    ),
    "hinge": FactorKind(
        lambda u, m: np.maximum(u - m, 0.0),
        lambda u, absolute, m: function("maximum", add(u, neg(m)), Number(0.0)),
        3.0,
        lambda u, m: (-(u > m).astype(np.float64),),
        (Role.CENTRE,),
        lambda size, m: ((-size, size),),
    ),
    "excess": FactorKind(  # over a threshold among the rows
        lambda u, m, a: np.maximum(u - m, 0.0) ** a,
        lambda u, absolute, m, a: power(function("maximum", add(u, neg(m)), Number(0.0)), a),
        3.5,
        lambda u, m, a: (
            -a * np.maximum(u - m, TINY) ** (a - 1) * (u > m),
            np.maximum(u - m, 0.0) ** a * np.log(np.maximum(u - m, TINY)),
        ),
        (Role.CENTRE, Role.EXPONENT),
        lambda size, m, a: ((-size, size), (1.0, 4.0)),
    ),
    "arrhenius": FactorKind(
        lambda u, k: np.exp(-k / np.maximum(u, TINY)),
        lambda u, absolute, k: exp(neg(divide(k, u))),
        2.5,
        lambda u, k: (-np.exp(-k / np.maximum(u, TINY)) / np.maximum(u, TINY),),
        (Role.SCALE,),
        lambda size, k: ((-50 * size, 50 * size),),
        positive=True,
    ),
    "quanta": FactorKind(
        lambda u, k: np.asarray(1 / np.expm1(k * u)),
        lambda u, absolute, k: divide(ONE, add(exp(mul(k, u)), Number(-1.0))),
        3.0,
        lambda u, k: (-u / (4 * np.sinh(k * u / 2) ** 2),),
        (Role.RATE,),
        lambda size, k: ((1e-3 / size, 100 / size),),
        positive=True,
    ),
    "is": FactorKind(
        lambda u, code: np.asarray(u == code, dtype=np.float64),
        lambda u, absolute, code: function("equal", u, code),
        0.5,
    ),
}


@dataclass(frozen=True, order=True)
class Factor:
    """A kind at an argument ("x", or "x*y" of two features), with its constants; `fixed` ones are no longer fitted."""

    kind: str
    argument: str
    constants: tuple[float, ...] = ()
    fixed: bool = field(default=False)

    @property
    def free(self) -> int:
        """How many of its constants a fit chose."""
        return 0 if self.fixed else len(KINDS[self.kind].roles)

    @cached_property
    def cost(self) -> float:
        """Length, and half as much again for each constant that is neither fixed nor natural."""
        pair = 0.5 * (PRODUCT in self.argument) + 1.0 * (QUOTIENT in self.argument or SUM in self.argument)
        if self.kind == "power":
            return pair + 0.5 * abs(self.constants[0]) if abs(self.constants[0]) <= 3 else pair + 2.0
        return pair + KINDS[self.kind].cost + 0.5 * (self.free > 0 and not self.is_natural)

    @cached_property
    def is_natural(self) -> bool:
        """Whether all of its constants are known or ones that laws are written with, such as 2 or -1/2."""
        return self.fixed or all(any(math.isclose(c, n) for n in NATURAL) for c in self.constants)

    def values(self, arguments: Mapping[str, Array]) -> Array:
        """The factor at each row (n,)."""
        return KINDS[self.kind].values(arguments[self.argument], *self.constants)

    def bounds(self, ends: Ends) -> Bounds:
        """Of the free constants, where the argument lies between `ends`; no pole where it may be zero."""
        if self.kind == "real" and ends[0] <= 0 <= ends[1]:
            return ((LEAST_EXPONENT, STEEPEST),)
        return KINDS[self.kind].bounds(max(map(abs, ends)) or 1.0, *self.constants)

    def node(self, u: Node, signed: bool, constants: Sequence[Node]) -> Node:
        """The tree, with `constants` in the places of its own."""
        return KINDS[self.kind].node(u, function("abs", u) if signed else u, *constants)


def starting(name: str, ends: Ends, *, pair: bool = False, steady: bool = False) -> list[Factor]:
    """Factors of one argument, whose values lie between `ends`, with constants that such values can tell apart;
    none that turn where the argument is `steady`."""
    low, high = ends
    size, width = max(abs(low), abs(high)) or 1.0, (high - low) or 1.0
    own = [1.0] if OWN_UNIT[0] < size < OWN_UNIT[1] else []
    positive = low > 0
    sets: dict[str, Sequence[tuple[float, ...]]] = {
        "power": [(1.0,), (2.0,), (3.0,)],
        "exp": [(s * k / width,) for k in (0.6, 2.0, 6.0, 18.0) for s in (-1, 1)]
        + [(s * k,) for k in own for s in (-1, 1)],
        "sin": [(k / size,) for k in (0.7, 1.5, 3.0, 6.0)] + [(w,) for w in ((1.0, 2.0) if own or pair else ())],
        "tanh": [(k / size,) for k in (1.0, 4.0)] + [(k,) for k in own],
        "hill": [(k / size**n, n) for n in (1.0, 2.0, 4.0) for k in (1.0, 8.0)]
        + [(k, n) for k in own for n in (1.0, 2.0)],
    }
    sets["cos"] = sets["sin"]
    if positive and (QUOTIENT in name or not (pair or steady)):
        sets["quanta"] = [(k / size,) for k in (1.0, 6.0)] + [(k,) for k in own]  # Planck's law (1900)
    if pair and positive and PRODUCT in name and not steady:
        sets["real"] = [(0.5,)]  # a geometric mean
    if not pair:
        sets |= _of_a_feature(low, high, own)
    found = (
        Factor(kind, name, constants)
        for kind, these in sets.items()
        if not (steady and kind.startswith(TURNING))
        for constants in these
    )
    if positive and width < FAR_OFF * low:  # calendar years: each power and logarithm of them is a line
        found = (f for f in found if f.kind in ("sigmoid", "hinge") or f == Factor("power", name, (1.0,)))
    return [f for f in dict.fromkeys(found) if f.kind != "exp" or abs(f.constants[0]) * size < 50]


def _of_a_feature(low: float, high: float, own: Sequence[float]) -> dict[str, Sequence[tuple[float, ...]]]:
    """Constants by kind, for kinds that are tried of a feature alone; `own`: near 1, where its unit says so."""
    size, width, positive = max(abs(low), abs(high)) or 1.0, (high - low) or 1.0, low > 0
    sets: dict[str, Sequence[tuple[float, ...]]] = {}
    sets["real"] = [(0.5,), (1 / 3,), (1.5,), (2.5,)]
    if positive:
        sets["power"] = [(1.0,), (2.0,), (3.0,), (-1.0,), (-2.0,)]
        sets["real"] = [(0.5,), (1 / 3,), (1.5,), (2.5,), (-0.5,)]
        if high < NARROW * low:
            sets["real"] = [*sets["real"], (-4.0,), (-8.0,)]
        sets["log"] = [()]
        sets["arrhenius"] = [(k * size,) for k in (0.3, 1.5, 5.0, *(ACTIVATED if high < NARROW * low else ()))]
    if low < 0 < high:
        sets["power"] = [(1.0,), (2.0,), (3.0,), (4.0,), (5.0,)]
        sets["real"] = [(0.5,), (1.0,), (1.5,), (1 / 3,), (3.0,)]
        sets["sign"] = [()]
        sets["odd"] = [(0.5,), (1 / 3,), (1.5,), (2.0,)]
        sets["fade"] = [(k / size,) for k in (1.0, 5.0)] + [(k,) for k in own]
    if low >= 0:
        halves = [size, size / 8] if not positive or high < WIDE * low else [low**s * high ** (1 - s) for s in QUARTERS]
        sets["rising hill"] = [(h**-n, n) for n in (1.0, 2.0) for h in halves] + [
            (k, n) for k in own for n in (1.0, 2.0)
        ]
        sets["steep rising hill"] = [(h**-n, n) for n in (0.6, 1.5) for h in halves]
    sets["log1p"] = [(k / size,) for k in (1.0, 20.0)] + [(k,) for k in own]
    sets["gauss"] = [(k / size**2,) for k in (1.0, 8.0)] + [(k,) for k in own]
    sets["sigmoid"] = [(s / width, low + m * width) for s in (6.0, 20.0) for m in (0.25, 0.5, 0.75)]
    sets["excess"] = [(low + m * width, 1.5) for m in (0.1, 0.3, 0.5, 0.7)]
    sets["bell"] = [(k / width**2, low + m * width) for k in (4.0, 30.0) for m in (0.25, 0.5, 0.75)]
    sets["hinge"] = [(low + m * width,) for m in (0.2, 0.4, 0.6, 0.8)]
    for wave in ("sin", "cos"):
        sets[f"{wave} of root"] = [(3.0 / size**0.5,)] + [(k,) for k in own]
        sets[f"{wave} of log"] = [(1.0,), (2.0,)] if own else []
    return sets


def parts(argument: str) -> list[str]:
    """The features of an argument."""
    return argument.replace(QUOTIENT, PRODUCT).replace(SUM, PRODUCT).split(PRODUCT)


def of_levels(name: str, codes: Sequence[float]) -> list[Factor]:
    """Factors of a category: 1 in the rows of a level, else 0; of all levels but the first."""
    return [Factor("is", name, (code,)) for code in codes[1:]]


def of_rounds(name: str, size: float) -> list[Factor]:
    """Waves once and twice in a round, of which one is `size` radians."""
    return [Factor(wave, name, (k * size,), fixed=True) for k in (1, 2) for wave in ("sin", "cos")]
