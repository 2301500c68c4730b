"""Tables as documents, terminals and other programs show them, and roles that only such tables have."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import FRAME, ROWS, read

from lawsmith.tasks import InputError, read_dataset
from lawsmith.tasks.frames import frame_bytes
from lawsmith.tasks.reading.formats import parse_table


def text(row: str, *above: str, below: tuple[str, ...] = (), between: str = "") -> str:
    lines = [
        line for n, d, loss in ROWS for line in (row.format(n=n, d=d, loss=loss, log=np.log10(n)), between) if line
    ]
    return "\n".join((*above, *lines, *below)) + "\n"


SHOWN = {
    "LaTeX": text(
        r"{n:g} & {d:g} & \textbf{{{loss:.4f}}} \\ % a remark",
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"$N$ & $D$ & loss $\downarrow$\footnote{last} \\ \midrule",
        below=(r"\bottomrule", r"\end{tabular}"),
    ),
    "bare LaTeX": text(r"$10^{{{log:.4f}}}$ & {d:g} & ${loss:.4f}$ \\", r"N & D & loss \\ \hline"),
    "psql": text(" {n:g} | {d:g} | {loss:.4f}", "  N | D | loss ", "----+---+------", below=("(15 rows)",)),
    "grid": text(
        "| {n:g} | {d:g} | {loss:.4f} |",
        "+---+---+------+",
        "| N | D | loss |",
        "+===+===+======+",
        between="+---+---+------+",
    ),
    "dashes": text("{n:g}  {d:g}  {loss:.4f}", "N      D      loss", "-----  -----  ----"),
    "markdown": text("| {n:g} | **{d:g}** | `{loss:.4f}` |", "| N | D | loss |", "|:--|---:|:--:|"),
    "printed by pandas": FRAME.to_string(),
    "written by R": "N D loss\n" + FRAME.to_csv(header=False, sep=" "),
    "lines between others": text("{n:g} N={n:g}, D={d:g}, loss={loss:.4f}", "INFO loading", "INFO done"),
    "lines of a log": text("12:00 INFO N={n:g}, D={d:g}, loss={loss:.4f}"),
    "single quotes": text("'{n:g}';'{d:g}';'{loss:.4f}'", "'N';'D';'loss'"),
    "put together": FRAME[:8].to_csv(index=False) + FRAME[8:].to_csv(index=False),
    "title of a sheet": "Runs of May,,\n,,\n" + FRAME.to_csv(index=False),
    "an instrument's": "Model,DS1054Z\nSample rate,1e6\nChannel,CH1\n\n" + FRAME.to_csv(index=False),
    "units in brackets": "Model,,Result\n" + text("{n:g},{d:g},{loss:.4f}", "N,D,loss", "[params],[tokens],[nats]"),
    "rows by name": json.dumps({f"run {k}": row for k, row in enumerate(FRAME.to_dict("records"))}),
    "notes": FRAME.to_csv(index=False) + "\nnotes:\nfirst run at 20 C, second at 25 C\n",
    "names and units": text("{n:g} {d:g} {loss:.4f}", "# N D loss", "# m m nats"),
    "one unit": text("{n:g};{d:g};{loss:.4f}", "N;D;loss", ";;nats"),
    "units and none": text("{n:g};{d:g};{loss:.4f}", "N;D;loss", "-;tokens;nats"),
    "a name of two lines": '"N","D","loss\n"\n' + FRAME.to_csv(index=False, header=False),
    "settings above": "Instrument,2400\nDate,2024-05-14\n" + FRAME.to_csv(index=False),
    "a remark below": "Method: Cu_3\nDate: 12/03/2024 10:14:22\n" + FRAME.to_csv(index=False) + "R: 0.9987,,\n",
    "context of a benchmark": "Run on (8 X 3600 MHz CPU s)\nCPU Caches:\n  L1 Data 32 KiB (x4)\nLoad: 0.5, 0.4, 0.3\n"
    + FRAME.to_csv(index=False),
    "a logger's": '"TOA5","CR1000","12345","Std.27","CPU:x"\n'
    + text("{n:g},{d:g},{loss:.4f}", "N,D,loss", '"RN","tokens","nats"', '"","Smp","Avg"'),
    "Origin's": text("{n:g}\t{d:g}\t{loss:.4f}", "N\tD\tloss", "params\ttokens\tnats", "run 3\tall\t"),
    "questions": text("{n:g},{d:g},{loss:.4f}", "N,D,loss", "How large is it now?,Tokens,Loss", '{{""a"":1}},x,y'),
    "NIST's": text("  {loss:.4f}E0  {n:g}  {d:g}", "NIST/ITL", "Model: 3 Parameters", "b1 = 5 2.5 2", "Data: loss N D"),
    "underscores": text("  {n:g}  {d:g}  {loss:.4f}", "  N  D  loss", "  _____  ____  ______"),
    "printed by polars": text(
        "│ {n:g} ┆ {d:g} ┆ {loss:.4f} │",
        "shape: (15, 3)",
        "┌───┬───┬──────┐",
        "│ N ┆ D ┆ loss │",
        "│ --- ┆ --- ┆ --- │",
        "│ f64 ┆ i64 ┆ f64 │",
        "╞═══╪═══╪══════╡",
        below=("└───┴───┴──────┘",),
    ),
    "printed by DuckDB": text(
        "│ {n:g} │ {d:g} │ {loss:.4f} │",
        "┌───┬───┬──────┐",
        "│ N │ D │ loss │",
        "│ double │ int64 │ double │",
        "├───┼───┼──────┤",
        below=("└───┴───┴──────┘",),
    ),
    "a log in words": text("[12:00] N {n:g}/ 99 | D: {d:g}, loss: {loss:.4f} | mfu 31.2% |", between="step 5: saved"),
    "rows by name among others": json.dumps(
        {"results": {f"m{k}": row for k, row in enumerate(FRAME.to_dict("records"))}, "config": {"model": "hf"}}
    ),
    "two tables": "Timing\nGPUs,hours\n1,100\n2,51\n4,26\n8,13\n\nTraining\n" + FRAME.to_csv(index=False),
    "merged cells": "Model,Data,Result,\n" + FRAME.assign(ppl=2.0).to_csv(index=False),
}


def frame_of(content: str) -> pd.DataFrame:
    return parse_table(content.encode(), "table.txt", "table.txt").frame


@pytest.mark.parametrize("shown", SHOWN)
def test_a_table_as_shown_is_the_table(shown: str, tmp_path: Path):
    (tmp_path / "table.txt").write_text(SHOWN[shown])
    found = read_dataset(tmp_path / "table.txt", ["loss"], ["N", "D"]).task.train
    assert len(found) == len(ROWS)
    np.testing.assert_allclose(found.matrix(), FRAME[["N", "D"]], rtol=1e-3)
    np.testing.assert_allclose(found.target_matrix()[:, 0], FRAME["loss"])


def test_names_of_two_words_stand_apart_by_several_blanks():
    frame = frame_of("Training steps   Final loss\n" + "".join(f"{k}00   {3 / k:.3f}\n" for k in range(1, 9)))
    assert list(frame.columns) == ["Training steps", "Final loss"] and frame["Final loss"].tolist()[1] == "1.500"


def test_evaluations_in_a_log_are_rows_with_names_of_their_own(tmp_path: Path):
    steps = [f"iter {k}: loss {2 + 3 / k:.3f}, time {30 + k % 2}.5ms" for k in range(1, 21)]
    steps[10:10] = ["step 10: train loss 2.40, val loss 2.45", "saving checkpoint to out"]
    (tmp_path / "train.log").write_text("\n".join([*steps, "step 20: train loss 2.2, val loss 2.3"]))
    data = read_dataset(tmp_path / "train.log", ["loss"])
    assert data.task.schema.features == ("iter", "time") and len(data.task.train) == 20
    assert "left out 2 rows without a value of loss" in " ".join(data.notices)


def test_an_epoch_above_each_line_of_a_log_is_a_part_of_it():
    lines = (
        f"Epoch {k}/9\n50/50 [=====] - 1s 10ms/step - loss: {3 / k:.3f} - val_loss: {4 / k:.3f}" for k in range(1, 10)
    )
    frame = frame_of("Using GPU\n" + "\n".join(lines))
    assert list(frame.columns) == ["Epoch", "loss", "val_loss"]
    assert frame["Epoch"].tolist() == [str(k) for k in range(1, 10)] and frame["loss"][1] == "1.500"


def test_a_missing_comma_is_not_taken_for_the_name_of_a_row():
    rows = "\n".join(f"{k},{2 + k},5" for k in range(1, 6))
    with pytest.raises(InputError, match="more cells than the header"):
        frame_of(f"N,loss\n{rows}\n")


def test_headers_of_pandas_pivots_are_joined():
    frame = pd.DataFrame({"width": [1.0, 1, 2, 2, 4, 4], "loss": [3.0, 3.1, 2, 2.1, 1, 1.1]})
    content = frame.groupby("width").agg(["mean", "std"]).to_csv()
    assert list(frame_of(content).columns) == ["width", "loss mean", "loss std"]


@pytest.mark.parametrize(
    "cell",
    [
        "{:.3f} ± 0.02",
        "{:.3f}±.02",
        "{:.3f} +/- 0.02",
        "{:.3f} (0.02)",
        "{:.3f} (±0.02)",
        "({:.3f} ± 0.02)",
        "{:.3f}(20)",
    ],
)
def test_a_value_with_its_error_becomes_two_columns(cell: str, tmp_path: Path):
    frame = FRAME.assign(loss=[cell.format(loss) for loss in FRAME["loss"]])
    frame.loc[3, "loss"] = "3.5 ± 0.05"
    data = read(tmp_path, frame)
    weights = data.task.train.weight
    assert weights is not None and np.argmin(weights) == 3 and data.task.schema.features == ("N", "D")
    assert "and its error; the errors are column 'loss ±'" in " ".join(data.notices)


def test_an_error_of_digits_and_an_interval_are_worth_their_size():
    content = "x,a,b\n" + "".join(f"{k},7.6{k}(12),{k} (95% CI: {k - 0.5}-{k + 0.1})\n" for k in range(1, 6))
    frame = frame_of(content.replace(",", "\t"))
    assert set(frame["a ±"]) == {"0.12"} and set(frame["b ±"].astype(float).round(6)) == {0.3}
    written = {"1{}90 (30)": "30", "0.1{}0 (7)": "0.007", "1.{}1(2)e-3": "0.02e-3", "1e+0{} (±5%)": "5000"}
    for cell, error in written.items():
        frame = frame_of("x\ty\n" + "".join(f"{k}\t{cell.format(k)}\n" for k in range(3, 6)))
        assert float(frame["y ±"].iloc[2]) == float(error), cell
    shares = frame_of("x\tn (%)\n" + "".join(f"{k}\t1{k}9 (30)\n" for k in range(5)))
    assert shares["n (%)"].iloc[2] == "129 (30)"  # a number and its share


@pytest.mark.parametrize("cell", ["2.5 +0.3 -0.1", "2.5 (+0.3/-0.1)", "2.5^{+0.3}_{-0.1}", "2.5 [+0.3, −0.1]"])
def test_errors_that_differ_to_both_sides_count_by_their_mean(cell: str):
    rows = "".join(f"{k}\t{cell.replace('2.5', str(k + 0.5))}\n" for k in range(1, 7))
    frame = parse_table(("x\ty\n" + rows).encode(), "t.tsv", "t").frame
    assert frame["y"].tolist()[1] == "2.5" and set(frame["y ±"]) == {"0.2"}
    alone = parse_table(b"x\tci\n1\t+0.3/-0.1\n2\t+0.4/-0.2\n", "t.tsv", "t").frame
    assert alone["ci"].tolist() == ["0.2", "0.3"]
    ends = parse_table(b"x\t95% CI\n1\t[2.1, 2.5]\n2\t2.0-2.6\n", "t.tsv", "t").frame
    assert ends["95% CI"].tolist() == ["0.2", "0.3"]


def test_a_chart_with_a_column_per_run_becomes_rows_of_runs(tmp_path: Path):
    steps, runs = range(10, 130, 10), ("a - 1", "b")
    ends = ("", "__MIN", "__MAX")
    columns = [f"{run} - {name}{end}" for run in runs for name in ("loss", "_step") for end in ends]
    cells = [[f"{3 + k}" if k < 9 or column[0] == "a" else "" for column in columns] for k in range(12)]
    chart = pd.DataFrame(cells, columns=columns)
    chart.insert(0, "Step", steps)
    data = read(tmp_path, chart)
    rows = data.task.train
    assert data.task.schema.names == ("Step", "loss", "run") and rows.groups == runs
    assert list(np.bincount(rows.codes)) == [12, 9] and rows.targets["loss"].max() == 14
    assert "lawsmith read the columns of 2 runs as rows of each run" in " ".join(data.notices)


def test_labels_in_brackets_are_no_errors(tmp_path: Path):
    frame = FRAME.assign(model=[f"A{k} (0.5)" for k in range(15)])
    assert "model ±" not in parse_table(frame.to_csv(index=False).encode(), "t.csv", "t").frame


def test_runs_that_diverged_have_no_target(tmp_path: Path):
    frame = FRAME.astype({"loss": object})
    frame.loc[[1, 4, 6], "loss"] = ["diverged", "inf", "nan"]
    assert len(read(tmp_path, frame, drop_incomplete=True).task.train) == 12
    with pytest.raises(InputError, match="no value in data rows 2 and 7; fill"):
        read(tmp_path, frame)


def test_a_pivot_table_is_told_from_a_typing_error(tmp_path: Path):
    FRAME.pivot(index="N", columns="D", values="loss").reset_index().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match=r"[^-]target value makes rows of them"):
        read_dataset(tmp_path / "t.csv", ["loss"])


def test_roles_of_columns_that_say_it_by_their_values_or_names(tmp_path: Path):
    low, high = FRAME["loss"] - 0.1, FRAME["loss"] + 0.1
    rounded = np.log10(FRAME["N"]).round(2)
    made = FRAME.assign(ci_low=low, ci_high=high, log10_N=rounded, pid=range(15), node_ip=["a", "b", "c"] * 5)
    data = read(tmp_path, made.rename(columns={"loss": "effect"}), "effect")
    roles = {one.name: one.role for one in data.task.schema.decided.roles} if data.task.schema.decided else {}
    assert data.task.schema.features == ("N", "D")
    assert roles["ci_low"] == roles["ci_high"] == "weight" and roles["log10_N"] == "derived"
    assert roles["pid"] == roles["node_ip"] == "bookkeeping"


def families(rows: list[int]) -> pd.DataFrame:
    parts = [
        FRAME.assign(family=name, loss=FRAME["loss"] + 0.1 * k)[:n]
        for k, (name, n) in enumerate(zip("abc", rows, strict=True))
    ]
    return pd.concat(parts, ignore_index=True)


def test_a_models_name_does_not_hide_its_family(tmp_path: Path):
    frame = families([15, 15, 15])
    frame["model"] = frame["family"] + "-" + frame["N"].astype(str)
    assert read(tmp_path, frame).task.schema.group == "family"


def test_a_label_with_few_rows_shifts_the_law_and_is_no_group(tmp_path: Path):
    data = read(tmp_path, families([15, 15, 2]))
    assert data.task.schema.group is None and "family" in data.task.schema.features
    assert "too few for constants of their own" in " ".join(data.notices)


def test_objects_in_cells_become_columns(tmp_path: Path):
    """As an export of W&B through its API."""
    config = [str({"N": n, "model": {"D": d}, "seed": k % 3}) for k, (n, d, _) in enumerate(ROWS)]
    summary = [f'{{"loss": {loss}, "acc": 0.5, "_step": 9}}' for _, _, loss in ROWS]
    data = read(tmp_path, pd.DataFrame({"summary": summary, "config": config, "name": "run"}))
    assert data.task.schema.targets == ("summary.loss",)
    assert data.task.schema.features == ("config.N", "config.model.D")


def test_objects_of_a_data_frame_become_columns():
    config = [{"N": np.float64(n), "model": {"D": int(d)}} for n, d, _ in ROWS]
    content = frame_bytes(pd.DataFrame({"config": config, "loss": FRAME["loss"]}))
    frame = parse_table(content, "t.parquet", "t").frame
    assert [float(n) for n in frame["config.N"]] == list(FRAME["N"]) and "config.model.D" in frame


def test_names_of_joined_headers_end_in_no_dot():
    made = FRAME.groupby("N").agg({"loss": ["mean", "std"]}).reset_index()
    assert list(parse_table(frame_bytes(made), "t.parquet", "t").frame) == ["N", "loss.mean", "loss.std"]


def test_braces_of_another_kind_stay_text(tmp_path: Path):
    data = read(tmp_path, FRAME.assign(note=["{see below}", "{1, 2}", "{}"] * 5))
    assert data.task.schema.features == ("N", "D")


def test_rows_without_a_target_tell_nothing_of_other_columns(tmp_path: Path):
    """As in a trainer's log, where half of the rows hold other columns."""
    step = np.arange(1.0, 31)
    train = pd.DataFrame({"step": step, "lr": 1e-3 / step, "loss": 2 + step**-0.5})
    test = pd.DataFrame({"step": step, "eval_loss": 2.1 + step**-0.5})
    data = read(tmp_path, pd.concat([train, test]), "eval_loss", drop_incomplete=True)
    assert len(data.task.train) == 30 and data.task.schema.features == ("step",)


