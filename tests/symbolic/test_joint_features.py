"""Features that act together alone are seen, and the law of their joint feature is written in them."""

from collections.abc import Callable

import numpy as np
import pytest

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.joint_features import in_features, joint_features
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import Feature
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.tasks import Array
from tests.made import made_task
from tests.symbolic.test_terms_search import fitted_error

RNG = np.random.default_rng(0)
FAR, NEAR = ({name: RNG.uniform(low, low + 3, 150) for name in "abcd"} for low in (3, 0.5))
UNITS = dict.fromkeys("abcd", 1.0) | {"c": 10.0}

LAWS: dict[str, tuple[dict[str, Array], Callable[..., Array], set[str]]] = {
    "oscillators": (NEAR, lambda a, b, c, d: a * b / np.expm1(a * b / (c * d)), {"[a*b]", "[c/10*d]"}),
    "charges": (FAR, lambda a, b, c, d: a / ((b - c) ** 2 + 0.3 * d**2), {"a", "d", "[b-10*c/10]"}),
    "drop": (FAR, lambda a, b, c, d: np.sin(a - 3) + d + np.exp(-b / c**2), {"a", "d", "[b*(c/10)^-2]"}),
    "each alone": (NEAR, lambda a, b, c, d: a + b**2 + np.exp(c) + np.log(d), set()),
}  # fmt: skip


@pytest.mark.parametrize("noise", [0.0, 0.001])
@pytest.mark.parametrize("name", LAWS)
def test_features_that_act_together_alone_are_one(name: str, noise: float) -> None:
    features, law, titles = LAWS[name]
    target = law(**features)
    target = target + noise * target.std() * RNG.standard_normal(150)
    found = joint_features(features, target, UNITS)
    assert {one.title for one in found} == titles
    for one in found:
        assert evaluate(in_features(Feature(one.title, 1.0), found), features, {}) == pytest.approx(
            features.get(one.title, one.values)
        )


def test_the_law_of_joint_features_is_exact_in_the_features() -> None:
    a, b, c = (NEAR[name] for name in "abc")
    task = made_task({"a": a, "b": b, "c": c}, a * np.log1p(2 * b / c))
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    step = next(general._of_joint_features(general.together[0], lambda: False))
    assert min(fitted_error(SymbolicForm((part.node,), part.origin), task) for part in step.parts) < 1e-20
