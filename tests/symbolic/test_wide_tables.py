"""What the library offers for tables of many features, and for features that explain nothing."""

import numpy as np

from lawsmith.agent.symbolic.profile import profiles
from lawsmith.agent.symbolic.start_forms import FIRST, PLAINEST, StartForms, within
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.expression import features
from lawsmith.tasks.frontier.leading import MANY
from tests.made import made_task


def test_forms_of_a_wide_table_look_at_leading_features_alone() -> None:
    rng = np.random.default_rng(0)
    columns = {f"n{k}": 10 ** rng.uniform(0, 3, 120) for k in range(40)}
    y = 1.7 + 4 * columns["n20"] ** -0.34 + 3 * columns["n30"] ** -0.28
    forms = StartForms(made_task(columns, y * (1 + 0.01 * rng.standard_normal(120))))
    used = {name for form in forms.forms for node in form.nodes for name in features(node)}
    assert {"n20", "n30"} <= used
    assert len(used) <= MANY
    assert forms.general.applies


def test_forms_of_a_wide_table_are_ranked_by_its_rows(sandbox: Sandbox) -> None:
    rng = np.random.default_rng(0)
    columns = {f"n{k}": 10 ** rng.uniform(0, 3, 60) for k in range(12)}
    y = 1.7 + 4 * columns["n7"] ** -0.34
    forms = StartForms(made_task(columns, y * (1 + 0.01 * rng.standard_normal(60))))
    ranked = forms.plainest(lambda: False, within(sandbox)).ranked
    assert sorted(form.key for form in ranked) == sorted(form.key for form in forms.forms[FIRST:PLAINEST])
    assert ranked != forms.forms[FIRST:PLAINEST]


def test_features_that_explain_nothing_are_not_merged() -> None:
    rng = np.random.default_rng(0)
    columns = {name: 10 ** rng.uniform(0, 3, 120) for name in ("N", "D", "p", "q")}
    noise = 1 + 0.01 * rng.standard_normal(120)
    apart = made_task(columns, (1.7 + 40 * columns["N"] ** -0.34 + 41 * columns["D"] ** -0.28) * noise)
    assert len(profiles(apart.train)) == 1
    together = made_task(columns, (1.7 + 40 * (columns["N"] * columns["D"]) ** -0.2) * noise)
    titles = [one.title for profile in profiles(together.train) for one in profile.stands_for.values()]
    assert titles == ["N * D"]
