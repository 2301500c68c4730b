"""A law as a Python object, and in a notebook."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith.agent.command.registry import Chosen
from lawsmith.agent.command.result import Result, Run
from lawsmith.runs import Archive
from lawsmith.runs.laws.law import Law
from lawsmith.tasks import InputError, read_dataset


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
    assert "<math" in law._repr_html_() and "held-out R²" in law._repr_html_()


def test_a_notebook_shows_runs_and_no_strangers_markup(good: Archive, hostile: Archive):
    runs = [Run.read(archive.path) for archive in (good, hostile)]
    dataset = read_dataset(Path(good.manifest.data.train), ("loss",))
    chosen = Chosen("symbolic", None, "")
    shown = Result(dataset, chosen, tuple(runs), runs[0], "", 1.0)._repr_html_()
    assert "<math" in shown and f"<td>{good.run} *</td>" in shown and shown.count("<tr>") == 3
    shown = Result(dataset, chosen, tuple(runs), runs[1], "", 1.0)._repr_html_()
    assert "&lt;script&gt;" in shown and "<script" not in shown and "<img" not in shown


@pytest.mark.parametrize(
    ("rows", "group", "said"),
    [
        ({"m": [1.0]}, "one", "lack n"),
        ({"n": [1.0]}, None, "Name a group"),
        ({"n": [1.0]}, "six", "no group 'six'"),
        (np.ones((2, 1)), "one", "ndarray names no columns; give a DataFrame or a dict with n"),
    ],
)
def test_a_wrong_request_gets_one_sentence(law: Law, rows, group, said):
    with pytest.raises(InputError, match=said):
        law.predict(rows, group=group)


def test_a_law_is_drawn_with_its_data_and_band(law: Law):
    pytest.importorskip("matplotlib").use("Agg")
    axes = law.plot(group="two")
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale()) == ("n", "loss", "log")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["a new measurement, 90%", "the law", "training rows"]
    points = axes.lines[1]
    assert len(points.get_xdata()) == 12 and max(points.get_xdata()) < max(axes.lines[0].get_xdata())
    with pytest.raises(InputError, match="no feature 'm'"):
        law.plot("m")


def test_a_law_tells_how_far_it_is_known_to_be_finite(law: Law, sandbox):
    known = law.uncertainty(sandbox)
    assert law.finite_up_to(known, "one") == 1e6
    pole = law.form.replace('x["n"] ** -p["a"]', '(3e5 - x["n"]) ** 0.5')
    assert replace(law, form=pole).finite_up_to(known, "one") == 100.0
    assert replace(law, form=None).finite_up_to(known, "one") is None


def test_a_law_that_can_be_read_predicts_at_once_as_the_sandbox_does(law: Law, sandbox, monkeypatch):
    rows = {"n": [10.0, 250.0, 1e6]}
    isolated = law.predict(rows, group="two", sandbox=sandbox)
    monkeypatch.setattr("lawsmith.runs.laws.law.Sandbox", None)
    assert law.predict(rows, group="two") == pytest.approx(isolated, rel=1e-13)
    with pytest.raises(InputError, match="not finite in row 2"):
        law.predict({"n": [1.0, 0.0]}, group="two")
