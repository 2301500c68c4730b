"""What the engine fits: a form, its bounds, and how a fit ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray

Arguments = Mapping[str, Any]
Law = Callable[[Arguments, Arguments], Any]


class Loss(StrEnum):
    """How a residual is weighed."""

    SQUARED = "squared"  # measured - predicted
    RELATIVE = "relative"  # (measured - predicted) / |measured|
    ROBUST = "robust"  # squared, rows far from the rest weighed down (Geman-McClure, re-weighted)
    FRONTIER = "frontier"  # squared, rows weigh more the nearer they are to where the law will be used
    ROBUST_FRONTIER = "robust frontier"  # both: no row decides alone, and those near the frontier weigh more

    @property
    def robust(self) -> bool:
        """Whether rows far from the rest are weighed down."""
        return self in (Loss.ROBUST, Loss.ROBUST_FRONTIER)

    @property
    def looks_ahead(self) -> bool:
        """Whether rows near the frontier weigh more."""
        return self in (Loss.FRONTIER, Loss.ROBUST_FRONTIER)


class Status(StrEnum):
    """How the fit of one group ended; the one place that words it."""

    CONVERGED = "converged"
    AT_BOUND = "converged, with a constant at its bound"
    ITERATION_LIMIT = "stopped at the iteration limit"
    NO_FINITE_START = "no start gave finite predictions"
    TOO_FEW_ROWS = "fewer rows than constants"

    @property
    def usable(self) -> bool:
        """Whether the fit gave constants at all."""
        return self is not Status.NO_FINITE_START


@dataclass(frozen=True)
class Form:
    """A law with its constants left open.

    `call(x, p)` takes feature arrays and parameter values and returns an array, or a mapping target -> array.
    `gradient(x, p)`, when given, returns parameter -> derivative in the same layout. `lower` and `upper` have
    shape (K,) and may be infinite; `shared` names constants that are common to all groups. `per_target`, when given,
    states each target alone as (call, gradient), which spares the engine the others.
    """

    names: tuple[str, ...]
    lower: Array
    upper: Array
    call: Law
    shared: frozenset[str] = frozenset()
    gradient: Law | None = None
    loss: Loss = Loss.SQUARED
    per_target: Mapping[str, tuple[Law, Law]] = field(default_factory=dict)

    def alone(self, target: str) -> Form:
        """The form as one target sees it."""
        if target not in self.per_target:
            return self
        call, gradient = self.per_target[target]
        return replace(self, call=call, gradient=gradient, per_target={})


@dataclass(frozen=True, eq=False)
class Fitted:
    """The constants found: `values` (G, K) with NaN rows for groups without any row, and how each group ended.

    `cost` (G,) is half the weighted sum of squared residuals.
    """

    names: tuple[str, ...]
    values: Array
    status: tuple[Status, ...]
    cost: Array

    def total_cost(self, codes: IntArray) -> float:
        """The cost of all groups; NaN where one of those that rows have, by their `codes` (n,), could not be fitted."""
        usable = all(self.status[group].usable for group in np.unique(codes))
        return float(self.cost.sum()) if usable else float("nan")
