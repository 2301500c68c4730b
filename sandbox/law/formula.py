"""The formula of candidate source in every notation: one door to the reader and the writers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lawsmith.sandbox.law.expression import features, parameters
from lawsmith.sandbox.law.nodes import Node, Statement, Unreadable
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_sympy import to_sympy
from lawsmith.sandbox.law.write_text import formula as formula_text
from lawsmith.sandbox.law.write_text import latex
from lawsmith.tasks.errors import require

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class Formula:
    """A formula that was read. If a form could not be read, `targets` is empty and `reason` says why."""

    found: Statement | Unreadable

    @property
    def reason(self) -> str | None:
        """Why the form could not be read; None where it could."""
        return self.found.reason if isinstance(self.found, Unreadable) else None

    @property
    def targets(self) -> Mapping[str, Node]:
        """Target -> tree."""
        return {} if isinstance(self.found, Unreadable) else self.found.targets

    @property
    def features(self) -> tuple[str, ...]:
        """The features that occur, in the order of their first use."""
        return tuple(dict.fromkeys(name for node in self.targets.values() for name in features(node)))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that occur, in the order of their first use."""
        return tuple(dict.fromkeys(p.name for node in self.targets.values() for p in parameters(node)))

    def text(self, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
        """``target = expression`` for each target, joined by ``; ``; empty when there is a `reason`.

        `constants` replaces parameters by their values, rounded to `digits` significant digits.
        """
        return "" if isinstance(self.found, Unreadable) else formula_text(self.found, constants, digits)

    def latex(self, constants: Mapping[str, float] | None = None, digits: int = 4) -> dict[str, str]:
        """Target -> LaTeX of its right-hand side; raises ValueError with the `reason` where there is one."""
        return latex(self._statement(), constants, digits)

    def sympy(self) -> dict[str, sympy.Expr]:
        """Target -> sympy expression; raises ValueError with the `reason`, or for what sympy cannot state."""
        require("sympy", "sympy", "A sympy expression")
        return to_sympy(self._statement())

    def _statement(self) -> Statement:
        if isinstance(self.found, Unreadable):
            raise ValueError(self.found.reason)
        return self.found


def formula(source: str, targets: Sequence[str]) -> Formula:
    """The formula of the function ``form`` in candidate source, for the targets in schema order.

    Never raises for a source that cannot be read: the result then carries the `reason`.
    """
    return Formula(read(source, targets))
