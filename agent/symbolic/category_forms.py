"""Forms of tables with categories: an offset, or a factor, for each level of each."""

from __future__ import annotations

from collections.abc import Sequence

from lawsmith.agent.symbolic.profile import Profile
from lawsmith.agent.symbolic.templates import Template
from lawsmith.agent.symbolic.terms import Terms
from lawsmith.sandbox.law.expression import ONE, Feature, Node, Number, Parameter, Sum, add, function, mul
from lawsmith.sandbox.law.parameter_roles import Role

MIXED = 3  # categories up to which each may act in a way of its own
LEAST_FACTOR = -0.999  # what a level changes may not turn the sign


def of_categories(profile: Profile, plain: Sequence[Template]) -> list[Template]:
    """Every form with all categories as offsets, as factors of what it adds to its level, and as factors of all of it;
    of the plainest form of all features, each category in a way of its own as well."""
    names = list(profile.categories)
    title = ", ".join(names)
    found = []
    for template in plain:
        b = Terms(profile)
        found.append(
            Template(f"{template.origin}, offsets of {title}", with_offsets(b, template.node, names), template.backbone)
        )
        for whole, what in ((False, title), (True, f"{title} on all of it")):
            node = with_factors(Terms(profile), template.node, names, whole=whole)
            found.append(Template(f"{template.origin}, factors of {what}", node))
        for one in names if 1 < len(names) <= MIXED else ():
            rest = [name for name in names if name != one]
            b = Terms(profile)
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
    factors = [add(ONE, *_changes(b, name, Role.SHAPE)) for name in names]
    if not whole and isinstance(node, Sum) and isinstance(node.terms[0], Parameter) and len(node.terms) > 1:
        return add(node.terms[0], mul(add(*node.terms[1:]), *factors))
    return mul(node, *factors)


def _changes(b: Terms, name: str, role: Role) -> list[Node]:
    bounds = (LEAST_FACTOR, 1e3) if role is Role.SHAPE else ()
    return [
        mul(b.fresh("d", role, *bounds), function("equal", Feature(name), Number(code)))
        for code in b.profile.categories[name][1:]
    ]
