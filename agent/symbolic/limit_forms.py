"""Forms with limits, of features that are never negative: curves that begin at zero and level off, limits that another
feature sets, and regimes that a threshold parts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from lawsmith.agent.symbolic.profile import Profile
from lawsmith.agent.symbolic.templates import Recipe, Template, named
from lawsmith.agent.symbolic.terms import Terms
from lawsmith.sandbox.law.expression import (
    ONE,
    Node,
    Number,
    Parameter,
    add,
    divide,
    exp,
    function,
    mul,
    neg,
    power,
)
from lawsmith.sandbox.law.parameter_roles import Role

MOST_FEATURES = 2  # that are numbers; with more of them these forms say too little
OUTSIDE = 30.0  # factor beyond the measured values within which a half-way point is looked for
STEEPEST_HILL = 6.0
MOST_POWER = 3.0  # of what sets a limit
ZERO, TWO = Number(0.0), Number(2.0)


def of_limits(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Forms of each feature of `names` that is never negative, and of both; none where there are more than two."""
    found: list[Template] = []
    if len(names) > MOST_FEATURES:
        return found
    names = [n for n in names if profile.range[n][0] >= 0 and profile.levels[n] > 1]
    for name in names:
        found += _of_one(profile, name)
    for one, two in permutations(names, 2):
        found += _regimes(profile, one, two)
        if profile.range[two][0] > 0:
            found += _limited(profile, one, two)
    return found


def _of_one(profile: Profile, name: str) -> list[Template]:
    """Curves of one feature from zero, or from a level, to a limit."""
    recipes: dict[str, Recipe] = {
        f"hyperbola (Michaelis and Menten 1913) of {name}": lambda b: mul(b.amplitude(), _hyperbola(b, name)),
        f"level and hyperbola of {name}": lambda b: add(b.level(), mul(b.amplitude(), _hyperbola(b, name))),
        f"Hill curve (1910) of {name}": lambda b: mul(b.amplitude(), _hill(b, name)),
        f"level and Hill curve of {name}": lambda b: add(b.level(), mul(b.amplitude(), _hill(b, name))),
        f"falling Hill curve of {name}": lambda b: mul(b.amplitude(), _hill(b, name, falling=True)),
        f"level and falling Hill curve of {name}": lambda b: add(
            b.level(), mul(b.amplitude(), _hill(b, name, falling=True))
        ),
        f"inhibited hyperbola (Haldane 1930) of {name}": lambda b: _inhibited(b, name),
        f"rise of {name} to a limit": lambda b: mul(
            b.amplitude(), _rest(mul(_rate(b, name), b.in_unit(name)))
        ),
        f"stretched rise of {name} to a limit": lambda b: mul(
            b.amplitude(),
            _rest(
                power(mul(_rate(b, name), b.in_unit(name)), b.fresh("c", Role.EXPONENT, 0.2, STEEPEST_HILL))
            ),
        ),
    }
    return named(profile, recipes)


def _half(b: Terms, name: str) -> Parameter:
    """Where half of a limit is reached, in the feature's unit: near the measured values."""
    low, high = b.profile.smallest[name], b.profile.range[name][1]
    unit = b.profile.unit[name]
    return b.fresh("h", Role.SCALE, low / unit / OUTSIDE, high / unit * OUTSIDE)


def _rate(b: Terms, name: str) -> Parameter:
    """k in 1 - exp(-k x), near the inverse of measured values."""
    low, high = b.profile.smallest[name], b.profile.range[name][1]
    unit = b.profile.unit[name]
    return b.fresh("k", Role.RATE, unit / high / OUTSIDE, unit / low * OUTSIDE)


def _hyperbola(b: Terms, name: str) -> Node:
    """x / (h + x)."""
    return divide(b.in_unit(name), add(_half(b, name), b.in_unit(name)))


