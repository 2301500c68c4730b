"""A named form, and the making of many from recipes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lawsmith.agent.symbolic.profile import Profile
from lawsmith.agent.symbolic.terms import Terms
from lawsmith.sandbox.law.expression import Node

Recipe = Callable[[Terms], Node]


@dataclass(frozen=True)
class Template:
    """A form with a name that says where it comes from; a `backbone` is evaluated before anything else."""

    origin: str
    node: Node
    backbone: bool = False


def named(profile: Profile, recipes: dict[str, Recipe]) -> list[Template]:
    """Follows each recipe at once, with parameters of its own."""
    return [Template(origin, build(Terms(profile))) for origin, build in recipes.items()]
