"""A constant that all groups share is one number wherever constants are counted."""

from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from in_process import here

from lawsmith.agent.search.selection import choose
from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.start_forms import StartForms, screen
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.sandbox import Constants, Sandbox, evaluate
from lawsmith.sandbox.fitting import Effort
from lawsmith.sandbox.law.expression import add, exp, mul, neg, power
from lawsmith.sandbox.law.nodes import Feature, Parameter, Role
from lawsmith.tasks import Schema, Table, Task
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.frontier.probes import probe_rows
from tests.made import made_task

GROUPS = 6


def one_exponent(seed: int) -> Task:
    """Six groups with levels and amplitudes of their own, one exponent, and 1 % noise."""
    rng = np.random.default_rng(seed)
    codes, n = np.repeat(np.arange(GROUPS), 20), np.tile(np.geomspace(1, 1e3, 20), GROUPS)
    level, amplitude = rng.uniform(0.5, 2, GROUPS)[codes], rng.uniform(1, 4, GROUPS)[codes]
    loss = (level + amplitude * n**-0.35) * (1 + 0.01 * rng.standard_normal(len(n)))
    return made_task({"n": n}, {"loss": loss}, codes, "abcdef", group="g")


def forms() -> tuple[SymbolicForm, SymbolicForm]:
    level = Parameter("L", 0.0, np.inf, Role.LEVEL)
    amplitude = Parameter("A", 0.0, np.inf, Role.AMPLITUDE)
    node = add(level, mul(amplitude, power(Feature("n"), neg(Parameter("a", 0.0, 2.0, Role.EXPONENT)))))
    return SymbolicForm((node,), "one exponent", shared=True), SymbolicForm((node,), "an exponent per group")


def test_the_true_shared_exponent_wins_the_screening_and_the_choice(sandbox: Sandbox) -> None:
    screened, chosen = 0, 0
    for seed in range(10):
        task = one_exponent(seed)
        first = screen(forms(), task.train, task.schema, np.random.default_rng(seed), lambda: False, here).ranked[0]
        screened += first.shared
        folds, probes = frontier_folds(task.train), probe_rows(task.train)
        sources = [form.source(task.schema) for form in forms()]
        trials = [
            Trial(name, Proposal(source), evaluate(sandbox, source, task, folds, probes=probes))
            for name, source in zip(("shared", "free"), sources, strict=True)
        ]
        assert [t.evaluation.free_constants for t in trials] == [2 * GROUPS + 1, 3 * GROUPS]
        assert [t.evaluation.constants_count for t in trials] == [3, 3]
        chosen += choose(trials, task).winner.id == "shared"
    assert screened >= 9
    assert chosen >= 9


def test_a_coarse_screening_fits_a_form_once_however_groups_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that differ only in what is shared, one is ranked on few rows; with care both are fitted."""
    monkeypatch.setitem(screen.__globals__, "MANY", 3)
    one, two = forms(), [replace(form, nodes=(exp(form.nodes[0]),)) for form in forms()]
    fitted: list[list[SymbolicForm]] = []

    def costs(some: Sequence[SymbolicForm], sample: Table, schema: Schema, effort: Effort) -> Generator[float]:
        fitted.append(list(some))
        yield from (float(form.nodes == one[0].nodes) for form in some)

    task = one_exponent(0)
    found = screen([*one, *two], task.train, task.schema, np.random.default_rng(0), lambda: False, costs)
    assert fitted == [[one[0], two[0]], [*two, one[0]]]
    assert found.complete and set(found.ranked) == {*one, *two} and set(found.fitted) == {one[0], *two}


def test_parallel_curves_are_plain_forms() -> None:
    """A slope common to all groups and a level for each: the most ordinary law of groups is found by no chance."""
    known = StartForms(one_exponent(0)).forms
    (line,) = (form for form in known if form.origin == "logarithm of n, a level for each group")
    assert line.by_chance == 0 and line.constants == 2 and line.common(0) == 1
    assert "SHARED = ('A',)" in line.source(one_exponent(0).schema)


def test_numbers_that_a_fit_chose() -> None:
    values = np.array([[1.0, 2.0], [1.0, 3.0], [np.nan, np.nan]])
    assert Constants(("a", "b"), ("one", "two", "without rows"), values).free == 3
    assert Constants(("a", "b"), ("one",), values[:1]).free == 2


def test_one_law_for_all_groups_wins_where_they_do_not_differ(sandbox: Sandbox) -> None:
    task = one_exponent(0)
    same = 1.2 + 2 * task.train.features["n"] ** -0.35
    noisy = same * (1 + 0.01 * np.random.default_rng(0).standard_normal(len(same)))
    alike = replace(task, train=replace(task.train, targets={"loss": noisy}))
    shared = forms()[0]
    for of, expected in ((alike, "one"), (task, "shared")):
        folds, probes = frontier_folds(of.train), probe_rows(of.train)
        trials = [
            Trial(name, Proposal(source), evaluate(sandbox, source, of, folds, probes=probes))
            for name, form in (("shared", shared), ("one", shared.as_one(())))
            for source in [form.source(of.schema)]
        ]
        assert trials[1].evaluation.free_constants == 3
        assert choose(trials, of).winner.id == expected
