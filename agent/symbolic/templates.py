"""A named form, and the making of many from recipes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lawsmith.agent.symbolic.profile import Profile
from lawsmith.agent.symbolic.terms import Terms
from lawsmith.sandbox.law.nodes import Node

Recipe = Callable[[Terms], Node]


@dataclass(frozen=True)
class Template:
    """A form with a name that says where it comes from. A `backbone` is evaluated before anything else; a response
    `surface` (Box and Wilson 1951) bends wherever rows do, and tells a row that is wrong from one at an optimum."""

    origin: str
    node: Node
    backbone: bool = False
    surface: bool = False


def named(profile: Profile, recipes: dict[str, Recipe]) -> list[Template]:
    """Follows each recipe at once, with parameters of its own."""
    return [Template(origin, build(Terms(profile))) for origin, build in recipes.items()]
