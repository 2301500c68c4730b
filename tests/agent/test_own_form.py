"""A formula of the user's own, beside the search and instead of it; and the result as Python and notebooks show it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from agent_doubles import ScriptedProposer, form_source

import lawsmith.agent.symbolic
from lawsmith import discover
from lawsmith.agent.command.own_forms import ORIGIN
from lawsmith.agent.command.result import Result
from lawsmith.runs.records.trials import Proposal
from lawsmith.sandbox.law.own_form import own_candidate
from lawsmith.sandbox.law.read import statement_of
from lawsmith.tasks import InputError
from tests.made import made_task

FORM = "E + A/n^a"


def frame() -> pd.DataFrame:
    n = np.geomspace(10, 1e4, 24)
    rng = np.random.default_rng(0)
    return pd.DataFrame({"n": n, "loss": 1.2 + 3 * n**-0.4 + 0.003 * rng.standard_normal(24)})


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Result:
    runs_dir = tmp_path_factory.mktemp("own")
    return discover(frame(), target="loss", form=FORM, only=True, runs_dir=str(runs_dir), name="My Sweep")


def test_only_the_form_is_fitted(alone: Result):
    (run,) = alone.runs
    assert [trial.proposal.origin for trial in run.trials] == [ORIGIN]
    p = alone.law.constants["all_data"]
    assert [p["E"], p["A"], p["a"]] == pytest.approx([1.2, 3, 0.4], rel=0.05)
    (own,) = alone.own_forms
    assert (own.place, own.of, own.row.chosen, own.tangled) == (1, 1, True, ())
    assert run.manifest.task.name == "my_sweep"


def test_beside_the_search_it_has_a_place_among_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    power = form_source(("A", "a"), 'p["A"] * x["n"] ** -p["a"]')
    searched = [Proposal(one, origin="search") for one in (power, form_source(("L",), 'p["L"] + 0 * x["n"]'))]
    monkeypatch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", lambda *_, **__: ScriptedProposer([searched]))
    found = discover(frame(), target="loss", form=[FORM, "E + A*n"], runs_dir=tmp_path)
    good, bad = found.own_forms
    assert (good.place, good.of, bad.place, bad.of) == (1, 4, 4, 4), "a line is behind the constant"
    assert [one["place"] for one in found.to_json()["own_forms"]] == [good.place, bad.place]


def test_an_exponent_may_be_as_steep_as_the_rows(tmp_path: Path):
    stress = np.repeat(np.linspace(250, 500, 8), 2)
    cycles = 1e5 * (stress / 400) ** -13 * np.tile([1.1, 0.9], 8)
    table = pd.DataFrame({"stress": stress, "cycles": cycles})
    found = discover(table, target="cycles", form="10^(a - b*log10(stress))", only=True, runs_dir=tmp_path)
    assert found.law is not None and found.law.constants["all_data"]["b"] == pytest.approx(13, rel=0.02)


@pytest.mark.parametrize(
    ("form", "slope"),
    [
        ("Bottom + (Top-Bottom)/(1 + 10^((LogEC50 - dose)*Hill))", -1.3),  # the response falls, and Top is above Bottom
        ("Top + (Bottom-Top)/(1 + 10^((LogEC50 - dose)*Hill))", 1.3),
        ("y_min + (y_max-y_min)/(1 + exp(-Hill*(dose - LogEC50)*2.302585))", -1.3),
        ("b + (a-b)/(1 + 10^((LogEC50 - dose)*Hill))", 1.3),  # no names, and the sign as it is usual
    ],
)
def test_names_of_two_levels_say_which_is_higher(form: str, slope: float, tmp_path: Path):
    dose = np.repeat(np.linspace(-0.5, 3, 8), 2)
    response = 12 + 83 / (1 + 10 ** (1.3 * (dose - 1.4)))
    table = pd.DataFrame({"dose": dose, "viability": response + np.tile([0.3, -0.3], 8)})
    found = discover(table, target="viability", form=form, only=True, runs_dir=tmp_path)
    assert found.law is not None and found.law.constants["all_data"]["Hill"] == pytest.approx(slope, rel=0.05)


def test_the_centre_of_a_logarithm_is_sought_near_the_feature():
    lr = np.geomspace(1e-4, 1e-2, 9)
    task = made_task({"lr": lr}, {"y": np.log(lr / 1e-3) ** 2})
    source = own_candidate("E + k*(log(lr) - m)^2", task.schema, task.train)
    stated = statement_of(source, ("y",))
    (centre,) = (one for one in stated.parameters if one.name == "m")
    assert centre.lower == pytest.approx(np.log(1e-10)) and centre.upper == pytest.approx(np.log(1e4))


def test_only_needs_a_form(tmp_path: Path):
    with pytest.raises(InputError, match="form"):
        discover(frame(), target="loss", only=True, runs_dir=tmp_path)
    with pytest.raises(InputError, match="names no feature"):
        discover(frame(), target="loss", form="E + A/N^a", runs_dir=tmp_path)


def test_a_result_prints_in_some_ten_lines(alone: Result):
    said = repr(alone)
    assert len(said.splitlines()) <= 12 and len(said) < 2000
    assert "loss = E + A" in said and "Trust it to about" in said and len(repr(alone.law)) < 1000
    assert len(repr(alone.runs)) < 500


def test_a_result_gives_its_laws_as_a_table_and_picks_one(alone: Result):
    table = alone.table()
    assert table["formula"][0].startswith("loss = E + A") and table["chosen"].all()
    assert alone.pick(table["id"][0][:5]).id == table["id"][0]
    with pytest.raises(InputError, match="names no law"):
        alone.pick("zzz")


def test_a_file_may_be_named_by_a_string_and_columns_by_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    frame().to_csv("sweep.csv", index=False)
    by_name = discover("sweep.csv", target="loss", form=FORM, only=True)
    numbered = frame().set_axis([0, 1], axis=1)
    by_number = discover(numbered, target=1, form="E + A/`0`^a", only=True)
    assert by_name.law.constants["all_data"] == pytest.approx(by_number.law.constants["all_data"])
    rows = numbered[[0]].head(3)
    assert by_number.law.predict(rows) == pytest.approx(by_name.law.predict(frame().head(3)))
