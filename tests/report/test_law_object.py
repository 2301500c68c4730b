"""A law as a Python object, and in a notebook."""

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
