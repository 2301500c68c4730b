"""Forms in which one feature is a level of the target's own kind: a teacher's loss beside a student's, an ambient
temperature, a value measured before. It bounds, moves or scales what the other features explain."""

from __future__ import annotations

from collections.abc import Sequence

from lawsmith.agent.symbolic.profile import Profile
from lawsmith.agent.symbolic.templates import Recipe, Template, named
from lawsmith.agent.symbolic.terms import Terms
from lawsmith.sandbox.law.expression import ONE, Node, Number, add, divide, log, mul, neg, power
from lawsmith.sandbox.law.parameter_roles import Role

SHARPEST = 30.0  # exponent of a mean of powers; beyond it is a maximum
SOFT = 0.05  # least sharpness of a step: below it the step is a line over any range


def of_levels(profile: Profile, scale: Sequence[str], level: str) -> list[Template]:
    """Laws of the features `scale` and of `level`."""
    title = f"power laws {' + '.join(scale)}"
    recipes: dict[str, Recipe] = {
        f"soft maximum of {level} and {title}": lambda b: _soft_maximum(b, scale, level),
        f"soft maximum of {level} and {title}, on a level": lambda b: add(
            b.fresh("c", Role.LEVEL), _soft_maximum(b, scale, level)
        ),
        f"{title} times power of {level}": lambda b: mul(_own(b, scale), _scaled(b, level)),
        f"{title} plus share of {level}": lambda b: add(_own(b, scale), _share(b, level)),
        f"{title} and {level} in power laws times power of {level}": lambda b: b.on_level(
            _share(b, level), mul(add(*_decays(b, scale)), _scaled(b, level))
        ),
        f"{level} plus power of {title} over power of {level}": lambda b: add(  # arXiv 2502.08606, for strong teachers
            b.in_unit(level),
            mul(power(add(*_decays(b, scale)), b.fresh("g", Role.EXPONENT, 0.1, 3.0)), _scaled(b, level)),
        ),
        f"{title}, with a moving optimum of {level}": lambda b: _valley(b, scale, level),
        f"distillation law of {', '.join(scale)} and {level}": lambda b: _distilled(b, scale, level),
    }
    return named(profile, recipes)


def _decays(b: Terms, scale: Sequence[str]) -> list[Node]:
    """A x^-a with positive amplitudes, which may stand in a power."""
    return [mul(b.fresh("A", Role.SCALE, 0.0, 1e3), b.decay(name)) for name in scale]


def _own(b: Terms, scale: Sequence[str]) -> Node:
    return b.on_level(*b.terms(scale))


def _share(b: Terms, level: str) -> Node:
    return b.slope(b.in_unit(level))


def _scaled(b: Terms, level: str) -> Node:
    return power(b.in_unit(level), b.fresh("e", Role.EXPONENT, -6.0, 6.0))


def _soft_maximum(b: Terms, scale: Sequence[str], level: str) -> Node:
    """((E + sum A x^-a)^c + (k y)^c)^(1/c): the larger of two limits, softly."""
    sharpness = b.fresh("c", Role.SHAPE, SOFT, SHARPEST)
    own = add(b.fresh("E", Role.SCALE, 0.0, 1e3), *_decays(b, scale))
    other = mul(b.fresh("k", Role.SCALE, 1e-3, 1e3), b.in_unit(level))
    return power(add(power(own, sharpness), power(other, sharpness)), divide(ONE, sharpness))


def _valley(b: Terms, scale: Sequence[str], level: str) -> Node:
    """A teacher may be too weak or too strong: the best level moves with the student's own."""
    centre = add(b.fresh("m", Role.CENTRE), *(mul(b.fresh("m", Role.CENTRE), log(b.x(name))) for name in scale))
    away = power(add(b.in_unit(level), neg(centre)), Number(2.0))
    return add(_own(b, scale), _share(b, level), mul(b.fresh("C", Role.AMPLITUDE), away))


def _distilled(b: Terms, scale: Sequence[str], level: str) -> Node:
    """y + y^-e (1 + (y / k)^(1/f))^-(c f) (sum A x^-a)^g, with one scale k (arXiv 2502.08606)."""
    y = b.in_unit(level)
    bend = b.fresh("f", Role.SHAPE, 0.02, 2.0)
    turned = power(
        add(ONE, power(divide(y, b.fresh("k", Role.SCALE, 1e-2, 1e2)), divide(ONE, bend))),
        neg(mul(b.fresh("c", Role.EXPONENT, 0.0, 20.0), bend)),
    )
    own = power(add(*_decays(b, scale)), b.fresh("g", Role.EXPONENT, 0.1, 3.0))
    return add(y, mul(_scaled(b, level), turned, own))
