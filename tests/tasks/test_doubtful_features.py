"""Columns that may be further outcomes of the same runs: left out where their kind shows it, told elsewhere."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import read, roles

X6 = np.array([1.0, 2, 4, 8, 16, 32])
TIMES = np.arange(0.0, 40.0, 2)


@pytest.mark.parametrize("swing", [False, True])
def test_series_of_one_size_along_an_axis(swing: bool, tmp_path: Path):
    sizes = {"Brest": 2.0, "Dover": 3.1, "Cuxhaven": 1.7}
    curve = np.cos(TIMES / 6) if swing else np.exp(-TIMES / 9)
    made = pd.DataFrame({"hour": TIMES, **{name: np.round(size * (1.1 + curve), 3) for name, size in sizes.items()}})
    found = read(tmp_path, made, "Dover")
    assert roles(found) == {"hour": "feature", "Brest": "companion", "Dover": "target", "Cuxhaven": "companion"}
    another = made.assign(Brest=50 * made["Brest"])  # of another size: a setting perhaps
    assert roles(read(tmp_path, another, "Dover"))["Brest"] != "companion"


def test_what_goes_along_a_setting_and_what_the_target_is_made_of_is_told(tmp_path: Path):
    noise = np.sin(np.arange(20) ** 2)
    made = pd.DataFrame({"cycle": 25 * np.arange(20), "IR (mOhm)": 22 + 0.1 * TIMES + 0.02 * noise})
    made["Capacity"] = np.round(3 - 0.01 * TIMES + 0.01 * noise[::-1], 3)
    told = "IR (mOhm) moves with cycle, as Capacity does. If IR (mOhm) is a result, not a setting, leave it out with"
    assert told in " ".join(read(tmp_path, made, "Capacity").notices)
    counts = pd.DataFrame({"t": TIMES, "gross": np.round(900 * np.exp(-TIMES / 9) + 30), "blank": np.round(30 + noise)})
    counts["net"], counts["ratio"] = counts["gross"] - counts["blank"], counts["gross"] / counts["blank"] * 100
    for target, other, made_of in (("net", "ratio", "gross - blank"), ("ratio", "net", "100 * gross / blank")):
        notices = " ".join(read(tmp_path, counts.drop(columns=other), target).notices)
        assert f"{target} is {made_of} in every row." in notices
    cell = pd.DataFrame({"V": TIMES / 40, "J": 30 - TIMES, "T": 300 + noise})
    notices = read(tmp_path, cell.assign(P=cell["V"] * cell["J"]), "J").notices
    assert any("J is P / V in every row. If P is a result" in n for n in notices)
    sizes = pd.DataFrame({"params_M": [22, 33, 109, 137, 335, 560, 1540, 7111], "loss": 0})
    sizes["STS"], sizes["loss"] = (a + b * np.log(sizes["params_M"]) for a, b in ((60, 3.1), (20, 4.2)))
    sizes["STS"] += noise[:8]
    assert "STS moves with params_M, as loss does." in " ".join(read(tmp_path, sizes).notices)


def test_what_is_the_target_but_for_a_baseline_or_a_root_is_no_feature(tmp_path: Path):
    counts = np.round(1200 * np.exp(-TIMES / 11) + 15)
    made = pd.DataFrame({"t": TIMES, "Δcounts": counts - 7, "sqrt_counts": np.round(counts**0.5, 1), "counts": counts})
    assert read(tmp_path, made, "counts").task.schema.features == ("t",)
    log = pd.DataFrame({"iter": 100 * np.arange(20), "loss": counts, "time (ms)": 200 + np.sin(np.arange(20) ** 2)})
    assert roles(read(tmp_path, log))["time (ms)"] == "companion"
    made.loc[3, "t"] = -99.0  # nearer than three ranges, but alone negative
    assert any(told.startswith("t is -99 in 1 row") for told in read(tmp_path, made, "counts").notices)


def test_t_and_T_are_two_columns_and_a_count_of_a_share_is_none_of_its_features(tmp_path: Path):
    cooling = pd.DataFrame({"t (min)": TIMES, "T (°C)": 22 + np.round(65 * np.exp(-TIMES / 14), 1)})
    assert read(tmp_path, cooling.assign(z=TIMES % 3), "T").task.schema.features == ("t (min)", "z")
    died = np.array([0, 2, 7, 16, 25, 33, 38])
    doses = pd.DataFrame({"dose": [1, 3, 6, 10, 15, 25, 50], "n": [40, 38, 41, 40, 37, 40, 39], "died": died})
    assert roles(read(tmp_path, doses.assign(p=np.round(died / doses["n"], 4)), "p"))["died"] == "companion"
    per_cent = doses.assign(**{"n": 40, "mortality (%)": np.round(died / 0.4, 1)})
    assert read(tmp_path, per_cent, "mortality (%)").task.schema.features == ("dose",)


def test_a_unit_of_force_is_no_number_of_samples(tmp_path: Path):
    drilled = pd.DataFrame({"d": np.repeat([2.0, 4, 6, 8], 5), "rpm": np.tile([500, 700, 1000, 1500, 2000], 4)})
    drilled["thrust_kN"] = np.round(0.3 * drilled["d"] * (1 + 0.01 * np.sin(np.arange(20) ** 2)), 3)
    drilled["torque"] = drilled["d"] * drilled["rpm"] ** 0.5
    assert roles(read(tmp_path, drilled, "torque"))["thrust_kN"] == "derived"
    grown = pd.DataFrame({"time_h": TIMES, "OD600": np.round(0.05 * np.exp(TIMES / 12) / (1 + 0.01 * TIMES), 3)})
    assert roles(read(tmp_path, grown.assign(lnOD=np.log(grown["OD600"]).round(3)), "OD600"))["lnOD"] == "derived"


def test_errors_behind_the_sign_of_latex_are_read(tmp_path: Path):
    rows = "".join(f"{k};${k + 2.5} \\pm {0.1 + 0.01 * k:.2f}$\n" for k in range(8))
    assert roles(read(tmp_path, "x;y\n" + rows, "y")) == {"x": "feature", "y": "target", "y ±": "weight"}


def test_what_a_share_leaves_is_told_and_the_cost_of_a_model_is_a_feature(tmp_path: Path):
    noise = 1 + 0.01 * np.sin(np.arange(20) ** 2)
    made = pd.DataFrame({"t": TIMES, "left": np.exp(-0.02 * TIMES)})
    made["conversion (%)"] = 100 * (1 - made["left"] * noise)
    assert "conversion (%) is nearly 100 % minus left." in " ".join(read(tmp_path, made, "left").notices)
    sizes = pd.DataFrame({"GFLOPs": 2.0 ** np.arange(10), "depth": np.arange(10) % 3, "FID": 20 / (1 + np.arange(10))})
    assert roles(read(tmp_path, sizes, "FID"))["GFLOPs"] == "feature"


def test_words_for_prices_epidemics_votes_and_errors(tmp_path: Path):
    level = np.round(20 * np.exp(-TIMES / 20), 3)
    days = [f"2024-03-{day:02d}" for day in range(1, 21)]
    prices = pd.DataFrame({"Date": days, "Open": level * 1.01, "Adj Close": level * 0.99, "Close": level})
    assert roles(read(tmp_path, prices, "Close")) == dict.fromkeys(prices, "companion") | {
        "Date": "feature",
        "Close": "target",
    }
    cases = pd.DataFrame({"Date": days, "deaths": np.arange(20) % 7, "new_cases": level})
    assert roles(read(tmp_path, cases, "new_cases"))["deaths"] == "companion"
    judged = pd.DataFrame({"x": TIMES + 1, "score": level, "Votes": 50_000 - 997 * np.arange(20) % 7})
    assert roles(read(tmp_path, judged, "score"))["Votes"] == "weight"
    judged = pd.DataFrame({"x": X6, "alpacaeval_lc": 10 + X6, "mt_bench": 9 - 3 / X6, "theory": 10.1 + X6})
    assert read(tmp_path, judged, "alpacaeval_lc").task.schema.features == ("x",)
    told = read(tmp_path, judged.assign(theory=100 * X6 / (X6 + 5)).rename(columns={"theory": "kill"}), "mt_bench")
    assert any("kill moves with x, as mt_bench does." in said for said in told.notices)  # of six rows
    for error in ("Fehler", "écart-type", "desviación estándar"):
        abroad = pd.DataFrame({"x": TIMES + 1, "U": level, error: 0.01 + 0.01 * (np.arange(20) % 9)})
        assert roles(read(tmp_path, abroad, "U"))[error] == "weight"


@pytest.mark.parametrize(("target", "error"), [("mag", "magerr"), ("test_error", "σ(test_error)")])
def test_an_error_with_the_whole_name_of_the_target_is_its_own(target: str, error: str, tmp_path: Path):
    nights = pd.DataFrame({"mjd": np.repeat(59000.2 + TIMES, 2), "filter": ["g", "r"] * 20})
    nights[target] = 0.3 + 0.01 * np.repeat(TIMES, 2) + 0.05 * (np.arange(40) % 2)
    nights[error] = 0.002 + 0.001 * (np.arange(40) % 3)
    assert roles(read(tmp_path, nights, target))[error] == "weight"


def test_sizes_of_a_plan_and_its_order_are_no_counts_and_no_errors(tmp_path: Path):
    sizes = pd.DataFrame([(m, n, k) for m in (256, 512) for n in (256, 512, 1024) for k in (64, 128)], columns=[*"MNK"])
    sizes["mean_ms"], sizes["std_ms"] = sizes.prod(axis=1) / 1e6, 0.01 * sizes["N"] ** 0.5
    found = read(tmp_path, sizes, "mean_ms")
    assert found.task.schema.features == ("M", "N", "K") and roles(found)["std_ms"] == "weight"
    plan = pd.DataFrame({"Std": [3, 1, 4, 2, 6, 5, 8, 7], "A": [-1, 1] * 4, "B": [-1, -1, 1, 1] * 2})
    plan["yield"] = 50 + 5 * plan["A"] + 3 * plan["B"] + 0.1 * plan["Std"]
    assert roles(read(tmp_path, plan, "yield"))["Std"] == "bookkeeping"


def test_rows_numbered_with_gaps_and_a_detector_at_its_end(tmp_path: Path):
    noise, gaps = np.sin(np.arange(20) ** 2), np.cumsum(1 + np.arange(20) % 3)
    made = pd.DataFrame({"Lfd. Nr.": 100 + gaps, "a": 3 + noise, "b": 5 + np.cos(np.arange(20) ** 2)})
    made["y"] = made["a"] ** 2 + 3 * made["b"]
    found = read(tmp_path, made, "y")
    assert roles(found) == dict(zip(made, ("bookkeeping", "feature", "feature", "target"), strict=True))
    assert not any("largest value" in said for said in found.notices)
    species = made.rename(columns={"Lfd. Nr.": "species"})  # of which there may be as many
    assert roles(read(tmp_path, species, "y"))["species"] == "feature"
    counts = pd.DataFrame({"power": TIMES, "counts": np.minimum(3000 * TIMES + 97 * noise + 500, 65535).round()})
    found = read(tmp_path, pd.concat([counts, counts.assign(power=TIMES + 30).iloc[12:]]), "counts")
    assert any("counts is 65535, its largest value, in" in said for said in found.notices)
