"""Forms in features on logarithmic axes: power laws and what this field makes of them. Nothing here knows a task."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations, permutations, product

from lawsmith.agent.symbolic.catalogue import laws_of_repeats
from lawsmith.agent.symbolic.profile import LEADING, Combination, Profile
from lawsmith.agent.symbolic.terms import Recipe, Template, Terms, named
from lawsmith.sandbox.law.expression import add, log, mul, neg, power
from lawsmith.sandbox.law.nodes import ONE, Feature, Node, Number, Role

MONOMIALS = (2, 3, 4)  # terms in sums of monomials
STEEP = 2.0  # bound of exponents in products beside a leading term
FIRST_SAMPLES, SAMPLES = 4, 16  # a count of samples begins at so many at most, and goes to so many at least
MOST_OF_BUDGETS = 3  # features of a table in which two may be a budget and a ratio
BUDGETS = (((1, 0), (-1, 1)), ((1, 0), (1, -1)), ((1, 0), (1, 1)), ((1, -1), (1, 1)))
"""Powers of two features in the terms of a backbone: N and C / N, D and D / M, N and N M, C / M and C M, where model N
and data D have the product C (compute) and the ratio M."""


LEVELLED: dict[str, Callable[[Terms, str], Node]] = {
    "power law": Terms.decay,
    "shifted power law": Terms.shifted,
    "rectified power law": Terms.saturating,
    "stretched exponential": Terms.stretched,
    "broken power law": Terms.broken,
    "sharply broken power law": Terms.sharply_broken,
    "logarithm": Terms.logarithm,
}
"""Curves of one feature that stand on a level."""


def of_one(profile: Profile, name: str) -> list[Template]:
    """One feature on a logarithmic axis; `L + A term`, and a few of other shapes."""

    def levelled(term: Callable[[Terms, str], Node]) -> Recipe:
        return lambda b: b.on_level(b.term(term(b, name)))

    recipes = {f"{origin} of {name}": levelled(term) for origin, term in LEVELLED.items()}
    rises = name in profile.rising
    if rises:
        recipes |= {
            f"growing power law of {name}": levelled(Terms.growth),
            f"growing power law and slope of {name}": lambda b: b.on_level(b.slope(b.x(name)), b.term(b.growth(name))),
            f"parabola of {name}": lambda b: b.polynomial([b.x(name)], 2),
            f"pure shifted growing power law of {name}": lambda b: b.term(power(b.begun(name), b.exponent())),
        }
    recipes |= {
        f"pure power law of {name}": lambda b: b.term(b.growth(name) if rises else b.decay(name, -1.0)),
        f"pure shifted power law of {name}": lambda b: b.term(b.shifted(name)),
        f"pure broken power law of {name}": lambda b: b.term(b.broken(name)),
        f"exponential of log polynomial of {name}": lambda b: b.exponential(b.log_polynomial([name], 2)),
        f"level and log polynomial of {name}": lambda b: b.on_level(b.exponential(b.log_polynomial([name], 2))),
        f"exponential of power law of {name}": lambda b: b.exponential_of([name]),
        f"power law and slope of {name}": lambda b: b.on_level(b.slope(b.x(name)), b.term(b.decay(name))),
        f"logarithm and slope of {name}": lambda b: b.on_level(b.slope(b.x(name)), b.term(b.logarithm(name))),
        f"{name} times its logarithm": lambda b: b.times_logarithm(name),
        f"quadratic in log {name}": lambda b: b.log_polynomial([name], 2),
        f"cubic in log {name}": lambda b: b.log_polynomial([name], 3),
        f"two power laws of {name}": lambda b: b.on_level(
            b.term(b.decay(name)), b.term(power(b.x(name), b.exponent()))
        ),
    }
    return named(profile, recipes | _best_of(profile, name, []))


def _best_of(profile: Profile, name: str, others: Sequence[str]) -> dict[str, Recipe]:
    """What the best of n samples by one judge is worth to another: sqrt(d) (A - B sqrt(d)), d the divergence from a
    single sample, with coefficients that move with the logarithms of others (Gao et al., arXiv 2210.10760)."""
    low, high = profile.range[name]
    if name not in profile.rising or not 1 <= low <= FIRST_SAMPLES or high < SAMPLES:
        return {}

    def gains(b: Terms) -> Node:
        d = b.divergence(name)
        own = [b.log_polynomial(others, 1) if others else b.amplitude() for _ in range(2)]
        return add(mul(own[0], power(d, Number(0.5))), mul(own[1], d))

    title = f"gain and loss of the best of {', '.join([name, *others])}"
    return {title: gains, f"level, {title}": lambda b: b.on_level(gains(b))}


def of_many(profile: Profile, scale: Sequence[str]) -> list[Template]:
    """Joint forms of the leading features, the field's backbone first; with more features than those, of all of them as
    well."""
    leading = list(profile.leading)
    found = _backbones(profile, leading)
    if len(scale) > len(leading):
        found += _joint(profile, scale)
    for size in range(len(leading), 1, -1):
        for subset in combinations(leading, size):
            found += _joint(profile, subset)
            if size >= len(leading) - 1:
                for lead in subset:
                    found += named(profile, _with_one_curved(lead, [name for name in subset if name != lead]))
    found += _monomial_sums(profile, leading)
    found += _effective(profile, leading)
    found += _of_budgets(profile, leading)
    found += _with_bowls(profile, leading)
    return found


def _backbones(profile: Profile, names: Sequence[str]) -> list[Template]:
    """L + sum A x^-a with an exponent for each feature (Hoffmann et al., arXiv 2203.15556), and with one for all."""
    title = " + ".join(names)

    def tied(b: Terms) -> Node:
        exponent = b.exponent()
        return b.on_level(*(b.term(power(b.x(name), neg(exponent))) for name in names))

    recipes: dict[str, Recipe] = {
        f"power laws {title}": lambda b: b.on_level(*b.products([name] for name in names)),
        f"power laws {title} with one exponent": tied,
    }
    return [replace(template, backbone=True) for template in named(profile, recipes)]


def _joint(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Sums, products and their mixtures: one term per block of every partition of the features, and interactions."""
    recipes: dict[str, Recipe] = {}
    for blocks in _partitions(list(names)) if len(names) <= LEADING else ([[*names]], [[n] for n in names]):
        if len(blocks) <= 3 or len(blocks) == len(names):
            shape = " + ".join("*".join(block) for block in blocks)
            recipes[f"power laws {shape}"] = partial(lambda blocks, b: b.on_level(*b.products(blocks)), blocks)
    if any(name in profile.rising for name in names):
        recipes |= _both_ways(names)
        recipes[f"linear with interactions in {', '.join(names)}"] = lambda b: b.cross([*map(b.x, names)])
    for name in names if len(names) == 2 else ():
        recipes |= _best_of(profile, name, [other for other in names if other != name])
    surfaces = [replace(template, surface=True) for template in named(profile, _surfaces(names))]
    return [*named(profile, recipes | _interactions(names)), *surfaces]


