"""Proves, in processes without targets, that predictions follow from the law, its constants and features alone.

A fork that gets only source, constants and features predicts every row again, in other batches and another
order. Predictions that lean on remembered targets, on the batch, on the order, on chance or on the number of
calls cannot agree. A form that can be read is executed from its tree, by our own source: it has nothing to lean on, and
is not asked twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from lawsmith.sandbox.constants import Constants, told
from lawsmith.sandbox.jobs import FitJob, Job, JobResult, PredictJob, Usage
from lawsmith.sandbox.law.parse import Candidate, read_candidate
from lawsmith.sandbox.limits import Limits
from lawsmith.sandbox.pool.execute import Order
from lawsmith.sandbox.verdict import Refused, Verdict
from lawsmith.tasks.arrays import Array, IntArray
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table

Execute = Callable[[Order], JobResult]
SAME = 2e-5  # relative difference of constants that are the same fit: the last digit that is kept may turn
TOLERANCE = 1e-9  # relative; vectorised functions may round differently at another place of the batch


@dataclass(frozen=True, eq=False)
class Claim:
    """These constants give these predictions (n, T) for this table."""

    constants: Constants | None
    table: Table
    predictions: Array


def perform(job: Job, limits: Limits, execute: Execute) -> JobResult:
    """Runs a job: static checks, and the fork itself.

    Raises ValueError for a job that does not suit the candidate or the limits.
    """
    try:
        candidate = read_candidate(job.source, limits, job.schema)
    except Refused as refused:
        return JobResult(refused.verdict, refused.message, "check")
    if (problem := _unsuitable(job, limits, candidate)) is not None:
        raise ValueError(problem)
    order = _order(job, candidate)
    if candidate.has_fit and isinstance(job, FitJob) and not candidate.opaque:
        return _fitted_by_itself(job, order, execute)
    return execute(order)


def _fitted_by_itself(job: FitJob, order: Order, execute: Execute) -> JobResult:
    """The candidate's own fit gives constants, in a process of its own; the tree that was read predicts."""
    fitted = execute(replace(order, predict=(), optional=0, own=True))
    if not fitted.ok:
        return fitted

    def ask(pairs: Sequence[tuple[Constants | None, Table]], optional: int) -> JobResult:
        return predict(order.candidate, job.schema, pairs, execute, optional)

    (found,) = told_again(ask, [fitted], [job.fit], [job.predict], job.optional)
    return replace(found, usage=fitted.usage + found.usage)


def predict(
    candidate: Candidate,
    schema: Schema,
    pairs: Sequence[tuple[Constants | None, Table]],
    execute: Execute,
    optional: int = 0,
) -> JobResult:
    """Predictions for tables without targets, each with constants of its own, in a process that never held a target.

    The last `optional` tables need no finite prediction.
    """
    tables, constants = tuple(table for _, table in pairs), tuple(one for one, _ in pairs)
    return execute(Order(candidate, schema, tables[0].groups, tables, constants=constants, optional=optional))


def verify(candidate: Candidate, schema: Schema, claims: Sequence[Claim], execute: Execute) -> JobResult:
    """Predicts the claims again from nothing but constants and rows; OK, without predictions, or what differs."""
    claims = [claim for claim in claims if len(claim.table)]
    if not claims:
        return JobResult(Verdict.OK)
    parts = [(claim, index) for claim in claims for index in _batches(len(claim.table))]
    pairs = [(claim.constants, claim.table.take(index)) for claim, index in parts]
    found = predict(candidate, schema, pairs, execute)
    if not found.ok:
        return replace(found, stage="verify")
    for (claim, index), again_there in zip(parts, found.predictions, strict=True):
        if (row := _first_difference(claim.predictions[index], again_there)) is not None:
            return replace(_impure(claim, int(index[row]), schema, again_there[row]), usage=found.usage)
    return replace(found, predictions=())


