"""Forms of two features on plain axes: a curve of one, scaled by the other, as in plasticity, kinetics and growth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations, product

from lawsmith.agent.symbolic.profile import Profile
from lawsmith.agent.symbolic.templates import Template
from lawsmith.agent.symbolic.terms import Terms
from lawsmith.sandbox.law.expression import ONE, Node, Number, add, divide, exp, mul, neg, power
from lawsmith.sandbox.law.parameter_roles import Role

MOST_FEATURES = 3  # whose pairs are tried
FASTEST = 50.0  # rate of an exponential, in inverse units of its feature

Part = Callable[[Terms, str], Node]


def _rate(b: Terms, low: float = 1e-2) -> Node:
    return b.fresh("k", Role.RATE, low, FASTEST)


def _amplitude_times(b: Terms, node: Node) -> Node:
    return mul(b.amplitude(), node)


def _exponent(b: Terms) -> Node:
    return b.fresh("a", Role.EXPONENT, 0.05, 6.0)


CURVES: dict[str, tuple[bool, Part]] = {  # whether the feature may not be negative, and the curve
    "power hardening (Ludwik 1909)": (
        True,
        lambda b, x: add(b.amplitude(), _amplitude_times(b, power(b.in_unit(x), _exponent(b)))),
    ),
    "power law and slope": (
        True,
        lambda b, x: add(
            _amplitude_times(b, power(b.in_unit(x), _exponent(b))), _amplitude_times(b, b.in_unit(x))
        ),
    ),
    "saturation (Voce 1948)": (
        False,
        lambda b, x: add(b.amplitude(), _amplitude_times(b, exp(neg(mul(_rate(b), b.in_unit(x)))))),
    ),
    "saturation and slope": (
        False,
        lambda b, x: add(
            b.amplitude(),
            _amplitude_times(b, exp(neg(mul(_rate(b), b.in_unit(x))))),
            _amplitude_times(b, b.in_unit(x)),
        ),
    ),
    "hyperbola (Michaelis and Menten 1913)": (
        True,
        lambda b, x: _amplitude_times(
            b, divide(b.in_unit(x), add(b.fresh("h", Role.SHIFT, 1e-3, 1e2), b.in_unit(x)))
        ),
    ),
    "inhibited hyperbola (Haldane 1930)": (
        True,
        lambda b, x: _amplitude_times(
            b,
            divide(
                b.in_unit(x),
                add(
                    b.fresh("h", Role.SHIFT, 1e-3, 1e2),
                    b.in_unit(x),
                    mul(b.fresh("q", Role.SCALE, 1e-4, 1e2), power(b.in_unit(x), Number(2.0))),
                ),
            ),
        ),
    ),
}

FACTORS: dict[str, tuple[bool, Part]] = {  # whether the feature has to be positive, and the factor
    "line": (False, lambda b, y: add(ONE, mul(b.fresh("d", Role.COEFFICIENT, -20.0, 20.0), b.in_unit(y)))),
    "parabola": (
        False,
        lambda b, y: add(
            ONE,
            mul(b.fresh("d", Role.COEFFICIENT, -20.0, 20.0), b.in_unit(y)),
            mul(b.fresh("d", Role.COEFFICIENT, -20.0, 20.0), power(b.in_unit(y), Number(2.0))),
        ),
    ),
    "exponential": (False, lambda b, y: exp(mul(b.fresh("k", Role.RATE, -10.0, 10.0), b.in_unit(y)))),
    "softening (Johnson and Cook 1983)": (
        True,
        lambda b, y: add(
            ONE, mul(b.fresh("d", Role.COEFFICIENT, -20.0, 20.0), power(b.in_unit(y), _exponent(b)))
        ),
    ),
    "activation (Arrhenius 1889)": (True, lambda b, y: b.activated(y)),
    "inhibition": (
        True,
        lambda b, y: divide(ONE, add(ONE, mul(b.fresh("q", Role.SCALE, 1e-3, 1e3), b.in_unit(y)))),
    ),
}


def of_pairs(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Every curve of one feature times every factor of another."""
    found: list[Template] = []
    names = [name for name in names if profile.levels[name] > 1]
    if not 2 <= len(names) <= MOST_FEATURES:
        return found
    for one, two in permutations(names, 2):
        for (curve, (nonnegative, make)), (factor, (positive, scale)) in product(
            CURVES.items(), FACTORS.items()
        ):
            low, least = profile.range[one][0], profile.range[two][0]
            if (nonnegative and low < 0) or (positive and least <= 0):
                continue
            b = Terms(profile)
            found.append(Template(f"{curve} of {one}, {factor} of {two}", mul(make(b, one), scale(b, two))))
    return found
