"""Functions of the target that a short sum states: seen by a glance at plain terms, found by the search over sums."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms, _Step
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.target_views import favoured
from lawsmith.agent.symbolic.term_dictionary import dictionary
from lawsmith.sandbox.fitting import Loss
from lawsmith.tasks import Array
from tests.made import made_task
from tests.symbolic.test_terms_search import all_rows, drawn, fitted_error

Law = Callable[..., Array]
X, Z = drawn(0.1, 1.4, 0)[:60], drawn(0.6, 1.3, 1)[:60]
LAWS: dict[str, tuple[Law, str | None]] = {
    "refraction": (lambda x, z: np.arcsin(0.5 * z * np.sin(x)), "arcsin"),
    "hydraulic radius": (lambda x, z: (x * z / (x + 2 * z)) ** (2 / 3), "power -0.667"),
    "sum of exponentials": (lambda x, z: np.log(np.exp(x) + np.exp(2 * z)), "logarithm times 1"),
    "free energy": (lambda x, z: -np.log10(1 + x**2 + x * z), "logarithm times -0.434"),
    "sum": (lambda x, z: 1.3 * np.sin(x) + 0.4 * z, None),
}


@pytest.fixture(scope="module")
def columns() -> Array:
    return dictionary(all_rows(made_task({"x": X, "z": Z}, X)), ["x", "z"], frozenset(), None)[1][0]


@pytest.mark.parametrize("name", LAWS)
def test_a_function_of_the_target_is_seen_where_a_short_sum_states_it(name: str, columns: Array) -> None:
    law, title = LAWS[name]
    found = favoured(law(X, Z), columns)
    assert (found and found.title) == title


def test_a_power_of_a_sum_that_was_seen_is_exact(columns: Array) -> None:
    values = LAWS["hydraulic radius"][0](X, Z)
    view = favoured(values, columns)
    assert view is not None
    task = made_task({"x": X, "z": Z}, values)
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    step = general._through(view, general.together[0], lambda: False)
    (part,) = step.forms
    assert fitted_error(SymbolicForm((part.node,), part.origin), task) < 1e-20


def test_a_view_of_the_target_is_a_sum_of_any_terms() -> None:
    a, b, angle = (drawn(*ends, seed)[:80] for seed, ends in enumerate([(1, 5), (1, 5), (0.3, 2.5)]))
    task = made_task({"a": a, "b": b, "angle": angle}, np.sqrt(a**2 + b**2 - 2 * a * b * np.cos(angle)))
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    steps = list(general._views(general.together[0], lambda: False))
    assert min(fitted_error(SymbolicForm((part.node,), ""), task) for step in steps for part in step.forms) < 1e-20


def test_a_function_of_the_target_is_seen_however_rows_weigh() -> None:
    task = made_task({"x": X, "z": Z}, LAWS["refraction"][0](X, Z))
    task = replace(task, train=replace(task.train, weight=task.train.targets["y"] ** -4))
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    values, look = task.train.targets["y"], general.together[0]
    found = general._favoured(values, look, general.maker, lambda: False)
    assert found is not None and found.title == "arcsin"


def test_a_long_sum_that_leaves_nothing_does_not_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    task = made_task({"x": X, "z": Z}, X * Z)
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    monkeypatch.setattr(general, "_ratio", lambda look: _Step())
    monkeypatch.setattr(general, "_sums", lambda look, stop: iter([_Step(tried=1, least=0.0)]))
    monkeypatch.setattr(general, "_power_view", lambda look: None)
    for name in ("_of_joint_features", "_ridge", "_products", "_views"):
        monkeypatch.setattr(general, name, lambda *_: iter([_Step(tried=1)]))
    assert len(list(general._of_target(0, lambda: False))) == 5
