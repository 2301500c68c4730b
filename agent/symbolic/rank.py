"""Ranks forms by a cheap fit to all training rows, so that the costly folds are spent on plausible forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.sandbox.fitting import Effort, fit_form
from lawsmith.sandbox.law.expression import parameters
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table

ROWS, GROUPS = 400, 8  # the sample that screening looks at
EFFORT = Effort(starts=10, finalists=1)
MANY = 120  # forms that are screened with care; a coarse pass on fewer rows picks them out of more
COARSE_ROWS = 100
COARSE = Effort(starts=4, finalists=0)


@dataclass(frozen=True)
class Screened:
    """`ranked`: all forms, the most promising first; what could not be fitted, or not in time, comes last. `fitted`
    counts those that were; `complete` says that there was time for all."""

    ranked: tuple[SymbolicForm, ...]
    fitted: tuple[SymbolicForm, ...]
    complete: bool


def screen(
    forms: Sequence[SymbolicForm],
    table: Table,
    schema: Schema,
    rng: np.random.Generator,
    stop: Callable[[], bool] = lambda: False,
) -> Screened:
    """`forms` by the Bayesian information criterion on a sample of the rows, until `stop` says that time is up."""
    ranked = fitted = tuple(forms)
    if len(forms) > MANY:
        ranked, fitted = _ranked(forms, _sample(table, COARSE_ROWS, rng), schema, COARSE, stop)
    careful, again = _ranked(ranked[:MANY], _sample(table, ROWS, rng), schema, EFFORT, stop)
    complete = len(fitted) == len(forms) and len(again) == len(careful)
    return Screened((*careful, *ranked[MANY:]), fitted if len(forms) > MANY else again, complete)


def _ranked(
    forms: Sequence[SymbolicForm],
    sample: Table,
    schema: Schema,
    effort: Effort,
    stop: Callable[[], bool],
) -> tuple[tuple[SymbolicForm, ...], tuple[SymbolicForm, ...]]:
    """The forms in their order, and those that were fitted before time was up."""
    found: list[float] = []
    for form in forms:
        if stop():
            break
        found.append(_criterion(form, sample, schema, effort))
    order = sorted(range(len(found)), key=found.__getitem__)
    return (*(forms[k] for k in order), *forms[len(found) :]), tuple(forms[: len(found)])


def _sample(table: Table, most: int, rng: np.random.Generator) -> Table:
    present = np.unique(table.codes)
    chosen = rng.choice(present, min(GROUPS, len(present)), replace=False)
    rows = np.flatnonzero(np.isin(table.codes, chosen))
    return table.take(np.sort(rng.choice(rows, min(most, len(rows)), replace=False)))


def _criterion(form: SymbolicForm, sample: Table, schema: Schema, effort: Effort) -> float:
    fitted = fit_form(form.to_fit(schema), sample, schema.targets, effort=effort)
    present = np.unique(sample.codes)
    if not all(fitted.status[g].usable for g in present):
        return float("inf")
    values, groups = len(sample) * len(schema.targets), len(present)
    variance = max(2 * float(fitted.cost.sum()) / values, 1e-300)
    every = sum(len(parameters(node)) for node in form.nodes)
    common = sum(form.common(k) for k in range(len(form.nodes)))  # counted once for all groups
    constants = common + (every - common) * groups
    return values * float(np.log(variance)) + constants * float(np.log(values))
