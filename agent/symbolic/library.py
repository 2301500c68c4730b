"""The forms that this field uses, composed for whatever columns a table has."""

from __future__ import annotations

from collections.abc import Sequence

from agent.symbolic.expression import ONE, Feature, add, mul
from agent.symbolic.other_forms import of_shares, of_signed
from agent.symbolic.parts import Parts
from agent.symbolic.profile import Kind, Profile
from agent.symbolic.scale_forms import of_many, of_one
from agent.symbolic.templates import Template


def library(profile: Profile) -> list[Template]:
    """Forms for a table with this profile, plain ones first."""
    scale, share, signed = (profile.of(kind) for kind in (Kind.SCALE, Kind.SHARE, Kind.SIGNED))
    found: list[Template] = [Template("constant", Parts(profile).level())]
    if share:
        found += of_shares(profile, share)
    for name in scale:
        found += of_one(profile, name)
    if len(scale) > 1:
        found += of_many(profile, scale)
    if signed and not scale:
        found += of_signed(profile, signed)
    elif signed:
        found = [*found, *_with_signed(profile, found, signed)]
    return found


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
