"""The table of laws: one row for a law, however many candidates state it."""

from dataclasses import replace

import numpy as np

from lawsmith.runs.laws.law_table import as_fitted, laws
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.tasks.metrics import Scores
from tests.made import made_evaluation, made_fold, made_task

SOURCE = """
import numpy as np
PARAMETERS = {{"A": (0, 9), "a": {bounds}}}
def form(x, p):
    return {law}
"""


def trial(law: str, bounds: str, error: float) -> Trial:
    found = made_evaluation(
        made_fold(error=error),
        train=Scores(r2=0.9, nmse=0.1, nmae=0.1),
        constants={"names": ["A", "a"], "values": {"all": [1.0, 0.5]}},
        constants_count=2,
    )
    proposal = Proposal(SOURCE.format(law=law, bounds=bounds))
    return Trial(proposal.id, proposal, found)


def test_a_law_in_several_spellings_has_one_row():
    n = np.geomspace(1, 100, 10)
    task = made_task({"n": n}, n**-0.5)
    falling = trial("p['A'] * x['n'] ** -p['a']", "(-3, 3)", 0.1)
    rising = trial("p['A'] * x['n'] ** p['a']", "(-3, 3)", 0.2)
    below = trial("p['A'] / x['n'] ** p['a']", "(0, 3)", 0.3)
    growth = trial("p['A'] * x['n'] ** p['a']", "(0, 3)", 0.4)
    rows = laws([rising, growth, falling, below], task.schema, task.train)
    assert [row.id for row in rows] == [falling.id, growth.id]
    assert set(rows[0].also) == {rising.id, below.id} and rows[1].also == ()
    assert rows[0].stands_for(below.id) and not rows[0].stands_for(growth.id)
    chosen = laws([rising, growth, falling, below], task.schema, None, chosen=below.id)
    assert [(row.id, row.chosen) for row in chosen] == [(below.id, True), (growth.id, False)]


def test_a_listed_law_has_the_signs_that_its_exponents_came_out_with():
    n = np.geomspace(1, 100, 10)
    task = made_task({"n": n}, n**-0.5)
    falling = trial("p['A'] * x['n'] ** -p['a']", "(0, 3)", 0.1)
    turned = trial("p['A'] * x['n'] ** p['a']", "(-3, 3)", 0.2)
    found = turned.evaluation.model_copy(update={"constants": {"names": ["A", "a"], "values": {"all": [1.0, -0.5]}}})
    turned = replace(turned, evaluation=found)
    rows = {one.id: laws([one], task.schema, task.train)[0] for one in (falling, turned)}
    first, second = (as_fitted(rows[one.id], one.proposal.source, task.schema) for one in (falling, turned))
    assert first == second and first[0].endswith("= A * n^-a") and rows[turned.id].formula.endswith("= A * n^a")
