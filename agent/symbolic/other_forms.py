"""Forms for features and targets without a logarithmic axis: shares of a whole, features of either sign, levels of the
target's own kind, and categories."""

from collections.abc import Sequence
from dataclasses import replace

from lawsmith.agent.symbolic.catalogue import laws_of
from lawsmith.agent.symbolic.profile import Profile
from lawsmith.agent.symbolic.terms import Recipe, Template, Terms, named
from lawsmith.sandbox.law.expression import add, divide, exp, function, log, mul, neg, power, transform, walk
from lawsmith.sandbox.law.nodes import LINEAR, ONE, Feature, Node, Number, Parameter, Role, Sum

STEEPEST_SHARE = 30.0  # logarithm of the target per unit share
WORTH = (1e-3, 1e4)  # of a share, in units of the amount that the last one brings
MIXED = 3  # categories up to which each may act in a way of its own
LEAST_FACTOR = -0.999  # what a level changes may not turn the sign
SHARPEST = 30.0  # exponent of a mean of powers; beyond it is a maximum
SOFT = 0.05  # least sharpness of a step: below it the step is a line over any range


def of_shares(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Mixture laws (Ye et al., arXiv 2403.16952) and their neighbours."""
    names, dropped = names[:-1], names[-1:]  # the last follows
    recipes: dict[str, Recipe] = {
        "linear in shares": lambda b: _affine(b, names),
        "exponential of shares": lambda b: b.exponential(_affine(b, names), STEEPEST_SHARE),
        "level and exponential of shares": lambda b: b.on_level(b.exponential(_affine(b, names), STEEPEST_SHARE)),
        "power of shares": lambda b: b.on_level(power(_positive(b, names), neg(b.exponent()))),
        "logarithm of shares": lambda b: b.on_level(b.term(log(worth(b, names)))),
        "pure power of shares": lambda b: b.term(power(worth(b, names), neg(b.exponent()))),
    }
    for name in [*names, *dropped]:
        recipes |= _of_one_share(name, [n for n in names if n != name][: len(names) - 1])
    return named(profile, recipes)


def _of_one_share(name: str, rest: Sequence[str]) -> dict[str, Recipe]:
    def begun(b: Terms) -> Node:
        return add(b.in_unit(name), b.fresh("e", Role.SHIFT, 1e-4, 1.0))

    return {
        f"power law of {name} and linear rest": lambda b: add(
            _affine(b, rest), b.term(power(begun(b), neg(b.exponent())))
        ),
        f"logarithm of {name} and linear rest": lambda b: add(_affine(b, rest), b.term(log(begun(b)))),
        f"exponential of {name} and linear rest": lambda b: add(
            _affine(b, rest), b.term(exp(mul(neg(b.fresh("k", Role.RATE, 0.1, 100.0)), b.in_unit(name))))
        ),
        f"power law of {name} alone": lambda b: b.on_level(b.term(power(begun(b), neg(b.exponent())))),
    }


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
    recipes: dict[str, Recipe] = {
        "quadratic": lambda b: b.polynomial([*map(b.plain, names)], 2),
        "linear": lambda b: b.polynomial([*map(b.plain, names)], 1),
        "exponential of linear": lambda b: b.on_level(
            b.exponential(b.polynomial([*map(b.plain, names)], 1), STEEPEST_SHARE)
        ),
        "pure sigmoid of linear": lambda b: b.term(b.logistic(names)),
        "sigmoid of linear": lambda b: b.on_level(b.term(b.logistic(names))),
        "pure sigmoid with interactions": lambda b: b.term(b.logistic(names, cross=True)),
    }
    if len(names) > 1 and not any(map(profile.is_shifted, names)):
        recipes["linear with interactions"] = lambda b: b.cross([*map(b.plain, names)])
        surface, *others = named(profile, recipes)
        found = [replace(surface, surface=True), *others]
    for name in names:
        found += laws_of(profile, name)
    return found


def of_categories(profile: Profile, plain: Sequence[Template]) -> list[Template]:
    """Every form with all categories as offsets, as factors of what it adds to its level, and as factors of all of it;
    with several categories each in a way of its own as well; with one, a rate of each label's own where a single
    constant bends the form."""
    names = list(profile.categories)
    title = ", ".join(names)
    found = []
    for template in plain:
        node = with_offsets(Terms(profile).beside(template.node), template.node, names)
        found.append(Template(f"{template.origin}, offsets of {title}", node, template.backbone))
        for whole, what in ((False, title), (True, f"{title} on all of it")):
            node = with_factors(Terms(profile).beside(template.node), template.node, names, whole=whole)
            found.append(Template(f"{template.origin}, factors of {what}", node))
        bending = [one for one in walk(template.node) if isinstance(one, Parameter) and one.role not in LINEAR]
        if len(names) == len(bending) == 1 and bending[0].role is not Role.CENTRE:  # no factor moves one at zero
            node = with_own(template.node, bending[0], profile, names[0])
            found.append(Template(f"{template.origin}, factors and own {bending[0].name} of {title}", node))
        for one in names if 1 < len(names) <= MIXED else ():
            rest = [name for name in names if name != one]
            b = Terms(profile).beside(template.node)
            node = with_offsets(b, with_factors(b, template.node, [one]), rest)
            origin = f"{template.origin}, factors of {one}, offsets of {', '.join(rest)}"
            found.append(Template(origin, node))
    return found


def with_offsets(b: Terms, node: Node, names: Sequence[str]) -> Node:
    """The form, plus a constant for each level but the first of each category."""
    return add(node, *(term for name in names for term in _changes(b, name, Role.COEFFICIENT)))


def with_factors(b: Terms, node: Node, names: Sequence[str], *, whole: bool = False) -> Node:
    """The form, with a factor for each level but the first of each category at what it adds to its own level, or at
    the `whole` of it."""
    factors = factors_of_labels(b, names)
    return mul(node, *factors) if whole else beside_level(node, *factors)


def factors_of_labels(b: Terms, names: Sequence[str]) -> list[Node]:
    """For each category a factor that is 1 at its first level, and of a size of its own, above zero, at the others."""
    return [add(ONE, *_changes(b, name, Role.SHAPE)) for name in names]


def with_own(node: Node, bends: Parameter, profile: Profile, name: str) -> Node:
    """The form with a factor for each level but the first at what it adds to its own level, and another one at the
    constant that bends it: a rate, an exponent or a half of each level's own."""
    b = Terms(profile).beside(node)
    own = mul(bends, add(ONE, *_changes(b, name, Role.SHAPE)))
    return with_factors(b, transform(node, lambda part: own if part == bends else part), [name])


def beside_level(node: Node, *factors: Node) -> Node:
    """The factors act on what a form adds to its level, or on all of a form without one."""
    if isinstance(node, Sum) and isinstance(node.terms[0], Parameter):
        return add(node.terms[0], mul(add(*node.terms[1:]), *factors))
    return mul(node, *factors)


def _changes(b: Terms, name: str, role: Role) -> list[Node]:
    bounds = (LEAST_FACTOR, 1e3) if role is Role.SHAPE else ()
    return [
        mul(b.fresh("d", role, *bounds), function("equal", Feature(name), Number(code)))
        for code in b.profile.categories[name][1:]
    ]


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
            b.in_unit(level), mul(power(add(*_decays(b, scale)), b.bend()), _scaled(b, level))
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
    own = power(add(*_decays(b, scale)), b.bend())
    return add(y, mul(_scaled(b, level), turned, own))
