"""Features that act together alone are seen, and the law of their joint feature is written in them."""

from collections.abc import Callable

import numpy as np
import pytest

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.joint_features import Joint, JointFeature, in_features, joint_features
from lawsmith.agent.symbolic.looks import looks
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import add, mul, power
from lawsmith.sandbox.law.nodes import Feature, Number, Parameter
from lawsmith.sandbox.law.numeric import evaluate
from lawsmith.sandbox.law.write_text import text
from lawsmith.tasks import Array
from tests.made import made_task
from tests.symbolic.test_terms_search import fitted_error

RNG = np.random.default_rng(0)
FAR, NEAR = ({name: RNG.uniform(low, low + 3, 300) for name in "abcd"} for low in (3, 0.5))
UNITS = dict.fromkeys("abcd", 1.0) | {"c": 10.0}

LAWS: dict[str, tuple[dict[str, Array], Callable[..., Array], set[str], str]] = {
    "oscillators": (NEAR, lambda a, b, c, d: a * b / np.expm1(a * b / (c * d)), {"[c/10*d/a/b]"}, "a * b"),
    "charges": (FAR, lambda a, b, c, d: a / ((b - c) ** 2 + 0.3 * d**2), {"[(b-10*c/10)/d]"}, "d^-2 * a"),
    "drop": (FAR, lambda a, b, c, d: np.sin(a - 3) + d + np.exp(-b / c**2), {"a", "d", "[b*(c/10)^-2]"}, "1"),
    "each alone": (NEAR, lambda a, b, c, d: a + b**2 + np.exp(c) + np.log(d), set(), "1"),
    "torque": (FAR, lambda a, b, c, d: a * d**2 * np.sin(2 * (b - c)), {"[b-10*c/10]"}, "a * d^2"),
    "ring": (NEAR, lambda a, b, c, d: d * np.sin((a**2 + c**2) / 4 - 3), {"[a^2+100*(c/10)^2]", "b"}, "d"),
    "moment": (FAR, lambda a, b, c, d: (a - 4) * np.sin(b - c) + d / 9, {"a", "[b-10*c/10]", "d"}, "1"),
    "tide": (FAR, lambda a, b, c, d: d**1.5 * (a + c) / (b**2 + a * c), {"[a/b]", "[c/10/b]"}, "d^1.5 / b"),
}  # fmt: skip
NOISE = {"charges": 0.001, "tide": 0.001, "torque": 0.01}


@pytest.mark.parametrize("name", LAWS)
def test_features_that_act_together_alone_are_one(name: str) -> None:
    features, law, titles, carried = LAWS[name]
    target = law(**features)
    target = target + NOISE.get(name, 0.0) * target.std() * RNG.standard_normal(300)
    found = joint_features(features, target, UNITS)
    known = found[0].known if found else ()
    assert {one.title for one in known} == titles
    assert (text(found[1]) if found else "1") == carried
    for one in known:
        assert found is not None
        values = evaluate(in_features(Feature(one.title, 1.0), found[0]), features, {})
        assert values == pytest.approx(features.get(one.title, one.values))


def test_noise_that_turns_small_values_hides_no_power_before_a_function() -> None:
    """A plume's width grows with the distance x, and far from its middle noise alone is measured."""
    x, y = RNG.uniform(1, 10, 200), RNG.uniform(-1.5, 1.5, 200)
    plume = 5 * x**-1.6 * np.exp(-((y / x / 0.12) ** 2))
    found = joint_features(
        {"x": x, "y": y}, plume + 0.01 * plume.std() * RNG.standard_normal(200), {"x": 1.0, "y": 1.0}
    )
    assert found is not None
    assert [one.title for one in found[0].known] == ["[y/x]"]


def test_curves_of_single_features_stand_beside_what_acts_together() -> None:
    a, b, c = RNG.uniform(-3, 3, 120), RNG.uniform(-3, 3, 120), RNG.uniform(1, 4, 120)
    target = c * np.cos(a - b) + 0.5 * a + 0.02 * RNG.standard_normal(120)
    found = joint_features({"a": a, "b": b, "c": c}, target, UNITS | {"c": 1.0})
    assert found is not None
    assert {one.title for one in found[0].known} == {"[b-a]", "c", "a"}


