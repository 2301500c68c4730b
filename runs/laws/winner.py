"""From a winner to a scored ``law.py``: render, prove that it predicts as the candidate does, score it.

The scores that a run archives are those of ``law.py`` itself, executed in the sandbox. What users carry away
is thus what was scored, and `lawsmith.runs.replay` repeats the very same computation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lawsmith.runs.laws.law_file import render_law
from lawsmith.runs.records.record import FinalScores, SplitScores
from lawsmith.sandbox import Constants, JobResult, PredictJob, Sandbox, Verdict
from lawsmith.tasks import Array, Dataset, Schema, Table, Task
from lawsmith.tasks.metrics import scores

AGREEMENT = 1e-10
"""Largest difference, relative to a target's largest value, at which a translated law predicts as its form
does."""


OTHERWISE = "It does not predict as the candidate did."
ROWS_TOGETHER = 50_000
"""Rows that one process predicts; those of more are predicted in parts, as many at a time as there are workers."""


@dataclass(frozen=True, eq=False)
class Closed:
    """The text of a ``law.py``, and its predictions (n, T) for the training rows, where it has made them."""

    text: str
    trained: Array | None = None


class LawFailed(RuntimeError):
    """A law that cannot be executed; `verdict` is the sandbox's, the message says what happened."""

    def __init__(self, result: JobResult) -> None:
        super().__init__(f"law.py cannot be executed ({result.verdict}): {result.message}")
        self.verdict: Verdict = result.verdict


def close_law(
    source: str, task: Task, constants: Constants | None, provenance: Mapping[str, object], sandbox: Sandbox
) -> Closed:
    """The winner's ``law.py``, proved on the training rows to predict as the candidate does.

    A form is translated to plain Python; where that cannot be done, or the sandbox finds that it predicts otherwise,
    the law carries the form with numpy. Arguments as `render_law`. Raises LawFailed: the candidate itself no longer
    predicts, or no text does as it did.
    """
    groups = task.train.groups
    if constants is None:
        return Closed(render_law(source, task.schema, constants, provenance, groups))
    rows = (task.train.hide(),)
    expected = sandbox.run(PredictJob(source, task.schema, constants, rows))
    if not expected.ok:
        raise LawFailed(expected)
    found = expected
    for arrays in (False, True):
        law = render_law(source, task.schema, constants, provenance, groups, arrays=arrays)
        found = predict_with(law, task.schema, rows, sandbox)
        if _agree(expected.predictions[0], found):
            return Closed(law, found.predictions[0])
    raise LawFailed(found if not found.ok else replace(found, verdict=Verdict.IMPURE, message=OTHERWISE))


def _agree(expected: Array, result: JobResult) -> bool:
    if not result.ok:
        return False
    size = np.maximum(np.abs(expected).max(axis=0), np.finfo(float).tiny)
    return bool((np.abs(result.predictions[0] - expected) <= AGREEMENT * size).all())


def predict_with(law: str, schema: Schema, tables: tuple[Table, ...], sandbox: Sandbox) -> JobResult:
    """Execute a ``law.py`` in the sandbox on rows without targets.

    A candidate's source is bounded, but a law holds the constants of every group: one that is longer runs in
    a sandbox of its own, with the same isolation and only that bound raised.
    """
    size = len(law.encode(errors="replace"))
    if size <= sandbox.limits.source_bytes:
        return _in_parts(law, schema, tables, sandbox)
    with Sandbox(replace(sandbox.limits, source_bytes=size), workers=sandbox.workers, tier=sandbox.tier) as wider:
        return _in_parts(law, schema, tables, wider)


def _in_parts(law: str, schema: Schema, tables: Sequence[Table], sandbox: Sandbox) -> JobResult:
    """One result from as many processes as the rows need; of parts that fail, the first."""
    rows = [np.array_split(np.arange(len(table)), -(-len(table) // ROWS_TOGETHER) or 1) for table in tables]
    if all(len(parts) == 1 for parts in rows):
        return sandbox.run(PredictJob(law, schema, None, tuple(tables)))
    futures = [
        sandbox.submit(PredictJob(law, schema, None, (table.take(part),)))
        for table, parts in zip(tables, rows, strict=True)
        for part in parts
    ]
    found = [future.result() for future in futures]
    failed = next((result for result in found if not result.ok), None)
    if failed is not None:
        return failed
    predicted = iter(found)
    whole = [np.concatenate([next(predicted).predictions[0] for _ in parts]) for parts in rows]
    return replace(found[0], predictions=tuple(whole))


def score_law(law: str, dataset: Dataset, sandbox: Sandbox, trained: Array | None = None) -> FinalScores:
    """Scores of a ``law.py`` on the training rows and, where there are any, on the test rows.

    trained: its predictions for the training rows, where it has made them. Raises LawFailed: it cannot be executed, or
    has no finite prediction for some row.
    """
    tables = [dataset.task.train] + ([] if dataset.test is None else [dataset.test])
    known = [] if trained is None else [trained]
    hidden = tuple(table.hide() for table in tables[len(known) :])
    if hidden:
        result = predict_with(law, dataset.task.schema, hidden, sandbox)
        if not result.ok:
            raise LawFailed(result)
        known += result.predictions
    found = [
        SplitScores.of(scores(table.target_matrix(), predicted)) for table, predicted in zip(tables, known, strict=True)
    ]
    return FinalScores(train=found[0], test=found[1] if len(found) > 1 else None)
