"""The parts of the one tree of a law, immutable and compared by value; and what a candidate states in such trees."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")


class Role(StrEnum):
    """The role of a parameter in a law, by its place and not by its name."""

    LEVEL = "level"  # added to the whole: the irreducible loss, an intercept
    AMPLITUDE = "amplitude"  # multiplies a term that bends
    COEFFICIENT = "coefficient"  # multiplies a term without parameters of its own: a slope
    EXPONENT = "exponent"  # of a power, or of a logarithm's coefficient inside an exponential
    RATE = "rate"  # multiplies a feature inside an exponential, a logarithm or a wave
    SCALE = "scale"  # multiplies a feature, or a term, before a power is taken
    SHIFT = "shift"  # added to a feature before a power or a logarithm is taken
    CENTRE = "centre"  # of an optimum, a step or a bump
    WIDTH = "width"  # of a step or a bump
    SHAPE = "shape"  # sharpness of a break, softness of a minimum, anything else that bends a curve


LINEAR = frozenset({Role.LEVEL, Role.AMPLITUDE, Role.COEFFICIENT})
"""Roles that scale or move a curve; all others bend it, and may be common to groups of like curves."""


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
        kept = self.__dict__.items()  # without the hash, which differs by process
        return {name: value for name, value in kept if not name.startswith("_")}

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

ZERO, ONE, MINUS = Number(0.0), Number(1.0), Number(-1.0)


MAX_NAME = 32  # characters of a parameter's name: a name is no place for data


class Unreadable(Exception):
    """Why a source cannot be read as a law; `reason` is a phrase that names the construct and its line."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"{reason} (line {line})")

    @property
    def reason(self) -> str:
        """The phrase, with the line where one is known."""
        return str(self)


@dataclass(frozen=True)
class Statement:
    """targets: target -> tree, in schema order where targets were given. parameters: all that are declared, in that
    order, with bounds and roles. shared: names common to all groups. loss: how residuals weigh.
    """

    targets: Mapping[str, Node]
    parameters: tuple[Parameter, ...] = ()
    shared: tuple[str, ...] = ()
    loss: str = "squared"
