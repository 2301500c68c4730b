"""Tables as they often come: means of repeats, sheets that lie on their side, names among numbers, logs of epochs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import FRAME, read, refused, roles

from lawsmith.tasks import words
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.new_rows import number_in
from lawsmith.tasks.reading.quantities import quantity

X = np.geomspace(1, 100, 12)


def test_repeats_with_units_beside_their_mean_are_no_features(tmp_path: Path):
    made = pd.DataFrame({"S (uM)": X, **{f"v{k} (uM/min)": X / (X + 9) + k * np.cos(X) / 200 for k in (1, 2, 3)}})
    made["mean"] = made.iloc[:, 1:].mean(axis=1).round(4)
    assert read(tmp_path, made, "mean").task.schema.features == ("S (uM)",)


def test_runs_side_by_side_are_no_repeats_of_a_target_that_names_a_row(tmp_path: Path):
    side = pd.DataFrame(
        {"lr": [0.1, 0.1, 0.3, 0.3, 1, 1], "batch": [32, 64] * 3, "loss": [2.3, 2.4, 2.2, 2.3, 2.5, 2.1]}
    )
    turned = side.set_axis([f"Run {k}" for k in range(1, 7)]).T.rename_axis("Experiment").reset_index()
    data = read(tmp_path, turned)
    assert len(data.task.train) == 6 and data.task.schema.features == ("lr", "batch")


def test_a_frontier_keeps_its_compute_and_a_practice_its_trials(tmp_path: Path):
    made = pd.DataFrame({"C": 1e17 * X, "N_opt": (1e6 * X**0.5).round(), "L_min": (4 * X**-0.06).round(3)})
    named = made.rename(columns={"C": "compute"})
    assert read(tmp_path, named, "N_opt").task.schema.features == ("compute",)
    assert read(tmp_path, named[["N_opt", "compute", "L_min"]], "L_min").task.schema.features == ("compute",)
    practice = pd.DataFrame({"Trial": np.arange(1, 13), "RT (ms)": 400 + 500 / X, "Errors": [3, 1, 2] * 4})
    assert "Trial" in read(tmp_path, practice, "RT (ms)").task.schema.features
    shuffled = practice.assign(
        setting=X[::-1] ** 0.5, Trial=practice["Trial"].sample(frac=1, random_state=0).to_numpy()
    )
    assert roles(read(tmp_path, shuffled, "RT (ms)"))["Trial"] == "bookkeeping"


def test_titles_above_a_header_of_as_many_words(tmp_path: Path):
    rows = "threads time_s speedup\n" + "".join(f"{2**k} {9.1 / 2**k:.3f} {2.0**k}\n" for k in range(6))
    for title in ("Speedup vs threads\n", "Speedup of solver\n\n", "Speedup results\n", "Table 2: speedup of all\n"):
        data = read(tmp_path, title + rows, "speedup")
        assert len(data.task.train) == 6 and data.task.schema.features == ("threads",)
        assert read(tmp_path, (title + rows.replace(" ", "\t")), "speedup").task.schema.features == ("threads",)
    steps = "".join(f"| {s},000 | {2 + 9 / s:.3f} |\n" for s in (4, 8, 16, 32, 64))
    assert max(read(tmp_path, "| Steps | loss |\n|--|--|\n" + steps).task.train.features["Steps"]) == 64000


def test_a_limit_is_a_setting_and_an_upper_limit_is_none(tmp_path: Path):
    made = pd.DataFrame({"income": X, "limit": X + 40 + 9 * np.cos(X), "balance": X**0.5 + 20})
    assert read(tmp_path, made, "balance").task.schema.features == ("income", "limit")
    named = made.rename(columns={"limit": "upper limit"})
    assert roles(read(tmp_path, named, "balance"))["upper limit"] != "feature"


def test_names_among_numbers_are_names_and_single_remarks_are_not(tmp_path: Path):
    chips = ["4004", "8008", "8080", "8086", "286", "386", "486", "Pentium", "PII", "PIII", "P4", "P5"]
    made = pd.DataFrame({"chip": chips, "year": 1970 + 3 * np.arange(12), "transistors": X})
    data = read(tmp_path, made, "transistors")
    assert data.task.schema.features == ("year",)
    assert "lawsmith took chip for names, because some cells are words ('Pentium')." in data.notices
    steels = made.assign(grade=["A36", *chips[:4], "1018", "1045", "4140", "4340", "304", "316", "410"])
    assert roles(read(tmp_path, steels.drop(columns="chip"), "transistors"))["grade"] == "left out"


def test_rates_per_100000_count_by_the_population(tmp_path: Path):
    made = pd.DataFrame(
        {
            "age": np.arange(20, 80, 5),
            "cases": np.round(20 * X * (1 + np.cos(X) / 3)),
            "population": 50_000 + 40 * X // 1,
        }
    )
    made["rate"] = (1e5 * made["cases"] / made["population"]).round(1)
    assert roles(read(tmp_path, made, "rate")) == {
        "age": "feature",
        "cases": "companion",
        "population": "weight",
        "rate": "target",
    }


def test_epochs_in_words_before_pairs_are_read(tmp_path: Path):
    lines = [f"[10:0{e}:00] INFO epoch {e}/8 loss={3 / e:.3f} val_loss={4 / e:.3f} (1.{e}s)" for e in range(1, 9)]
    assert read(tmp_path, "\n".join(lines) + "\n", "val_loss").task.schema.features == ("epoch",)


def test_words_for_ends_of_intervals_hours_and_outcomes(tmp_path: Path):
    made = FRAME.assign(loss_lwr=FRAME["loss"] - 0.1, loss_upr=FRAME["loss"] + 0.11)
    assert roles(read(tmp_path, made))["loss_upr"] == "weight"
    best = pd.DataFrame({"C": X, "N_opt": 3 * X**0.5 + np.cos(X) / 9, "loss": 2 + X**-0.2})
    assert read(tmp_path, best, "N_opt").task.schema.features == ("C",)
    growth = pd.DataFrame({"h": np.arange(9), "OD wild": np.exp(np.arange(9) / 4), "OD other": np.arange(9) ** 1.5})
    assert roles(read(tmp_path, growth, "OD wild"))["h"] == "feature"
    tried = pd.DataFrame(
        {"k": [1, 5, 10, 50] * 3, "T": np.repeat([0.2, 0.6, 1], 4), "pass@k": np.linspace(0.1, 0.9, 12)}
    )
    assert roles(read(tmp_path, tried.assign(**{"pass@1": 0.3 - tried["T"] / 9}), "pass@k"))["pass@1"] == "companion"


def test_times_of_several_algorithms_are_series_whatever_their_sizes(tmp_path: Path):
    n = np.array([10.0, 100, 1000, 10000, 100000])
    made = pd.DataFrame({"n": n, "quick_ms": n / 5e3, "merge_ms": n * np.log(n) / 4e4, "bubble_ms": n**2 / 1e6})
    assert read(tmp_path, made, "merge_ms").task.schema.features == ("n",)


def test_what_a_run_took_is_no_setting_and_settings_do_not_follow_from_it(tmp_path: Path):
    made = pd.DataFrame({"batch_size": np.repeat([64, 128, 256], 4), "lr": np.tile([1, 2, 4, 8], 3) / 1e3})
    made = made.assign(train_hours=8 / made["batch_size"] ** 0.2 + np.cos(X) / 99, loss=2 + np.cos(X))
    found = roles(read(tmp_path, made))
    assert (found["batch_size"], found["train_hours"]) == ("feature", "companion")


def test_what_is_measured_beside_a_target(tmp_path: Path):
    made = pd.DataFrame({"n": np.tile([1, 4, 16], 4), "temp": np.repeat([0.1, 0.4, 0.7, 1], 3)})
    made = made.assign(**{"maj@k": X / 200, "pass@k": (X + np.cos(X)) / 200})
    assert roles(read(tmp_path, made, "maj@k"))["pass@k"] == "companion"
    losses = made.assign(val_math=1 + 1 / X, val_code=2 + np.sin(X))
    assert roles(read(tmp_path, losses, "val_math"))["val_code"] == "companion"
    density = made.assign(rho_exp=1000 + X, rho_calc=1000 + 1.01 * X)
    assert roles(read(tmp_path, density, "rho_exp"))["rho_calc"] == "companion"
    stars = pd.DataFrame({"D (Mpc)": X, "e_D": 0.1 + np.cos(X) ** 2, "v": 70 * X})
    assert roles(read(tmp_path, stars, "v"))["e_D"] == "left out"


def test_a_label_of_the_range_of_another_column_stays_a_label(tmp_path: Path):
    made = pd.DataFrame({"bench": np.repeat(["MATH", "AIME"], 6), "n": np.tile([1, 4, 16], 4)})
    made = made.assign(length=np.repeat([200.0, 700], 6) + 9 * np.sin(X), loss=np.cos(X))
    assert roles(read(tmp_path, made))["bench"] == "group"


def test_a_column_that_says_which_rows_are_for_a_test_is_told(tmp_path: Path):
    made = pd.DataFrame({"tokens": X, "split": ["train"] * 9 + ["test"] * 3, "loss": 2 + 1 / X})
    data = read(tmp_path, made)
    assert (roles(data)["split"], len(data.task.train)) == ("left out", 12)
    assert any("whatever split says; put those of a test into a file" in notice for notice in data.notices)
    long = pd.DataFrame({"tokens": np.repeat(X, 2), "split": ["train", "test"] * 12, "loss": 2 + np.cos(np.arange(24))})
    assert roles(read(tmp_path, long))["split"] in ("group", "category")


def test_last_lines_of_text_or_of_the_best_run_are_no_rows(tmp_path: Path):
    rows = "model,params,loss\n" + "".join(f"m{k},{k + 2}0M,{3 - k / 9:.2f}\n" for k in range(6))
    for last in ("All trained on 20 tokens per parameter,,\n", "best,,2.44\n"):
        data = read(tmp_path, rows + last)
        assert len(data.task.train) == 6 and any("left out the last line" in notice for notice in data.notices)


def test_a_column_of_values_and_errors_goes_by_its_name_in_the_file(tmp_path: Path):
    table = "dose,response (%) ± SD\n" + "".join(f"{k},{9 * k} ± {1 + k % 2}\n" for k in range(1, 8))
    assert read(tmp_path, table, "response (%) ± SD").task.schema.targets == ("response (%)",)


def test_names_of_results_and_of_settings():
    results = "top-1 mAP@0.5 maj@8 ppl_c4 fid_50k f1_macro bits/dim cpu_time_s chrF++ mt_bench psnr_db peak_MB GPU-days"
    settings = "top_k top_p bits bits_per_weight loss_weight score_threshold drop_rate memory_size train_frac gap_mm"
    assert all(words.is_outcome(name) or words.is_performance(name) for name in results.split())
    assert not any(words.is_outcome(name) or words.is_performance(name) for name in settings.split())


def test_precision_and_recall_beside_f1(tmp_path: Path):
    made = pd.DataFrame({"train size": X, "P": 80 + np.sin(X), "R": 70 + np.cos(X), "F1": 90 - 30 / X})
    assert read(tmp_path, made, "F1").task.schema.features == ("train size",)


def test_a_column_that_follows_from_several_settings_is_left_out(tmp_path: Path):
    made = pd.DataFrame([(b, lr, m) for b in (0.05, 0.1, 0.2, 0.5) for lr in (1.0, 3.0, 9.0) for m in "PQ"])
    made.columns = ["beta", "lr", "method"]
    noise = 0.01 * np.sin(np.arange(24) ** 2)
    made["quality"] = 3 + np.log(made["lr"]) - made["beta"] + (made["method"] == "Q") + noise
    made["kl"] = 8 * np.exp(-2 * made["beta"]) * made["lr"] ** 0.5 + 0.3 * (made["method"] == "Q") - 20 * noise
    made["steps"] = made["beta"] * made["lr"] * 1000  # set, as a product of settings
    made["humidity"] = 40 + 900 * noise
    data = read(tmp_path, made, "quality")
    assert any("left out kl and lr, which follow from the other features" in notice for notice in data.notices)
    assert roles(data)["kl"] == "derived"  # a result, or a rate that somebody chose by a rule: nobody can tell
    assert {name for name, role in roles(data).items() if role == "feature"} == {"beta", "steps", "humidity"}
    years = pd.DataFrame({"year": np.tile(np.arange(2000, 2012), 2), "land": np.repeat(["A", "B"], 12)})
    years["wealth"] = 1.02 ** (years["year"] - 2000) * np.where(years["land"] == "A", 30.1, 9.7) * (1 + noise)
    years["health"] = 60 + 6 * np.log(years["wealth"]) + noise
    assert roles(read(tmp_path, years, "health"))["wealth"] == "feature"


@pytest.mark.parametrize(
    ("cells", "role"),
    [
        (["0", "1", "2", "3+"] * 6, "category"),
        (["18-20", "21-24", "25-30", "31-40", "40+", "18-20"] * 4, "category"),
        (["13", "28", "13", "36A", "28", "36A"] * 4, None),
        ([f"{k}" for k in range(23)] + ["23+"], None),  # one bound among measured numbers
    ],
)
def test_classes_with_an_open_end_are_labels(tmp_path: Path, cells: list[str], role: str | None):
    size = np.geomspace(1, 90, 24)
    made = pd.DataFrame({"size": size, "children": cells, "cost": 3 + 2 * size})
    if role is None:
        with pytest.raises(InputError, match="children"):
            read(tmp_path, made, "cost")
    else:
        assert roles(read(tmp_path, made, "cost"))["children"] in (role, "group")


def test_columns_of_a_survey_do_not_follow_from_what_was_set(tmp_path: Path):
    rng = np.random.default_rng(2)
    size = rng.uniform(0, 1, 24)
    made = pd.DataFrame({"cylinders": 4 + 2 * np.round(2 * size), "gears": 5 - np.round(size + rng.uniform(0, 1, 24))})
    made["carburettors"] = np.round(1 + 5 * size * rng.uniform(0.5, 1, 24))
    made["power"] = 50 + 30 * made["cylinders"] - 8 * made["gears"] + 20 * made["carburettors"] + rng.normal(0, 4, 24)
    made["use"] = 40 / (1 + made["power"] / 90)
    assert roles(read(tmp_path, made, "use"))["power"] == "feature"


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1 month", "6 months", "1 year", "18 months", "2 years"], [1 / 12, 0.5, 1, 1.5, 2]),
        (["3 Mo", "6 Mo", "1 Yr", "5 Yr", "30 Yr"], [0.25, 0.5, 1, 5, 30]),
        (["3M", "6M", "1Y", "5Y", "30Y"], [0.25, 0.5, 1, 5, 30]),
        (["3 Monate", "6 Monate", "1 Jahr", "2 Jahre", "4 Jahre"], [0.25, 0.5, 1, 2, 4]),
        (["3 mois", "6 mois", "1 an", "2 ans", "4 ans"], [0.25, 0.5, 1, 2, 4]),
        (["12 hours", "1 day", "1 week", "2 weeks", "1 month"], [0.5, 1, 7, 14, 365.25 / 12]),
    ],
)
def test_times_in_weeks_months_and_years_are_numbers(tmp_path: Path, cells: list[str], numbers: list[float]):
    """Ages of children, terms of bonds and delays of a memory test were refused as numbers in different units."""
    data = read(tmp_path, pd.DataFrame({"time": cells, "y": [9, 7, 5, 4.5, 4]}), "y")
    assert np.allclose(data.task.train.features["time"], numbers)
    unit = data.task.schema.columns["time"].unit
    assert number_in("3 months", unit) == pytest.approx(0.25 * {"years": 1, "days": 365.25}[unit])


def test_a_function_of_another_feature_by_its_name_and_values_is_derived(tmp_path: Path):
    angle = np.arange(10, 81, 10)
    made = pd.DataFrame({"θ (°)": angle, "cos²θ": np.cos(np.radians(angle)).round(3) ** 2})
    made["I (mA)"] = (5 * made["cos²θ"] + 0.1 * np.sin(angle)).round(2)
    assert read(tmp_path, made, "I (mA)").task.schema.features == ("θ (°)",)
    warm = pd.DataFrame({"1/T (1/K)": (1 / (X + 273.15)).round(6), "T (°C)": X, "k": np.exp(X / 40).round(3)})
    assert read(tmp_path, warm, "k").task.schema.features == ("T (°C)",)
    other = pd.DataFrame({"x": X, "log x2": np.cos(7 * X), "y": X**0.5})
    assert read(tmp_path, other, "y").task.schema.features == ("x", "log x2")


def test_measurements_of_a_benchmark_that_are_alike_are_repeats(tmp_path: Path):
    rng = np.random.default_rng(0)
    made = pd.DataFrame([(n, a, k) for n in (10, 100, 1000) for a in "ab" for k in range(1, 6)])
    made = made.set_axis(["size", "algo", "iteration"], axis=1)
    alike = made["size"] * made["algo"].map({"a": 1, "b": 1.6}) * np.exp(0.03 * rng.standard_normal(30))
    found = roles(read(tmp_path, made.assign(instructions=(3.1 * alike).round(), time_ms=alike.round(3)), "time_ms"))
    assert (found["iteration"], found["size"]) == ("replicate", "feature")
    solver = made.assign(time_ms=(alike * made["iteration"]).round(3))
    assert roles(read(tmp_path, solver, "time_ms"))["iteration"] == "feature"


@pytest.mark.parametrize(
    ("name", "cells", "numbers"),
    [
        ("Pace (min/km)", ["4:05", "4:20", "4:41", "5:02", "5:13"], [245, 260, 281, 302, 313]),
        ("Time (h)", ["1:05", "1:20", "2:00", "2:31", "3:00"], [3900, 4800, 7200, 9060, 10800]),
        ("Height", ["5'4\"", "5' 6\"", "5'11", "6'", "6 ft 2 in"], [64, 66, 71, 72, 74]),
    ],
)
def test_a_unit_in_the_name_says_what_a_clock_means_and_feet_have_inches(
    tmp_path: Path, name: str, cells: list[str], numbers: list[float]
):
    data = read(tmp_path, pd.DataFrame({name: cells, "y": [9, 7, 5, 4.5, 4]}), "y")
    assert np.allclose(data.task.train.features[name], numbers)
    for other in (["10' 30\"", "11' 2\"", "12'", "13' 5\"", "14'"], ["1'000", "2'000", "3'000", "4'000", "5'500"]):
        assert quantity("arc", other, any) is None


def test_incomes_of_a_panel_do_not_follow_from_an_index_of_prices(tmp_path: Path):
    """An index has one value each year, as if it had been set; incomes of states grow with it."""
    rng = np.random.default_rng(0)
    made = pd.DataFrame([(state, year) for state in range(12) for year in range(1985, 1993)], columns=["state", "year"])
    growth = 0.05 * (made["year"] - 1985)
    made["cpi"] = (100 * np.exp(growth + 0.02 * np.sin(made["year"]))).round(1)
    made["income"] = 9000 * np.exp(1.5 * growth + 0.1 * np.cos(5 * made["state"]) + 0.02 * rng.standard_normal(96))
    made["price"] = 60 * np.exp(growth + 0.06 * rng.standard_normal(96))
    made["sales"] = 120 * (made["price"] / made["cpi"]) ** -0.6 * np.exp(0.1 * np.sin(made["state"]))
    made["state"] = "S" + made["state"].astype(str)
    assert {"cpi", "income", "price"} <= {*read(tmp_path, made, "sales").task.schema.features}


def test_a_speed_up_is_an_outcome_beside_a_time(tmp_path: Path):
    made = pd.DataFrame({"Nodes": 2 ** np.arange(6), "Speed-up": [1, 1.95, 3.7, 6.9, 11.8, 18.2]})
    made["Wall time [s]"] = (1000 / made["Speed-up"]).round(-1) + 3
    assert read(tmp_path, made, "Wall time [s]").task.schema.features == ("Nodes",)


@pytest.mark.parametrize("word", ["placebo", "Control", "untreated", "Kontrolle"])
def test_animals_without_a_dose_have_a_dose_of_nothing(word: str, tmp_path: Path):
    dose = [word] * 3 + [f"{x:g}" for x in X[:9]]
    made = pd.DataFrame({"dose (mg/kg)": dose, "volume": 900 / (1 + np.arange(12.0))})
    data = read(tmp_path, made, "volume")
    assert data.task.train.features["dose (mg/kg)"].tolist()[:4] == [0, 0, 0, 1]
    assert f"dose (mg/kg): lawsmith read {word!r} as 0, an amount of nothing." in data.notices
    arms = made[["volume"]].assign(arm=[f"{cell} mg" if cell != word else cell for cell in dose])
    assert read(tmp_path, arms, "volume").task.train.features["arm"].min() == 0
    for name, cells in (("temp_C", dose), ("dose", ["0", *dose[1:]])):
        with refused(f"holds text ({word!r})"):
            read(tmp_path, made.assign(**{name: cells})[[name, "volume"]], "volume")


def test_tables_of_eurostat_have_flags_and_colons(tmp_path: Path):
    rows = "".join(f"A,PC,{land}\t1{k}.0 \t1{k}.5 b\t: c\t1{k}.9 p\n" for k, land in enumerate(("AT", "BE", "DE")))
    data = read(tmp_path, "freq,unit,geo\\TIME_PERIOD\t2018 \t2019 \t2020 \t2021 \n" + rows, "value")
    assert data.task.train.features["year"].tolist() == [2018, 2019, 2021] * 3
    assert data.task.train.targets["value"].tolist()[:3] == [10, 10.5, 10.9]
    assert roles(data)["geo"] == "category"
    with_gaps = "land,t,y\n" + "".join(f"A,{k},{':' if k % 5 == 4 else k * k + 1}\n" for k in range(15))
    assert len(read(tmp_path, with_gaps, "y", drop_incomplete=True).task.train) == 12


def test_a_meter_adds_up_what_was_used(tmp_path: Path):
    used = (3 + np.cos(X)).round(3)
    made = pd.DataFrame({"temp_C": X, "used": used, "reading": (4500 + np.cumsum(used)).round(3)})
    assert roles(read(tmp_path, made, "used"))["reading"] == "companion"
    assert roles(read(tmp_path, made, "reading"))["used"] == "companion"
    ramp = pd.DataFrame({"cycle": np.arange(12), "inlet": 1.1 - np.arange(12) ** 0.5 / 100, "y": 1 + np.cos(X) / 9})
    assert roles(read(tmp_path, ramp, "y"))["cycle"] == "feature"


def test_plots_are_numbered_by_block_and_place(tmp_path: Path):
    plots = pd.DataFrame(
        {"plot": [100 * b + p for b in (1, 2, 3) for p in (1, 2, 3, 4)], "n_rate": [0, 40, 80, 120] * 3}
    )
    made = plots.assign(yield_t=3 + plots["n_rate"] ** 0.5 / 4 + np.cos(X) / 9)
    for rows in (made, made.sample(frac=1, random_state=1)):
        assert roles(read(tmp_path, rows, "yield_t"))["plot"] == "bookkeeping"


@pytest.mark.parametrize(
    "parts",
    [
        ("Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg"),
        ("Z' (Ohm)", "Z'' (Ohm)"),
        ("Zreal", "Zimag", "Zmod", "Zphz"),
        ("Re Z", "Im Z", "abs Z"),
        ("S11_mag", "S11_phase"),
    ],
)
def test_parts_of_one_complex_number_are_companions(parts: tuple[str, ...], tmp_path: Path):
    made = pd.DataFrame({"f": X, **{name: np.cos(k + X / 50) + 3 for k, name in enumerate(parts)}})
    for target in parts:
        assert read(tmp_path, made, target).task.schema.features == ("f",)


def test_what_a_low_rank_makes_trainable_follows_from_it(tmp_path: Path):
    rank = 2.0 ** np.repeat(np.arange(6), 2)
    made = pd.DataFrame({"rank": rank, "trainable_params": 131072 * rank, "eval_loss": 1 + 1 / rank + np.cos(X) / 99})
    assert read(tmp_path, made, "eval_loss").task.schema.features == ("rank",)


def test_a_state_without_any_value_is_not_called_empty(tmp_path: Path):
    data = read(tmp_path, pd.DataFrame({"lr": X, "status": "failed", "note": "", "loss": X**-0.1}))
    reasons = {one.name: one.reason for one in data.roles}
    assert (reasons["status"], reasons["note"]) == ("no value in any row, such as 'failed'", "empty")


def test_subjects_that_are_called_id_are_labels(tmp_path: Path):
    made = pd.DataFrame({"ID": np.repeat([1, 2, 3], 4), "t": [1, 2, 4, 8] * 3, "conc": 9 / X**0.3 + np.cos(X) / 9})
    assert roles(read(tmp_path, made, "conc"))["ID"] == "group"


def test_years_below_a_blank_name_are_years_and_row_numbers_are_none(tmp_path: Path):
    people = [f"{1200 + 15 * k + k % 3};{900 + 11 * k + k % 2}\n" for k in range(12)]
    table = ";Population;Emploi\n;(milliers);(milliers)\n" + "".join(
        f"{2000 + k};{row}" for k, row in enumerate(people)
    )
    data = read(tmp_path, table + "Source : Insee\n", "Emploi")
    assert data.task.train.features["year"].tolist() == [*range(2000, 2012)]
    assert any("the first column has no name; lawsmith took its cells for years." in said for said in data.notices)
    numbered = ";Population;Emploi\n" + "".join(f"{k};{row}" for k, row in enumerate(people))
    assert read(tmp_path, numbered, "Emploi").task.schema.features == ("Population",)


def test_a_function_with_brackets_of_its_own_follows_from_its_argument(tmp_path: Path):
    share = np.linspace(0.1, 0.95, 12)
    made = pd.DataFrame({"Percentile": share, "1/(1-Percentile)": 1 / (1 - share), "Value": 1 - np.log(1 - share)})
    assert read(tmp_path, made.round(4), "Value").task.schema.features == ("Percentile",)
