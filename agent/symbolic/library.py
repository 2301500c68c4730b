"""The forms that this field uses, composed for whatever columns a table has. Nothing here knows a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from agent.symbolic.expression import ONE, Feature, Node, add, exp, log, mul, neg, power
from agent.symbolic.parts import Parts
from agent.symbolic.profile import Kind, Profile

MOST_SUBSET_FEATURES = 5  # tables with more scale features get forms in all of them and in each alone only


@dataclass(frozen=True)
class Template:
    """A form with a name that says where it comes from."""

    origin: str
    node: Node


def library(profile: Profile) -> list[Template]:
    """Forms for a table with this profile, plain ones first."""
    scale, share, signed = (profile.of(kind) for kind in (Kind.SCALE, Kind.SHARE, Kind.SIGNED))
    found: list[Template] = [Template("constant", Parts(profile).level())]
    if share:
        found += _of_shares(profile, share)
    for name in scale:
        found += _of_one(profile, name)
    if len(scale) > 1:
        found += _of_many(profile, scale)
    if signed and not scale:
        found += _of_signed(profile, signed)
    elif signed:
        found = [*found, *_with_signed(profile, found, signed)]
    return found


def _named(profile: Profile, recipes: dict[str, Callable[[Parts], Node]]) -> list[Template]:
    return [Template(origin, build(Parts(profile))) for origin, build in recipes.items()]


def _of_one(profile: Profile, name: str) -> list[Template]:
    """One feature on a logarithmic axis; `L + A term`, and a few of other shapes."""
    terms: dict[str, Callable[[Parts], Node]] = {
        "power law": lambda b: b.decay(name),
        "shifted power law": lambda b: b.shifted(name),
        "rectified power law": lambda b: b.saturating(name),
        "stretched exponential": lambda b: b.stretched(name),
        "broken power law": lambda b: b.broken(name),
        "logarithm": lambda b: b.logarithm(name),
    }
    with_level = {
        f"{origin} of {name}": (lambda b, t=term: add(b.level(), mul(b.amplitude(), t(b))))
        for origin, term in terms.items()
    }
    others: dict[str, Callable[[Parts], Node]] = {
        f"pure power law of {name}": lambda b: mul(b.amplitude(), b.decay(name, -1.0)),
        f"pure shifted power law of {name}": lambda b: mul(b.amplitude(), b.shifted(name)),
        f"pure broken power law of {name}": lambda b: mul(b.amplitude(), b.broken(name)),
        f"exponential of log polynomial of {name}": lambda b: b.exponential(
            b.polynomial([log(b.x(name))], 2)
        ),
        f"level and log polynomial of {name}": lambda b: add(
            b.level(), b.exponential(b.polynomial([log(b.x(name))], 2))
        ),
        f"quadratic in log {name}": lambda b: b.polynomial([log(b.x(name))], 2),
        f"cubic in log {name}": lambda b: b.polynomial([log(b.x(name))], 3),
        f"two power laws of {name}": lambda b: add(
            b.level(), mul(b.amplitude(), b.decay(name)), mul(b.amplitude(), power(b.x(name), b.exponent()))
        ),
    }
    return _named(profile, with_level | others)


def _of_many(profile: Profile, scale: Sequence[str]) -> list[Template]:
    found: list[Template] = []
    sizes = range(2, len(scale) + 1) if len(scale) <= MOST_SUBSET_FEATURES else [len(scale)]
    subsets = [subset for size in sizes for subset in combinations(scale, size)]
    for subset in sorted(subsets, key=len, reverse=True):
        found += _joint(profile, subset)
        if len(subset) >= len(scale) - 1:
            found += _led(profile, subset)
    whole = list(scale)
    found += _effective(profile, whole)
    found += _with_bowls(profile, whole)
    return found


def _joint(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Sums, products and their mixtures: one term per block of every partition of the features, and interactions."""
    title = ", ".join(names)
    recipes: dict[str, Callable[[Parts], Node]] = {}
    for blocks in _partitions(list(names)):
        if len(blocks) <= 3:
            shape = " + ".join("*".join(block) for block in blocks)
            recipes[f"power laws {shape}"] = lambda b, k=blocks: add(b.level(), *_sum_of(b, k))
    recipes |= {
        f"pure product of {title}": lambda b: mul(b.amplitude(), b.monomial(names)),
        f"power of sum of {title}": lambda b: add(
            b.level(),
            power(add(*(mul(b.fresh("A", 0.0, 1e3), b.decay(n)) for n in names)), b.fresh("g", 0.1, 3.0)),
        ),
        f"sum and interaction of {title}": lambda b: _interacting(b, names),
        f"log-linear with interactions in {title}": lambda b: b.exponential(
            b.cross([log(b.x(n)) for n in names])
        ),
        f"level and log-linear with interactions in {title}": lambda b: add(
            b.level(), b.exponential(b.cross([log(b.x(n)) for n in names]))
        ),
        f"exponential of quadratic in log {title}": lambda b: b.exponential(
            b.polynomial([log(b.x(n)) for n in names], 2)
        ),
        f"level and quadratic in log {title}": lambda b: add(
            b.level(), b.exponential(b.polynomial([log(b.x(n)) for n in names], 2))
        ),
        f"quadratic in log {title}": lambda b: b.polynomial([log(b.x(n)) for n in names], 2),
        f"linear in log {title}": lambda b: b.polynomial([log(b.x(n)) for n in names], 1),
        f"linear with interactions in log {title}": lambda b: b.cross([log(b.x(n)) for n in names]),
    }
    return _named(profile, recipes)


