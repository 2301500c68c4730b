"""The forms that this field uses, composed for whatever columns a table has; and forms that keep to what a user knows
of the target: between bounds, beyond one, rising or falling with features."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from lawsmith.agent.symbolic.catalogue import (
    laws_of_angles,
    laws_of_limits,
    laws_of_pairs,
    laws_of_repeats,
    laws_times_powers,
)
from lawsmith.agent.symbolic.other_forms import (
    STEEPEST_SHARE,
    beside_level,
    factors_of_labels,
    of_categories,
    of_levels,
    of_plain,
    of_shares,
    worth,
)
from lawsmith.agent.symbolic.profile import ColumnKind, Profile
from lawsmith.agent.symbolic.scale_forms import of_many, of_one, of_repeats
from lawsmith.agent.symbolic.terms import Recipe, Template, Terms, named
from lawsmith.sandbox.law.expression import add, divide, exp, features, function, mul, neg, parameters, power
from lawsmith.sandbox.law.key import canonical
from lawsmith.sandbox.law.nodes import ONE, Feature, Node, Number, Role
from lawsmith.tasks.errors import listing
from lawsmith.tasks.knowledge import Knowledge

BENT = 4  # levels of a feature on a plain axis that may show an optimum inside
DECADE = 10.0  # factor up to which a positive feature may lie on a plain axis, however its values are spread
PLAIN = 5  # constants of a form that a mixture's own curve is added to: a level and two power laws

Correction = Callable[[Terms, Node], Node]


def library(profile: Profile) -> list[Template]:
    """Forms for a table with this profile, plain ones first."""
    scale, share, signed = (profile.of(kind) for kind in (ColumnKind.SCALE, ColumnKind.SHARE, ColumnKind.SIGNED))
    found = _of_numbers(profile, scale, signed)
    if profile.rounds:
        leading, *others = ([n for n in names if n not in profile.rounds] for names in (profile.leading, scale, signed))
        found += _seasonal(profile, _of_numbers(replace(profile, leading=tuple(leading)), *others))
    found += laws_of_repeats(profile) + of_repeats(profile)
    if share and len(found) > 1:
        found += _corrected(profile, found, share[:-1])  # the last share follows from the others
    if share:
        found += of_shares(profile, share)
    if profile.categories:
        found += of_categories(profile, found)
    combinations = [one.title for one in profile.stands_for.values()]
    note = f", with {listing(combinations)}" if combinations else ""
    unique: dict[str, Template] = {}
    for template in found:
        unique.setdefault(canonical(template.node), replace(template, origin=f"{template.origin}{note}"))
    return list(unique.values())


def _of_numbers(profile: Profile, scale: Sequence[str], signed: Sequence[str]) -> list[Template]:
    """A constant, and forms of features that are no shares of a whole."""
    found: list[Template] = [Template("constant", Terms(profile).level())]
    for name in scale:
        found += of_one(profile, name)
    if len(scale) > 1:
        found += of_many(profile, scale)
    for level in profile.alike:
        others = [name for name in profile.leading if name != level]
        found += of_levels(profile, others, level) if others else []
    if scale and signed:
        found += _corrected(profile, [one for one in found if set(features(one.node)).isdisjoint(signed)], signed)
    if all(name in profile.even or profile.range[name][1] <= DECADE * profile.smallest[name] for name in scale):
        found += of_plain(profile, [*scale, *signed])
        found += laws_of_pairs(profile, [name for name in (*scale, *signed) if profile.levels[name] > 1])
    found += laws_of_angles(profile, [*scale, *signed])
    found += laws_of_limits(profile, [*scale, *signed])
    found += laws_times_powers(profile, [*scale, *signed])
    return found


def _seasonal(profile: Profile, plain: Sequence[Template]) -> list[Template]:
    """Every form of few constants with waves of the known periods, added or as a factor."""
    found, title = [], listing(list(profile.rounds))
    ways: dict[str, Callable[[Node, Node], Node]] = {
        "plus": add,
        "scaled by": lambda node, waves: mul(node, add(ONE, waves)),
        "times exponential of": lambda node, waves: beside_level(node, exp(waves)),
    }
    for template in (one for one in plain if len(parameters(one.node)) <= PLAIN):
        for how, way in ways.items():
            waves = add(*_waves(Terms(profile).beside(template.node)))
            found.append(Template(f"{template.origin}, {how} waves of {title}", way(template.node, waves)))
    return found


def _waves(b: Terms) -> list[Node]:
    """Sines and cosines of the known periods."""
    sizes = [(name, k * size) for name, (size, most) in b.profile.rounds.items() for k in range(1, most + 1)]
    angles = [mul(Number(size), Feature(name)) for name, size in sizes]
    return [b.slope(function(wave, angle)) for angle in angles for wave in ("cos", "sin")]


def _corrected(profile: Profile, plain: Sequence[Template], others: Sequence[str]) -> list[Template]:
    """Every form with the other features as a correction: linear, added or multiplied, an exponential factor, or a
    parabola."""
    found, title = [], ", ".join(others)
    curved = [n for n in others if profile.kinds[n] is ColumnKind.SIGNED and profile.levels[n] >= BENT]
    for template in plain:
        corrections: dict[str, Correction] = {
            f"plus {title}": lambda b, node: add(node, *_slopes(b, others)),
            f"scaled by {title}": lambda b, node: mul(node, add(ONE, *_slopes(b, others))),
            f"times exponential of {title}": lambda b, node: beside_level(
                node, exp(add(*_slopes(b, others, STEEPEST_SHARE)))
            ),
        }
        if len(parameters(template.node)) <= PLAIN and all(profile.kinds[name] is ColumnKind.SHARE for name in others):
            corrections |= _of_mixtures(others)
        if curved:
            corrections[f"plus parabola of {title}"] = lambda b, node: add(
                node, *_slopes(b, others), *(b.slope(power(b.x(n), Number(2.0))) for n in curved)
            )
        if len(parameters(template.node)) <= PLAIN:
            corrections |= {f"plus lines on either side of {n}": partial(_beside, others, n) for n in curved}
        for how, correction in corrections.items():
            node = correction(Terms(profile).beside(template.node), template.node)
            found.append(Template(f"{template.origin}, {how}", node))
    return found


def _beside(others: Sequence[str], name: str, b: Terms, node: Node) -> Node:
    """A form, with lines below a threshold of a feature and above another one, and the other features linearly."""
    return add(node, *_slopes(b, [other for other in others if other != name]), *b.either_side(name))


def _of_mixtures(shares: Sequence[str]) -> dict[str, Correction]:
    """What the shares of a mixture add to a law of size: Ye et al., arXiv 2403.16952 (an exponential), and Shukor et
    al., arXiv 2507.09404 (a power of what the shares are worth)."""
    title = ", ".join(shares)
    return {
        f"plus exponential of {title}": lambda b, node: add(
            node, b.term(exp(add(*_slopes(b, shares, STEEPEST_SHARE))))
        ),
        f"plus power of {title}": lambda b, node: add(node, b.term(power(worth(b, shares), neg(b.exponent())))),
    }


def _slopes(b: Terms, names: Sequence[str], steepest: float = inf) -> list[Node]:
    return [
        mul(b.fresh("d", Role.COEFFICIENT if steepest == inf else Role.RATE, -steepest, steepest), b.x(n))
        for n in names
    ]


LARGEST = 1e12  # of a positive factor beside powers


@dataclass(frozen=True)
class _Known:
    """low, high: the target's range, infinite where open. rises: feature -> whether the target rises with it. plain:
    features that a power law or an exponential may suit are taken in exponentials. assumed: nobody stated the range, so
    laws may leave it below the smallest values of the features."""

    low: float
    high: float
    rises: Mapping[str, bool]
    plain: bool = False
    assumed: bool = False

    @property
    def one_sided(self) -> bool:
        return math.isfinite(self.low) != math.isfinite(self.high)


def of_knowledge(profile: Profile, knowledge: Knowledge, targets: Sequence[str]) -> list[Template]:
    """Forms of one target that keep to its range and its directions; empty where nothing is known of it."""
    if not knowledge or len(targets) != 1:
        return []
    low, high = knowledge.ranges.get(targets[0], (-math.inf, math.inf))
    rises = {
        name: one.direction == "rises"
        for one in knowledge.expectations
        if one.target == targets[0]
        for name in one.features
    }
    found: list[Template] = []
    for plain in (False, True) if profile.even else (False,):
        found += _of(profile, _Known(low, high, rises, plain, targets[0] in knowledge.assumed))
    return found


def _of(profile: Profile, known: _Known) -> list[Template]:
    found: list[Template] = []
    for names in _subsets(profile, known):
        if math.isfinite(known.low) and math.isfinite(known.high):
            found += _between(profile, known, names)
        else:
            found += _beyond_one(profile, known, names)
    return found


def _subsets(profile: Profile, known: _Known) -> list[list[str]]:
    """All numbers together, and each alone; those that the target is known to follow are never left out."""
    usable = [n for n in profile.kinds if profile.levels[n] > 1 and profile.kinds[n] is not ColumnKind.SHARE]
    leading = [n for n in usable if n in profile.leading or profile.kinds[n] is ColumnKind.SIGNED or n in known.rises]
    alone = [[name] for name in leading if set(known.rises) <= {name}]
    return [leading, *alone] if len(leading) > 1 else alone


def _between(profile: Profile, known: _Known, names: Sequence[str]) -> list[Template]:
    """Curves from one bound to the other, between levels inside them, or to the upper bound from anywhere."""
    title, span = f"of {', '.join(names)} between the bounds", Number(known.high - known.low)

    def rest(b: Terms, up: float = -1.0) -> Node:
        """What rises from 0 to infinity as the curve falls from its upper to its lower end, or rises with it (`up`)."""
        labels = factors_of_labels(b, list(b.profile.categories))
        return mul(b.fresh("h", Role.SCALE, 0.0, LARGEST), *_factors(b, known, names, up), *labels)

    def logistic(b: Terms) -> Node:
        return divide(ONE, add(ONE, rest(b)))

    def share(b: Terms, letter: str) -> Node:
        return b.fresh(letter, Role.AMPLITUDE, 0.0, known.high - known.low)

    def shifted(b: Terms, up: float) -> Node:
        return power(add(ONE, rest(b, up)), neg(b.exponent()))

    recipes: dict[str, Recipe] = {
        f"logistic curve {title}": lambda b: mul(span, logistic(b)),
        f"logistic curve {title}, with a ceiling": lambda b: mul(share(b, "A"), logistic(b)),
        f"logistic curve {title}, with a floor": lambda b: _from_floor(b, known, rest(b)),
        f"exponential of powers {title}": lambda b: mul(span, exp(neg(rest(b)))),
        f"exponential of powers {title}, with a ceiling": lambda b: mul(share(b, "A"), exp(neg(rest(b)))),
        f"rest of an exponential {title}": lambda b: mul(span, add(ONE, neg(exp(neg(rest(b, up=1.0)))))),
        f"power of shifted powers {title}": lambda b: mul(span, shifted(b, -1.0)),
        f"rest of a power of shifted powers {title}": lambda b: mul(span, add(ONE, neg(shifted(b, 1.0)))),
    }
    if known.assumed:
        recipes[f"powers {title}, to the upper one"] = lambda b: mul(span, add(ONE, neg(rest(b))))
    return named(profile, {origin: _raised(recipe, known.low) for origin, recipe in recipes.items()})


def _from_floor(b: Terms, known: _Known, rest: Node) -> Node:
    """(span + F r) / (1 + r): from the upper bound down to a floor F as r grows."""
    span = known.high - known.low
    floor = mul(b.fresh("F", Role.SCALE, 0.0, span), rest)
    return divide(add(Number(span), floor), add(ONE, rest))


def _beyond_one(profile: Profile, known: _Known, names: Sequence[str]) -> list[Template]:
    """Sums and products of positive terms on the bound, or on a level within it; falling from an upper bound."""
    title = f"of {', '.join(names)}"
    down = math.isfinite(known.high)  # an upper bound alone: what is taken off it is positive
    way = -1.0 if down else 1.0

    def level(b: Terms) -> Node:
        return b.fresh("L", Role.LEVEL, 0.0 if known.one_sided else -math.inf)

    def amplitude(b: Terms) -> Node:
        return b.fresh("A", Role.AMPLITUDE, 0.0)

    def scaled(b: Terms, terms: Sequence[list[str]]) -> Node:
        factors = [mul(amplitude(b), *_factors(b, known, term, up=way)) for term in terms]
        return mul(add(*factors), *factors_of_labels(b, list(b.profile.categories)))

    recipes: dict[str, Recipe] = {
        f"level and positive product {title}": lambda b: add(level(b), scaled(b, [list(names)]))
    }
    if known.one_sided:
        recipes[f"positive product {title}"] = lambda b: scaled(b, [list(names)])
    if len(names) > 1:
        recipes[f"level and positive terms {title}"] = lambda b: add(level(b), scaled(b, [[name] for name in names]))
    if not known.one_sided:
        return named(profile, recipes)
    bound = known.high if down else known.low
    return named(profile, {origin: _raised(recipe, bound, way) for origin, recipe in recipes.items()})


def _raised(recipe: Recipe, bound: float, way: float = 1.0) -> Recipe:
    """The recipe's node added to a bound, or taken off it."""

    def moved(b: Terms) -> Node:
        node = recipe(b) if way > 0 else neg(recipe(b))
        return add(Number(bound), node) if bound else node

    return moved


def _factors(b: Terms, known: _Known, names: Sequence[str], up: float) -> list[Node]:
    """A factor of each feature, above zero everywhere: a power of a scale, an exponential of another feature.

    up: 1 where the target rises with the product, -1 where it falls with it.
    """
    found = []
    for name in names:
        scale = b.profile.kinds[name] is ColumnKind.SCALE and not (known.plain and name in b.profile.even)
        most = b.suggested("exponent" if scale else "rate", name)[1]
        rises = known.rises.get(name)
        low, high = (-most, most) if rises is None else (0.0, most) if rises == (up > 0) else (-most, 0.0)
        if scale:
            found.append(power(b.x(name), b.fresh("a", Role.EXPONENT, low, high)))
        else:
            found.append(exp(mul(b.fresh("k", Role.RATE, low, high), b.plain(name))))
    return found
