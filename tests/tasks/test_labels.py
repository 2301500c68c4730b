"""Labels that say no more than features do, that stand once, or that state sizes; and repeated measurements."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import chinchilla, frame, read, refused, roles

from lawsmith.tasks import read_dataset
from lawsmith.tasks.asked import meant
from lawsmith.tasks.user_table import read_decided


def test_a_label_that_stands_once_leaves_its_row_out(tmp_path: Path):
    table = frame()[:13]
    data = read(tmp_path, table)
    assert (len(data.task.train), data.task.train.groups) == (12, ("a",))
    assert data.notices[0] == (
        "lawsmith left out model b: a single row is too few for constants of its own; --group none keeps all rows."
    )
    assert read_decided(data.task.schema, tmp_path / "runs.csv").task.provenance == data.task.provenance
    with refused("too few rows in group 'b' (1 row); each group needs one row to fit a constant"):
        read(tmp_path, table, group="model")


@pytest.mark.parametrize("shown", ["Pythia-{}M", "pythia_{}m", "{}xA100"])
def test_sizes_in_names_are_told_where_no_column_holds_them(shown: str, tmp_path: Path):
    size, steps = np.repeat([7, 16, 41, 100, 280], 3), np.tile([1.0, 2, 4], 5)
    names = [f"{shown.format(one)} {'abc'[k % 3]}" for k, one in enumerate(size)]
    table = pd.DataFrame({"model": names, "steps": steps, "loss": 2 + 3 / size + 1 / steps})
    told = [one for one in read(tmp_path, table).notices if "states sizes that no other column holds" in one]
    assert len(told) == 1 and repr(names[0]) in told[0]
    assert not any("sizes" in one for one in read(tmp_path, table.assign(n=size * 1.01e6)).notices)


def test_measures_below_each_other_are_told(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]].melt(["n_params", "tokens"])
    twice = pd.concat(
        [table.assign(metric=name, value=table["value"] * k) for k, name in enumerate(("acc", "loss"), 1)]
    )
    told = "metric says which measure value holds in each row (acc and loss). With --target acc only "
    told += "that measure is read."
    assert told in read(tmp_path, twice.drop(columns="variable"), "value").notices


@pytest.mark.parametrize("name", ["loss_seed{}", "loss ({})", "Loss{}"])
def test_columns_of_repeats_are_rows_of_the_measure(name: str, tmp_path: Path):
    size = 10.0 ** np.arange(3, 11)
    columns = {name.format(k): 2 + 90 * size**-0.4 + 0.01 * k * (-1) ** np.arange(8) for k in range(3)}
    wide = pd.DataFrame({"N": size, **columns})
    wide.iloc[2, 3] = np.nan
    data = read(tmp_path, wide)
    assert (len(data.task.train), data.task.schema.features) == (23, ("N",))
    assert data.notices[0].endswith("as repeated measurements: 23 rows of loss.")
    stem = name.removesuffix("{}").removesuffix(" ({})")
    assert any(f"--target {stem} makes each" in told for told in read(tmp_path, wide, name.format(1)).notices)
    assert len(read(tmp_path, wide, stem).task.train) == 23
    commas = wide.map(lambda value: str(value).replace(".", ",")).rename(
        columns={one: f"{one} [nats]" for one in columns}
    )
    assert len(read(tmp_path, commas).task.train) == 23
    assert np.array_equal(data.task.train.features["N"][:6], np.repeat(size[:2], 3))
    with refused(name.format(1)):
        read(tmp_path, wide.assign(**{name.format(1): size}))


def test_rows_of_weight_zero_are_left_out_and_gaps_in_errors_told(tmp_path: Path):
    table = frame()[:12].drop(columns="model").assign(sample_weight=[0.0, 1, 2, 0.5] * 3)
    data = read(tmp_path, table)
    assert len(data.task.train) == 9 and "lawsmith left out 3 rows of weight 0 (sample_weight)." in data.notices
    table = table.drop(columns="sample_weight").assign(loss_err=[0.1] * 10 + [0, np.nan])
    assert ("loss_err is called an error, but not above 0 in 2 of 12 rows, so all rows count alike.") in read(
        tmp_path, table
    ).notices
    sd = read(tmp_path, table.rename(columns={"loss_err": "SD"}).assign(SD=[0.0, *np.linspace(0.01, 0.1, 11)]))
    assert "SD is called an error, but not above 0 in 1 of 12 rows, so all rows count alike." in sd.notices
    assert (
        read(tmp_path, table.assign(weight=1 + table["N"]), sigma="weight").task.schema.decided.weight.kind == "count"
    )


def test_what_plans_of_experiments_and_their_fits_write_beside_settings(tmp_path: Path):
    made = frame(12).assign(RunOrder=np.random.default_rng(0).permutation(24) + 1, FITS1=3.0, RESI1=0.1)
    made["RESI1"] *= np.cos(range(24))
    made["FITS1"] = made["loss"] - made["RESI1"]
    made["fit_lo"] = made["FITS1"] - 0.2
    made["Plot No."] = np.arange(101, 125)
    found = roles(read(tmp_path, made))
    assert found["RunOrder"] == found["Plot No."] == "bookkeeping"
    assert found["FITS1"] == found["RESI1"] == found["fit_lo"] == "companion"


def test_n_beside_an_error_counts_measurements_unless_it_parts_rows(tmp_path: Path):
    x = np.geomspace(1, 1000, 16)
    made = pd.DataFrame({"x": x, "n": 3 + np.arange(16) % 5 % 4, "y": 2 + x**-0.5, "y_sd": 0.01 + x / 1e5})
    assert roles(read(tmp_path, made, "y"))["n"] == "left out"
    assert roles(read(tmp_path, made.assign(x=np.repeat(x[:4], 4)), "y"))["n"] == "feature"
    assert roles(read(tmp_path, made.assign(n=np.tile([1, 2, 4, 8], 4)), "y"))["n"] == "feature"


def test_a_name_is_found_before_a_unit_with_brackets_of_its_own():
    assert meant("rate", ["t", "rate [mol/(l·s)]"]) == ["rate [mol/(l·s)]"]
    assert meant("Viscosity", ["Shear rate 1/s", "Viscosity Pa.s"]) == ["Viscosity Pa.s"]
    assert meant("loss", ["metrics.json:loss", "acc"]) == ["metrics.json:loss"]  # as DVC writes


@pytest.mark.parametrize("name", ["e_Dist", "Disterr1"])
def test_the_error_of_a_feature_in_the_names_of_astronomers(name: str, tmp_path: Path):
    made = frame().rename(columns={"N": "Dist"})
    made[name] = 0.5 + np.arange(len(made)) % 5
    assert roles(read(tmp_path, made))[name] == "left out"


def test_marks_of_rows_and_columns_that_nearly_repeat_the_target_are_told(tmp_path: Path):
    cycle = np.arange(1.0, 31)
    made = pd.DataFrame({"cycle": cycle, "inlet": 1.1 - cycle**0.5 / 100, "is_outlier": [False] * 28 + [True] * 2})
    made["outlet"] = made["inlet"] + 1e-4 * np.cos(cycle)
    data = read(tmp_path, made, "outlet")
    assert roles(data)["is_outlier"] == "left out"
    assert "is_outlier marks 2 rows ('true'); delete such rows if they should not count." in data.notices
    assert any("inlet is nearly the same as outlet" in said for said in data.notices)
    left = made[["cycle", "outlet"]].assign(left_pct=100 - 5 * made["outlet"])
    said = "left_pct is on a straight line with outlet. If left_pct is a result, not a setting, leave it out with"
    assert any(said in one for one in read(tmp_path, left, "outlet").notices)
    spring = pd.DataFrame({"load": np.repeat([0, 50, 100, 150], 3), "temp": np.tile([20.0, 25, 30], 4)})
    spring["ext"] = 0.08 * spring["load"] + 1e-5 * spring["temp"]
    assert not any("straight line" in said for said in read(tmp_path, spring, "ext").notices)  # loads were set
    assert not any("nearly the same" in said for said in read(tmp_path, made[["inlet", "outlet"]], "outlet").notices)


def test_a_loss_at_the_end_and_a_logarithm_of_the_target_are_outcomes(tmp_path: Path):
    made = frame().rename(columns={"loss": "val_loss_at_end"})
    made["train_loss"] = 0.9 * made["val_loss_at_end"] + np.cos(range(len(made))) / 100
    assert roles(read(tmp_path, made, "val_loss_at_end"))["train_loss"] == "companion"
    t = np.linspace(290, 350, 12)
    rates = pd.DataFrame({"T": t, "k (1/s)": np.exp(25 - 8000 / t + np.cos(9 * t) / 50)})
    rates["ln k"] = np.log(rates["k (1/s)"])
    assert roles(read(tmp_path, rates, "k (1/s)"))["ln k"] == "companion"
    assert roles(read(tmp_path, rates, "ln k"))["k (1/s)"] == "companion"


def test_a_multiple_of_the_target_beside_one_setting_and_repetitions_is_an_outcome(tmp_path: Path):
    made = pd.DataFrame({"conc": np.repeat([1.0, 10, 100, 50], 3), "inj": [1, 2, 3] * 4})
    made["area"] = made["conc"] * (1 + np.cos(range(12)) / 100)
    found = roles(read(tmp_path, made.assign(height=7 * made["area"]), "area"))
    assert (found["conc"], found["inj"], found["height"]) == ("feature", "replicate", "companion")


def test_a_blank_is_in_no_other_unit(tmp_path: Path):
    made = pd.DataFrame({"conc": [0.0, 2, 4, 6, 8, 10], "y": [0.001, 0.12, 0.24, 0.36, 0.48, 0.6]})
    assert not any("another unit" in said for said in read(tmp_path, made, "y").notices)
    assert any("another unit" in said for said in read(tmp_path, made.assign(conc=made["conc"] + 1), "y").notices)


def test_errors_rounded_to_few_levels_are_errors_and_levels_of_a_plan_are_settings(tmp_path: Path):
    x = np.geomspace(1, 1000, 16)
    made = pd.DataFrame({"x": x, "y": 2 + x**-0.5, "sd": [0.01, 0.02] * 8})
    assert roles(read(tmp_path, made, "y"))["sd"] == "weight"
    planned = made.assign(x=np.repeat(x[:8], 2))
    assert roles(read(tmp_path, planned, "y"))["sd"] == "feature"
    assert roles(read(tmp_path, made.rename(columns={"sd": "sigma"}), "y"))["sigma"] == "feature"


def test_labels_with_letters_hours_over_midnight_and_layers_of_an_encoder(tmp_path: Path):
    made = pd.DataFrame({"steel": ["1.5a", "2.5b", "3.5c"] * 4, "hours": ["6-14", "14-22", "22-6"] * 4})
    made = made.assign(layers=[12, 24] * 6, e_layers=[6, 6, 12, 12] * 3, x=np.arange(12) ** 2, y=np.arange(12.0))
    data = read(tmp_path, made, "y", features=["steel", "hours", "x"])
    assert roles(data)["steel"] == roles(data)["hours"] == "category"
    assert roles(read(tmp_path, made, "y"))["e_layers"] != "left out"


def test_a_numbered_setting_with_an_optimum_is_a_number(tmp_path: Path):
    width, depth = np.repeat(np.geomspace(32, 2048, 10), 5), np.tile(np.arange(5), 10)
    best = pd.DataFrame({"width": width, "layers": depth, "loss": 2 + width**-0.3 + 0.05 * (depth - 2) ** 2})
    assert roles(read(tmp_path, best))["layers"] == "feature"


def test_codes_of_varieties_and_blocks_are_categories_and_hex_is_no_shape(tmp_path: Path):
    place = np.arange(48)
    made = pd.DataFrame({"variety": place // 16 + 1, "block": place // 4 % 4 + 1, "dose": place % 4 * 40.0})
    made = made.assign(address=[f"0x{16 * one:x}" for one in place], loss=np.sqrt(place))
    found = roles(read(tmp_path, made))
    assert (found["variety"], found["block"], found["address"]) == ("category", "category", "left out")
    steps = made.rename(columns={"block": "block_size"})
    assert roles(read(tmp_path, steps))["block_size"] == "feature"


def test_rows_are_counted_in_the_file(tmp_path: Path):
    table = chinchilla()[["n_params", "tokens", "loss"]].astype(object)
    table.loc[:3, "loss"] = "*"
    data = read(tmp_path, table, drop_incomplete=True)
    assert list(data.task.train.row_numbers) == list(range(5, 91))
    assert list(data.task.train.take(np.array([3, 1])).row_numbers) == [8, 6]
    table.loc[9, "loss"] = "wide"
    with refused("column 'loss' holds text ('wide') in data row 10"):
        read(tmp_path, table, drop_incomplete=True)


def test_a_logarithm_follows_with_logarithms(tmp_path: Path):
    n = np.geomspace(0.5, 900, 20)
    data = read(tmp_path, pd.DataFrame({"N": n, "log10_N": np.log10(n), "loss": 3 + 8 * n**-0.4}))
    assert [one.reason for one in data.roles if one.name == "log10_N"] == [
        "follows from N (R² 1.00000 with logarithms)"
    ]


def wells(rows: int = 36) -> pd.DataFrame:
    """Three drugs at four doses, each in wells a, b and c."""
    row = np.arange(rows)
    dose, drug = 3.0 ** (row // 3 % 4), row // 12
    signal = (1 + drug) * dose / (3 + dose) + 0.01 * np.random.default_rng(0).normal(size=rows)
    return pd.DataFrame({"drug": drug, "well": row % 3, "dose": dose, "signal": signal}).replace(
        {"drug": {0: "x", 1: "y", 2: "z"}, "well": {0: "a", 1: "b", 2: "c"}}
    )


@pytest.mark.parametrize(("name", "marked", "other"), [("flag", "bad", ""), ("use", 0, 1), ("valid", "no", "yes")])
def test_marks_of_few_rows_are_told_and_are_no_features(name: str, marked: object, other: object, tmp_path: Path):
    table = wells()[["dose", "signal"]].assign(**{name: [marked] * 2 + [other] * 34})
    data = read(tmp_path, table, "signal")
    assert roles(data)[name] == "left out"
    assert f"{name} marks 2 rows ('{marked}'); delete such rows if they should not count." in data.notices


def test_trees_that_are_numbered_are_a_group(tmp_path: Path):
    table = pd.DataFrame({"tree": np.arange(24) // 6 + 1, "age": np.arange(24) % 6 + 1.0, "girth": np.arange(24.0)})
    assert read(tmp_path, table, "girth").task.schema.group == "tree"


def test_shares_of_counted_trials_rows_numbered_in_a_unit_and_checkpoints(tmp_path: Path):
    hits = np.array([2, 5, 12, 30, 45, 48])
    made = pd.DataFrame({"dose": [0.0, 1, 3, 10, 30, 60], "n_exposed": [50, 48, 49, 50, 50, 52], "n_ill": hits})
    found = roles(read(tmp_path, made.assign(mortality=(hits / made["n_exposed"]).round(3)), "mortality"))
    assert (found["dose"], found["n_exposed"], found["n_ill"]) == ("feature", "weight", "companion")
    p = np.arange(1.0, 21)
    flow = pd.DataFrame({"p_bar": p, "p_psi": (14.5038 * p).round(2), "flow": np.cos(p)})
    assert read(tmp_path, flow, "flow").task.schema.features == ("p_bar",)
    saved = pd.DataFrame({"ckpt": [f"checkpoint-{500 * k}" for k in range(1, 9)], "loss": 2 + 1 / np.arange(1, 9)})
    assert read(tmp_path, saved).task.train.features["ckpt"][0] == 500


def test_a_learning_rate_that_was_set_from_sizes_in_names_does_not_stand_for_them(tmp_path: Path):
    sizes, tokens = np.repeat([0.1, 0.4, 1.3, 3, 7], 4), np.tile([2.0, 8, 30, 100], 5)
    loss = 1.7 + 0.8 * sizes**-0.3 + 2 * tokens**-0.3
    names = [f"opt-{size:g}b" for size in sizes]
    table = pd.DataFrame({"model": names, "tokens": tokens, "lr": 6e-4 * sizes**-0.25, "loss": loss})
    found = roles(read(tmp_path, table))
    assert (found["model.size"], found["lr"], found["model"]) == ("feature", "derived", "left out")
    stated = roles(read(tmp_path, table.assign(params=sizes * 1e9)))
    assert (stated["model.size"], stated["params"]) == ("left out", "feature")


def test_runs_of_one_plan_and_plots_of_a_treatment_are_repetitions(tmp_path: Path):
    width = np.tile(np.repeat([64.0, 128, 256, 512], 2), 6)
    lr = np.tile([0.1, 0.2], 24)
    loss = 2 + 8 / width**0.5 + lr + 0.01 * np.cos(np.arange(48) ** 2)
    plan = pd.DataFrame({"width": width, "lr": lr, "run": np.repeat(np.arange(1, 7), 8), "loss": loss.round(4)})
    assert roles(read(tmp_path, plan))["run"] == "replicate"
    plots = plan.rename(columns={"run": "plot"}).assign(treatment=np.repeat(["till", "none"], 24))
    data = read(tmp_path, plots)
    assert roles(data)["plot"] == "replicate" and roles(data)["treatment"] in ("category", "group")
    assert "plot repeats each treatment; --group plot gives each constants of its own." in data.notices


def test_the_last_label_is_no_summary_whatever_its_letter(tmp_path: Path):
    rows = [f"{band},{x},{x**0.5 + k:.3f}" for k, band in enumerate("BVR") for x in (1, 2, 3, 5, 8)]
    data = read(tmp_path, "\n".join(["band,Time (s),loss", *rows, "Mean,3.8,3"]))
    assert len(data.task.train) == 15 and roles(data)["band"] in ("category", "group")


def test_names_with_blanks_are_quoted_in_options(tmp_path: Path):
    width = np.array([64.0, 128, 256, 512, 1024, 2048, 4096])
    table = pd.DataFrame({"Width (px)": width, "Layers": width / 64, "loss": (2 + 8 / width**0.5).round(4)})
    assert any("--features 'Width (px),Layers'" in said for said in read(tmp_path, table).notices)


def test_doses_of_subjects_and_concentrations_below_a_limit(tmp_path: Path):
    subject, time = np.repeat(np.arange(6), 8), np.tile(np.arange(1.0, 9), 6)
    dose = 25.0 * (1 + subject // 2)
    conc = (dose * np.exp(-time / 3)).round(3).astype(object)
    conc[[7, 15]] = "<2", "BLQ"
    table = pd.DataFrame({"subject": [f"S{k}" for k in subject], "dose": dose, "h": time, "conc": conc})
    table["age"] = np.where(time + subject == 3, np.nan, time**2 % 5 + subject)
    with refused("only a bound: write a number in its place, or let --drop-incomplete"):
        read(tmp_path, table, "conc")
    data = read(tmp_path, table, "conc", drop_incomplete=True)
    assert len(data.task.train) == 43 and data.notices[:3] == (
        "lawsmith left out 2 rows without a value of conc; 2 held only a bound (<2), near which the law may be off.",
        "lawsmith left out data rows 3, 10 and 17, without a value in some used column.",
        "Each subject has one value of dose, which constants for each subject make up for; --group none gives one law "
        "of all features.",
    )
    assert len(read_decided(data.task.schema, tmp_path / "runs.csv").task.train) == 43


def test_runs_of_a_benchmark_repeat_it_and_runs_along_steps_are_curves(tmp_path: Path):
    table = pd.DataFrame({"cores": np.repeat([1, 2, 4, 8, 16, 32], 3), "run": [1, 2, 3] * 6})
    table["wall_s"] = 30 + 800 / table["cores"] + 0.1 * table["run"]
    assert roles(read(tmp_path, table, "wall_s"))["run"] == "replicate"
    curves = table.rename(columns={"cores": "step", "wall_s": "loss"})
    assert roles(read(tmp_path, curves))["run"] == "group"


@pytest.mark.parametrize(("tried", "role"), [(np.tile(np.arange(1, 9), 4), "group"), (np.arange(1, 33), "bookkeeping")])
def test_a_user_is_a_label_where_each_was_tried_at_the_same_settings(tried: np.ndarray, role: str, tmp_path: Path):
    user, noise = np.repeat(["ann", "bob", "cy", "di"], 8), np.random.default_rng(0).normal(1, 0.02, 32)
    for name, own in (("user", role), ("Operator", role.replace("group", "category"))):
        table = pd.DataFrame({name: user, "trial_size": tried, "seconds": (4 + 20 * tried**-0.5) * noise})
        assert roles(read(tmp_path, table, "seconds"))[name] == own


def test_cells_merged_down_a_column_have_their_value_in_each_row(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Plate 3"])
    sheet.append(["S", "T", "enzyme", "rate", None])
    sheet.append([None, None, None, "mean", "sd"])
    rows = [(s, t, enzyme) for enzyme in ("wild", "mutant") for t in (15, 35) for s in (1, 2, 5, 10)]
    for place, (s, t, enzyme) in enumerate(rows):
        sheet.append([s, None if place % 4 else t, None if place % 8 else enzyme, t * s / (s + 3), 0.1])
    merged = "A1:E1 D2:E2 A2:A3 B2:B3 C2:C3 B4:B7 B8:B11 B12:B15 B16:B19 C4:C11 C12:C19"
    for cells in merged.split():
        sheet.merge_cells(cells)
    book.save(tmp_path / "plate.xlsx")
    train = read_dataset(tmp_path / "plate.xlsx", ["rate mean"]).task.train
    assert [*train.features["T"]] == [t for _, t, _ in rows]
    assert [train.groups[code] for code in train.codes] == [enzyme for *_, enzyme in rows]