def _led(profile: Profile, names: Sequence[str]) -> list[Template]:
    """One feature shifted, saturating or with a floor of its own, the rest as plain power laws."""
    recipes: dict[str, Callable[[Parts], Node]] = {}
    for lead in names:
        rest = [n for n in names if n != lead]
        recipes[f"shifted {lead} times {', '.join(rest)}"] = lambda b, n=lead, r=rest: add(
            b.level(), mul(b.amplitude(), b.shifted(n), *(b.decay(o, -STEEP) for o in r))
        )
        recipes[f"shifted {lead} plus {', '.join(rest)}"] = lambda b, n=lead, r=rest: add(
            b.level(), mul(b.amplitude(), b.shifted(n)), *(mul(b.amplitude(), b.decay(o)) for o in r)
        )
        recipes[f"saturating {lead} times {', '.join(rest)}"] = lambda b, n=lead, r=rest: add(
            b.level(), mul(b.amplitude(), b.saturating(n), *(b.decay(o, -STEEP) for o in r))
        )
        recipes[f"floor of {lead} scaled by {', '.join(rest)}"] = lambda b, n=lead, r=rest: add(
            b.level(),
            mul(add(b.amplitude(), mul(b.amplitude(), b.decay(n))), *(b.decay(o, -STEEP) for o in r)),
        )
        recipes[f"shifted {lead} in log-linear with {', '.join(rest)}"] = lambda b, n=lead, r=rest: exp(
            b.cross([log(add(b.x(n), b.shift(n))), *(log(b.x(o)) for o in r)])
        )
        recipes[f"level and shifted {lead} in log-linear with {', '.join(rest)}"] = lambda b, n=lead, r=rest: (
            add(b.level(), b.exponential(b.cross([log(add(b.x(n), b.shift(n))), *(log(b.x(o)) for o in r)])))
        )
    return _named(profile, recipes)


STEEP = 2.0
STEEPEST_SHARE = 30.0  # log-loss per unit share


def _sum_of(b: Parts, blocks: Sequence[Sequence[str]]) -> Iterator[Node]:
    for block in blocks:
        yield mul(b.amplitude(), b.monomial(block))


def _interacting(b: Parts, names: Sequence[str]) -> Node:
    """L + sum A_i x_i^-a_i + C prod x_i^-a_i, with the exponents shared between the sum and the product."""
    decays = [b.decay(name) for name in names]
    return add(b.level(), *(mul(b.amplitude(), decay) for decay in decays), mul(b.amplitude(), *decays))


