"""The formula of a form, read from its source: as text, as a sympy expression, as LaTeX.

The form's body is walked symbolically, never executed: local names are replaced by what they stand for, loops
over known ranges are unrolled, calls of the source's own functions are inlined. The result is one expression
per target over features and parameters, kept as Python syntax (`ast.expr`). Everything is bounded, because
archives come from strangers: steps, nesting, and the size of the expression.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lawsmith.runs.formula_walk import Walker, features_in, parameters_in
from lawsmith.runs.source import Untranslatable, read_form
from lawsmith.tasks.errors import require

if TYPE_CHECKING:
    import sympy

    from lawsmith.runs.formula_typeset import Notation


@dataclass(frozen=True)
class Formula:
    """One expression per target; when a form could not be read, `targets` is empty and `reason` says why.

    In the expressions a feature is the name ``x:<feature>`` and a parameter ``p:<parameter>``; functions are
    called by their mathematical names (exp, log, sqrt, abs, maximum, minimum, where, …).
    """

    targets: Mapping[str, ast.expr]
    reason: str | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The features that occur, in the order of their first use."""
        return tuple(dict.fromkeys(name for node in self.targets.values() for name in features_in(node)))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that occur, in the order of their first use."""
        return tuple(dict.fromkeys(name for node in self.targets.values() for name in parameters_in(node)))

    def text(self, constants: Mapping[str, float] | None = None, digits: int = 4) -> str:
        """``target = expression`` for each target, joined by ``; ``; empty when there is a `reason`.

        `constants` replaces parameters by their values, rounded to `digits` significant digits.
        """
        from lawsmith.runs.formula_print import expression_text

        return "; ".join(
            f"{target} = {expression_text(node, constants or {}, digits)}"
            for target, node in self.targets.items()
        )

    def sympy(self) -> dict[str, sympy.Expr]:
        """Target -> sympy expression over real symbols named as the features and parameters.

        Raises:
            ValueError: the formula could not be read, or has a part that sympy cannot state.
        """
        from lawsmith.runs.formula_print import to_sympy

        require("sympy", "sympy", "A sympy expression")
        if self.reason is not None:
            raise ValueError(self.reason)
        return {target: to_sympy(node) for target, node in self.targets.items()}

    def latex(self) -> dict[str, str]:
        """Target -> LaTeX of its right-hand side, as it was written; raises ValueError as `typeset`."""
        from lawsmith.runs.latex import Latex

        return self.typeset(Latex())

    def typeset(self, notation: Notation) -> dict[str, str]:
        """Target -> its right-hand side in a notation.

        Raises:
            ValueError: the formula could not be read, or has a part without a counterpart there.
        """
        from lawsmith.runs.formula_typeset import typeset

        if self.reason is not None:
            raise ValueError(self.reason)
        return {target: typeset(node, notation) for target, node in self.targets.items()}


def formula(source: str, targets: Sequence[str]) -> Formula:
    """The formula of the function ``form`` in candidate source, for the targets in schema order.

    Never raises for a source that cannot be read: the result then carries the `reason`.
    """
    try:
        parsed = read_form(source)
        parsed.require_tidy()
        expressions = Walker(parsed).expressions(tuple(targets))
    except Untranslatable as error:
        return Formula({}, str(error))
    except RecursionError:
        return Formula({}, "it is nested too deeply")
    return Formula(expressions)
