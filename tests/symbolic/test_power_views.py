"""Powers of a sum, alone or times a feature: seen by a quadratic, found by the search over sums, quiet elsewhere."""

from collections.abc import Callable

import numpy as np
import pytest

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.power_views import power_view
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import walk
from lawsmith.sandbox.law.nodes import Power, Product
from lawsmith.tasks import Array
from lawsmith.tasks.noise import OF_FLOATS
from tests.made import made_task
from tests.symbolic.test_terms_search import drawn, fitted_error, noisy

Law = Callable[..., Array]
POWERS: dict[str, tuple[Law, str]] = {
    "attraction": (lambda x, z: -2.4 * x / (x**2 + z**2 + 0.5) ** 1.5, "power -1.5 times x,"),
    "distance": (lambda x, z: 1.7 * np.sqrt((x - 0.5) ** 2 + (z + 0.3) ** 2 + 0.2), "power 0.5"),
    "drag": (lambda x, z: -0.6 * x * np.sqrt(x**2 + z**2), "power 0.5 times x,"),
    "resonance": (lambda x, z: z / np.sqrt((2.2 - x**2) ** 2 + 0.2 * x**2), "power -0.5 times z,"),
}


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("name", POWERS)
def test_a_power_and_what_it_multiplies_are_seen(name: str, noise: float) -> None:
    law, title = POWERS[name]
    x, z = drawn(-2, 2, 0), drawn(-2, 2, 1)
    y = noisy(law(x, z), noise)
    found = power_view({"x": x, "z": z}, y, {"x": 1.0, "z": 1.0}, np.arange(len(y)), OF_FLOATS)
    assert found is not None
    assert found[0].title == title
    assert found[1] < 1e-6 + 2 * noise**2


def test_a_target_of_both_signs_that_follows_no_feature_has_no_view() -> None:
    x, z = drawn(-2, 2, 0), drawn(-2, 2, 1)
    assert (
        power_view({"x": x, "z": z}, 1.3 * np.sin(x) + 0.4 * z, {"x": 1.0, "z": 1.0}, np.arange(len(x)), OF_FLOATS)
        is None
    )


def test_no_root_is_taken_of_a_square() -> None:
    x = drawn(1, 5, 0)
    for y, title in ((1.7 * x, None), (0.6 * (x + 2.0) ** 2, "power 2"), (1.7 / (x + 2.0), "power -1")):
        found = power_view({"x": x}, y, {"x": 1.0}, np.arange(len(x)), OF_FLOATS)
        assert (found and found[0].title) == title


def test_powers_of_several_features_before_a_sum_are_seen() -> None:
    i, r, z = drawn(1, 5, 0), drawn(0.5, 3, 1), drawn(-3, 3, 2)
    y = i * r**2 / (2 * (r**2 + z**2) ** 1.5)  # field on the axis of a loop (Biot and Savart 1820)
    found = power_view({"i": i, "r": r, "z": z}, y, dict.fromkeys("irz", 1.0), np.arange(len(y)), OF_FLOATS)
    assert found is not None and found[1] < 1e-20
    assert found[0].title in ("power -1.5 times i*r^2,", "power -1.5 times r^2*i,")


def test_a_softened_attraction_is_exact_at_once_with_the_exponent_that_was_seen() -> None:
    x, z = drawn(-2, 2, 0), drawn(-2, 2, 1)
    task = made_task({"x": x, "z": z}, POWERS["attraction"][0](x, z))
    step = next(GeneralForms(task, profile(task.train), Loss.SQUARED)._of_target(0, lambda: False))
    (part,) = step.forms
    assert fitted_error(SymbolicForm((part.node,), part.origin), task) < 1e-9


def test_a_power_of_a_product_is_written_without_it() -> None:
    n, p, e, t = (drawn(1, 5, k) for k in range(4))
    task = made_task({"n": n, "p": p, "e": e, "t": t}, n * p**2 * e / (3 * t))
    step = next(GeneralForms(task, profile(task.train), Loss.SQUARED)._of_target(0, lambda: False))
    assert not any(isinstance(part, Power) and isinstance(part.base, Product) for part in walk(step.forms[0].node))
