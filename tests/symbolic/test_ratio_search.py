"""Ratios of two polynomials: found exactly and with noise, and quiet where a polynomial does as well."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.looks import divided
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.ratio_search import RatioLaw, ratio
from lawsmith.sandbox.fitting import Loss
from lawsmith.tasks import Array, Table
from tests.made import made_task
from tests.symbolic.test_terms_search import drawn, fitted_error, noisy

Law = Callable[[Array, Array], Array]
RATIOS: dict[str, tuple[Law, tuple[float, float], int]] = {  # law, range of the features, constants
    "competition": (lambda x, z: 4.2 * x / (1 + 1.4 * x + 0.6 * z), (0.05, 5), 3),
    "inhibition": (lambda x, z: 12 * x / (2 + 1.3 * z + x * (1 + z / 6)), (0.1, 9), 4),
    "velocities": (lambda x, z: (x + z) / (1 + x * z), (-0.9, 0.9), 3),
    "lens": (lambda x, z: 1 / (1 / x + 1 / (1.7 * z)), (0.5, 4), 2),
}
NOISY = ("competition", "inhibition", "velocities")


def general(law: Law, ends: tuple[float, float], noise: float) -> GeneralForms:
    x, z = drawn(*ends, 0), drawn(*ends, 1)
    y = noisy(law(x, z), noise)
    task = made_task({"x": x, "z": z}, y)
    return GeneralForms(task, profile(task.train), Loss.SQUARED)


def found(forms: GeneralForms) -> RatioLaw | None:
    look = forms.together[0]
    return ratio(forms.maker.rows(look, divided(forms.task, look, np.random.default_rng(0))[0]), forms.plain)[0]


@pytest.mark.parametrize(("name", "noise"), [*((name, 0.0) for name in RATIOS), *((n, 0.01) for n in NOISY)])
def test_a_ratio_is_found_with_no_term_too_many(name: str, noise: float) -> None:
    law, ends, constants = RATIOS[name]
    best = found(general(law, ends, noise))
    assert best is not None
    assert len(best.upper.terms) + len(best.lower.terms) - 1 == constants
    assert best.error < 1e-20 + 2 * noise**2


def test_two_hill_curves_beside_a_level_are_exact() -> None:
    forms = general(lambda x, z: 0.5 + 4 * x**2 / (1 + x**2) * z / (2 + z), (0.05, 5), 0.0)
    (part,) = forms._ratio(forms.together[0]).forms
    assert fitted_error(SymbolicForm((part.node,), part.origin), forms.task) < 1e-9


def test_groups_have_a_denominator_in_common_or_of_their_own() -> None:
    x, z, codes = drawn(0.1, 20, 0, 120), drawn(0.1, 5, 1, 120), np.repeat([0, 1], 60)
    y = np.array([12.0, 7.0])[codes] * x / (2 + 1.3 * z + x)
    one = made_task({"x": x, "z": z}, y)
    task = replace(one, train=Table(one.train.features, one.train.targets, ("a", "b"), codes))
    forms = GeneralForms(task, profile(task.train), Loss.SQUARED)
    stage = forms.stages.get(0, lambda: False)
    assert stage is not None
    common, own = stage.forms
    assert (common.origin, common.constants, len(common.pooled)) == (
        f"{own.origin}, the denominator of all groups",
        3,
        2,
    )
    assert not own.pooled and stage.least < 1e-20


def test_a_polynomial_is_no_ratio() -> None:
    assert found(general(lambda x, z: 0.4 - x + 1.4 * x**2 * z, (-2, 2), 0.0)) is None
