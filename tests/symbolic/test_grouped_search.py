"""The search over sums of terms on tables of several groups and of several targets: noise-free laws come back."""

from collections.abc import Sequence

import numpy as np
import pytest
from in_process import to_fit

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.looks import Look, Sharing, is_scaled, looks, pooled
from lawsmith.agent.symbolic.product_search import products
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import Loss, fit_form
from lawsmith.sandbox.law.expression import add, exp, mul, parameters
from lawsmith.sandbox.law.nodes import Feature, Parameter, Role
from lawsmith.tasks import Array, IntArray, Task
from tests.made import made_task

GROUPS = np.array([0.6, 1.0, 1.7])


def task_of(features: dict[str, Array], targets: Sequence[Array], codes: IntArray) -> Task:
    named = {f"y{k}": target for k, target in enumerate(targets)}
    return made_task(features, named, codes, [f"g{k}" for k in range(codes.max() + 1)], group="group")


def drawn(low: float, high: float, seed: int, rows: int = 120) -> Array:
    return np.random.default_rng(seed).uniform(low, high, rows)


def best(task: Task, stages: int = 2) -> SymbolicForm:
    """The form that leaves least of the rows, with the fewest constants of those that leave nothing."""
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    found = [stage for k in range(stages) if (stage := general.stages.get(k, lambda: False)) is not None]
    forms = [form for stage in found for form in stage.forms]
    return min(forms, key=lambda form: (max(left(form, task), 1e-9), constants(form, task)))


def left(form: SymbolicForm, task: Task) -> float:
    """Share of the variance that a fit to all rows leaves."""
    fitted = fit_form(to_fit(form, task.schema), task.train, task.schema.targets)
    return float(2 * fitted.cost.sum()) / len(task.train) / float(task.train.target_matrix().var(axis=0).sum())


def constants(form: SymbolicForm, task: Task) -> int:
    """Numbers that the form has in all groups together."""
    groups = len(task.train.groups)
    own = sum(form.constants - form.common(k) for k in range(len(form.nodes)))
    return own * groups + sum(form.common(k) for k in range(len(form.nodes)))


def test_groups_share_the_constant_of_a_hyperbola() -> None:
    s, codes = drawn(0.05, 1.1, 0, 36), np.arange(36) % 3
    task = task_of({"s": s}, [200 * GROUPS[codes] * s / (0.056 + s)], codes)
    form = best(task)
    assert left(form, task) < 1e-9 and constants(form, task) == 4


@pytest.mark.slow
def test_only_what_differs_is_fitted_for_each_group() -> None:
    x, v, codes = drawn(-2, 2, 0), drawn(-2, 2, 1), np.arange(120) % 3
    task = task_of({"x": x, "v": v}, [-GROUPS[codes] * x - 0.5 * x**3 - 0.2 * v], codes)
    form = best(task)
    assert left(form, task) < 1e-9 and constants(form, task) == 5
    assert len(form.pooled) == 2


@pytest.mark.slow
def test_one_curve_is_scaled_by_each_group() -> None:
    x, codes = drawn(-2, 2, 0), np.arange(120) % 3
    task = task_of({"x": x}, [GROUPS[codes] * (1 + 0.4 * x**2 - 0.3 * x)], codes)
    form = best(task)
    assert left(form, task) < 1e-9 and constants(form, task) == 5


def test_many_small_groups_differ_in_their_levels() -> None:
    codes = np.arange(60) % 12
    x = drawn(-3, 3, 0, 60)
    task = task_of({"x": x}, [np.cos(codes) + 0.8 * x - 0.3 * x**2], codes)
    form = best(task)
    assert left(form, task) < 1e-9 and constants(form, task) == 14


