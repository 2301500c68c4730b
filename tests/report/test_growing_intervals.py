"""Intervals where errors grow with the value."""

from dataclasses import replace

import numpy as np

from lawsmith.runs.intervals.estimate import EvaluatedLaw, estimate
from lawsmith.sandbox import Constants, Sandbox, evaluate
from lawsmith.sandbox.search_task import SearchTask
from tests.made import made_task


def test_errors_that_grow_with_the_value_do_not_vanish_with_it(sandbox: Sandbox):
    """Blanks of an enzyme: the law is 0 there, and the rows are not."""
    x = np.tile([0.0, 5, 10, 25, 50, 100, 250], 3)
    exact = 18 * x / (42 + x)
    size = np.hypot(0.05, 0.03 * exact)
    made = made_task({"x": x}, exact + size * np.random.default_rng(1).standard_normal(21))
    task = replace(made, train=replace(made.train, weight=size**-2.0))
    source = "PARAMETERS = ['V', 'K']\ndef form(x, p):\n    return p['V'] * x['x'] / (p['K'] + x['x'])\n"
    found = evaluate(sandbox, source, task, SearchTask.of(task).folds)
    assert found.constants is not None
    law = EvaluatedLaw("law", source, Constants.from_json(found.constants), found.folds)
    (errors,) = estimate(task, [law], sandbox, growing=True).errors
    assert 0.02 < errors.noise_at("all", 0.0) < 0.2 < errors.noise_at("all", 15.0) < 1
