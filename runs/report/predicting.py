"""The law of a page as a function of rows: ``law.py`` of a finished run, the best candidate of one in progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lawsmith.runs.law import predict_with
from lawsmith.runs.report.content import RunContent
from lawsmith.sandbox import Constants, PredictJob, Sandbox
from lawsmith.tasks import Array, Dataset, InputError, Schema, Table

Predict = Callable[[Sequence[Table]], tuple[Array, ...]]
"""Tables without targets -> predictions (n, T) of each; raises InputError where the law has none."""


def predictor(content: RunContent, data: Dataset, sandbox: Sandbox) -> Predict | None:
    """What predicts on this page; None where there is no law yet."""
    schema = data.task.schema
    if content.law is not None:
        return _of_law(content.law, schema, sandbox)
    best = content.leader
    if best is None or best.evaluation.constants is None:
        return None
    return _of_candidate(best.source, Constants.from_json(best.evaluation.constants), schema, sandbox)


def _of_law(law: str, schema: Schema, sandbox: Sandbox) -> Predict:
    def predict(tables: Sequence[Table]) -> tuple[Array, ...]:
        result = predict_with(law, schema, tuple(table.hide() for table in tables), sandbox)
        if not result.ok:
            raise InputError(f"The law could not be executed: {result.message}")
        return result.predictions

    return predict


def _of_candidate(source: str, constants: Constants, schema: Schema, sandbox: Sandbox) -> Predict:
    def predict(tables: Sequence[Table]) -> tuple[Array, ...]:
        job = PredictJob(source, schema, constants, tuple(table.hide() for table in tables))
        result = sandbox.run(job)
        if not result.ok:
            raise InputError(f"The best law so far could not be executed: {result.message}")
        return result.predictions

    return predict