def _unsuitable(job: Job, limits: Limits, candidate: Candidate) -> str | None:
    given = (*job.predict, job.fit) if isinstance(job, FitJob) else job.predict
    if not given:
        return "a job needs at least one table"
    if any(table.groups != given[0].groups for table in given):
        return "all tables of a job must list the same groups"
    if (rows := sum(map(len, given))) > limits.rows:
        return f"the job has {rows} rows; at most {limits.rows} are allowed (Limits.rows)"
    if isinstance(job, PredictJob) and (job.constants is None) != (candidate.kind == "law"):
        return "constants are needed for a form or a pair, and only there"
    return None


def _order(job: Job, candidate: Candidate) -> Order:
    if isinstance(job, FitJob):
        own = job.schema, job.fit.groups, job.predict, job.fit
        return Order(candidate, *own, optional=job.optional, seed=job.seed, families=job.families)
    groups = job.predict[0].groups
    constants = None if job.constants is None else job.constants.reorder(groups)
    return Order(candidate, job.schema, groups, job.predict, constants=(constants,) * len(job.predict))


def _batches(rows: int) -> list[IntArray]:
    """Every row once: one alone, the rest shuffled into two uneven parts."""
    order = np.random.default_rng(rows).permutation(rows)
    cuts = np.split(order, [1, 1 + (rows - 1) // 3])
    return [part for part in cuts if len(part)]


def _first_difference(first: Array, second: Array) -> int | None:
    size = np.maximum(np.abs(first), np.abs(second))
    rows = np.flatnonzero((np.abs(first - second) > TOLERANCE * size).any(axis=1))
    return int(rows[0]) if len(rows) else None


def differing(found: JobResult, again: JobResult) -> JobResult | None:
    """What is wrong with two fits by the candidate's own code to the same rows; None where they agree."""
    if not again.ok:
        return replace(again, stage="verify")
    first, second = found.constants, again.constants
    assert first is not None
    assert second is not None
    if first.names == second.names and np.allclose(first.values, second.values, SAME, 0, equal_nan=True):
        return None
    text = "The candidate's own fit gave other constants for the same rows: fix its seed, use no clock."
    return JobResult(Verdict.IMPURE, text, "verify")


def _impure(claim: Claim, row: int, schema: Schema, again: Array) -> JobResult:
    where = ", ".join(f"{name}={claim.table.features[name][row]:.6g}" for name in schema.features[:6])
    group = claim.table.groups[claim.table.codes[row]]
    before = claim.predictions[row]
    target = int(np.argmax(np.abs(before - again)))
    return JobResult(
        Verdict.IMPURE,
        f"The prediction for {where} in group {group!r} was {before[target]:.9g} at first and "
        f"{again[target]:.9g} in another batch with the same constants; it may depend on nothing but "
        "that row, its group and the constants.",
        "verify",
    )


def told_again(
    predict: Callable[[Sequence[tuple[Constants | None, Table]], int], JobResult],
    fits: Sequence[JobResult],
    fitted: Sequence[Table],
    tables: Sequence[Sequence[Table]],
    optional: int,
) -> list[JobResult]:
    """Fits with constants as `told` gives them, and the predictions of these; the first has the usage of both steps.

    fitted: the rows of each fit. tables: what each fit predicts, the last `optional` of all need no finite prediction.
    Where a prediction fails, every result says so.
    """
    shown = [table.hide() for table in fitted]
    seen = predict([(fit.constants, table) for fit, table in zip(fits, shown, strict=True)], 0)
    if not seen.ok:
        return [seen] * len(fits)
    constants = [
        told(fit.constants, table, predicted)
        for fit, table, predicted in zip(fits, fitted, seen.predictions, strict=True)
        if fit.constants is not None
    ]
    pairs = [(one, table) for one, own in zip(constants, tables, strict=True) for table in own]
    last = predict(pairs, optional) if pairs else JobResult(Verdict.OK)
    usage = seen.usage + last.usage
    if not last.ok:
        return [replace(last, usage=usage)] * len(fits)
    predictions = iter(last.predictions)
    return [
        replace(fit, constants=one, predictions=tuple(islice(predictions, len(own))), usage=used)
        for fit, one, own, used in zip(fits, constants, tables, [usage, *[Usage()] * (len(fits) - 1)], strict=True)
    ]
