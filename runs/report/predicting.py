"""The law of a page as a function of rows: ``law.py`` of a finished run, the best candidate of one in progress."""

from collections.abc import Callable, Sequence

from lawsmith.runs.law import predict_with
from lawsmith.runs.report.content import RunContent
from lawsmith.sandbox import Constants, PredictJob, Sandbox
from lawsmith.tasks import Array, Dataset, InputError, Table

Predict = Callable[[Sequence[Table]], tuple[Array, ...]]
"""Tables without targets -> predictions (n, T) of each; raises InputError where the law has none."""


def predictor(content: RunContent, data: Dataset, sandbox: Sandbox) -> Predict | None:
    """What predicts on this page; None where there is no law yet."""
    schema, best = data.task.schema, content.leader
    if content.law is None and (best is None or best.evaluation.constants is None):
        return None

    def predict(tables: Sequence[Table]) -> tuple[Array, ...]:
        hidden = tuple(table.hide() for table in tables)
        if content.law is not None:
            what, result = "law", predict_with(content.law, schema, hidden, sandbox)
        else:
            assert best is not None and best.evaluation.constants is not None
            job = PredictJob(best.proposal.source, schema, Constants.from_json(best.evaluation.constants), hidden)
            what, result = "best law so far", sandbox.run(job)
        if not result.ok:
            raise InputError(f"The {what} could not be executed: {result.message}")
        return result.predictions

    return predict
