"""A form that is executed from its tree gives what its source gives when that is executed in the sandbox.

Of all 1155 forms of the library on the eight tasks, 1076 end at the same cost to a millionth and 1131 to 0.2 %. Of the
other 24, 14 are better by their tree and 10 by their source: forms with many optima, to the best of which few starts
lead. With 128 starts 30 would be better than by their tree, and 32 than by their source. Nearly all of it is due to one
thing: the engine derives the slopes of a tree, and takes differences of a source. Without the derived slopes 1153 of
1155 end at the same cost to nine digits.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from in_process import here

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.start_forms import EFFORT, TOGETHER, within
from lawsmith.sandbox import Constants, FitJob, PredictJob, Sandbox, Verdict, evaluate
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.jobs import ScreenJob
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.tasks import Schema, Table, Task, load
from lawsmith.tasks.frontier.folds import frontier_folds
from tests.made import quick_first

OPAQUE = "[0].clear()\n"
"""A line that no reader of laws understands: what follows is executed as it is written."""
EIGHT = ("sft", "lr_bsz", "parallel", "moe", "u_shape", "domain_mixture", "data_constrained", "vocab")
EVERY = int(os.environ.get("EVERY_FORM", "23"))
"""Of the forms of a task, one in so many is tried; 1 tries all of them."""


def sources(task: Task) -> list[str]:
    count = len(task.schema.targets)
    forms = [SymbolicForm((one.node,) * count, one.origin) for one in library(profile(task.train))]
    return [form.source(task.schema) for form in forms if form.fits(task.schema, len(task.train))]


@pytest.mark.data
@pytest.mark.parametrize("name", quick_first(EIGHT, 3))
def test_trees_and_sources_of_the_library_agree(name: str, sldbench: Path, sandbox: Sandbox) -> None:
    task = load(name, sldbench).task
    rows, made = task.train.hide(), sources(task)
    assert len(made) > 5
    for source in made[::EVERY]:
        read = read_candidate(source, schema=task.schema)
        assert read.pure and read_candidate(OPAQUE + source, schema=task.schema).opaque
        assert read.statement is not None
        names = tuple(parameter.name for parameter in read.statement.parameters)
        drawn = np.random.default_rng(0).uniform(0.1, 0.9, (len(rows.groups), len(names)))
        constants = Constants(names, rows.groups, drawn)
        jobs = [PredictJob(text, task.schema, constants, (rows,)) for text in (source, OPAQUE + source)]
        tree, text = map(sandbox.run, jobs)
        assert tree.verdict is text.verdict, (source, tree.message, text.message)
        if tree.ok:
            np.testing.assert_allclose(tree.predictions[0], text.predictions[0], rtol=1e-9, err_msg=source)


@pytest.mark.data
@pytest.mark.parametrize("name", quick_first(EIGHT, 3))
def test_constants_by_tree_and_by_source_are_the_same(name: str, sldbench: Path, sandbox: Sandbox) -> None:
    """Same least squares and same predictions of all forms, but of one at most, which has many optima and may end in
    another one; same constants to five digits, save where the rows leave them open."""
    task = load(name, sldbench).task
    rows, made = task.train.hide(), sources(task)[::EVERY][: 10 if EVERY > 1 else None]
    measured = task.train.target_matrix()
    jobs = [FitJob(text, task.schema, task.train, (rows,)) for source in made for text in (source, OPAQUE + source)]
    results = [future.result() for future in [*map(sandbox.submit, jobs)]]
    determined, apart = 0, []
    for source, tree, text in zip(made, results[::2], results[1::2], strict=True):
        assert tree.ok and text.ok, (source, tree.message, text.message)
        assert tree.constants is not None and text.constants is not None
        spread = measured.std(axis=0)
        one, two = ((found.predictions[0] - measured) / spread for found in (tree, text))
        same_cost = np.sum(one**2) == pytest.approx(np.sum(two**2), rel=2e-3)
        apart += [] if same_cost and np.allclose(one, two, rtol=0, atol=2e-2) else [source]
        determined += np.allclose(tree.constants.values, text.constants.values, rtol=1e-5)
    assert len(apart) <= 1, apart
    assert determined >= len(made) / 3


@pytest.mark.data
@pytest.mark.parametrize("name", ["sft"])
def test_an_evaluation_from_the_tree_is_that_of_the_source(name: str, sldbench: Path, sandbox: Sandbox) -> None:
    task = load(name, sldbench).task
    folds = frontier_folds(task.train)[:2]
    for source in sources(task)[: 2 if EVERY > 1 else 8]:
        tree, text = (evaluate(sandbox, one, task, folds) for one in (source, OPAQUE + source))
        assert tree.verdict is text.verdict is Verdict.OK, (tree.message, text.message)
        assert text.opaque and not tree.opaque
        # The engine derives the slopes of a tree, and asks a source for its own: a weak fit may end a little aside.
        assert tree.validation_r2 == pytest.approx(text.validation_r2, abs=2e-3)
        assert tree.train is not None and text.train is not None
        assert tree.train.r2 == pytest.approx(text.train.r2, abs=1e-4)


def test_a_screening_costs_the_same_in_this_process_and_in_the_sandbox(sandbox: Sandbox) -> None:
    rng = np.random.default_rng(0)
    n, d = rng.permutation(np.geomspace(1, 1e4, 60)), np.geomspace(1, 1e3, 60)
    table = Table(
        {"n": n, "d": d},
        {"y": 1 + n**-0.3, "z": d**-0.2 + rng.normal(0, 0.01, 60)},
        ("a", "b"),
        np.arange(60) % 2,
        weight=np.where(np.arange(60) < 30, 0.5, 1.5),
    )
    schema = Schema(name="two", long_name="two", title="Two", group=None, features=("n", "d"), targets=("y", "z"))
    made = [
        SymbolicForm((one.node,) * 2, one.origin, shared=place % 2 == 1, loss=loss)
        for place, one in enumerate(library(profile(table))[1:60:5])
        for loss in (Loss.SQUARED, Loss.RELATIVE)
    ]
    assert len(made) > 2 * TOGETHER
    there = list(within(sandbox)(made, table, schema, EFFORT))
    np.testing.assert_allclose(there, list(here(made, table, schema, EFFORT)), rtol=1e-9)
    assert np.isfinite(there).all()


def test_what_ends_a_screening_process_costs_the_other_forms_nothing(sandbox: Sandbox) -> None:
    n = np.geomspace(1, 1e4, 30)
    table = Table({"n": n}, {"y": 2 * n}, ("g",), np.zeros(30, dtype=np.intp))
    line = "PARAMETERS = {'a': (0, 9)}\ndef form(x, p):\n    return p['a'] * x['n']\n"
    hungry = "PARAMETERS = {'a': (0, 9)}\nimport numpy as np\nkept = np.ones((1 << 40,))\n"
    schema = Schema(name="one", long_name="one", title="One", group=None, features=("n",), targets=("y",))
    job = ScreenJob((line, line, hungry, line), schema, table, EFFORT)
    np.testing.assert_allclose(sandbox.screen(job).result(), [0, 0, np.nan, 0], atol=1e-9)
