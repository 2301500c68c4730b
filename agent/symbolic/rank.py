"""Ranks forms by a cheap fit to all training rows, so that the costly folds are spent on plausible forms."""

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.fitting import Effort
from lawsmith.sandbox.jobs import ScreenJob
from lawsmith.sandbox.law.expression import parameters
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table

ROWS, GROUPS = 400, 8  # the sample that screening looks at
EFFORT = Effort(starts=10, finalists=1)  # enough to rank forms: the best of them are fitted with care afterwards
MANY = 120  # forms that are screened with care; a coarse pass on fewer rows picks them out of more
COARSE_ROWS = 100  # of the coarse pass: a form of ten constants has ten rows for each
COARSE = Effort(starts=4, finalists=0)  # of the coarse pass: a rank needs no more
TOGETHER = 6  # forms that one process fits in the end: a few, so that all workers end at about the same time …
MOST_TOGETHER = 24  # … and more at the beginning: a process costs as much as one of the quick fits


Costs = Callable[[Sequence[SymbolicForm], Table, Schema, Effort], Generator[float]]
"""The cost of each form, fitted to the rows of a table; NaN for one that cannot be fitted."""


def within(sandbox: Sandbox) -> Costs:
    """Fits in processes of the sandbox, as many at a time as it has workers."""

    def costs(forms: Sequence[SymbolicForm], sample: Table, schema: Schema, effort: Effort) -> Generator[float]:
        futures = [
            sandbox.screen(ScreenJob(tuple(form.source(schema) for form in some), schema, sample, effort))
            for some in shared_out(forms, sandbox.workers)
        ]
        try:
            for future in futures:
                yield from map(float, future.result())
        finally:
            for future in futures:
                future.cancel()

    return costs


def shared_out(forms: Sequence[SymbolicForm], workers: int) -> Iterator[Sequence[SymbolicForm]]:
    """The forms in parts that get smaller, each a fair share of half of those left."""
    begin = 0
    while begin < len(forms):
        fair = (len(forms) - begin) // (2 * workers)
        end = begin + min(max(fair, TOGETHER), MOST_TOGETHER)
        yield forms[begin:end]
        begin = end


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
    stop: Callable[[], bool],
    costs: Costs,
) -> Screened:
    """`forms` by the Bayesian information criterion on a sample of the rows, until `stop` says that time is up. `costs`
    fits them."""
    ranked = fitted = tuple(forms)
    if len(forms) > MANY:
        ranked, fitted = _ranked(forms, _sample(table, COARSE_ROWS, rng), schema, COARSE, stop, costs)
    careful, again = _ranked(ranked[:MANY], _sample(table, ROWS, rng), schema, EFFORT, stop, costs)
    complete = len(fitted) == len(forms) and len(again) == len(careful)
    return Screened((*careful, *ranked[MANY:]), fitted if len(forms) > MANY else again, complete)


def _ranked(
    forms: Sequence[SymbolicForm], sample: Table, schema: Schema, effort: Effort, stop: Callable[[], bool], costs: Costs
) -> tuple[tuple[SymbolicForm, ...], tuple[SymbolicForm, ...]]:
    """The forms in their order, and those that were fitted before time was up."""
    found: list[float] = []
    fitting = costs(forms, sample, schema, effort)
    for form in forms:
        if stop():
            break
        found.append(_criterion(form, next(fitting), sample, schema))
    fitting.close()
    order = sorted(range(len(found)), key=found.__getitem__)
    return (*(forms[k] for k in order), *forms[len(found) :]), tuple(forms[: len(found)])


def _sample(table: Table, most: int, rng: np.random.Generator) -> Table:
    present = np.unique(table.codes)
    chosen = rng.choice(present, min(GROUPS, len(present)), replace=False)
    rows = np.flatnonzero(np.isin(table.codes, chosen))
    return table.take(np.sort(rng.choice(rows, min(most, len(rows)), replace=False)))


def _criterion(form: SymbolicForm, cost: float, sample: Table, schema: Schema) -> float:
    if not math.isfinite(cost):
        return math.inf
    values, groups = len(sample) * len(schema.targets), len(np.unique(sample.codes))
    variance = max(2 * cost / values, 1e-300)
    every = sum(len(parameters(node)) for node in form.nodes)
    common = sum(form.common(k) for k in range(len(form.nodes)))  # counted once for all groups
    constants = common + (every - common) * groups
    return values * math.log(variance) + constants * math.log(values)