def test_blanks_around_a_label_make_no_other_group(tmp_path: Path):
    frame = families([15, 15, 15])
    frame.loc[:4, "family"] = " a "
    assert read(tmp_path, frame).task.train.groups == ("a", "b", "c")


def test_two_words_for_nothing_are_no_groups(tmp_path: Path):
    assert read(tmp_path, FRAME.assign(wd=["NULL", "\\N", "n.a."] * 5)).task.schema.features == ("N", "D")


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ("{:.4f} ms", "{:.4f} s", "holds 'loss' in 's', the training rows in 'ms'"),
        ("{:.2f}%", "{:.2f}", "writes 'loss' without % behind its numbers"),
        ("{:.2f}", "{:.2f}%", "writes 'loss' with % behind its numbers"),
    ],
)
def test_rows_in_another_unit_are_no_test_rows(train: str, test: str, message: str, tmp_path: Path):
    for name, cell in (("train", train), ("test", test)):
        FRAME.assign(loss=[cell.format(20 * loss) for loss in FRAME["loss"]]).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    with pytest.raises(InputError, match=message):
        read_dataset(tmp_path / "train.csv", ["loss"], test=tmp_path / "test.csv")


def test_shares_and_per_cent_go_together(tmp_path: Path):
    for name, cell, size in (("train", "{:.2f}%", 10), ("test", "{:.4f}", 0.1)):
        FRAME.assign(loss=[cell.format(size * loss) for loss in FRAME["loss"]]).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    found = read_dataset(tmp_path / "train.csv", ["loss"], test=tmp_path / "test.csv")
    assert found.test is not None
    assert found.test.targets["loss"] == pytest.approx(found.task.train.targets["loss"], abs=2e-4)


