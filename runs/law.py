"""From a winner to a scored ``law.py``: render, prove that it predicts as the candidate does, score it.

The scores that a run archives are those of ``law.py`` itself, executed in the sandbox. What users carry away
is thus what was scored, and `lawsmith.runs.replay` repeats the very same computation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lawsmith.runs.law_file import render_law
from lawsmith.runs.record import FinalScores, SplitScores
from lawsmith.sandbox import Constants, JobResult, PredictJob, Sandbox, Verdict
from lawsmith.tasks import Array, Dataset, Schema, Table, Task, scores

AGREEMENT = 1e-10
"""Largest difference, relative to a target's largest value, at which a translated law predicts as its form
does.
"""


class LawFailed(RuntimeError):
    """A law that cannot be executed; `verdict` is the sandbox's, the message says what happened."""

    def __init__(self, result: JobResult) -> None:
        super().__init__(f"law.py cannot be executed ({result.verdict}): {result.message}")
        self.verdict: Verdict = result.verdict


def close_law(
    source: str,
    task: Task,
    constants: Constants | None,
    provenance: Mapping[str, object],
    sandbox: Sandbox,
) -> str:
    """The winner's ``law.py``, proved on the training rows to predict as the candidate does.

    A form is translated to plain Python; where that cannot be done, or the sandbox finds that it predicts
    otherwise, the law carries the form with numpy. Arguments as `render_law`.

    Raises:
        LawFailed: the candidate itself no longer predicts.
    """
    groups = task.train.groups
    law = render_law(source, task.schema, constants, provenance, groups)
    if constants is None:
        return law
    rows = (task.train.hide(),)
    expected = sandbox.run(PredictJob(source, task.schema, constants, rows))
    if not expected.ok:
        raise LawFailed(expected)
    if _agree(expected.predictions[0], predict_with(law, task.schema, rows, sandbox)):
        return law
    return render_law(source, task.schema, constants, provenance, groups, arrays=True)


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
    job = PredictJob(law, schema, None, tables)
    size = len(law.encode(errors="replace"))
    if size <= sandbox.limits.source_bytes:
        return sandbox.run(job)
    with Sandbox(replace(sandbox.limits, source_bytes=size), workers=1, tier=sandbox.tier) as wider:
        return wider.run(job)


def score_law(law: str, dataset: Dataset, sandbox: Sandbox) -> FinalScores:
    """Scores of a ``law.py`` on the training rows and, where there are any, on the test rows.

    Raises:
        LawFailed: it cannot be executed, or has no finite prediction for some row.
    """
    tables = [dataset.task.train] + ([] if dataset.test is None else [dataset.test])
    hidden = tuple(table.hide() for table in tables)
    result = predict_with(law, dataset.task.schema, hidden, sandbox)
    if not result.ok:
        raise LawFailed(result)
    found = [
        SplitScores.of(scores(table.target_matrix(), predicted))
        for table, predicted in zip(tables, result.predictions, strict=True)
    ]
    return FinalScores(train=found[0], test=found[1] if len(found) > 1 else None)
