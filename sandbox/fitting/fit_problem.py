"""What the engine fits: a form and its bounds; and how a fit ended, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from lawsmith.sandbox.fitting.starts import Scale, draw
from lawsmith.tasks.arrays import Array, IntArray, Mask
from lawsmith.tasks.table import Table

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


TRIED = 32  # sets of constants at which a form without a fit is looked at once more
NAMED = 6  # features or constants that a sentence lists at most


def endings(form: Form, fitted: Fitted, table: Table, targets: Sequence[str]) -> tuple[str, ...]:
    """How each group's fit ended, one text per group of `table`.

    A constant at its bound is named. Of the groups without a finite fit the first says how many of its rows are not
    finite at which constants, because that is what a proposer has to change.
    """
    texts = [status.value for status in fitted.status]
    for g, status in enumerate(fitted.status):
        if status is Status.AT_BOUND:
            values = fitted.values[g]
            touching = (values <= form.lower) | (values >= form.upper)
            texts[g] += ": " + ", ".join(form.names[k] for k in np.flatnonzero(touching))
    rows = np.bincount(table.codes, minlength=len(table.groups))
    for g in np.flatnonzero(rows).tolist():
        if not fitted.status[g].usable:
            texts[g] += f" ({_not_finite(form, table.take(table.codes == g), targets)})"
            break
    return tuple(texts)


def _not_finite(form: Form, rows: Table, targets: Sequence[str]) -> str:
    """Which rows of one group have no finite value at the constants, of `TRIED` sets, that leave the fewest."""
    rng = np.random.default_rng(0)
    sets = draw(form.lower, form.upper, TRIED, Scale.of(rows), rng)
    with np.errstate(all="ignore"):
        bad = np.stack([_bad_rows(form, rows, targets, values) for values in sets])
    best = int(np.argmin(bad.sum(axis=1)))
    constants = _listed(form.names, sets[best])
    if not bad[best].any():
        return f"finite at {constants}, but no fit kept a finite value"
    first = int(np.flatnonzero(bad[best])[0])
    where = _listed(tuple(rows.features), [column[first] for column in rows.features.values()])
    return (
        f"the best of {len(sets)} sets of constants within the bounds, {constants}, gives no finite value for "
        f"{int(bad[best].sum())} of {len(rows)} rows, first {where}"
    )


def _bad_rows(form: Form, rows: Table, targets: Sequence[str], values: Array) -> Mask:
    found = form.call(dict(rows.features), dict(zip(form.names, map(float, values), strict=True)))
    columns = [found.get(name, np.nan) for name in targets] if isinstance(found, dict) else [found]
    stacked = np.stack([np.broadcast_to(np.asarray(c, dtype=float), len(rows)) for c in columns])
    return np.asarray(~np.isfinite(stacked).all(axis=0))


def _listed(names: Sequence[str], values: Sequence[float] | Array) -> str:
    pairs = [f"{name}={value:.4g}" for name, value in zip(names, values, strict=True)]
    return ", ".join(pairs[:NAMED]) + (", …" if len(pairs) > NAMED else "")
