"""Files as trackers, instruments and office programs export them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import SWEPT, TOOK, read, roles

from lawsmith.tasks import read_dataset
from lawsmith.tasks.reading.formats import parse_table


def frame_of(text: str) -> pd.DataFrame:
    return parse_table(text.encode(), "t.txt", "t").frame


def test_a_column_of_pairs_makes_no_log_of_a_table():
    rows = [f'{k},"lr={k / 10},width={8 * k}",{2 / k:.3f}' for k in range(1, 9)]
    columns = list(frame_of("\n".join(["job,override,loss", *rows])).columns)
    assert columns == ["job", "override", "override.lr", "override.width", "loss"]
    log = "".join(f"Step {k} | loss:{2 / k:.3f} lr:2e-05 tokens_per_second_per_gpu:12.5 \n" for k in range(1, 9))
    assert list(frame_of(log).columns) == ["Step", "loss", "lr", "tokens_per_second_per_gpu"]  # as torchtune writes


def test_a_chart_without_extremes_and_of_one_run():
    chart = pd.DataFrame({"Step": range(8), "lr=1, wd=0 - val/loss": 1.5, "lr=2, wd=0 - val/loss": 2.5})
    frame = frame_of(chart.to_csv(index=False))
    assert list(frame.columns) == ["Step", "run", "run.lr", "run.wd", "val/loss"] and len(frame) == 16
    assert list(frame_of(chart.iloc[:, :2].to_csv(index=False)).columns) == list(frame.columns)
    named = parse_table(chart.to_csv(index=False).encode(), "t.csv", "t", ["lr=2, wd=0 - val/loss"]).frame
    assert list(named.columns) == list(chart.columns)  # the user names a column of the file
    years = chart.set_axis(["plot", "2019 - yield", "2020 - rain"], axis=1)
    assert list(frame_of(years.to_csv(index=False)).columns) == list(years.columns)


@pytest.mark.parametrize(
    "above",
    [
        "Time\tVoltage\ns\tmV\n",
        "LabVIEW Measurement\t\nSeparator\tTab\n***End_of_Header***\t\n\nChannels\t1\n***End_of_Header***\n"
        "Time\tVoltage\tComment\n",
    ],
)
def test_headers_of_instruments(above: str):
    frame = frame_of(above + "".join(f"{k}.5\t{10 / (k + 1):.3f}\n" for k in range(9)))
    assert list(frame.columns)[:2] == ["Time", "Voltage"] and len(frame) == 9


def test_the_sheet_that_has_the_target_is_read(tmp_path: Path):
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        pd.DataFrame({"pump": ["A", "B"], "flow": [1, 2]}).to_excel(book, sheet_name="Setup", index=False)
        pd.DataFrame({"flow": range(1, 9), "dp [Pa]": np.arange(1, 9) ** 1.75}).to_excel(
            book, sheet_name="Runs", index=False
        )
        pd.DataFrame({"T": range(1, 7), "eta": np.arange(1, 7) ** 0.5}).to_excel(
            book, sheet_name="Runs", index=False, startrow=11
        )
    for target, feature, shown in (("dp", "flow", "'Runs, table 1'"), ("eta", "T", "'Runs, table 2'")):
        data = read_dataset(tmp_path / "t.xlsx", [target])
        assert data.task.schema.features == (feature,) and f"lawsmith read {shown}" in " ".join(data.notices)


@pytest.mark.parametrize(
    "line",
    [
        "[{k}]\ttrain-rmse:{loss}\teval-rmse:{loss}",  # xgboost
        "2024/01/01 10:00:00 - INFO - Epoch(train) [1][{k}/1200]  lr: 2.0000e-02  eta: 1:10:07  eval-rmse: {loss}",
        "Epoch: [0][  {k}/5005]\tTime  0.512 ( 1.2)\teval-rmse {loss} (6.95)\tAcc@1   0.39 (  0.32)",
    ],
)
def test_what_logs_count_in_brackets_is_the_iteration(line: str):
    frame = frame_of("".join(line.format(k=k, loss=2 / (k + 1)) + "\n" for k in range(1, 9)))
    assert frame["iteration"].tolist() == [str(k) for k in range(1, 9)] and "eval-rmse" in frame


def test_text_of_any_suffix_is_a_table_below_lines_of_several_kinds(tmp_path: Path):
    above = "EC-Lab ASCII FILE\nNb header lines : 7\n\nImpedance\nRun on channel : 1\n\nfreq/Hz\tRe(Z)/Ohm\tcycle\n"
    (tmp_path / "t.mpt").write_text(above + "".join(f"{2.5**k:.3f}\t{10 + 5 / k:.3f}\t1\n" for k in range(1, 12)))
    assert read_dataset(tmp_path / "t.mpt", ["Re(Z)/Ohm"]).task.schema.features == ("freq/Hz",)
    below = "EXPLAIN\nTAG\tCV\nTITLE\tLABEL\tx\tTest\nCURVE\tTABLE\t22\n\tPt\tT\tIm\n\t#\ts\tA\n"  # Gamry
    (tmp_path / "t.dta2").write_text(below + "".join(f"\t{k}\t{k * k}\t{10 + 5 / k:.3f}\n" for k in range(1, 12)))
    assert read_dataset(tmp_path / "t.dta2", ["Im"]).task.schema.features == ("T",)


def test_clocks_are_no_labels_and_dates_with_which_a_target_goes_alone_are_a_feature(tmp_path: Path):
    rows = pd.DataFrame({"date": pd.date_range("2001-01-01", periods=24).astype(str), "time": ["00:12", "00:13"] * 12})
    rows = rows.assign(rate=[5, 7, 6, 8] * 6, sales=100 + np.arange(24) ** 1.5)
    rows.to_csv(tmp_path / "t.csv", index=False)
    schema = read_dataset(tmp_path / "t.csv", ["sales"]).task.schema
    assert schema.features == ("date", "rate") and schema.group is None


def test_results_of_tasks_with_different_measures_are_rows(tmp_path: Path):
    tasks = {f"task{k}": {"acc,none": k / 9, "acc_stderr,none": 0.01 + k / 900} for k in range(1, 7)}
    tasks["task3"] |= {"acc_norm,none": 0.4}
    whole = {"results": tasks, "configs": {name: {"fewshot": [0], "metadata": {}} for name in tasks}, "git": "abc"}
    frame = parse_table(json.dumps(whole).encode(), "t.json", "t").frame
    assert frame["name"].tolist() == list(tasks) and "acc_norm,none" in frame


def test_the_step_is_the_feature_of_the_history_of_one_run(tmp_path: Path):
    step = np.arange(10, 250, 10)
    rows = pd.DataFrame({"_step": step, "_runtime": step * 1.1, "epoch": step // 100, "loss": 2 + 8 * step**-0.4})
    rows.to_csv(tmp_path / "t.csv", index=False)
    assert "_step" in read_dataset(tmp_path / "t.csv", ["loss"]).task.schema.features


def test_of_an_epoch_and_its_steps_the_step_stays_and_of_steps_and_tokens_the_tokens(tmp_path: Path):
    step = np.arange(50, 1250, 50)
    table = pd.DataFrame({"epoch": step / 100, "noise": np.sin(step), "step": step, "loss": 2 + 8 * step**-0.4})
    assert read(tmp_path, table).task.schema.features == ("noise", "step")
    assert "tokens" in read(tmp_path, table.assign(tokens=512 * step)).task.schema.features


def test_what_is_set_by_one_setting_follows_from_it(tmp_path: Path):
    """max(100, a share of the steps), and minutes that were rounded beside seconds from 0."""
    size, steps = np.repeat([1e7, 3e7, 1e8, 3e8, 1e9], 6), np.tile([2e3, 6e3, 2e4, 6e4, 2e5, 6e5], 5)
    table = pd.DataFrame({"params": size, "steps": steps, "warmup_steps": np.maximum(100, 0.01 * steps)})
    assert roles(read(tmp_path, table.assign(loss=1 / steps + size**-0.3)))["warmup_steps"] == "derived"
    time = np.arange(0.0, 300, 10)
    table = pd.DataFrame({"t_s": time, "t_min": (time / 60).round(2), "signal": np.exp(-time / 80).round(4)})
    assert read(tmp_path, table, "signal").task.schema.features == ("t_s",)


def test_what_sums_up_repeats_or_benchmarks_is_no_feature(tmp_path: Path):
    dose = np.array([0.0, 1, 2, 5, 10, 20, 50])
    rows = pd.DataFrame({"dose": dose, "Abs 1": dose + 0.1, "Abs 2": dose - 0.1, "Mean": dose, "SD": 0.1 + dose / 99})
    rows.to_csv(tmp_path / "t.csv", index=False)
    data = read_dataset(tmp_path / "t.csv", ["Abs"])
    assert data.task.schema.features == ("dose",) and "left out Mean and SD: by name they summarise" in data.notices[0]
    board = pd.DataFrame({"size": dose + 1, "Average": 50 + dose * 0.9, "ARC": 50 + dose, "MMLU": 50 + dose * 0.8})
    board.to_csv(tmp_path / "t.csv", index=False)
    assert read_dataset(tmp_path / "t.csv", ["Average"]).task.schema.features == ("size",)


def test_a_table_of_entities_by_year_has_a_law_for_each(tmp_path: Path):
    """As Our World in Data publishes them; an export of a tracker names its entity too."""
    year, name = np.tile(np.arange(2010, 2018), 3), np.repeat(["Chad", "Fiji", "Oman"], 8)
    made = pd.DataFrame({"Entity": name, "Code": [one[:3].upper() for one in name], "Year": year})
    data = read(tmp_path, made.assign(emissions=(year - 2000) ** 0.4 * np.repeat([1, 2, 3], 8)), "emissions")
    assert (data.task.schema.group, data.task.schema.features) == ("Entity", ("Year",))


def test_seconds_for_each_step_are_a_measure_of_speed(tmp_path: Path):
    batch = np.tile([1, 2, 4, 8, 16, 32], 4)
    made = pd.DataFrame({"batch": batch, "ms_per_step": 3 + batch**0.7 + 0.01 * np.sin(np.arange(24))})
    data = read(tmp_path, made.assign(tokens_per_s=1e5 * batch / made["ms_per_step"]), "tokens_per_s")
    assert roles(data)["ms_per_step"] == "companion"


def test_totals_and_means_over_rows_are_outcomes(tmp_path: Path):
    cases = (8000 * np.exp(-(((np.arange(40) - 20) / 9) ** 2))).round()
    smooth = pd.Series(cases).rolling(3, center=True, min_periods=1).mean().round(1)
    table = pd.DataFrame({"day": np.arange(40) % 13, "cases": cases, "cum_cases": cases.cumsum(), "7-day avg": smooth})
    data = read(tmp_path, table, "cases")
    assert data.task.schema.features == ("day",)


def test_times_of_a_kernel_are_outcomes(tmp_path: Path):
    size = 2.0 ** np.arange(8, 16)
    table = pd.DataFrame({"Total Time (ns)": 1e5 * size**2, "Avg (ns)": 1e3 * size**2, "Size": size, "n": 100})
    assert read(tmp_path, table, "Avg (ns)").task.schema.features == ("Size",)


def test_benchmarks_and_newtons_beside_the_target(tmp_path: Path):
    time = np.arange(9.0)
    scores = pd.DataFrame({"params": time + 1, "MMLU (5-shot)": 30 + time**1.5, "GSM8K": 20 + 5 * time})
    assert roles(read(tmp_path, scores, "MMLU (5-shot)"))["GSM8K"] == "companion"
    forces = pd.DataFrame({"d": time + 1, "F [N]": (time + 1) ** 1.5, "F [N] ±": 0.1 + time / 50})
    weight = read(tmp_path, forces, "F [N]").task.schema.decided.weight  # type: ignore[union-attr]  # decided here
    assert weight is not None and weight.kind == "error"


def test_names_with_a_comma_are_whole_again(tmp_path: Path):
    frame = pd.DataFrame({"size, MB": SWEPT, "d": SWEPT % 7, "acc,none": TOOK})
    schema = read(tmp_path, frame, "acc,none").task.schema  # as the API takes it; the command parts it at the comma
    parted = read_dataset(tmp_path / "runs.csv", ["acc", "none"], ["d", "size", "MB"]).task.schema
    assert parted.targets == schema.targets == ("acc,none",) and parted.features == ("d", "size, MB")
    assert read_dataset(tmp_path / "runs.csv", ["acc"]).task.schema.targets == ("acc,none",)


def test_of_three_columns_that_follow_from_each_other_the_size_stays(tmp_path: Path):
    nominal = np.repeat([25e6, 60e6, 150e6, 400e6, 1e9], 7)
    n = nominal * np.exp(0.05 * np.random.default_rng(31).normal(size=35))
    table = pd.DataFrame({"N": n, "D": np.tile(np.geomspace(1e9, 1e11, 7), 5), "lr": 6e-4 * (25e6 / nominal) ** 0.25})
    table = table.assign(batch_size=(64 * (nominal / 25e6) ** 0.5).astype(int), loss=2 + n**-0.3)
    assert read(tmp_path, table).task.schema.features == ("N", "D")  # it was a traceback


def test_a_schedule_follows_from_the_step(tmp_path: Path):
    step = np.arange(50, 3001, 50)
    rate = 5e-5 * np.minimum(step / 300, 1) * (1 - np.maximum(0, step - 300) / 2700)
    for every in (1, 4):  # of few rows the end of the warm-up is a kink
        rows = pd.DataFrame({"step": step, "learning_rate": rate, "loss": 2 + 6 * step**-0.5})[::every]
        data = read(tmp_path, rows)
        assert data.task.schema.features == ("step",)
        assert "follows from step (along a curve)" in [one.reason for one in data.roles]


def test_the_other_half_of_a_cycle_and_its_share_are_outcomes(tmp_path: Path):
    cycle = np.arange(1.0, 41)
    out, into = (2.9 - 0.03 * cycle**0.5).round(4), (2.91 - 0.03 * cycle**0.5 + 0.004 * np.sin(cycle)).round(4)
    table = pd.DataFrame({"cycle": cycle, "Discharge_Capacity(Ah)": out, "Charge_Capacity(Ah)": into})
    table["Coulombic_Efficiency(%)"] = (100 * out / into).round(2)
    assert read(tmp_path, table, "Discharge_Capacity(Ah)").task.schema.features == ("cycle",)


def test_grids_with_a_corner(tmp_path: Path):
    grid = "{},20,30,40,50\n" + "".join(f"{p},{p + 1},{p * 2},{p * 3},{p * 5}\n" for p in (5, 6, 7, 8))
    assert read(tmp_path, grid.format("pH \\ T"), "value").task.schema.features == ("pH", "T")
    assert read(tmp_path, grid.format(""), "value").task.schema.features == ("rows", "setting")


@pytest.mark.parametrize(
    ("above", "numbered", "below"),
    [
        ("# A tibble: 60 x 2\n        N  loss\n    <dbl> <dbl>\n", "{k} {row}\n", "# i 52 more rows\n"),
        ("    N   loss\n", "{k} {row}\n", "..  ...  ...\n98  5.0  2.5\n99  6.0  2.75\n\n[99 rows x 2 columns]\n"),
        (
            "Byte-by-byte Description of file: t.txt\n   Bytes Format Units Label Explanations\n"
            f"   1-  3 F3.1 --- N   Size\n   5-  8 F4.2 mag loss Loss\n{'-' * 40}\n",
            "{row}\n",
            "",
        ),
    ],
)
def test_what_r_pandas_and_astronomers_print(above: str, numbered: str, below: str):
    rows = "".join(numbered.format(k=k, row=f"{k:3.1f} {3 / k:4.2f}") for k in range(1, 9))
    reading = parse_table((above + rows + below).encode(), "t.txt", "t.txt")
    assert reading.frame["loss"].astype(float).tolist()[:2] == [3.0, 1.5]
    assert ("does not show all rows" in " ".join(reading.notices)) == (below != "")


def test_a_prompt_around_the_grid_of_a_database():
    grid = "+---+------+\n| N | loss |\n+---+------+\n" + "".join(f"| {k} | {3 / k:4.2f} |\n" for k in range(1, 9))
    shown = f"mysql> select N, loss\n    -> from runs;\n{grid}+---+------+\n8 rows in set (0.00 sec)\n\nmysql>\n"
    assert parse_table(shown.encode(), "t.txt", "t.txt").frame["loss"].astype(float).tolist()[:2] == [3.0, 1.5]


def test_losses_on_several_data_sets_are_outcomes_of_one_mixture(tmp_path: Path):
    web = np.linspace(0.1, 0.9, 12)
    losses = {f"val_loss_{name}": 2 + np.cos(k * np.arange(12)) for k, name in enumerate(("web", "code", "books"), 5)}
    made = pd.DataFrame({"web": web, "lr": np.tile([1e-4, 1e-3, 1e-2], 4), **losses})
    assert read(tmp_path, made, "val_loss_web").task.schema.features == ("web", "lr")


@pytest.mark.parametrize(
    ("target", "error"), [("test_error_mean", "test_error_std"), ("activity_U_mg", "activity_err"), ("err", "err_std")]
)
def test_the_error_of_a_target_has_its_name_but_for_the_statistic_or_the_unit(target: str, error: str, tmp_path: Path):
    x = np.arange(1.0, 13)
    made = pd.DataFrame({"x": x, target: 9 / x, error: 0.01 + 0.005 * np.cos(x)})
    assert roles(read(tmp_path, made, target))[error] == "weight"


def test_a_column_that_hardly_counts_in_a_dependence_stays(tmp_path: Path):
    number = np.array([13.0, 29, 26, 22, 12, 28, 30, 82, 47, 74])
    density = np.array([2.7, 8.96, 7.87, 4.51, 1.74, 8.91, 7.14, 11.34, 10.49, 19.25])
    mass = np.array([26.98, 63.55, 55.85, 47.87, 24.31, 58.69, 65.38, 207.2, 107.87, 183.84])
    made = pd.DataFrame({"Z": number, "mass": mass, "density": density})
    data = read(tmp_path, made.assign(melting=np.sin(number)), "melting")
    assert data.task.schema.features == ("Z", "density")


def test_the_clock_of_an_instrument_follows_from_its_ramp(tmp_path: Path):
    strain = np.linspace(0.001, 0.05, 30)
    made = pd.DataFrame({"Time (s)": 1000 * strain, "Strain": strain, "Stress": strain**0.5})
    assert read(tmp_path, made, "Stress").task.schema.features == ("Strain",)


def test_names_in_a_comment_above_rows_that_begin_with_a_name(tmp_path: Path):
    rows = "".join(f"SN{k} {k / 50} {35 + k / 9:.2f} 0.{k % 7 + 1}\n" for k in range(1, 20))
    data = read(tmp_path, "# Union\n# name z mu mu_err\n" + rows, "mu")
    assert data.task.schema.features == ("z",) and roles(data)["mu_err"] == "weight"


def test_squares_in_units_and_houses_in_streets(tmp_path: Path):
    area = np.linspace(50, 320, 16)
    made = pd.DataFrame({"address": [f"{k} {('Oak', 'Elm')[k % 2]} St" for k in range(16)], "area": area.round(1)})
    made["area"] = [f"{one} m2" for one in made["area"]]
    data = read(tmp_path, made.assign(price=1e3 * area**0.9), "price")
    assert data.task.schema.columns["area"].unit == "m2" and not any("address" in said for said in data.notices)


def test_arguments_of_benchmarks_of_go_have_names(tmp_path: Path):
    rows = "".join(f"BenchmarkSort/n={n}/p={p}-8\t{n * p * 3.5}\t{8 * n}\n" for n in (100, 1000, 10000) for p in (1, 2))
    data = read(tmp_path, "name\ttime (ns/op)\tB/op\n" + rows, "time (ns/op)")
    assert data.task.schema.features == ("name.n", "name.p")


def test_statistics_with_a_unit_are_named_with_the_cell_above_them(tmp_path: Path):
    rows = "".join(f"{n},{3 + n**0.5:.2f},0.{12 + n % 7},{9 + n % 3},0.1{n % 4}\n" for n in range(0, 150, 10))
    text = "Treatment,Yield,,Protein,\nN (kg/ha),mean (t/ha),SE,mean (%),SE\n" + rows
    found = roles(read(tmp_path, text, "Yield mean"))
    assert found["Yield mean (t/ha)"] == "target" and found["Yield SE"] == "weight"
    assert found["Protein SE"] == "left out"


@pytest.mark.parametrize("name", ["CoV %", "COV (%)"])
def test_a_coefficient_of_variation_is_a_relative_error(name: str, tmp_path: Path):
    made = pd.DataFrame(
        {"age": np.arange(1.0, 13), "fc (MPa)": 40 - 30 / np.arange(1.0, 13), name: 2 + np.arange(12) % 5}
    )
    assert roles(read(tmp_path, made, "fc (MPa)"))[name] == "weight"


def test_what_was_right_of_as_many_trials_each_is_no_feature_of_its_share(tmp_path: Path):
    right = np.tile([21, 24, 30, 36, 39], 4)
    made = pd.DataFrame({"subject": np.repeat(list("abcd"), 5), "contrast": [1, 4, 9, 20, 60] * 4, "n_trials": 40})
    assert roles(read(tmp_path, made.assign(n_correct=right, pc=right / 40), "pc"))["n_correct"] == "companion"


def test_rows_that_json_names_keep_their_names(tmp_path: Path):
    made = {f"pythia-{size}": {"acc": 0.3 + k / 30, "n": 5.0} for k, size in enumerate(("70m", "160m", "410m", "1b"))}
    for whole in ({"results": made}, {"results": made, "versions": dict.fromkeys(made, 1)}):
        path = tmp_path / "results.json"
        path.write_text(json.dumps(whole))
        assert read_dataset(path, ["acc"]).task.schema.features == ("name.size",)


def test_sizes_in_names_stay_beside_what_was_measured(tmp_path: Path):
    made = pd.DataFrame({"GPUs": np.repeat([f"{2**k}×A100" for k in range(5)], 3), "batch": [64, 128, 256] * 5})
    made["img/s"] = made["batch"] * 2.0 ** np.repeat(np.arange(5), 3) * np.linspace(1, 0.9, 15)
    made["Scaling eff."] = np.repeat([1, 0.99, 0.97, 0.94, 0.9], 3)
    assert "GPUs.size" in read(tmp_path, made, "img/s").task.schema.features


def test_codes_of_a_designed_experiment_follow_from_its_settings(tmp_path: Path):
    a, b = (axis.ravel() for axis in np.meshgrid([-1.0, 0, 1], [-1.0, 0, 1]))
    made = pd.DataFrame(
        {"A": a, "B": b, "Temp (°C)": 150 + 20 * a, "min": 30 + 10 * b, "y": 70 + 5 * a - 3 * a * a + b}
    )
    assert read(tmp_path, made, "y").task.schema.features == ("Temp (°C)", "min")
