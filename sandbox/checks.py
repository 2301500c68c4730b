"""What must hold for predictions to be a law, proved in processes that never held a target.

A fork that gets only source, constants and features predicts every row again, in other batches and another
order. Predictions that lean on remembered targets, on the batch, on the order, on chance or on the number of
calls cannot agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sandbox.candidate import Candidate, Refused, read_candidate
from sandbox.constants import Constants
from sandbox.execute import Order
from sandbox.jobs import FitJob, JobResult, PredictJob
from sandbox.limits import Limits
from sandbox.verdict import Verdict
from tasks.arrays import Array, IntArray
from tasks.schema import Schema
from tasks.table import Table

Execute = Callable[[Order], JobResult]
TOLERANCE = 1e-9  # relative; vectorised functions may round differently at another place of the batch


@dataclass(frozen=True, eq=False)
class Claim:
    """These constants give these predictions (n, T) for this table."""

    constants: Constants | None
    table: Table
    predictions: Array


def perform(job: FitJob | PredictJob, limits: Limits, execute: Execute) -> JobResult:
    """Runs a job: static checks, the fork itself, and what `check` asks to prove."""
    try:
        candidate = read_candidate(job.source, limits)
    except Refused as refused:
        return JobResult(refused.verdict, refused.message, "check")
    tables = (*job.predict, job.fit) if isinstance(job, FitJob) else job.predict
    if (problem := _unsuitable(job, tables, limits, candidate)) is not None:
        raise ValueError(problem)
    order = _order(job, candidate, tables[0].groups if tables else ())
    found = execute(order)
    if not found.ok or not job.check:
        return found
    constants = found.constants if isinstance(job, FitJob) else job.constants
    claims = [Claim(constants, t, p) for t, p in zip(job.predict, found.predictions, strict=True)]
    if isinstance(job, FitJob) and candidate.has_fit:
        again = execute(order)
        if (differs := _differs(found, again)) is not None:
            return replace(differs, usage=found.usage + again.usage)
    checked = verify(candidate, job.schema, claims, execute)
    return found if checked.ok else replace(checked, usage=found.usage + checked.usage)


def verify(candidate: Candidate, schema: Schema, claims: Sequence[Claim], execute: Execute) -> JobResult:
    """Predicts the claims again from nothing but constants and rows; OK, or what differs."""
    claims = [claim for claim in claims if len(claim.table)]
    if not claims:
        return JobResult(Verdict.OK)
    parts = [(claim, index) for claim in claims for index in _batches(len(claim.table))]
    order = Order(
        candidate,
        schema,
        claims[0].table.groups,
        None,
        tuple(claim.table.take(index) for claim, index in parts),
        tuple(claim.constants for claim, _ in parts),
    )
    found = execute(order)
    if not found.ok:
        return replace(found, stage="verify")
    for (claim, index), again in zip(parts, found.predictions, strict=True):
        if (row := _first_difference(claim.predictions[index], again)) is not None:
            return _impure(claim, int(index[row]), schema, again[row])
    return JobResult(Verdict.OK, usage=found.usage)


def _unsuitable(
    job: FitJob | PredictJob, tables: Sequence[Table], limits: Limits, candidate: Candidate
) -> str | None:
    if not tables:
        return "a job needs at least one table"
    if any(table.groups != tables[0].groups for table in tables):
        return "all tables of a job must list the same groups"
    if (rows := sum(map(len, tables))) > limits.rows:
        return f"the job has {rows} rows; at most {limits.rows} are allowed (Limits.rows)"
    if isinstance(job, PredictJob) and (job.constants is None) != (candidate.kind == "law"):
        return "constants are needed for a form or a pair, and only there"
    return None


def _order(job: FitJob | PredictJob, candidate: Candidate, groups: tuple[str, ...]) -> Order:
    if isinstance(job, FitJob):
        return Order(candidate, job.schema, groups, job.fit, job.predict, seed=job.seed)
    constants = None if job.constants is None else job.constants.reorder(groups)
    return Order(candidate, job.schema, groups, None, job.predict, (constants,) * len(job.predict))


def _batches(rows: int) -> list[IntArray]:
    """Every row once: one alone, the rest shuffled into two uneven parts."""
    order = np.random.default_rng(rows).permutation(rows)
    cuts = np.split(order, [1, 1 + (rows - 1) // 3])
    return [part for part in cuts if len(part)]


def _first_difference(first: Array, second: Array) -> int | None:
    size = np.maximum(np.abs(first), np.abs(second))
    rows = np.flatnonzero((np.abs(first - second) > TOLERANCE * size).any(axis=1))
    return int(rows[0]) if len(rows) else None


def _differs(found: JobResult, again: JobResult) -> JobResult | None:
    if not again.ok:
        return replace(again, stage="verify")
    first, second = found.constants, again.constants
    assert first is not None
    assert second is not None
    if first.names == second.names and np.allclose(first.values, second.values, 1e-6, 0, equal_nan=True):
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
