"""The benchmark that compares losses: the same form, other constants."""

import numpy as np

from benchmarks.losses import beyond, joined, summary
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import add, mul
from lawsmith.sandbox.law.nodes import Feature, Parameter, Role, Statement
from lawsmith.tasks import Dataset
from tests.made import made_task

LEVEL, SLOPE = Parameter("L", role=Role.LEVEL), Parameter("b", role=Role.COEFFICIENT)


def test_a_line_through_a_bend_predicts_better_where_it_looks_ahead() -> None:
    task, test = (made_task({"x": x}, x**1.5) for x in (np.linspace(0, 10, 40), np.linspace(10, 14, 9)))
    dataset = Dataset(task, test.train)
    stated = Statement({"y": add(LEVEL, mul(SLOPE, Feature("x")))}, (LEVEL, SLOPE))
    found = {loss: beyond(stated, loss, dataset, task.train, whole=False) for loss in Loss}
    assert found[Loss.FRONTIER] > found[Loss.SQUARED] > -1
    assert dataset.test is not None
    seen = beyond(stated, Loss.SQUARED, dataset, joined(task.train, dataset.test), whole=False)
    assert seen > found[Loss.FRONTIER]
    lines = summary([np.array([*found.values(), seen])] * 2).splitlines()
    assert lines[list(Loss).index(Loss.FRONTIER)].endswith("(2 better, 0 worse)")
