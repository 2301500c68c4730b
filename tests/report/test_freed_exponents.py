"""Exponents that a law states as numbers are free in its intervals: noisy rows do not say that they are whole."""

import numpy as np
import pytest

from lawsmith.runs.intervals import predict
from lawsmith.runs.intervals.estimate import EvaluatedLaw, estimate
from lawsmith.runs.intervals.freed import freed
from lawsmith.sandbox import Constants, Sandbox, evaluate
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Table, Task
from tests.made import made_task

FORM = """import numpy as np
PARAMETERS = {{"L": (-9, 9), "A": (-99, 99), "h": (0.001, 99)}}
def form(x, p):
    return {law}
"""
COMPUTE = np.geomspace(1e-2, 1e2, 12)


def task(rows: int = 12) -> Task:
    """The best size of a model rises with compute to the power of .51, with 3 % noise."""
    noise = 1 + 0.03 * np.random.default_rng(5).standard_normal(12)
    return made_task(
        {"c": COMPUTE[:rows], "t": np.linspace(1, 2, 12)[:rows]}, {"n": (2 * COMPUTE**0.51 * noise)[:rows]}
    )


@pytest.mark.parametrize(
    ("law", "exponents"),
    [
        ("p['L'] + p['A'] * x['c'] ** 0.5", 1),
        ("p['A'] / x['c'] ** -0.5 * np.exp(-p['h'] * x['t'])", 1),
        ("p['L'] + p['A'] * x['c']", 0),  # a line
        ("p['A'] * x['c'] ** 2 / (p['h'] + x['c'] ** 2)", 0),  # the powers of a curve belong together
        ("p['L'] + p['A'] * x['t'] ** 2", 0),  # a time, not a size
        ("p['L'] + p['A'] * x['c'] ** p['h']", 0),
    ],
)
def test_powers_of_sizes_in_the_terms_of_a_law_are_freed(law: str, exponents: int) -> None:
    found = freed(FORM.format(law=law), task())
    assert (0 if found is None else sum("free" in name for name in found[1])) == exponents


def test_few_rows_free_nothing() -> None:
    law = FORM.format(law="p['L'] + p['A'] * x['c'] ** 0.5 / p['h']")
    assert freed(law, task(11)) is None and freed(law, task(12)) is not None


def test_an_interval_far_beyond_the_data_holds_what_another_exponent_predicts(sandbox: Sandbox) -> None:
    of, source = task(), "PARAMETERS = {'A': (0, 99)}\ndef form(x, p):\n    return p['A'] * x['c'] ** 0.5\n"
    found = evaluate(sandbox, source, of, SearchTask.of(of, every_group=True).folds)
    assert found.constants is not None
    known = estimate(of, [EvaluatedLaw("law", source, Constants.from_json(found.constants), found.folds)], sandbox)
    far = Table({"c": np.array([1e6]), "t": np.array([1.5])}, {}, of.train.groups, np.zeros(1, dtype=np.intp))
    (one,) = predict(known, of.schema, far, sandbox)[0]
    (whole,) = predict(known.model_copy(update={"freed": None}), of.schema, far, sandbox)[0]
    assert one.low < 2 * 1e6**0.51 < one.high
    assert one.parameter > 3 * whole.parameter