def _both_ways(names: Sequence[str]) -> dict[str, Recipe]:
    def way(b: Terms, name: str) -> Node:
        """x^a where the target rises with x, x^-a elsewhere."""
        return b.growth(name) if name in b.profile.rising else b.decay(name)

    return {
        f"growing and decaying power laws {' + '.join(names)}": lambda b: b.on_level(
            *(b.term(way(b, name)) for name in names)
        ),
        f"power of sum of growing and decaying {', '.join(names)}": lambda b: b.on_level(
            b.term(power(_shared_out(b, names, way), b.bend()))
        ),
    }


def _interactions(names: Sequence[str]) -> dict[str, Recipe]:
    title = ", ".join(names)
    return {
        f"pure product of {title}": lambda b: b.term(b.monomial(names)),
        f"exponential of product of {title}": lambda b: b.exponential_of(names),
        f"level and exponential of product of {title}": lambda b: b.on_level(b.exponential_of(names)),
        f"power of sum of growing {title}": lambda b: add(
            b.level(), mul(b.amplitude(), power(_shared_out(b, names, Terms.growth), neg(b.exponent())))
        ),
        f"power of sum of {title}": lambda b: b.on_level(b.term(power(_shared_out(b, names, Terms.decay), b.bend()))),
        f"power of weighted sum of {title}": lambda b: b.on_level(b.term(power(b.weighted(names), neg(b.exponent())))),
        f"sum and interaction of {title}": lambda b: _interacting(b, names),
        f"log-linear with interactions in {title}": lambda b: b.exponential(b.cross(b.logs(names))),
        f"level and log-linear with interactions in {title}": lambda b: b.on_level(
            b.exponential(b.cross(b.logs(names)))
        ),
        f"linear in log {title}": lambda b: b.log_polynomial(names, 1),
        f"linear with interactions in log {title}": lambda b: b.cross(b.logs(names)),
    }


def _surfaces(names: Sequence[str]) -> dict[str, Recipe]:
    title = ", ".join(names)
    return {
        f"exponential of quadratic in log {title}": lambda b: b.exponential(b.log_polynomial(names, 2)),
        f"level and quadratic in log {title}": lambda b: b.on_level(b.exponential(b.log_polynomial(names, 2))),
        f"quadratic in log {title}": lambda b: b.log_polynomial(names, 2),
    }


