"""Forms that keep to what a user knows of the target: between bounds, beyond one, rising or falling with features."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lawsmith.agent.symbolic.profile import ColumnKind, Profile
from lawsmith.agent.symbolic.terms import Recipe, Template, Terms, named
from lawsmith.sandbox.law.expression import add, divide, exp, mul, neg, power
from lawsmith.sandbox.law.nodes import ONE, Node, Number, Role
from lawsmith.tasks.knowledge import Knowledge

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
        return mul(b.fresh("h", Role.SCALE, 0.0, LARGEST), *_factors(b, known, names, up))

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

    def product(b: Terms) -> Node:
        return mul(amplitude(b), *_factors(b, known, names, up=way))

    recipes: dict[str, Recipe] = {f"level and positive product {title}": lambda b: add(level(b), product(b))}
    if known.one_sided:
        recipes[f"positive product {title}"] = product
    if len(names) > 1:
        recipes[f"level and positive terms {title}"] = lambda b: add(
            level(b), *(mul(amplitude(b), *_factors(b, known, [name], up=way)) for name in names)
        )
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
