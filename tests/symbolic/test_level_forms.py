"""A feature of the target's own kind bounds or moves what the others explain; backbones come first."""

import numpy as np
from in_process import to_fit

from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.start_forms import StartForms
from lawsmith.sandbox.fitting import fit_form
from tests.made import made_task
from tests.symbolic.test_terms_search import drawn


def test_a_teachers_loss_is_told_from_a_size() -> None:
    n, t = 10 ** drawn(7, 9, 0), drawn(2.0, 2.8, 1)
    table = made_task({"n": n, "teacher": t, "far": 30 * t}, 1.5 + 40 * n**-0.2 + 0.1 * t).train
    assert profile(table).alike == ("teacher",)


def test_a_soft_maximum_of_a_level_and_power_laws_is_among_the_forms_and_fits() -> None:
    n, d, t = 10 ** drawn(7, 9, 0), 10 ** drawn(9, 11, 1), drawn(2.0, 2.8, 2)
    own = 1.4 + 60 * n**-0.25 + 900 * d**-0.33
    task = made_task({"n": n, "d": d, "t": t}, (own**9 + (0.9 * t) ** 9) ** (1 / 9))
    forms = StartForms(task)
    soft = next(form for form in forms.forms if form.origin == "soft maximum of t and power laws n + d")
    fitted = fit_form(to_fit(soft, task.schema), task.train, ("y",))
    assert 2 * fitted.cost.sum() / len(task.train) < 1e-4 * task.train.targets["y"].var()


def test_the_backbones_of_scaling_tables_are_the_first_forms() -> None:
    n, d = 10 ** drawn(7, 9, 0), 10 ** drawn(9, 11, 1)
    forms = StartForms(made_task({"n": n, "d": d}, 1.7 + 400 * n**-0.34 + 410 * d**-0.28))
    assert [form.origin for form in forms.first[:3]] == [
        "constant",
        "power laws n + d with one exponent",
        "power laws n + d",
    ]
    assert np.isfinite([form.constants for form in forms.first]).all()


def test_where_a_feature_has_an_optimum_it_moves_in_a_backbone() -> None:
    n, rate = np.repeat(10 ** np.array([7.0, 7.6, 8.2, 8.8]), 7), np.tile(10 ** np.linspace(-4, -1.5, 7), 4)
    loss = 2 + 100 * n**-0.3 + 0.03 * (np.log(rate) + 5.2 + 0.2 * np.log(n / 1e7)) ** 2
    forms = StartForms(made_task({"n": n, "rate": rate}, loss))
    assert "sum with moving optimum of rate, added" in [form.origin for form in forms.first]


def test_a_column_that_counts_repeats_has_the_law_of_repeated_data_as_a_backbone() -> None:
    n, u, times = 10 ** drawn(7, 8.7, 0), 10 ** drawn(8, 9.2, 1), np.resize([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], 100)
    worth = u[:100] * (1 + 12 * (1 - np.exp(-(times - 1) / 12)))
    task = made_task({"n": n[:100], "u": u[:100], "epochs": times}, 1.9 + 300 * n[:100] ** -0.34 + 500 * worth**-0.3)
    form = next(form for form in StartForms(task).first if form.origin == "u repeated epochs times")
    fitted = fit_form(to_fit(form, task.schema), task.train, ("y",))
    assert 2 * fitted.cost.sum() / len(task.train) < 1e-6 * task.train.targets["y"].var()
