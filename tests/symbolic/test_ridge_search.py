"""Functions of a weighted sum of two features: the pair and its weight are seen, and the function found with it."""

from collections.abc import Callable

import numpy as np
import pytest

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.ridge_search import _seen
from lawsmith.sandbox.fitting import Loss
from lawsmith.tasks import Array
from tests.made import made_task
from tests.symbolic.test_terms_search import all_rows, drawn, fitted_error, noisy

Law = Callable[..., Array]
LAWS: dict[str, tuple[Law, float | None]] = {
    "relay": (lambda x, z: -1.2 * np.tanh(3 * (x + 0.5 * z)), 0.5),
    "pulse": (lambda x, z: 1.7 * np.exp(-0.9 * (x - 0.7 * z) ** 2) + 0.2 * z, -0.7),
    "product": (lambda x, z: 2.1 * np.exp(-0.8 * x**2) * z, None),
    "one feature": (lambda x, z: np.tanh(3 * x) + 0.1 * z, None),
    "sum": (lambda x, z: 1.2 * np.sin(2.3 * x) + 0.5 * z**2, None),
}


@pytest.mark.parametrize(("noise", "rows"), [(0.0, 120), (0.01, 120), (0.0, 30)])
@pytest.mark.parametrize("name", LAWS)
def test_a_pair_and_its_weight_are_seen(name: str, noise: float, rows: int) -> None:
    law, weight = LAWS[name]
    x, z = drawn(-2, 2, 0)[:rows], drawn(-2, 2, 1)[:rows]
    y = noisy(law(x, z), noise)
    found = _seen(all_rows(made_task({"x": x, "z": z}, y)), ["x", "z"])
    assert (found is None) == (weight is None)
    if found is not None:
        assert found[0] == ("x", "z")
        assert found[1] == pytest.approx(weight, rel=0.02 if rows > 30 else 0.2)


def test_a_relay_is_exact() -> None:
    x, z = drawn(-2, 2, 0)[:120], drawn(-2, 2, 1)[:120]
    task = made_task({"x": x, "z": z}, LAWS["relay"][0](x, z))
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    (step,) = general._ridge(general.together[0], lambda: False)
    (part,) = step.forms
    assert fitted_error(SymbolicForm((part.node,), part.origin), task) < 1e-20