def test_many_targets_of_one_structure_are_searched_together() -> None:
    x, v, codes = drawn(-2, 2, 0), drawn(-2, 2, 1), np.zeros(120, dtype=np.intp)
    targets = [a * np.sin(2.3 * x) + b * v for a, b in ((0.4, -0.7), (1.4, 0.2), (0.9, 0.5), (-1.2, 0.1))]
    form = best(task_of({"x": x, "v": v}, targets, codes), 1)
    assert left(form, task_of({"x": x, "v": v}, targets, codes)) < 1e-9
    assert len(set(form.nodes)) == 1


@pytest.mark.slow
def test_targets_of_different_structure_are_searched_one_by_one() -> None:
    x, v, codes = drawn(0.2, 4, 0), drawn(0.2, 4, 1), np.zeros(120, dtype=np.intp)
    task = task_of({"x": x, "v": v}, [1.1 * x - 0.4 * x * v, np.sin(2 * v) + 3 / x], codes)
    form = best(task, 5)
    assert left(form, task) < 1e-9
    assert form.nodes[0] != form.nodes[1]


def test_groups_share_the_second_sum_of_a_product() -> None:
    e, t, codes = drawn(0.05, 1.0, 0, 80), drawn(-1.0, 1.0, 1, 80), np.arange(80) % 2
    own = np.where(codes == 0, 0.3 + 1.2 * e, 0.8 - 0.4 * e)
    task = task_of({"e": e, "t": t}, [own * (1 - 0.6 * t**2 + 0.2 * t)], codes)
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    rows = general.maker.rows(general.together[0], np.arange(80))
    law, _ = next(products(rows, ["e", "t"], frozenset(), lambda: False))
    assert law is not None and law.error < 1e-6
    part = general.writer.product(law, 2)
    assert len(part.pooled) == len(law.second.terms) - 1
    form = SymbolicForm((part.node,), "", part.shared, pooled=frozenset((0, name) for name in part.pooled))
    assert left(form, task) < 1e-6


def test_what_groups_share_stays_shared_when_a_term_before_it_goes() -> None:
    x = Feature("x", 1.0)
    first, second = Parameter("A", role=Role.AMPLITUDE), Parameter("A2", role=Role.AMPLITUDE)
    form = SymbolicForm((add(mul(first, x), mul(second, exp(x))),), "", pooled=frozenset({(0, "A2")}))
    changed = form.with_nodes((mul(second, exp(x)),), "drop term", ("parent",), 1)
    assert [one.name for one in parameters(changed.nodes[0])] == ["A"]
    assert changed.pooled == {(0, "A")} and changed.common(0) == 1


def test_small_groups_get_no_coefficients_of_their_own() -> None:
    x, codes = drawn(-2, 2, 0, 40), np.arange(40) % 8
    found = looks(task_of({"x": x}, [x], codes), (0,))
    assert [look.sharing for look in found] == [Sharing.LEVELS]
    assert not looks(task_of({"x": x}, [x], np.arange(40) % 20), (0,))


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_pooling_follows_the_rows(noise: float) -> None:
    rng = np.random.default_rng(0)
    design = rng.standard_normal((3, 30, 2))
    same = design @ np.array([1.0, -2.0]) + noise * rng.standard_normal((3, 30))
    assert pooled(design, same, 90) == {0, 1}
    own = (design @ (np.array([1.0, -2.0]) * GROUPS[:, None])[..., None])[..., 0]
    own = own + noise * rng.standard_normal((3, 30))
    assert not pooled(design, own, 90)
    assert is_scaled(design, own, 90, frozenset())


def test_rows_of_weight_zero_fill_up_short_groups() -> None:
    x, codes = drawn(-2, 2, 0, 30), (np.arange(30) >= 10).astype(np.intp)
    task = task_of({"x": x}, [x * (1 + codes)], codes)
    rows = GeneralForms(task, profile(task.train), Loss.SQUARED).maker.rows(Look((0,), (0, 1)), np.arange(30))
    assert rows.count == 40 and rows.measured == 30 and rows.targets.shape == (2, 20)
