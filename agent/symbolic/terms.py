"""The parts that forms are composed of: fresh parameters with sensible bounds, and terms in one or more features; and
forms with a name."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement
from typing import Self

from lawsmith.agent.symbolic.profile import Profile
from lawsmith.sandbox.law.expression import add, divide, exp, function, log, mul, neg, parameters, power, transform
from lawsmith.sandbox.law.nodes import ONE, ZERO, Feature, Node, Number, Parameter, Role, Sum

STEEPEST = 3.0  # exponents beyond this are rare and invite blow-ups, unless the target spans as much …
STEEPEST_GROWTH = 6.0  # … but what grows may follow a sixth power
FASTEST = 2.0  # power of another feature with which an optimum moves: fits from steeper starts end in other minima
ROOM = 1.5  # times the growth that the rows show, which a rate or an exponent may have
FEWEST_TURNS = 1.5  # of a wave within the data; with fewer it is no more than a bend
DIGITS = "0123456789"
OF_KELVINS = 5.0  # largest exponent of an absolute temperature; a larger one is Arrhenius' law
STEEPEST_RATE = 10.0  # logarithm of the factor over half the data's width, for what fades to a level
STEEPEST_SHIFT = 20.0  # of a logistic curve where all features are zero
WIDTHS = (0.05, 20.0)  # of a bump, in half the width of the data
PER_HALF_WIDTH = {"steepness": (0.1, 20.0), "drift": (-5.0, 5.0), "rise": (0.0, 5.0), "fall": (-5.0, 0.0)}
"""Bounds of what a constant changes over half the width of the data; beyond them a curve is a step or a line."""
OUTSIDE = 30.0  # factor beyond the measured values within which a half-way point is looked for
ABOVE = 1.001  # the largest value, where a ceiling lies at the least
POLES = (-10.0, -0.05)  # below the smallest value, in widths of the data …
NEAR_ZERO, FAR_POLE = 0.5, -1.0  # … and at least a width, where that value is less than half a width away from zero
MOST_BEND = 50.0  # logarithm of the factor over the data


LETTERS = {
    Role.AMPLITUDE: "A",
    Role.COEFFICIENT: "b",
    Role.LEVEL: "L",
    Role.EXPONENT: "a",
    Role.RATE: "k",
    Role.SCALE: "q",
    Role.SHAPE: "s",
    Role.CENTRE: "m",
}


class Letters:
    """Makes the parameters of one form, and gives no name twice."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def fresh(self, letter: str, role: Role, lower: float = -math.inf, upper: float = math.inf) -> Parameter:
        """A new parameter with that letter."""
        self._taken[letter] = self._taken.get(letter, 0) + 1
        count = self._taken[letter]
        return Parameter(letter if count == 1 else f"{letter}{count}", lower, upper, role)

    def of_role(self, role: Role, lower: float = -math.inf, upper: float = math.inf) -> Parameter:
        """A new parameter with the letter of its role."""
        return self.fresh(LETTERS[role], role, lower, upper)

    def renamed(self, parameter: Parameter) -> Parameter:
        """The same with a name that is not taken yet."""
        letter = parameter.name.rstrip(DIGITS)
        return self.fresh(letter, parameter.role, parameter.lower, parameter.upper)

    def beside(self, node: Node) -> Self:
        """The same without the names of a tree's parameters, and those of their letters with smaller numbers."""
        for name in (parameter.name for parameter in parameters(node)):
            letter = name.rstrip(DIGITS)
            self._taken[letter] = max(self._taken.get(letter, 0), int(name[len(letter) :] or 1))
        return self


