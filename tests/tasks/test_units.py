"""Nothing about a table depends on the units of its columns, on the order of its rows, or on where time begins."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import read

from lawsmith.tasks import Table
from lawsmith.tasks.frontier.folds import frontier_features, frontier_folds, nearness, simplex_columns
from lawsmith.tasks.frontier.probes import probe_rows

SCALES = (1e-15, 1e-6, 1e3, 1e15)


def grid(scale: float = 1.0) -> Table:
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e6, 1e9, 7), np.geomspace(1e8, 1e10, 5)))
    return Table({"n": scale * n, "d": d}, {"y": n**-0.3 + d**-0.2}, ("all",), np.zeros(35, dtype=np.intp))


def mixtures(scales: tuple[float, float, float] = (1.0, 1.0, 1.0), total: float = 1.0) -> Table:
    shares = total * np.random.default_rng(0).dirichlet((2, 3, 1), 40)
    size = np.geomspace(1e6, 1e9, 40)
    features = {f"r{k}": scale * shares[:, k] for k, scale in enumerate(scales)} | {"n": size}
    return Table(features, {"y": size**-0.1}, ("all",), np.zeros(40, dtype=np.intp))


def held_out(table: Table) -> list[list[int]]:
    return [fold.held_out.tolist() for fold in frontier_folds(table)]


@pytest.mark.parametrize("scale", SCALES)
def test_folds_and_nearness_know_no_units(scale: float):
    assert held_out(grid(scale)) == held_out(grid())
    assert np.array_equal(nearness(grid(scale)), nearness(grid()))
    probes, plain = probe_rows(grid(scale)), probe_rows(grid())
    assert np.allclose(probes.features["n"], scale * plain.features["n"], rtol=1e-12)


@pytest.mark.parametrize("scale", SCALES)
def test_shares_of_a_whole_are_shares_in_any_unit(scale: float):
    assert simplex_columns(mixtures()) == ("r0", "r1", "r2")
    assert simplex_columns(mixtures(total=100 * scale)) == ("r0", "r1", "r2")
    assert simplex_columns(mixtures(scales=(scale, 1.0, 1.0))) == ("r0", "r1", "r2")
    assert held_out(mixtures(scales=(scale, 1.0, 1.0))) == held_out(mixtures())


@pytest.mark.parametrize("decimals", [2, 3])
def test_shares_of_a_whole_may_be_rounded(decimals: int):
    exact = mixtures()
    rounded = {name: column.round(decimals) for name, column in exact.features.items()}
    assert simplex_columns(replace(exact, features=rounded)) == ("r0", "r1", "r2")


def test_what_adds_up_by_chance_is_no_share():
    rng = np.random.default_rng(1)
    years = 60_000 + rng.uniform(0, 9, 40)  # nearly constant beside its distance from zero
    x, y = rng.uniform(0, 1, (2, 40))
    table = Table({"t": years, "x": x, "z": y}, {"y": x}, ("all",), np.zeros(40, dtype=np.intp))
    assert simplex_columns(table) == ()
    levels = np.tile([1.0, 2.0], 20), np.repeat([1.0, 2.0], 20)  # whose digits would explain any sum
    assert simplex_columns(Table(dict(zip("ab", levels, strict=True)), {"y": x}, ("all",), table.codes)) == ()
    few = Table({"x": x[:3], "z": y[:3]}, {"y": x[:3]}, ("all",), np.zeros(3, dtype=np.intp))
    assert simplex_columns(few) == ()


@pytest.mark.parametrize("begin", [0.0, 2010.0, 60_000.0, 2_460_000.5])
def test_time_may_begin_anywhere(begin: float):
    def table(start: float) -> Table:
        time = start + np.arange(30.0)
        return Table({"t": time}, {"y": np.exp(-np.arange(30) / 9)}, ("all",), np.zeros(30, dtype=np.intp))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert held_out(table(begin)) == held_out(table(1.0 - 1e-9 if begin == 0 else begin))
        assert len(held_out(table(begin))) >= 3
        assert probe_rows(table(begin)).features["t"].max() > begin + 29


def test_the_order_of_rows_and_columns_decides_nothing():
    table, order = grid(), np.random.default_rng(2).permutation(35)
    shuffled = table.take(order)
    swapped = Table({k: table.features[k] for k in ("d", "n")}, table.targets, table.groups, table.codes)
    expected = {frozenset(rows) for rows in held_out(table)}
    assert {frozenset(order[rows].tolist()) for rows in held_out(shuffled)} == expected
    assert {frozenset(rows) for rows in held_out(swapped)} == expected


def test_labels_have_no_beyond():
    table = grid()
    kind = np.arange(35) % 3.0
    labelled = Table({**table.features, "kind": kind}, table.targets, table.groups, table.codes, categories=("kind",))
    assert frontier_features(labelled) == ("n", "d")
    assert held_out(labelled) == held_out(table)
    assert np.array_equal(nearness(labelled), nearness(table))
    assert set(probe_rows(labelled).features["kind"]) == {0.0, 1.0, 2.0}
    assert labelled.take(np.arange(5)).hide().categories == ("kind",)


def test_units_that_decide_on_laws_are_told(tmp_path: Path):
    """Nobody has to guess why a law has pi / 180 in it."""
    rows = np.arange(24.0)
    made = pd.DataFrame({"tilt_deg": rows % 11, "theta": rows % 5 / 7, "temp_C": rows % 9, "y": np.sqrt(rows)})
    reasons = {one.name: one.reason for one in read(tmp_path, made, "y").roles}
    assert reasons["tilt_deg"] == "an angle in degrees"
    assert reasons["theta"] == "an angle in radians"
    assert reasons["temp_C"] == "a temperature in degrees Celsius"


def test_a_loss_that_is_a_feature_is_told(tmp_path: Path):
    table = pd.DataFrame({"nll": np.linspace(2, 1, 12), "acc": np.linspace(0.2, 0.6, 12)})
    said = "What lies beyond the rows of nll is below the smallest value"
    assert any(one.startswith(said) for one in read(tmp_path, table, "acc").notices)
    assert not any(said in one for one in read(tmp_path, table.rename(columns={"nll": "depth"}), "acc").notices)


def test_shares_of_a_whole_are_named_so(tmp_path: Path):
    web, code = np.random.default_rng(0).uniform(0.1, 0.45, (2, 12)).round(2)
    table = pd.DataFrame({"web": web, "code": code, "books": 1 - web - code, "size": np.arange(12) ** 2 + 5.0})
    roles = {one.name: one.reason for one in read(tmp_path, table.assign(loss=2 - web * code)).roles}
    assert all(roles[name] == "one of 3 shares of a whole" for name in ("web", "code", "books"))
    assert roles["size"] == "a number that varies"


def test_a_unit_below_the_header_makes_a_column_a_temperature(tmp_path: Path):
    """The laws of temperatures and angles know their columns by name."""
    text = "T,swing,k\n°C,deg,1/s\n" + "".join(f"{20 + 8 * k},{k % 5 * 10},{2.0**k}\n" for k in range(9))
    data = read(tmp_path, text, "k")
    assert {one.name: one.reason for one in data.roles if one.role == "feature"} == {
        "T (°C)": "a temperature in degrees Celsius",
        "swing (deg)": "an angle in degrees",
    }
    assert "T (°C)" in read(tmp_path, text, "k", features=["T"]).task.schema.features
    assert read(tmp_path, text, "T").task.schema.targets == ("T",)
