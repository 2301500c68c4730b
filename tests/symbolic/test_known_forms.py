"""Forms that respect stated knowledge: proposed early, and true to it a hundred times beyond the data."""

from dataclasses import replace

import numpy as np
import pytest
from in_process import here

from lawsmith.agent.symbolic import SymbolicProposer
from lawsmith.agent.symbolic.start_forms import start_forms
from lawsmith.runs.records.trials import History
from lawsmith.sandbox import Sandbox, Verdict, evaluate
from lawsmith.tasks import Array, Task
from lawsmith.tasks.frontier.probes import probe_rows
from lawsmith.tasks.knowledge import Knowledge, read_knowledge
from tests.made import made_task


def task_of(features: dict[str, Array], y: Array, ranges: str = "", expect: str = "") -> Task:
    names = tuple(features)
    knowledge = read_knowledge([ranges] if ranges else [], [expect] if expect else [], ["y"], names)
    return made_task(features, y, cap=7, knowledge=knowledge)


RNG = np.random.default_rng(4)
N, D = 10 ** RNG.uniform(7, 9, 24), 10 ** RNG.uniform(9, 11, 24)
NOISE = RNG.standard_normal(24)
LOSS = 1.2 + (N / 1e8) ** -0.4 + (D / 1e10) ** -0.3 + 0.02 * NOISE
RATE = 1 / (1 + (N / 1e8) ** -0.9) + 0.02 * NOISE
UNSTATED = Knowledge(ranges={"y": (0.0, 1.0)}, assumed=("y",))
TABLES = {
    "rate": ({"N": N}, RATE, "y=0:1", ""),
    "rate of two": ({"N": N, "D": D}, np.clip(RATE, 0.01, 0.99), "y=0:1", ""),
    "percent": ({"N": N}, 100 * RATE, "y=0:100", "y rises with N"),
    "positive": ({"N": N, "D": D}, LOSS, "y=0:", ""),
    "capped": ({"N": N}, 5 - LOSS, "y=:5", ""),
    "falling": ({"N": N, "D": D}, LOSS, "", "y falls with N, D"),
    "year": ({"year": 2010 + np.log10(N)}, RATE, "y=0:1", ""),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_such_form_keeps_to_what_is_known(name: str, sandbox: Sandbox) -> None:
    task = task_of(*TABLES[name])
    forms = start_forms(task).respectful
    assert len(forms) >= 2
    for form in forms:
        found = evaluate(sandbox, form.source(task.schema), task, (), probes=probe_rows(task.train))
        assert found.verdict is Verdict.OK, found.message
        assert found.unsafe is None or found.unsafe.what != "stated", (form.origin, found.unsafe)


def test_labels_of_a_category_move_a_curve_between_its_bounds(sandbox: Sandbox) -> None:
    prompt = np.arange(24.0) % 2
    accuracy = 100 / (1 + (N / 1e8) ** -0.9 * np.where(prompt == 1, 0.4, 1.0))
    made = task_of({"N": N, "prompt": prompt}, accuracy, "y=0:100")
    task = replace(made, train=replace(made.train, categories=("prompt",)))
    form = next(one for one in start_forms(task).respectful if one.origin.startswith("logistic curve"))
    found = evaluate(sandbox, form.source(task.schema), task, (), probes=probe_rows(task.train))
    assert found.train is not None
    assert found.train.nmse < 1e-12
    assert found.unsafe is None


def test_a_power_law_to_a_bound_that_nobody_stated_may_pass_the_other_below_the_rows(sandbox: Sandbox) -> None:
    features, recall = {"k": N}, 1 - 0.4 * (N / 1e8) ** -0.3
    task = made_task(features, recall, cap=7, knowledge=UNSTATED)
    (form,) = (one for one in start_forms(task).respectful if one.origin.endswith("to the upper one"))
    found = evaluate(sandbox, form.source(task.schema), task, (), probes=probe_rows(task.train))
    assert found.train is not None
    assert found.train.nmse < 1e-12
    assert found.unsafe is None
    stated = made_task(features, recall, cap=7, knowledge=UNSTATED.model_copy(update={"assumed": ()}))
    assert not [one for one in start_forms(stated).respectful if one.origin.endswith("to the upper one")]


def test_they_are_proposed_early_and_only_where_something_is_known() -> None:
    task = task_of(*TABLES["rate"])
    proposer, history, origins = SymbolicProposer(task, 0, here), History(), list[str]()
    for _ in range(4):
        origins += [one.origin for one in proposer.propose(history)]
    assert any("between the bounds" in origin for origin in origins)
    assert start_forms(task_of({"N": N}, RATE)).respectful == ()
    assert not Knowledge()
