"""A law as a Python object, in a notebook, and as a scikit-learn estimator."""

import os

import numpy as np
import pandas as pd
import pytest

from agent.law import Law
from runs import Archive
from tasks import InputError


@pytest.fixture(scope="module")
def law(good: Archive) -> Law:
    return Law.open(good.path)


def test_a_law_predicts_by_group_as_its_constants_say(law: Law):
    found = law.predict({"n": [100.0, 400.0]}, group="one")
    p = law.constants["one"]
    assert found == pytest.approx([p["L"] + p["A"] * n ** -p["a"] for n in (100, 400)])
    table = pd.DataFrame({"n": [100.0, 100.0], "model": ["one", "two"]})
    assert law.predict(table)[0] == found[0] != law.predict(table)[1]


def test_a_law_gives_intervals_and_its_formula(law: Law):
    (one,) = law.interval({"n": [100.0]}, group="one", level=0.5)[0]
    assert one.low < one.value < one.high
    assert set(map(str, law.sympy()["loss"].free_symbols)) == {"A", "L", "a", "n"}
    assert "n" in law.latex()["loss"]


def test_a_notebook_shows_the_formula(law: Law):
    assert "<math" in law._repr_html_() and "validation R²" in law._repr_html_()


@pytest.mark.parametrize(
    ("rows", "group", "said"),
    [
        ({"m": [1.0]}, "one", "lack n"),
        ({"n": [1.0]}, None, "Name a group"),
        ({"n": [1.0]}, "six", "no group 'six'"),
    ],
)
def test_a_wrong_request_gets_one_sentence(law: Law, rows, group, said):
    with pytest.raises(InputError, match=said):
        law.predict(rows, group=group)


def test_the_estimator_finds_a_power_law_in_a_pipeline():
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    from agent.estimator import LawRegressor

    x = np.geomspace(1, 1000, 30)[:, None]
    y = 2 + 3 * x[:, 0] ** -0.5
    model = make_pipeline(FunctionTransformer(), clone(LawRegressor(time_limit=3, workers=2))).fit(x, y)
    assert model.score(x, y) > 0.99 and model[-1].expression_.startswith("y = ")


@pytest.mark.slow
@pytest.mark.skipif("LAWSMITH_SLOW" not in os.environ, reason="takes minutes; LAWSMITH_SLOW=1 runs it")
def test_the_estimator_passes_the_checks_that_apply():
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    from sklearn.utils.estimator_checks import check_estimator

    from agent.estimator import LawRegressor

    results = check_estimator(LawRegressor(time_limit=1, workers=2), on_fail=None)
    failed = {
        r["check_name"]: str(r["exception"]).splitlines()[0][:200] for r in results if r["status"] == "failed"
    }
    assert failed == {}