def test_chinese_text_is_read_as_such():
    reading = parse_table("数量,损失\n1,2\n3,4\n".encode("gbk"), "t.csv", "t", ["损失"])
    assert list(reading.frame) == ["数量", "损失"] and reading.notices == (
        "t is not UTF-8 text; lawsmith read it as GBK.",
    )


def test_a_schedule_follows_from_the_step_and_benchmarks_from_the_run(tmp_path: Path):
    steps = np.arange(100, 1600, 100)
    made = pd.DataFrame({"learning_rate": 1e-4 * (1 - steps / 1e4), "step": steps, "loss": 3 / steps**0.2})
    assert read(tmp_path, made).task.schema.features == ("step",)
    made = pd.DataFrame({"N": FRAME["N"], "arc_easy": 1 / FRAME["loss"], "mmlu": 1 / FRAME["loss"] ** 2})
    assert read(tmp_path, made, "mmlu").task.schema.features == ("N",)


def test_lines_above_rows_of_numbers_alone_are_named():
    spectrum = "Date: Tue\nScans: 10\nBoxcar width: 2\n>>>Begin<<<\n" + "".join(f"{k}\t{k * k}\n" for k in range(9))
    with pytest.raises(InputError, match="4 lines stand above the rows of 2 numbers, and none names the columns"):
        frame_of(spectrum)


