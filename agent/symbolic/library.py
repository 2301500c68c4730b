"""The forms that this field uses, composed for whatever columns a table has."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

from lawsmith.agent.symbolic.catalogue import laws_of_limits, laws_of_pairs, laws_of_repeats
from lawsmith.agent.symbolic.other_forms import (
    STEEPEST_SHARE,
    beside_level,
    of_categories,
    of_levels,
    of_plain,
    of_shares,
    worth,
)
from lawsmith.agent.symbolic.profile import ColumnKind, Profile
from lawsmith.agent.symbolic.scale_forms import of_many, of_one, of_repeats
from lawsmith.agent.symbolic.terms import Template, Terms
from lawsmith.sandbox.law.expression import add, exp, features, mul, neg, parameters, power
from lawsmith.sandbox.law.key import canonical
from lawsmith.sandbox.law.nodes import ONE, Node, Number, Role

BENT = 4  # levels of a feature on a plain axis that may show an optimum inside
DECADE = 10.0  # factor up to which a positive feature may lie on a plain axis, however its values are spread
PLAIN = 5  # constants of a form that a mixture's own curve is added to: a level and two power laws

Correction = Callable[[Terms, Node], Node]


def library(profile: Profile) -> list[Template]:
    """Forms for a table with this profile, plain ones first."""
    scale, share, signed = (profile.of(kind) for kind in (ColumnKind.SCALE, ColumnKind.SHARE, ColumnKind.SIGNED))
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
    found += laws_of_limits(profile, [*scale, *signed])
    found += laws_of_repeats(profile) + of_repeats(profile)
    if share and len(found) > 1:
        found += _corrected(profile, found, share[:-1])  # the last share follows from the others
    if share:
        found += of_shares(profile, share)
    if profile.categories:
        found += of_categories(profile, found)
    combinations = [one.title for one in profile.stands_for.values()]
    note = f", with {' and '.join(combinations)}" if combinations else ""
    unique: dict[str, Template] = {}
    for template in found:
        unique.setdefault(canonical(template.node), replace(template, origin=f"{template.origin}{note}"))
    return list(unique.values())


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
        known = parameters(template.node)
        if len(known) <= PLAIN and all(profile.kinds[name] is ColumnKind.SHARE for name in others):
            corrections |= _of_mixtures(others)
        if curved:
            corrections[f"plus parabola of {title}"] = lambda b, node: add(
                node, *_slopes(b, others), *(b.slope(power(b.x(n), Number(2.0))) for n in curved)
            )
        for how, correction in corrections.items():
            terms = Terms(profile)
            for parameter in known:
                terms.keep(parameter.name)
            found.append(Template(f"{template.origin}, {how}", correction(terms, template.node)))
    return found


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