def _effective(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Power laws in which one feature acts through another: gains, limits, repeated data."""
    recipes: dict[str, Callable[[Parts], Node]] = {}
    for one, two in permutations(names, 2):
        rest = [n for n in names if n not in (one, two)]
        changes: dict[str, Callable[[Parts], Node]] = {
            f"{one} with gain from {two}": lambda b, i=one, j=two: mul(b.x(i), b.gain(j)),
        }
        if one < two:
            changes[f"scarcer of {one} and {two}"] = lambda b, i=one, j=two: b.soft_minimum(i, j)
        if (one, two) in profile.nested:
            changes[f"{two} repeated to {one}"] = lambda b, i=one, j=two: b.repeated(i, j)
        for title, change in changes.items():
            recipes[title] = lambda b, c=change, r=rest: add(
                b.level(),
                mul(b.amplitude(), power(c(b), neg(b.exponent()))),
                *(mul(b.amplitude(), b.decay(o)) for o in r),
            )
            if rest:
                recipes[f"{title}, times the rest"] = lambda b, c=change, r=rest: add(
                    b.level(),
                    mul(b.amplitude(), power(c(b), neg(b.exponent())), *(b.decay(o, -STEEP) for o in r)),
                )
                recipes[f"{title}, and a term of {two}"] = lambda b, c=change, j=two, r=rest: add(
                    b.level(),
                    mul(b.amplitude(), power(c(b), neg(b.exponent()))),
                    *(mul(b.amplitude(), b.decay(o)) for o in [*r, j]),
                )
    return _named(profile, recipes)


def _with_bowls(profile: Profile, names: Sequence[str]) -> list[Template]:
    """A backbone in the other features plus or times quadratic bowls whose optimum may move with them."""
    bowls = [n for n in names if n in profile.bowls]
    movers = [n for n in names if n not in bowls]
    if not bowls or not movers:
        return []
    recipes: dict[str, Callable[[Parts], Node]] = {}
    backbones: dict[str, Callable[[Parts], Node]] = {
        "sum": lambda b: add(b.level(), *(mul(b.amplitude(), b.decay(n)) for n in movers)),
        "product": lambda b: add(b.level(), mul(b.amplitude(), b.monomial(movers))),
    }
    for size in range(1, len(bowls) + 1):
        for chosen in combinations(bowls, size):
            for title, backbone in backbones.items():
                for fixed in (True, False):
                    recipes |= _bowl_recipes(title, backbone, chosen, () if fixed else movers, bowls)
    return _named(profile, recipes)


def _bowl_recipes(
    title: str,
    backbone: Callable[[Parts], Node],
    chosen: Sequence[str],
    movers: Sequence[str],
    bowls: Sequence[str],
) -> dict[str, Callable[[Parts], Node]]:
    drift = "moving" if movers else "fixed"
    name = f"{title} with {drift} optimum of {', '.join(chosen)}"
    others = {n: [*movers, *(o for o in bowls if o != n and o < n and movers)] for n in chosen}

    def rims(b: Parts) -> list[Node]:
        return [mul(b.fresh("C"), b.bowl(n, others[n])) for n in chosen]

    return {
        f"{name}, added": lambda b: add(backbone(b), *rims(b)),
        f"{name}, multiplied": lambda b: mul(backbone(b), add(ONE, *rims(b))),
    }


def _of_shares(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Mixture laws (Ye et al., arXiv 2403.16952) and their neighbours."""
    title = "shares"
    names, dropped = (names[:-1], names[-1:]) if profile.simplex else (names, names[:0])  # the last follows
    recipes: dict[str, Callable[[Parts], Node]] = {
        f"linear in {title}": lambda b: _affine(b, names),
        f"exponential of {title}": lambda b: b.exponential(_affine(b, names), STEEPEST_SHARE),
        f"level and exponential of {title}": lambda b: add(
            b.level(), b.exponential(_affine(b, names), STEEPEST_SHARE)
        ),
        f"power of {title}": lambda b: add(b.level(), power(_positive(b, names), neg(b.exponent()))),
        f"logarithm of {title}": lambda b: add(b.level(), mul(b.amplitude(), log(_positive(b, names)))),
        f"pure power of {title}": lambda b: mul(b.amplitude(), power(_positive(b, names), neg(b.exponent()))),
    }
    for name in [*names, *dropped]:
        rest = [n for n in names if n != name][: len(names) - 1]
        recipes[f"power law of {name} and linear rest"] = lambda b, n=name, r=rest: add(
            _affine(b, r),
            mul(b.amplitude(), power(add(Feature(n), b.fresh("e", 1e-4, 1.0)), neg(b.exponent()))),
        )
        recipes[f"logarithm of {name} and linear rest"] = lambda b, n=name, r=rest: add(
            _affine(b, r), mul(b.amplitude(), log(add(Feature(n), b.fresh("e", 1e-4, 1.0))))
        )
        recipes[f"exponential of {name} and linear rest"] = lambda b, n=name, r=rest: add(
            _affine(b, r), mul(b.amplitude(), exp(mul(neg(b.fresh("k", 0.1, 100.0)), Feature(n))))
        )
        recipes[f"power law of {name} alone"] = lambda b, n=name: add(
            b.level(), mul(b.amplitude(), power(add(Feature(n), b.fresh("e", 1e-4, 1.0)), neg(b.exponent())))
        )
    return _named(profile, recipes)


def _affine(b: Parts, names: Sequence[str]) -> Node:
    return add(b.fresh("c"), *(mul(b.fresh("t"), Feature(n)) for n in names))


def _positive(b: Parts, names: Sequence[str]) -> Node:
    """Effective amount of data: a small constant plus what each share is worth."""
    return add(b.fresh("e", 1e-4, 1.0), *(mul(b.fresh("w", 0.0, 100.0), Feature(n)) for n in names))


def _of_signed(profile: Profile, names: Sequence[str]) -> list[Template]:
    """Features that are no scales (already logarithms, temperatures, scores): polynomials, steps, bumps."""
    recipes: dict[str, Callable[[Parts], Node]] = {}
    if len(names) > 1:
        recipes["linear"] = lambda b: b.polynomial([Feature(n) for n in names], 1)
        recipes["quadratic"] = lambda b: b.polynomial([Feature(n) for n in names], 2)
        recipes["exponential of linear"] = lambda b: add(
            b.level(), b.exponential(_affine(b, names), STEEPEST_SHARE)
        )
    for name in names:
        recipes |= {
            f"linear in {name}": lambda b, n=name: b.polynomial([Feature(n)], 1),
            f"quadratic in {name}": lambda b, n=name: b.polynomial([Feature(n)], 2),
            f"cubic in {name}": lambda b, n=name: b.polynomial([Feature(n)], 3),
            f"exponential in {name}": lambda b, n=name: add(
                b.level(), mul(b.amplitude(), exp(mul(b.fresh("k", -5.0, 5.0), Feature(n))))
            ),
            f"sigmoid in {name}": lambda b, n=name: add(b.level(), mul(b.amplitude(), b.sigmoid(n))),
            f"bump in {name}": lambda b, n=name: add(b.level(), mul(b.amplitude(), b.bump(n))),
            f"sigmoid and slope in {name}": lambda b, n=name: add(
                b.level(), mul(b.fresh("b"), Feature(n)), mul(b.amplitude(), b.sigmoid(n))
            ),
            f"bump and slope in {name}": lambda b, n=name: add(
                b.level(), mul(b.fresh("b"), Feature(n)), mul(b.amplitude(), b.bump(n))
            ),
            f"bump and sigmoid in {name}": lambda b, n=name: add(
                b.level(), mul(b.amplitude(), b.bump(n)), mul(b.amplitude(), b.sigmoid(n))
            ),
            f"two exponentials in {name}": lambda b, n=name: add(
                b.level(),
                mul(b.amplitude(), exp(mul(b.fresh("k", 0.0, 5.0), Feature(n)))),
                mul(b.amplitude(), exp(mul(b.fresh("k", -5.0, 0.0), Feature(n)))),
            ),
        }
    return _named(profile, recipes)


def _with_signed(profile: Profile, plain: Sequence[Template], signed: Sequence[str]) -> list[Template]:
    """Every form in the scale features, with the others as a linear correction, added or multiplied."""
    found = []
    for template in plain:
        b = Parts(profile)
        slopes = [mul(b.fresh("d"), Feature(n)) for n in signed]
        found.append(Template(f"{template.origin}, plus {', '.join(signed)}", add(template.node, *slopes)))
        factor = add(ONE, *(mul(b.fresh("d"), Feature(n)) for n in signed))
        found.append(
            Template(f"{template.origin}, scaled by {', '.join(signed)}", mul(template.node, factor))
        )
    return found


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