def _shared_out(b: Terms, names: Sequence[str], term: Callable[[Terms, str], Node]) -> Node:
    """x^-a + k y^-b + ..., or other terms: power laws, each worth a multiple of the first, whatever the unit of the
    target."""
    first, *others = names
    return add(term(b, first), *(mul(b.fresh("k", Role.SCALE, 1e-4, 1e4), term(b, n)) for n in others))


def _monomial_sums(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Posynomials: a few monomials in all features on a level, so that each feature may help in one term and hurt in
    another; one feature's own power law beside them, or beside a quadratic in the logarithms."""
    title = ", ".join(names)

    def monomials(count: int, lead: str = "", bent: bool = False) -> Recipe:
        return lambda b: b.on_level(
            *([b.term(b.decay(lead))] if lead else []),
            *b.products([names] * count),
            *([b.exponential(b.log_polynomial(names, 2))] if bent else []),
        )

    recipes = {f"{count} monomials of {title}": monomials(count) for count in MONOMIALS}
    for one in names:
        for count in (1, *MONOMIALS[:-1]):
            recipes[f"power law of {one} and {count} monomials of {title}"] = monomials(count, one)
        recipes[f"power law of {one} and exponential of quadratic in log {title}"] = monomials(0, one, bent=True)
    recipes[f"monomial and exponential of quadratic in log {title}"] = monomials(1, bent=True)
    return named(profile, recipes)


def _with_one_curved(lead: str, rest: Sequence[str]) -> dict[str, Recipe]:
    """One feature shifted, broken, saturating or with a floor of its own, the rest as plain power laws."""
    others = ", ".join(rest)

    def times(b: Terms, *factors: Node) -> Node:
        return mul(*factors, *b.decays(rest, -STEEP))

    return {
        f"shifted {lead} times {others}": lambda b: b.on_level(b.term(times(b, b.shifted(lead)))),
        f"shifted {lead} plus {others}": lambda b: b.on_level(b.term(b.shifted(lead)), *b.terms(rest)),
        f"broken {lead} plus {others}": lambda b: b.on_level(b.term(b.sharply_broken(lead)), *b.terms(rest)),
        f"broken {lead} times {others}": lambda b: b.on_level(b.term(times(b, b.sharply_broken(lead)))),
        f"exponential of {lead} plus {others}": lambda b: b.on_level(b.term(b.fading(lead)), *b.terms(rest)),
        f"exponential of {lead} times {others}": lambda b: b.on_level(
            times(b, add(b.amplitude(), b.term(b.fading(lead))))
        ),
        f"pure exponential of {lead} times {others}": lambda b: b.term(times(b, b.fading(lead))),
        f"saturating {lead} times {others}": lambda b: b.on_level(b.term(times(b, b.saturating(lead)))),
        f"floor of {lead} scaled by {others}": lambda b: b.on_level(
            times(b, add(b.amplitude(), b.term(b.decay(lead))))
        ),
        f"shifted {lead} in log-linear with {others}": lambda b: b.exponential(
            b.cross([log(b.begun(lead)), *b.logs(rest)])
        ),
        f"level and shifted {lead} in log-linear with {others}": lambda b: b.on_level(
            b.exponential(b.cross([log(b.begun(lead)), *b.logs(rest)]))
        ),
    }


def _interacting(b: Terms, names: Sequence[str]) -> Node:
    """L + sum A_i x_i^-a_i + C prod x_i^-a_i, with the exponents shared between the sum and the product."""
    decays = [b.decay(name) for name in names]
    return b.on_level(*(b.term(decay) for decay in decays), b.term(*decays))


def _effective(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Power laws in which one feature acts through another: gains, limits, repeated data."""
    found: list[Template] = []
    for one, two in permutations(names, 2):
        rest = [n for n in names if n not in (one, two)]
        changes: dict[str, Recipe] = {
            f"{one} with gain from {two}": lambda b: mul(b.x(one), b.gain(two)),
            f"{one} limited by {two}": lambda b: b.limited(one, two),
            f"{one} exponentially limited by {two}": lambda b: b.filled(one, two),
        }
        if one < two:
            changes[f"scarcer of {one} and {two}"] = lambda b: b.scarcer(one, two)
            changes[f"harmonic mean of {one} and {two}"] = lambda b: b.scarcer(one, two, ONE)
        if (one, two) in profile.nested:
            changes[f"{two} repeated to {one}"] = lambda b: b.repeated(one, two)
        for title, change in changes.items():
            found += _through(profile, title, change, two, rest)
    return found


def _through(profile: Profile, title: str, change: Recipe, two: str, rest: Sequence[str]) -> list[Template]:
    """Power laws of what `change` makes of two features, beside and times power laws of the rest."""

    def acting(b: Terms) -> list[Node]:
        return [b.amplitude(), power(change(b), neg(b.exponent()))]

    recipes: dict[str, Recipe] = {title: lambda b: b.on_level(mul(*acting(b)), *b.terms(rest))}
    if rest:
        recipes[f"{title}, times the rest"] = lambda b: b.on_level(mul(*acting(b), *b.decays(rest, -STEEP)))
        recipes[f"{title}, and a term of {two}"] = lambda b: b.on_level(mul(*acting(b)), *b.terms([*rest, two]))
    return named(profile, recipes)


def _of_budgets(profile: Profile, names: Sequence[str]) -> list[Template]:
    """The backbone where a table has the product or the ratio of model and data: compute-optimal sweeps (Hoffmann et
    al., arXiv 2203.15556), and with one exponent overtraining (Gadre et al., arXiv 2403.08540)."""
    recipes: dict[str, Recipe] = {}
    pairs = permutations(names, 2) if len(names) <= MOST_OF_BUDGETS else ()
    for (one, two), powers, tied in product(pairs, BUDGETS, (False, True)):

        def build(powers: Sequence[tuple[int, int]], pair: tuple[str, str], tied: bool, b: Terms) -> Node:
            exponent = b.exponent()
            terms = []
            for k, own in enumerate(powers):
                base = mul(*(power(b.x(name), Number(float(of))) for name, of in zip(pair, own, strict=True)))
                terms.append(b.term(power(base, neg(b.exponent() if k and not tied else exponent))))
            return b.on_level(*terms, *b.terms([name for name in names if name not in pair]))

        shape = " + ".join(" ".join(f"{n}^{k}" for n, k in zip((one, two), own, strict=True) if k) for own in powers)
        title = f"power laws {shape}{', one exponent' if tied else ''}"
        recipes[title] = partial(build, powers, (one, two), tied)
    return named(profile, recipes)


def of_repeats(profile: Profile) -> list[Template]:
    """Laws of data that a column says how often were repeated (Muennighoff et al., arXiv 2305.16264); a backbone of
    the table for the largest data."""
    found: list[Template] = []
    for distinct, repeats in profile.counted:
        unit = profile.unit[distinct] * profile.unit[repeats]
        seen = mul(Feature(distinct, profile.unit[distinct]), Feature(repeats, profile.unit[repeats]))
        stands = {repeats: Combination(f"{distinct} * {repeats}", seen)}
        turned = replace(
            profile, nested=((repeats, distinct),), unit={**profile.unit, repeats: unit}, stands_for=stands
        )
        rest = [name for name in profile.leading if name not in (distinct, repeats)]
        title = f"{distinct} repeated {repeats} times"
        added, *others = _through(profile, title, lambda b: b.repeated_times(distinct, repeats), distinct, rest)
        found += [replace(added, backbone=not found), *others, *laws_of_repeats(turned)]
    return found


def _with_bowls(profile: Profile, names: Sequence[str]) -> list[Template]:
    """A backbone in the other features plus or times quadratic bowls whose optimum may move with them. The sum with
    a moving optimum is a backbone itself in a table with one bowl."""
    bowls = [n for n in names if n in profile.bowls]
    movers = [n for n in names if n not in bowls]
    if not bowls or not movers:
        return []
    found: list[Template] = []
    backbones: dict[str, Recipe] = {
        "sum": lambda b: b.on_level(*b.terms(movers)),
        "product": lambda b: b.on_level(b.term(b.monomial(movers))),
    }
    for size in range(1, len(bowls) + 1):
        for chosen in combinations(bowls, size):
            for title, backbone in backbones.items():
                for fixed in (True, False):
                    made = named(profile, _bowl_recipes(title, backbone, chosen, () if fixed else movers, bowls))
                    leads = title == "sum" and not fixed and len(bowls) == 1
                    found += [replace(made[0], backbone=leads), *made[1:]]
    return found


def _bowl_recipes(
    title: str, backbone: Recipe, chosen: Sequence[str], movers: Sequence[str], bowls: Sequence[str]
) -> dict[str, Recipe]:
    drift = "moving" if movers else "fixed"
    name = f"{title} with {drift} optimum of {', '.join(chosen)}"
    others = {n: [*movers, *(o for o in bowls if o != n and o < n and movers)] for n in chosen}

    def rims(b: Terms) -> list[Node]:
        return [mul(b.fresh("C", Role.AMPLITUDE), b.bowl(n, others[n])) for n in chosen]

    return {
        f"{name}, added": lambda b: add(backbone(b), *rims(b)),
        f"{name}, multiplied": lambda b: mul(backbone(b), add(ONE, *rims(b))),
    }


def _partitions(names: list[str]) -> Iterator[list[list[str]]]:
    """All ways to put the names into blocks."""
    if not names:
        yield []
        return
    first, *rest = names
    for smaller in _partitions(rest):
        for k in range(len(smaller)):
            yield [*smaller[:k], [first, *smaller[k]], *smaller[k + 1 :]]
        yield [[first], *smaller]
