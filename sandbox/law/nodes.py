"""The parts of the one tree of a law: immutable, compared and looked up by value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

from lawsmith.sandbox.law.parameter_roles import Role

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def _node(cls: type[_T]) -> type[_T]:
    """A frozen dataclass whose hash is computed once: trees are looked up by value all the time."""
    made = dataclass(frozen=True)(cls)
    fresh = made.__hash__

    def cached(self: Any) -> int:
        known = self.__dict__.get("_hash")
        if known is None:
            known = self.__dict__["_hash"] = fresh(self)
        return int(known)

    def state(self: Any) -> dict[str, Any]:
        return {
            name: value for name, value in self.__dict__.items() if not name.startswith("_")
        }  # hashes differ by process

    setattr(made, "__hash__", cached)  # noqa: B010 - mypy refuses the plain assignment
    setattr(made, "__getstate__", state)  # noqa: B010
    return made


@_node
class Number:
    """A number that the law states."""

    value: float


@_node
class Parameter:
    """A constant left open, within [lower, upper]; parameters are told apart by name and bounds, not by role."""

    name: str
    lower: float = -math.inf
    upper: float = math.inf
    role: Role = field(default=Role.COEFFICIENT, compare=False)


@_node
class Feature:
    """A column of the table divided by `unit`, most often a power of ten that brings it near 1."""

    name: str
    unit: float = 1.0


@_node
class Sum:
    """The sum of its terms."""

    terms: tuple[Node, ...]


@_node
class Product:
    """The product of its factors."""

    factors: tuple[Node, ...]


@_node
class Power:
    """`base` to the power of `exponent`."""

    base: Node
    exponent: Node


@_node
class Function:
    """`name` is one of `lawsmith.sandbox.law.functions.FUNCTIONS`."""

    name: str
    arguments: tuple[Node, ...]


Node = Number | Parameter | Feature | Sum | Product | Power | Function

ZERO, ONE = Number(0.0), Number(1.0)
