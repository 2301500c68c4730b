"""Formulas that PySR, operon or gplearn found join a search: their numbers are fitted anew."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith import discover
from lawsmith.agent.command.own_forms import HALL_OF_FAME, formulas, imported_candidates
from lawsmith.sandbox.law.expression import add, mul, neg, power
from lawsmith.sandbox.law.merged import merged
from lawsmith.sandbox.law.nodes import Feature, Number, Parameter
from lawsmith.sandbox.law.own_form import formula_tree
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_text import text
from lawsmith.tasks import InputError, Schema
from tests.command import run_command

PYSR = """Complexity,Loss,Equation
1,0.08,"2.61"
3,0.012,"n ^ -0.03"
7,2e-05,"1.1 + (2.9 * (n ^ -0.39))"
9,0.3,"fancy(n, 2.0)"
"""


def schema(*features: str) -> Schema:
    return Schema(name="t", long_name="t", title="t", features=features, targets=("y",), group=None)


def form(formula: str, *features: str) -> str:
    ((source, _),) = imported_candidates([formula], schema(*features))[0].items()
    return text(read(source, ("y",), features).targets["y"])


@pytest.mark.parametrize(
    ("formula", "features", "read_as"),
    [
        ("1.7 + (513.2 * (x0 ^ -0.34))", ("N", "D"), "c1 + c2 * N^-c3"),
        ("y = 0.5 * square(x1) + 2.0", ("N", "D"), "c1 * D^2 + c2"),
        ("((-0.4) + (1.2 * X2))", ("N", "D"), "c2 * D - c1"),  # operon counts from 1
        ("add(X0, mul(X1, 0.5))", ("N", "D"), "N + c1 * D"),  # gplearn from 0
        ("1.5e-3 * x1 / x0 ** 2", ("x1", "x0"), "c1 * x1 * x0^-2"),  # columns of that name come first
    ],
)
def test_numbers_become_constants_and_places_columns(formula: str, features: tuple[str, ...], read_as: str):
    assert form(formula, *features) == read_as


@pytest.mark.parametrize(
    ("formula", "read_as"),
    [
        ("0.2 + (1.3 * (0.7 * N + 2.5))", "c1 + c3 * N"),
        ("0.1 + 1.2 * exp((0.3 * N) + 0.4)", "c1 + c2 * exp(c3 * N)"),
        ("1.5 * ((2.5 * N) ^ 0.3)", "c1 * N^c3"),
        ("0.1 + 0.2 * ((0.3 * D) * ((0.4 * N) - 0.5) + 0.6 * N)", "c1 + D * (c4 * N - c5) + c6 * N"),
        ("0.1 + 0.2 * sin((0.3 * N) + 0.4)", "c1 + c2 * sin(c3 * N + c4)"),
        ("1.5 * exp(0.3 * N) * exp(-0.1 * N)", "c1 * exp(c2 * N)"),
        ("1.5 * N ^ 0.3 * N ^ 0.4 * N", "c1 * N^c2"),
        ("1.5 * exp(0.3 * log(N))", "c1 * N^c2"),
        ("0.5 * (N ^ -0.3 + 0.7 * D ^ -0.2) + 1.7", "c1 * N^-c2 + c3 * D^-c4 + c5"),
        ("0.5 * (1 + 0.7 * N)", "c1 + c2 * N"),
        ("0.5 * N * (1 + 0.7 * D)", "c1 * N * (1 + c2 * D)"),  # what is written shorter stays
        ("1.5 * N ^ 0.3 * D ^ 0.4 * exp(0.2 * D)", "c1 * N^c2 * D^c3 * exp(c4 * D)"),
    ],
)
def test_constants_that_say_the_same_become_one(formula: str, read_as: str):
    assert form(formula, "N", "D") == read_as


def test_a_constant_in_several_places_is_never_merged():
    tree = formula_tree("a * (a * x + b) + b", ("x",))
    assert merged(tree) == tree


def test_what_takes_in_another_constant_takes_in_its_bounds():
    one, two = (Parameter(name, low, high) for name, low, high in (("a", 0, 3), ("b", -1, 2)))
    x = Feature("x")
    assert merged(mul(x, power(x, neg(one)))) == power(x, neg(replace(one, lower=-1, upper=2)))
    assert merged(mul(power(x, two), power(x, neg(one)))) == power(x, replace(two, lower=-4, upper=2))


def test_terms_take_in_the_bounds_of_the_constant_before_their_sum():
    free, positive, x = Parameter("a"), Parameter("k", 0), Feature("x")
    square = power(x, Number(2.0))
    assert merged(mul(free, add(x, mul(positive, square)))) == add(mul(free, x), mul(Parameter("k"), square))
    two, below = Parameter("a", 0, 2), Parameter("k", -1, 3)
    assert merged(mul(two, add(x, mul(below, square)))) == add(mul(two, x), mul(Parameter("k", -2, 6), square))


def test_only_formulas_ask_for_a_single_target():
    two = schema("N").model_copy(update={"targets": ("y", "z")})
    assert imported_candidates([], two) == ({}, ())
    with pytest.raises(InputError, match="one target"):
        imported_candidates(["2 * N"], two)


@pytest.mark.data
def test_a_task_of_several_targets_is_searched(sldbench: Path, tmp_path: Path, capsys):
    printed = run_command(
        capsys, *f"--task domain_mixture --time-limit 0.2 --json --data-dir {sldbench} --runs-dir {tmp_path}".split()
    )
    assert printed.json["runs"][0]["validation_r2"] > 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hall_of_fame.csv", PYSR),
        ("front.json", json.dumps([{"model": line} for line in ("2.61", "n ^ -0.03")])),
        ("front.csv", "complexity;equation\n3;n ^ -0.03\n1;2.61\n"),
        ("front.txt", "n ^ -0.03\n\n2.61\n"),
    ],
)
def test_files_of_several_programs_are_read(tmp_path: Path, name: str, content: str):
    (tmp_path / name).write_text(content)
    assert {"2.61", "n ^ -0.03"} <= set(formulas(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("no.csv", None, "There is no file"),
        ("empty.csv", "equation\n", "no column of formulas|holds no formula"),
        ("other.csv", "a,b\n1,2\n", "no column of formulas"),
        ("bad.json", "{", "is not valid JSON"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, name: str, content: str | None, said: str):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=said):
        formulas(tmp_path / name)


def test_they_are_fitted_judged_and_listed_with_the_others(tmp_path: Path):
    (tmp_path / "hall_of_fame.csv").write_text(PYSR)
    n = np.geomspace(10, 1e4, 24)
    loss = 1.2 + 3 * n**-0.4 + 0.003 * np.random.default_rng(0).standard_normal(24)
    found = discover(
        pd.DataFrame({"n": n, "loss": loss}),
        target="loss",
        hall_of_fame=tmp_path / "hall_of_fame.csv",
        form="E + A*n",
        only=True,
        runs_dir=tmp_path / "runs",
    )
    best, other = found.hall_of_fame
    assert [best.place, other.row is None or other.place > 1] == [1, True]
    assert best.trial.proposal.origin == HALL_OF_FAME and best.trial.proposal.by_chance == 3
    assert sorted(found.law.constants["all_data"].values()) == pytest.approx([0.4, 1.2, 3], rel=0.05)
    assert best.trial.id in set(found.table()["id"]) and len(found.own_forms) == 1
    assert [one["law"] for one in found.to_json()["hall_of_fame"]] == [best.trial.id, other.trial.id]


def test_a_hall_of_fame_that_nobody_can_fit_says_why(tmp_path: Path):
    (tmp_path / "front.txt").write_text("2.61\nfancy(n)\n")
    frame = pd.DataFrame({"n": np.arange(1.0, 20), "loss": np.arange(1.0, 20) ** 0.5})
    with pytest.raises(InputError, match=r"2 of 2 formulas .* '2.61': names no feature"):
        discover(frame, target="loss", hall_of_fame=tmp_path / "front.txt", only=True, runs_dir=tmp_path / "runs")