def test_a_log_of_trainings_and_evaluations(tmp_path: Path):
    steps = [{"step": s, "loss": 2 + 9 / s**0.5} for s in range(10, 300, 10)]
    steps[4:4] = [{"step": 40, "eval_loss": 2.5, "eval_runtime": 1.2}]
    (tmp_path / "state.json").write_text(json.dumps({"best": 2.1, "log_history": steps}))
    data = read_dataset(tmp_path / "state.json", ["loss"])
    assert len(data.task.train) == 29 and "left out 1 row without a value of loss" in " ".join(data.notices)
    decided = data.task.schema.decided
    assert decided is not None and decided.only_measured
    del steps[7]["loss"]  # a step without a loss is no event of another kind
    (tmp_path / "state.json").write_text(json.dumps(steps))
    with pytest.raises(InputError, match="'loss' has no value in data rows 5 and 8"):
        read_dataset(tmp_path / "state.json", ["loss"])


def test_a_chart_of_tensorboard_in_json():
    frame = frame_of(json.dumps([[1.7e9 + s, s, 2.5] for s in range(5)]))
    assert list(frame.columns) == ["Wall time", "Step", "Value"]


def test_shapes_and_arguments_in_cells_become_columns(tmp_path: Path):
    sizes = [8, 64, 512, 4096, 8, 64, 512, 4096]
    tests = ["BM_Copy"] * 4 + ["BM_Fill"] * 4
    frame = pd.DataFrame({"name": [f"{a}/{b}" for a, b in zip(tests, sizes, strict=True)]})
    frame["grid"] = [f"({b}, 1, {k * 37 % 11 + 1})" for k, b in enumerate(sizes)]
    frame["real_time"] = [20 + 1.5 * b + k for k, b in enumerate(sizes)]
    data = read(tmp_path, frame, "real_time")
    assert data.task.schema.features == ("name.1", "grid.3") and data.task.schema.group == "name.test"
    assert "hold arguments" in " ".join(data.notices) and "hold several numbers" in " ".join(data.notices)
    runs = pd.DataFrame({"run": [f"lr-0.{k % 2 + 1}-bs-{16 * k}" for k in range(1, 9)], "loss": 1 / np.arange(1, 9)})
    assert list(read(tmp_path, runs).task.train.features["run.bs"][:2]) == [16, 32]


def test_arrays_of_numpy(tmp_path: Path):
    x = np.arange(1.0, 9)
    np.savez(tmp_path / "t.npz", x=x, loss=2 / x, settings=np.eye(3))
    data = read_dataset(tmp_path / "t.npz", ["loss"])
    assert data.task.schema.features == ("x",) and "left out settings" in " ".join(data.notices)
    np.save(tmp_path / "t.npy", np.array(list(zip(x, 2 / x, strict=True)), dtype=[("x", "f8"), ("loss", "f8")]))
    assert read_dataset(tmp_path / "t.npy", ["loss"]).task.schema.features == ("x",)
    np.save(tmp_path / "t.npy", np.column_stack([x, 2 / x]))
    with pytest.raises(InputError, match="holds no named arrays of one length"):
        read_dataset(tmp_path / "t.npy", ["loss"])


def test_rows_that_lack_their_last_cells_stand_below_their_header():
    rows = [f"{k},{2 * k}{',ok' if k < 4 else ''}" for k in range(1, 10)]
    frame = frame_of("\n".join(["size,time,note", *rows]) + "\n")
    assert list(frame.columns) == ["size", "time", "note"] and len(frame) == 9
