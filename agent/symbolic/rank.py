"""Ranks forms by a cheap fit to all training rows, so that the costly folds are spent on plausible forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lawsmith.agent.symbolic.form import SymbolicForm, is_shape
from lawsmith.sandbox.fitting import Effort, Form, Loss, fit_form
from lawsmith.sandbox.law.expression import parameters
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table

ROWS, GROUPS = 400, 8  # the sample that screening looks at
EFFORT = Effort(starts=10, finalists=1)
MANY = 120  # forms that are screened with care; a coarse pass on fewer rows picks them out of more
COARSE_ROWS = 100
COARSE = Effort(starts=4, finalists=1)


def screen(
    forms: Sequence[SymbolicForm], table: Table, schema: Schema, rng: np.random.Generator
) -> list[SymbolicForm]:
    """`forms` ordered by the Bayesian information criterion on a sample of the rows; failed fits come last."""
    if len(forms) > MANY:
        forms = _ranked(forms, _sample(table, COARSE_ROWS, rng), schema, COARSE)[:MANY]
    return _ranked(forms, _sample(table, ROWS, rng), schema, EFFORT)


def _ranked(
    forms: Sequence[SymbolicForm], sample: Table, schema: Schema, effort: Effort
) -> list[SymbolicForm]:
    return sorted(forms, key=lambda form: _criterion(form, sample, schema, effort))


def _sample(table: Table, most: int, rng: np.random.Generator) -> Table:
    present = np.unique(table.codes)
    chosen = rng.choice(present, min(GROUPS, len(present)), replace=False)
    rows = np.flatnonzero(np.isin(table.codes, chosen))
    return table.take(np.sort(rng.choice(rows, min(most, len(rows)), replace=False)))


def _criterion(form: SymbolicForm, sample: Table, schema: Schema, effort: Effort) -> float:
    fitted = fit_form(form_of(form.source(schema)), sample, schema.targets, effort=effort)
    present = np.unique(sample.codes)
    if not all(fitted.status[g].usable for g in present):
        return float("inf")
    values, groups = len(sample) * len(schema.targets), len(present)
    variance = max(2 * float(fitted.cost.sum()) / values, 1e-300)
    every = [parameter for node in form.nodes for parameter in parameters(node)]
    common = sum(form.shared and is_shape(parameter) for parameter in every)  # counted once for all groups
    constants = common + (len(every) - common) * groups
    return values * float(np.log(variance)) + constants * float(np.log(values))


def form_of(source: str) -> Form:
    """Compiles source that our own printer wrote; text from anywhere else belongs in the sandbox."""
    space: dict[str, Any] = {}
    exec(compile(source, "<form>", "exec"), space)
    bounds: Mapping[str, tuple[float, float]] = space["PARAMETERS"]
    return Form(
        names=tuple(bounds),
        lower=np.array([low for low, _ in bounds.values()], dtype=float),
        upper=np.array([high for _, high in bounds.values()], dtype=float),
        call=space["form"],
        shared=frozenset(space.get("SHARED", ())),
        gradient=space.get("gradient"),
        per_target=space.get("PER_TARGET", {}),
        loss=Loss(space.get("LOSS", Loss.SQUARED)),
    )