def test_a_sum_in_which_one_part_is_nothing_is_no_joint_feature() -> None:
    """Parameters and 1e-11 times the learning rate were one feature, of which an exact law was written."""
    n, d, lr = 10 ** RNG.uniform(7, 10, 60), 10 ** RNG.uniform(9, 12, 60), 10 ** RNG.uniform(-4, -2, 60)
    units = {"n": 1e8, "d": 1e10, "lr": 1e-3}
    found = joint_features({"n": n, "d": d, "lr": lr}, 1.7 + 400 * n**-0.34 + 410 * d**-0.28, units)
    assert found is None or all("lr" not in one.title for one in found[0].known if "n" in one.title)


def test_the_law_of_joint_features_is_exact_in_the_features() -> None:
    a, b, c = (NEAR[name] for name in "abc")
    task = made_task({"a": a, "b": b, "c": c}, a * np.log1p(2 * b / c))
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    step = next(general._of_joint_features(general.together[0], lambda: False))
    assert min(fitted_error(SymbolicForm((part.node,), part.origin), task) for part in step.forms) < 1e-20


def test_the_law_of_joint_features_is_written_with_each_feature_once() -> None:
    joint = Joint([JointFeature({Feature(name): 1.0, Feature("c"): -1.0}, NEAR["a"]) for name in "ab"])
    x, y = (Feature(each.title) for each in joint.known)
    below = add(Number(1.0), mul(Number(2.0), x, y))
    square = power(mul(Number(0.1), x), Number(2.0))
    assert text(in_features(mul(Feature("c"), square), joint)) == "0.01 * a^2 / c"
    assert text(in_features(mul(Parameter("k"), Feature("c"), square), joint)) == "k * a^2 / c"
    assert text(in_features(mul(Parameter("k", 0.0, 9.0), Feature("c"), square), joint)) == "0.01 * k * a^2 / c"
    more = add(Number(3.0), x)
    squared = in_features(mul(x, add(mul(Number(3.0), more), mul(x, more))), joint)
    assert text(squared) == "a * (3 + a / c)^2 / c"
    law = mul(Feature("c"), add(x, mul(Number(3.0), y)), power(below, Number(-1.0)))
    assert text(in_features(law, joint)) == "(a + 3 * b) / (1 + 2 * a * c^-2 * b)"


def test_a_law_of_one_joint_feature_is_found_whichever_way_round_that_was_seen() -> None:
    """No term has exp(q / x) with q > 0, which exp(k x) of the inverse is."""
    energy, mode, heat = (RNG.uniform(low, high, 180) for low, high in ((1, 3), (1, 3), (1, 5)))
    task = made_task({"h": energy, "w": mode, "T": heat}, 1 / np.expm1(energy * mode / heat))
    steps = GeneralForms(task, profile(task.train), Loss.SQUARED)._of_joint_features(
        looks(task, (0,))[0], lambda: False
    )
    assert min(step.least for step in steps) < 1e-25


def test_a_joint_feature_that_some_row_does_not_have_ends_no_search() -> None:
    """The strain of the first row is 0 as its stress, so it says nothing, and it has no 1 / strain."""
    strain = np.linspace(0, 0.6, 40)
    heat = 500 * strain
    stress = 60 * strain**0.5 + 150 * strain**2 - 0.2 * heat * strain**0.5
    task = made_task({"strain": strain, "T": 273 + heat}, stress)
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    assert next(general._of_joint_features(general.together[0], lambda: False))
    a, b = (RNG.uniform(1, 3, 40) for _ in range(2))
    task = made_task({"strain": strain, "a": a, "b": b}, strain * np.sin(a / b))  # what stands before is 0 there
    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    assert any(step.least < 1e-20 for step in general._of_joint_features(general.together[0], lambda: False))