class Terms(Letters):
    """Makes terms over scaled features; every call takes fresh parameters, so a form never shares one by accident."""

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self.profile = profile

    def x(self, name: str) -> Node:
        """A feature in its unit; counted from its offset, or shifted away from zeros on a logarithmic axis."""
        return add(self.plain(name), self.shift(name)) if name in self.profile.zeros else self.plain(name)

    def plain(self, name: str) -> Node:
        """A feature in its unit, counted from its offset."""
        offset = self.profile.offset[name]
        return add(self.in_unit(name), Number(-offset)) if offset else self.in_unit(name)

    def in_unit(self, name: str) -> Node:
        """A feature in its unit; or what it stands for there."""
        stands_for = self.profile.stands_for.get(name)
        return stands_for.node if stands_for else Feature(name, self.profile.unit[name])

    def level(self) -> Parameter:
        """The additive constant: the irreducible loss where every target is positive."""
        return self.fresh("L", Role.LEVEL, 0.0 if self.profile.positive else -math.inf)

    def amplitude(self) -> Parameter:
        """A new amplitude, without bounds."""
        return self.fresh("A", Role.AMPLITUDE)

    def on_level(self, *terms: Node) -> Node:
        """The terms, on a level."""
        return add(self.level(), *terms)

    def term(self, *factors: Node) -> Node:
        """The product of the factors, with an amplitude."""
        return mul(self.amplitude(), *factors)

    def slope(self, *factors: Node) -> Node:
        """The product of the factors, with a coefficient."""
        return mul(self.fresh("d", Role.COEFFICIENT), *factors)

    def exponent(self, lower: float = 0.0, upper: float = STEEPEST) -> Parameter:
        """A new exponent between `lower` and the steepest one."""
        return self.fresh("a", Role.EXPONENT, lower, upper)

    def bend(self) -> Parameter:
        """A new exponent of a sum of power laws."""
        return self.fresh("g", Role.EXPONENT, 0.1, 3.0)

    def decay(self, name: str, lower: float = 0.0) -> Node:
        """x^-a, as steep as the target over the data at least."""
        return power(self.x(name), neg(self.exponent(lower, self.suggested("exponent", name)[1])))

    def decays(self, names: Sequence[str], lower: float = 0.0) -> list[Node]:
        """x^-a of each feature."""
        return [self.decay(name, lower) for name in names]

    def terms(self, names: Sequence[str]) -> list[Node]:
        """A x^-a of each feature."""
        return [self.term(self.decay(name)) for name in names]

    def logs(self, names: Sequence[str]) -> list[Node]:
        """log x of each feature."""
        return [log(self.x(name)) for name in names]

    def growth(self, name: str) -> Node:
        """x^a."""
        steepest = max(STEEPEST_GROWTH, self.suggested("exponent", name)[1])
        return power(self.x(name), self.fresh("a", Role.EXPONENT, 0.0, steepest))

    def monomial(self, names: Sequence[str]) -> Node:
        """Product of x_i^-a_i; exponents may take either sign, as a ratio of features needs."""
        return mul(*(self.decay(name, -STEEPEST_GROWTH if len(names) > 1 else 0.0) for name in names))

    def products(self, blocks: Iterable[Sequence[str]]) -> list[Node]:
        """A times the monomial of each block of features."""
        return [self.term(self.monomial(block)) for block in blocks]

    def shifted(self, name: str) -> Node:
        """(x + x0)^-a: a power law that begins at x0."""
        return power(self.begun(name), neg(self.exponent()))

    def begun(self, name: str) -> Node:
        """x + x0, where a power law or a logarithm may begin; zeros need no other shift."""
        return add(self.in_unit(name), self.shift(name))

    def shift(self, name: str) -> Parameter:
        """A new shift of a feature, as large as its smallest value within some orders of magnitude."""
        smallest = self.profile.smallest[name] / self.profile.unit[name]
        return self.fresh("h", Role.SHIFT, 1e-3 * smallest, 1e4 * max(smallest, 1e-2))

    def saturating(self, name: str) -> Node:
        """1 / (x^a + x0): the rectified law (arXiv 2402.02314 for fine-tuning data), a Hill curve in log x."""
        return divide(ONE, add(power(self.plain(name), self.exponent()), self.shift(name)))

    def suggested(self, kind: str, name: str) -> tuple[float, float]:
        """Bounds of a constant that the values of a feature suggest, in its unit. `kind` says which constant it is.

        rate: k in exp(k x), steep enough for all that the target grows or falls over the data. exponent: as steep.
        centre: m in x - m. pole: m in 1 / (x - m), below the data. turns: w in cos(w x), for a few turns within the
        data, at most one for every four levels. activation: k in exp(-k / x). width: of a bump, and the rates of
        `PER_HALF_WIDTH`, by half the width of the data. threshold: within the data. Of positive values, half: h in
        x / (h + x); approach: k in 1 - exp(-k x); ceiling: m in 1 / (m - x).
        """
        of, unit, offset = self.profile, self.profile.unit[name], self.profile.offset[name]
        (low, high), smallest = (end / unit for end in of.range[name]), of.smallest[name] / unit
        wide, half = high - low, (high - low) / 2
        match kind:
            case "half":
                return smallest / OUTSIDE, high * OUTSIDE
            case "approach":
                return 1 / (high * OUTSIDE), OUTSIDE / smallest
            case "threshold":
                return low - offset, high - offset
            case "ceiling":
                return high * ABOVE, high * OUTSIDE
            case "width":
                return WIDTHS[0] * half, WIDTHS[1] * half
            case "turns":
                most = max(of.levels[name] / 4, 2 * FEWEST_TURNS)
                return math.tau * FEWEST_TURNS / wide, math.tau * most / wide
            case "centre" | "pole":
                below, above = POLES if kind == "pole" else (-0.5, 1.5)
                if kind == "pole" and low < NEAR_ZERO * wide:
                    above = FAR_POLE  # degrees Celsius: what acts there is hundreds of degrees away
                return low - offset + below * wide, low - offset + above * wide
            case "exponent" if of.is_shifted(name):
                most = OF_KELVINS
            case "exponent":
                most = max(STEEPEST, ROOM * of.growth / math.log(high / smallest))
            case "rate":
                most = max(STEEPEST_RATE / half, ROOM * of.growth / wide)
            case "activation":
                most = MOST_BEND / (1 / low - 1 / high)
            case _:
                return PER_HALF_WIDTH[kind][0] / half, PER_HALF_WIDTH[kind][1] / half
        return -most, most

    def either_side(self, name: str) -> tuple[Node, Node]:
        """A max(m - x, 0) and A2 max(x - m2, 0): what begins below one threshold and above another, as heating and
        cooling do (Kissock, Haberl and Claridge 2003, ASHRAE Transactions 109)."""
        x, bounds = self.plain(name), self.suggested("threshold", name)
        below, above = self.fresh("m", Role.CENTRE, *bounds), self.fresh("m", Role.CENTRE, *bounds)
        beyond = (add(below, neg(x)), add(x, neg(above)))
        return self.term(function("maximum", beyond[0], ZERO)), self.term(function("maximum", beyond[1], ZERO))

    def fading(self, name: str) -> Node:
        """exp(-k x): what fades within a few units, such as the cost of few bits."""
        return exp(neg(mul(self.fresh("k", Role.RATE, 1e-2, 1e2), self.plain(name))))

    def stretched(self, name: str) -> Node:
        """exp(-(k x)^c)."""
        rate, bend = self.fresh("k", Role.RATE, 1e-4, 1e3), self.fresh("c", Role.EXPONENT, 0.05, 2.0)
        return exp(neg(power(mul(rate, self.x(name)), bend)))

    def broken(self, name: str) -> Node:
        """x^-a (1 + x/x1)^-b: one smooth break (Caballero et al., arXiv 2210.14891, with unit sharpness)."""
        bend = add(ONE, divide(self.plain(name), self.shift(name)))
        return mul(self.decay(name), power(bend, self.fresh("b", Role.EXPONENT, -STEEPEST, STEEPEST)))

    def sharply_broken(self, name: str) -> Node:
        """x^-a (1 + (x/x1)^s)^(-b/s): the same with a sharpness of its own."""
        sharpness = self.fresh("s", Role.SHAPE, 0.5, 8.0)
        bend = add(ONE, power(divide(self.x(name), self.shift(name)), sharpness))
        turn = divide(neg(self.fresh("b", Role.EXPONENT, -STEEPEST, STEEPEST)), sharpness)
        return mul(self.decay(name), power(bend, turn))

    def logarithm(self, name: str) -> Node:
        """log x."""
        return log(self.x(name))

    def polynomial(self, bases: Sequence[Node], degree: int) -> Node:
        """Constants free: full polynomial of degree 1 or 2 in several bases, powers up to `degree` of a single one."""
        return add(
            self.fresh("c", Role.LEVEL),
            *(mul(self.fresh("b", Role.COEFFICIENT), term) for term in _monomials(bases, degree)),
        )

    def log_polynomial(self, names: Sequence[str], degree: int) -> Node:
        """The polynomial in the logarithms of features."""
        return self.polynomial(self.logs(names), degree)

    def cross(self, bases: Sequence[Node]) -> Node:
        """c + sum b_i u_i + sum over pairs b_ij u_i u_j, without squares."""
        terms = [*bases, *(mul(one, two) for one, two in combinations(bases, 2))]
        return add(self.fresh("c", Role.LEVEL), *(mul(self.fresh("b", Role.COEFFICIENT), term) for term in terms))

    def exponential(self, polynomial: Node, steepest: float = STEEPEST) -> Node:
        """A exp(polynomial without its constant), coefficients bounded to what logarithms near 1 can bear."""
        assert isinstance(polynomial, Sum)
        tame = {p: replace(p, lower=-steepest, upper=steepest, role=Role.EXPONENT) for p in parameters(polynomial)}
        terms = (
            transform(term, lambda n: tame.get(n, n) if isinstance(n, Parameter) else n)
            for term in polynomial.terms[1:]
        )
        return mul(self.amplitude(), exp(add(*terms)))

    def logistic(self, names: Sequence[str], *, cross: bool = False) -> Node:
        """1 / (1 + exp(-s)), s linear in features on plain axes (Berkson 1944), with the products of two where they
        `cross`."""
        steep = {name: self.suggested("steepness", name)[1] for name in names}
        terms: list[Node] = [self.fresh("c", Role.SHAPE, -STEEPEST_SHIFT, STEEPEST_SHIFT)]
        for some in [*((name,) for name in names), *(combinations(names, 2) if cross else ())]:
            most = math.prod(steep[name] for name in some)
            terms.append(mul(self.fresh("s", Role.SHAPE, -most, most), *(self.plain(name) for name in some)))
        return divide(ONE, add(ONE, exp(neg(add(*terms)))))

    def weighted(self, names: Sequence[str]) -> Node:
        """x + k y + ...: data of other kinds, each worth a share of the first; shifted where all may be zero."""
        first, *others = names
        own = self.x(first) if self.profile.zeros.issuperset(names) else self.plain(first)
        return add(own, *(mul(self.fresh("k", Role.SCALE, 1e-4, 1e4), self.plain(n)) for n in others))

    def divergence(self, name: str) -> Node:
        """log n - (n - 1) / n: the divergence of the best of n samples from a single one (arXiv 2009.01325)."""
        n = Feature(name)
        return add(log(n), divide(ONE, n), Number(-1.0))

    def times_logarithm(self, name: str) -> Node:
        """x (c + b log x): what grows, but ever slower or, past an optimum, falls (arXiv 2210.10760)."""
        x = self.x(name)
        return mul(x, self.polynomial([log(x)], 1))

    def exponential_of(self, names: Sequence[str]) -> Node:
        """A exp(k prod x_i^-a_i): attenuation, and the chance that many things go right (arXiv 2407.21787)."""
        rate = self.fresh("k", Role.RATE, -MOST_BEND, MOST_BEND)
        return mul(self.amplitude(), exp(mul(rate, *(self.decay(name, -STEEPEST) for name in names))))

    def bowl(self, name: str, movers: Sequence[str]) -> Node:
        """(log x - m - sum m_i log y_i)^2: distance from an optimum that moves with other features as a power law.

        It lies within a width of the data where these are 1."""
        low = math.log(self.profile.smallest[name] / self.profile.unit[name])
        high = math.log(self.profile.range[name][1] / self.profile.unit[name])
        centre = [
            self.fresh("m", Role.CENTRE, 2 * low - high, 2 * high - low),
            *(mul(self.fresh("m", Role.CENTRE, -FASTEST, FASTEST), log(self.x(other))) for other in movers),
        ]
        return power(add(log(self.x(name)), neg(add(*centre))), Number(2.0))

    def gain(self, name: str) -> Node:
        """1 + k log(x / smallest x): slow growth from 1, as parallel computation brings; none below the smallest x."""
        if name in self.profile.zeros:
            growth = divide(self.in_unit(name), self.shift(name))
            return add(ONE, mul(self.fresh("k", Role.SCALE, 0.0, 10.0), log(add(ONE, growth))))
        smallest = self.profile.smallest[name]
        base = (
            divide(self.in_unit(name), Number(smallest / self.profile.unit[name]))
            if name in self.profile.stands_for
            else Feature(name, smallest)
        )
        return add(ONE, mul(self.fresh("k", Role.SCALE, 0.0, 10.0), log(function("maximum", base, ONE))))

    def limited(self, name: str, other: str) -> Node:
        """x y / (h + y): x in full where y is large, as steps of large batches count (arXiv 1812.06162)."""
        half = self.fresh("h", Role.SCALE, *self.suggested("half", other))
        return mul(self.x(name), divide(self.x(other), add(self.plain(other), half)))

    def filled(self, name: str, other: str) -> Node:
        """x (1 - exp(-k y)): x in full where y is large, as parameters of many bits count (arXiv 2411.04330)."""
        rate = self.fresh("k", Role.RATE, *self.suggested("approach", other))
        return mul(self.x(name), add(ONE, neg(exp(neg(mul(rate, self.plain(other)))))))

    def scarcer(self, first: str, second: str, sharpness: Node | None = None) -> Node:
        """(x^-c + (k y)^-c)^(-1/c): whichever of x and k y is scarcer limits; with a sharpness of 1 both in series."""
        c = sharpness or self.fresh("c", Role.SHAPE, 0.1, 5.0)
        other = mul(self.fresh("k", Role.SCALE, 1e-3, 1e3), self.x(second))
        return power(add(power(self.x(first), neg(c)), power(other, neg(c))), divide(Number(-1.0), c))

    def repeated(self, large: str, small: str) -> Node:
        """u (1 + r (1 - exp(-(d/u - 1) / r))): u distinct items repeated to d (arXiv 2305.16264)."""
        unit = self.profile.unit[large]
        d, u = self.x(large), mul(Number(self.profile.unit[small] / unit), self.x(small))
        return self._worth(u, add(divide(d, u), Number(-1.0)))

    def repeated_times(self, distinct: str, repeats: str) -> Node:
        """The same where a column counts the repeats, which begin at 1."""
        return self._worth(self.x(distinct), add(Feature(repeats), Number(-1.0)))

    def _worth(self, distinct: Node, epochs: Node) -> Node:
        r = self.fresh("r", Role.SCALE, 0.1, 300.0)
        return mul(distinct, add(ONE, mul(r, add(ONE, neg(exp(neg(divide(epochs, r))))))))


def _monomials(bases: Sequence[Node], degree: int) -> list[Node]:
    if len(bases) == 1:
        return [power(bases[0], Number(float(k))) for k in range(1, degree + 1)]
    pairs = combinations_with_replacement(bases, 2) if degree > 1 else ()
    return [*bases, *(mul(one, two) if one != two else power(one, Number(2.0)) for one, two in pairs)]


Recipe = Callable[[Terms], Node]


@dataclass(frozen=True)
class Template:
    """A form with a name that says where it comes from. A `backbone` is evaluated before anything else; a response
    `surface` (Box and Wilson 1951) bends wherever rows do, and tells a row that is wrong from one at an optimum."""

    origin: str
    node: Node
    backbone: bool = False
    surface: bool = False


def named(profile: Profile, recipes: dict[str, Recipe]) -> list[Template]:
    """Follows each recipe at once, with parameters of its own."""
    return [Template(origin, build(Terms(profile))) for origin, build in recipes.items()]
