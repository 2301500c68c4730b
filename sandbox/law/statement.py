"""What a candidate states: one tree per target, its parameters, and how it is to be fitted; or why nobody can tell."""

from collections.abc import Mapping
from dataclasses import dataclass

from lawsmith.sandbox.law.nodes import Node, Parameter

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
    parameters: tuple[Parameter, ...]
    shared: tuple[str, ...] = ()
    loss: str = "squared"
