"""Forms in shares of a whole, and in features that are no scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lawsmith.agent.symbolic.catalogue import laws_of
from lawsmith.agent.symbolic.profile import Profile
from lawsmith.agent.symbolic.templates import Template, named
from lawsmith.agent.symbolic.terms import Terms
from lawsmith.sandbox.law.expression import ONE, Node, add, exp, log, mul, neg, power
from lawsmith.sandbox.law.parameter_roles import Role

STEEPEST_SHARE = 30.0  # logarithm of the target per unit share
WORTH = (1e-3, 1e4)  # of a share, in units of the amount that the last one brings


def of_shares(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Mixture laws (Ye et al., arXiv 2403.16952) and their neighbours."""
    title = "shares"
    names, dropped = names[:-1], names[-1:]  # the last follows
    found = named(
        profile,
        {
            f"linear in {title}": lambda b: _affine(b, names),
            f"exponential of {title}": lambda b: b.exponential(_affine(b, names), STEEPEST_SHARE),
            f"level and exponential of {title}": lambda b: b.on_level(b.exponential(_affine(b, names), STEEPEST_SHARE)),
            f"power of {title}": lambda b: b.on_level(power(_positive(b, names), neg(b.exponent()))),
            f"logarithm of {title}": lambda b: b.on_level(b.term(log(worth(b, names)))),
            f"pure power of {title}": lambda b: b.term(power(worth(b, names), neg(b.exponent()))),
        },
    )
    for name in [*names, *dropped]:
        rest = [n for n in names if n != name][: len(names) - 1]
        found += named(
            profile,
            {
                f"power law of {name} and linear rest": lambda b: add(
                    _affine(b, rest),
                    b.term(power(add(b.in_unit(name), b.fresh("e", Role.SHIFT, 1e-4, 1.0)), neg(b.exponent()))),
                ),
                f"logarithm of {name} and linear rest": lambda b: add(
                    _affine(b, rest), b.term(log(add(b.in_unit(name), b.fresh("e", Role.SHIFT, 1e-4, 1.0))))
                ),
                f"exponential of {name} and linear rest": lambda b: add(
                    _affine(b, rest), b.term(exp(mul(neg(b.fresh("k", Role.RATE, 0.1, 100.0)), b.in_unit(name))))
                ),
                f"power law of {name} alone": lambda b: b.on_level(
                    b.term(power(add(b.in_unit(name), b.fresh("e", Role.SHIFT, 1e-4, 1.0)), neg(b.exponent())))
                ),
            },
        )
    return found


def _affine(b: Terms, names: Sequence[str]) -> Node:
    return add(b.fresh("c", Role.LEVEL), *(mul(b.fresh("t", Role.COEFFICIENT), b.in_unit(n)) for n in names))


def _positive(b: Terms, names: Sequence[str]) -> Node:
    """Effective amount of data: a small constant plus what each share is worth."""
    return add(
        b.fresh("e", Role.SHIFT, 1e-4, 1.0), *(mul(b.fresh("w", Role.SCALE, 0.0, 100.0), b.in_unit(n)) for n in names)
    )


def worth(b: Terms, names: Sequence[str]) -> Node:
    """The same in units of the small constant, where another one says how large it is."""
    return add(ONE, *(mul(b.fresh("w", Role.SCALE, *WORTH), b.in_unit(n)) for n in names))


def of_plain(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Features on a plain axis (times, temperatures, scores, logarithms): polynomials, steps, bumps, waves."""
    names = [name for name in names if profile.levels[name] > 1]  # a column may hold one value only
    found: list[Template] = []
    if len(names) > 1:
        surface = named(profile, {"quadratic": lambda b: b.polynomial([*map(b.plain, names)], 2)})
        found += [replace(template, surface=True) for template in surface]
        found += named(
            profile,
            {
                "linear": lambda b: b.polynomial([*map(b.plain, names)], 1),
                "exponential of linear": lambda b: b.on_level(
                    b.exponential(b.polynomial([*map(b.plain, names)], 1), STEEPEST_SHARE)
                ),
                "pure sigmoid of linear": lambda b: b.term(b.logistic(names)),
                "sigmoid of linear": lambda b: b.on_level(b.term(b.logistic(names))),
                "pure sigmoid with interactions": lambda b: b.term(b.logistic(names, cross=True)),
            },
        )
    for name in names:
        found += laws_of(profile, name)
    return found
