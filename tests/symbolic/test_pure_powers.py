"""Features that act as pure powers: seen in the logarithm of the target, and what they leave is searched alone."""

import numpy as np
import pytest

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.profile import profile
from lawsmith.agent.symbolic.pure_powers import is_plain, pure_powers
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import add, function, mul, power
from lawsmith.sandbox.law.nodes import Feature, Number, Parameter
from lawsmith.tasks import Array
from tests.made import made_task
from tests.symbolic.test_terms_search import drawn, fitted_error

P, R, ANGLE = drawn(1, 5, 0)[:150], drawn(1, 3, 1)[:150], drawn(0.1, 3.0, 2)[:150]
FEATURES = {"p": P, "r": R, "angle": ANGLE}
LAWS: dict[str, tuple[Array, dict[str, float]]] = {
    "field of a dipole": (P / R**3 * np.sqrt(3 * np.cos(ANGLE) ** 2 + 1), {"p": 1.0, "r": -3.0}),
    "root of a ratio": (P**1.5 * np.sqrt((3.5 + R) / (3.5 - R)), {"p": 1.5, "angle": 0.0}),
    "bed load": (8 * R**1.5 * np.maximum(P - 2.2, 0) ** 1.5, {"r": 1.5, "angle": 0.0}),
    "interference": (P + R + 2 * np.sqrt(P * R) * np.cos(2 * ANGLE), {}),
}


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("name", LAWS)
def test_pure_powers_are_seen(name: str, noise: float) -> None:
    y, exponents = LAWS[name]
    y = y + noise * y.std() * np.random.default_rng(3).standard_normal(len(y))
    assert pure_powers(FEATURES, y) == {n: pytest.approx(a, abs=0.02) for n, a in exponents.items()}


def test_a_table_of_powers_alone_leaves_nothing_to_search() -> None:
    assert pure_powers(FEATURES, P**2 / R * ANGLE) == {}


NEGATIVE = P**2 * (R + 1) * (np.cos(ANGLE) - 3)


@pytest.mark.parametrize("target", [*(target for target, _ in list(LAWS.values())[:3]), NEGATIVE])
def test_what_powers_leave_is_exact(target: Array) -> None:
    task = made_task(FEATURES, target)
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    (step,) = general._beside_powers(general.together[0], lambda: False)
    assert min(fitted_error(SymbolicForm((part.node,), part.origin), task) for part in step.forms) < 1e-20


@pytest.mark.slow
def test_what_one_side_of_a_product_leaves_is_seen_through_its_reciprocal() -> None:
    s, acidity = drawn(0.1, 10, 0)[:120], drawn(4.5, 9, 1)[:120]
    task = made_task({"s": s, "acidity": acidity}, 5 * s / (1.5 + s) / (1 + 10 ** (6 - acidity) + 10 ** (acidity - 8)))
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    parts = [part for step in general._products(general.together[0], 1.0, lambda: False) for part in step.forms]
    assert min(fitted_error(SymbolicForm((part.node,), part.origin), task) for part in parts) < 1e-20


def test_a_factor_times_whole_powers_or_a_sum_of_powers_is_no_find_among_millions() -> None:
    x, z, a, b, c = Feature("x"), Feature("z"), Parameter("a"), Parameter("b"), Parameter("c")
    root, falling = power(x, Number(0.5)), mul(c, power(z, mul(Number(-1.0), a)))
    for simple in (mul(b, x), mul(b, x, power(z, Number(-2.0))), add(b, mul(b, root), falling)):
        assert is_plain(simple)
    for other in (
        mul(b, power(x, Number(1.7))),
        mul(b, x, power(z, a)),
        mul(b, power(a, x)),
        mul(b, function("sin", x)),
        add(b, mul(c, x, z)),
        add(mul(b, x), mul(c, root)),
        add(b, mul(c, power(add(a, x), Number(-1.0)))),
    ):
        assert not is_plain(other)