def _hill(b: Terms, name: str, *, falling: bool = False) -> Node:
    """x^a / (h^a + x^a), or what it leaves of 1."""
    half, steep = _half(b, name), b.fresh("a", Role.EXPONENT, 0.2, STEEPEST_HILL)
    if falling:
        return divide(ONE, add(ONE, power(divide(b.in_unit(name), half), steep)))
    risen = power(b.in_unit(name), steep)
    return divide(risen, add(power(half, steep), risen))


def _inhibited(b: Terms, name: str) -> Node:
    """A x / (h + x + q x^2)."""
    x = b.in_unit(name)
    return mul(
        b.amplitude(),
        divide(x, add(_half(b, name), x, mul(b.fresh("q", Role.SCALE, 1e-4, 1e2), power(x, TWO)))),
    )


def _rest(node: Node) -> Node:
    """1 - exp(-u)."""
    return add(ONE, neg(exp(neg(node))))


def _limited(profile: Profile, one: str, two: str) -> list[Template]:
    """What rises with one feature to a limit, as soon as another feature says: as it, or as powers of it."""

    def power_of_two(b: Terms) -> Node:
        return power(b.in_unit(two), b.fresh("a", Role.EXPONENT, -MOST_POWER, MOST_POWER))

    def rise(b: Terms, size: Node, time: Node) -> Node:
        return mul(b.amplitude(), size, _rest(divide(mul(_rate(b, one), b.in_unit(one)), time)))

    def hyperbola(b: Terms, size: Node, time: Node) -> Node:
        own = b.in_unit(one)
        return mul(b.amplitude(), size, divide(own, add(mul(_half(b, one), time), own)))

    recipes: dict[str, Recipe] = {
        f"rise of {one} to a limit of {two}": lambda b: rise(b, b.in_unit(two), b.in_unit(two)),
        f"rise of {one} to a limit of powers of {two}": lambda b: rise(b, power_of_two(b), power_of_two(b)),
        f"hyperbola of {one} to a limit of {two}": lambda b: hyperbola(b, b.in_unit(two), b.in_unit(two)),
        f"hyperbola of {one} to a limit of powers of {two}": lambda b: hyperbola(
            b, power_of_two(b), power_of_two(b)
        ),
    }
    return named(profile, recipes)


def _regimes(profile: Profile, one: str, two: str) -> list[Template]:
    """Nothing below a threshold of one feature; above it the target grows with the other one until a limit that the
    first sets, and with a slope of it from there on: transistors, and other valves."""

    def above(b: Terms) -> Node:
        low, high = (end / profile.unit[one] for end in profile.range[one])
        return function("maximum", add(b.in_unit(one), neg(b.fresh("m", Role.CENTRE, low, high))), ZERO)

    def sloped(b: Terms, node: Node) -> Node:
        return mul(
            b.amplitude(), node, add(ONE, mul(b.fresh("d", Role.COEFFICIENT, -20.0, 20.0), b.in_unit(two)))
        )

    def steep(b: Terms, most: float) -> Node:
        return power(above(b), b.fresh("a", Role.EXPONENT, 0.3, most))

    def valve(b: Terms, limit: Node) -> Node:
        """s (2 limit - s), s the smaller of the second feature and the limit."""
        opened = function("minimum", b.in_unit(two), limit)
        return sloped(b, mul(opened, add(mul(TWO, limit), neg(opened))))

    recipes: dict[str, Recipe] = {
        f"power beyond a threshold of {one}, line of {two}": lambda b: sloped(b, steep(b, 4.0)),
        f"square law (Shichman and Hodges 1968) of {one} and {two}": lambda b: valve(
            b, mul(b.fresh("c", Role.SCALE, 1e-2, 1e2), above(b))
        ),
        f"alpha-power law (Sakurai and Newton 1990) of {one} and {two}": lambda b: valve(
            b, mul(b.fresh("c", Role.SCALE, 1e-2, 1e2), steep(b, 2.0))
        ),
    }
    return named(profile, recipes)
