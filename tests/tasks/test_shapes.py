"""Tables as spreadsheets and papers lay them out: on their side, with merged cells, several in one sheet."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import FRAME, read, refused, roles

from lawsmith.tasks import read_dataset
from lawsmith.tasks.new_rows import new_rows

openpyxl = pytest.importorskip("openpyxl")


def sheet(folder: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    (folder / "t.xlsx").write_bytes(content.getvalue())
    return folder / "t.xlsx"


def test_rows_that_are_columns_are_turned_where_the_target_is_one_of_them(tmp_path: Path):
    data = read(tmp_path, FRAME.T.reset_index().to_csv(index=False))
    assert data.task.train.targets["loss"].tolist() == FRAME["loss"].tolist()
    assert data.task.schema.features == ("N", "D")
    assert any("lawsmith turned the table: it made each row a column" in said for said in data.notices)


def test_a_long_table_of_measures_becomes_a_row_for_each_run(tmp_path: Path):
    long = FRAME.assign(run=range(15)).melt(id_vars="run", var_name="metric")
    data = read(tmp_path, long)
    assert data.task.schema.features == ("N", "D") and len(data.task.train) == 15
    assert any("lawsmith made each measure in metric a column" in said for said in data.notices)
    with refused("names its measures in column 'metric', but no other column says which rows belong together"):
        read(tmp_path, long.drop(columns="run"))


def test_a_column_of_units_beside_names_of_rows(tmp_path: Path):
    turned = FRAME.T.reset_index()
    turned.insert(1, "unit", ["", "", "nats"])
    assert read(tmp_path, turned).task.schema.columns["loss"].unit == "nats"


def test_blank_cells_below_a_label_are_filled(tmp_path: Path):
    rows = [[name if k == 0 else None, n, n**-0.3] for name in ("a", "b") for k, n in enumerate((1.0, 2, 4, 8))]
    data = read_dataset(sheet(tmp_path, [["family", "N", "loss"], *rows]), ["loss"])
    assert data.task.train.groups == ("a", "b")
    assert any("lawsmith filled blank cells of family from above" in said for said in data.notices)
    log = "loss,step,lr\n" + "\n".join(f"{'' if k % 2 else 3 - k / 10},{k},{0.1 + k % 3}" for k in range(12))
    with refused("column 'loss' has no value"):  # of a log no measurement is repeated
        read(tmp_path, log)
    sizes = "N,D,loss\n" + "".join(f"{'' if k % 4 else f'1.{k}B'},{k % 4 + 1},{9 - k}\n" for k in range(16))
    assert read(tmp_path, sizes).task.train.features["N"][7] == 1.4e9


def test_standards_at_the_end_are_no_deviations(tmp_path: Path):
    rows = "".join(f"Std {k},{k},{k * k}.5\n" for k in range(8))
    for blank, count in (("", 8), ("Blank,9,0.1\n", 9)):
        assert len(read(tmp_path, f"Sample,x,loss\n{blank}{rows}Mean,3,20\n").task.train) == count


def test_tables_below_each_other_are_one_and_beside_each_other_are_told(tmp_path: Path):
    rows = FRAME.to_numpy().tolist()
    head = ["N", "D", "loss"]
    below = sheet(tmp_path, [["Small"], head, *rows[:8], [None], ["Large"], head, *rows[8:]])
    data = read_dataset(below, ["loss"])
    assert len(data.task.train) == len(FRAME) and roles(data)["block"] == "group"
    beside = sheet(tmp_path, [[*head, None, "gpus", "speed"], *([*row, None, k, 9.0] for k, row in enumerate(rows))])
    assert any("stands between loss and gpus" in said for said in read_dataset(beside, ["loss"]).notices)
    with refused("If tables stand side by side"):
        read_dataset(sheet(tmp_path, [[*head, None, *head], *([*row, None, *row] for row in rows)]), ["loss"])


@pytest.mark.parametrize(
    ("titles", "head", "column", "cells"),
    [
        (("Drug A,,", "Drug B,,"), "drug,dose,loss\n", "drug", ",{},{}"),
        (("T: 300 K", "T: 320 K"), "", "T", "{},{}"),
        (("first day,", "second day,"), "dose,loss\n", "block", "{},{}"),
    ],
)
def test_titles_of_blocks_of_rows_are_a_column(
    titles: tuple[str, str], head: str, column: str, cells: str, tmp_path: Path
):
    rows = "\n".join(cells.format(dose, 9 - dose) for dose in range(1, 7))
    again = "" if head else "dose,loss\n"
    text = head + "".join(f"{title}\n{again}{rows}\n" for title in titles)
    data = read(tmp_path, text + "mean,4\n" * (column == "block"))
    assert len(data.task.train) == 12 and data.task.train.targets["loss"][6] == 8
    role = {"T": "feature", "drug": "group", "block": "category"}[column]
    assert roles(data) == {column: role, "dose": "feature", "loss": "target"}
    assert f" a column, {column}." in " ".join(data.notices) and "300 K' above" not in " ".join(data.notices)


def test_latex_cells_over_several_columns(tmp_path: Path):
    rows = "\n".join(
        rf"\rowcolor{{gray}} ${k}\times10^{{7}}$ & {4 - k / 9:.3f} & \textbf{{{5 - k / 8}}} \\" for k in range(1, 7)
    )
    head = r"\multirow{2}{*}{$N$} & \multicolumn{2}{c}{Loss} \\" + "\n" + r" & train & test \\" + "\n"
    (tmp_path / "t.tex").write_text(r"\begin{tabular}{lrr}" + "\n" + head + rows + r"\end{tabular}")
    data = read_dataset(tmp_path / "t.tex", ["test"])
    assert roles(data) == {"N": "feature", "train": "companion", "test": "target"}
    assert data.task.train.features["N"][0] == 1e7


def test_curves_in_json_are_rows(tmp_path: Path):
    runs = [
        {"lr": lr, "size": [64, 64], "step": [1, 2, 4, 8], "loss": [lr + 3 / k for k in (1, 2, 4, 8)]}
        for lr in (1, 2, 3)
    ]
    (tmp_path / "t.json").write_text(json.dumps(runs))
    data = read_dataset(tmp_path / "t.json", ["loss"])
    assert data.task.schema.features == ("lr", "step") and len(data.task.train) == 12
    assert any("the lists of 3 objects are curves; lawsmith made each point a row" in said for said in data.notices)


@pytest.mark.parametrize("asked", ["loss", "Loss ↓", "loss.mean"])
def test_the_mean_is_meant_and_no_error(asked: str, tmp_path: Path):
    name = "loss" if asked == "Loss ↓" else "loss mean"
    table = FRAME.rename(columns={"loss": name}).assign(**{"loss std": np.linspace(0.1, 0.2, 15)})
    assert read(tmp_path, table, asked).task.schema.targets == (name,)
    with refused("did you mean loss mean or loss std?"):
        read(tmp_path, table.rename(columns={name: "loss mean"}), "los")


def test_the_column_before_its_unit_is_meant_and_not_its_inverse(tmp_path: Path):
    table = FRAME.rename(columns={"loss": "1/[A]"}).assign(**{"[A] (mol/L)": 1 / FRAME["loss"]})
    assert read(tmp_path, table, "[A]").task.schema.targets == ("[A] (mol/L)",)
    results = FRAME.rename(columns={"loss": "acc,none"}).assign(**{"acc_stderr,none": np.linspace(0.1, 0.2, 15)})
    assert roles(read(tmp_path, results, "acc"))["acc_stderr,none"] == "weight"


def test_a_title_two_lines_of_names_and_units_in_a_sheet(tmp_path: Path):
    rows: list[list[object]] = [["Zugversuch", None, None], [None], ["Probe", "Last", None], [None, "F", "s"]]
    path = sheet(tmp_path, [*rows, [None, "N", "mm"], *([f"P{k}", 3.5 * k, k**0.5] for k in range(1, 9))])
    data = read_dataset(path, ["s"])
    assert data.task.schema.features == ("F",) and data.task.schema.columns["F"].unit == "N"


def test_labels_with_a_letter_and_a_number_are_no_durations(tmp_path: Path):
    table = FRAME.assign(patient=[f"P{k % 2}" for k in range(15)])
    assert roles(read(tmp_path, table))["patient"] == "group"


@pytest.mark.parametrize(("cell", "seconds"), [("1-02:10:45", 94245.0), ("01:05 PM", 47100.0), ("12:30 am", 1800.0)])
def test_clocks_of_slurm_and_of_half_a_day(cell: str, seconds: float, tmp_path: Path):
    table = pd.DataFrame({"x": [1.0, 2, 4, 8], "t": [cell, "01:00:00", "02:00:00", "03:00:00"]})
    assert read(tmp_path, table, "t").task.train.targets["t"][0] == seconds


def test_means_and_errors_by_their_names(tmp_path: Path):
    cells = [f"{loss:.3f} ± 0.01" for loss in FRAME["loss"]]
    table = FRAME.drop(columns="loss").assign(**{"loss (mean ± std)": cells})
    assert read(tmp_path, table, "loss").task.schema.targets == ("loss",)
    table = FRAME.rename(columns={"loss": "loss (mean of 3)"}).assign(**{"loss (std)": np.linspace(0.1, 0.2, 15)})
    assert read(tmp_path, table, "loss").task.schema.targets == ("loss (mean of 3)",)
    count = pd.DataFrame({"N": 2 ** np.arange(6), "avg_loss": 3 / np.arange(1, 7), "max_loss": 4 / np.arange(1, 7)})
    data = read(tmp_path, count)
    assert data.task.schema.features == ("N",) and data.task.train.weight is None


def test_slurm_says_who_cancelled_a_job(tmp_path: Path):
    table = FRAME.assign(State=["COMPLETED"] * 13 + ["CANCELLED by 1000", "OUT_OF_MEMORY"], losses_raw=FRAME["loss"])
    data = read(tmp_path, table)
    assert len(data.task.train) == 13


def test_lists_in_records_become_rows_where_they_hold_the_target_and_columns_else(tmp_path: Path):
    made = [
        {
            "width": 2**k,
            "kernel": [3, 2 + k * k],
            "losses": [3 - k / 10, 3.001 - k / 10],
            "evals": [{"task": task, "acc": k / 20 + off} for task, off in (("arc", 0.1), ("mmlu", 0.2))],
        }
        for k in range(8)
    ]
    (tmp_path / "t.json").write_text(json.dumps(made))
    whole = read_dataset(tmp_path / "t.json", ["acc"])
    assert len(whole.task.train) == 16 and whole.task.schema.group == "evals.task"
    one = read_dataset(tmp_path / "t.json", ["arc"])
    assert len(one.task.train) == 8 and roles(one)["mmlu"] == "companion"
    repeated = read_dataset(tmp_path / "t.json", ["losses"])
    assert len(repeated.task.train) == 16 and repeated.task.schema.features == ("width", "kernel.2")


def test_seeds_before_the_name_and_their_mean(tmp_path: Path):
    loss = 2 + np.arange(1.0, 9) ** -0.5
    wide = pd.DataFrame({"width": range(1, 9), "s42/loss": loss, "s7/loss": loss + 0.01})
    assert len(read(tmp_path, wide).task.train) == 16
    wide.columns = ["width", "seed 42", "seed 7"]
    assert roles(read(tmp_path, wide)) == {"width": "feature", "loss": "target"}
    wide = pd.DataFrame({"width": range(1, 9), "loss_1": loss, "loss_2": loss + 0.01, "avg": loss + 0.005})
    assert roles(read(tmp_path, wide, "loss_1"))["avg"] == "companion"


def test_a_long_table_of_one_measure(tmp_path: Path):
    long = pd.DataFrame({"shots": [0, 1, 2, 4, 8, 16], "metric": "acc", "value": np.arange(6) / 10 + 0.2})
    assert read(tmp_path, long, "acc").task.schema.features == ("shots",)


def test_intervals_in_brackets_are_no_lists(tmp_path: Path):
    loss = 2 + np.arange(1.0, 13) ** -0.5
    ends = [f"[{y - e:.3f}, {y + e:.3f}]" for y, e in zip(loss, np.linspace(0.01, 0.05, 12), strict=True)]
    data = read(tmp_path, pd.DataFrame({"N": range(1, 13), "loss": loss, "95% CI": ends}))
    assert roles(data)["95% CI"] == "weight"


def test_objects_at_the_ends_of_lines_of_a_log_are_rows(tmp_path: Path):
    lines = [f'2024-01-01 | INFO | {{"update": {k}, "loss": "{3 - k / 10}"}}' for k in range(1, 9)]
    lines[3] = "2024-01-01 | INFO | {'update': 4, 'loss': tensor(2.6, device='cuda:0')}"
    broken = '2024-01-01 | INFO | {"update": 9, "lo{"update": 10}'
    data = read(tmp_path, "\n".join([*lines, "2024-01-01 | INFO | done", broken]))
    assert data.task.schema.features == ("update",) and len(data.task.train) == 8
    [told] = [said for said in data.notices if "each line holds an object, which lawsmith read as a row" in said]
    assert told.endswith("left out 1 line whose object it cannot read, the first is line 10.")
    printed = "".join(
        f"{{'loss': np.float64({3 - k / 10:.2f}), 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': {k / 10}}}\n"
        for k in range(1, 9)
    )
    assert read(tmp_path, printed).task.schema.features == ("epoch",)  # as a trainer prints


def test_settings_in_quotes_above_a_table_of_as_many_columns(tmp_path: Path):
    rows = "\n".join(f'"{k}","{k * k}"' for k in range(1, 9))
    data = read(tmp_path, f'"Instrument","DSC 25"\n"Date","2024-01-02"\n\n"T (C)","heat"\n{rows}', "heat")
    assert data.task.schema.features == ("T (C)",)


def test_columns_called_like_years_become_rows(tmp_path: Path):
    head = '"Country Name","Indicator Name",' + ",".join(f'"{year} [YR{year}]"' for year in range(2000, 2006))
    rows = [
        f'"{name}","GDP (current US$)",' + ",".join(f"{k * 1.05**year:.3f}" for year in range(5))
        for name, k in (("Chile", 8), ("Kenya", 1), ("Peru", 5))
    ]
    data = read(tmp_path, "\n".join([head, *(row + ',".."' for row in rows)]), "GDP")
    schema = data.task.schema
    assert (schema.features, schema.group, len(data.task.train)) == (("year",), "Country Name", 15)
    assert "the names of 6 columns state the year; they are now 15 rows of year and value." in data.notices[0]
    assert "so value is called GDP" in data.notices[1]
    with refused("has no column 'population'"):
        read(tmp_path, "\n".join([head, *(row + ',".."' for row in rows)]), "population")


@pytest.mark.parametrize(
    ("names", "target", "columns"),
    [
        ("step width=8 width=16 width=32", "value", ("step", "width", "value")),
        ("step [A]_25C [A]_35C [A]_45C", "[A]", ("step", "C", "[A]")),
        ("step w8_loss w8_n w16_loss w16_n w32_loss w32_n", "loss", ("step", "w", "loss", "n")),
        ("step 8M 16M 32M", "value", ("step", "setting", "value")),
    ],
)
def test_columns_called_by_a_setting_become_rows(names: str, target: str, columns: tuple[str, ...], tmp_path: Path):
    wide = pd.DataFrame([[k + 1, *(9 - k + 0.1 * j for j in range(names.count(" ")))] for k in range(5)])
    data = read(tmp_path, wide.set_axis(names.split(" "), axis=1), target)
    assert tuple(roles(data)) == columns and len(data.task.train) == 15
    assert data.task.train.features[columns[1]][2] in (32, 45, 32e6)
    told = "has no column 'acc'" if "n" in columns else "are one measurement at several settings, --target value makes"
    with refused(told):
        read(tmp_path, wide.set_axis(names.split(" "), axis=1), "acc")


def test_series_of_years_as_offices_of_statistics_publish_them(tmp_path: Path):
    """Lines above a header of years, and codes beside names of series."""
    years = range(2008, 2020)
    series = [("Kenya", "Population, total", "SP.POP", 3e7), ("Kenya", "Rain", "AG.RN", 700.0)]
    series += [("Peru", "Population, total", "SP.POP", 2e7), ("Peru", "Rain", "AG.RN", 900.0)]
    series += [("Fiji", "Population, total", "SP.POP", 1e6), ("Fiji", "Rain", "AG.RN", 2000.0)]
    head = "Country Name,Series Name,Series Code," + ",".join(f"{year} [YR{year}]" for year in years)
    rows = [f'{a},"{b}",{c},' + ",".join(f"{d * 1.02**k:.1f}" for k in range(11)) + ",.." for a, b, c, d in series]
    rows[1] = rows[1].removesuffix("..") + "880"
    data = read(tmp_path, "\n".join([head, *rows]), "Rain")
    assert (data.task.schema.group, len(data.task.train)) == ("Country Name", 33)
    rows[4] = rows[4].replace(",1000000.0,", ",..,")
    fewer = read(tmp_path, "\n".join([head, *rows]), "Population, total")
    assert len(fewer.task.train) == 32 and any("left out 2 rows without Population, total." in t for t in fewer.notices)
    above = '"Data Source","World Development Indicators",\n\n"Last Updated Date","2025-01-28",\n\n'
    head = '"Country Name","Indicator Name",' + ",".join(f'"{year}"' for year in years) + ","
    rows = [f'"{a}","{b}",' + ",".join(f'"{d * 1.02**k:.1f}"' for k in range(12)) + "," for a, b, _, d in series[::2]]
    data = read(tmp_path, above + "\n".join([head, *rows, ""]), "Population, total")
    assert (data.task.schema.features, data.task.schema.group, len(data.task.train)) == (("year",), "Country Name", 36)


def test_columns_called_like_dates_become_rows(tmp_path: Path):
    """As Johns Hopkins publishes them; the place of a country says no more than its name."""
    days = pd.date_range("2020-03-01", periods=30)
    head = "Province/State,Country/Region,Lat,Long," + ",".join(f"{d.month}/{d.day}/{d:%y}" for d in days)
    rows = [f",{a},{b},{c}," + ",".join(f"{d * 1.15**k:.0f}" for k in range(30)) for a, b, c, d in
            (("Italy", 41.9, 12.6, 1000), ("Spain", 40.4, -3.7, 300), ("Norway", 60.4, 8.4, 60))]  # fmt: skip
    data = read(tmp_path, "\n".join([head, *rows]), "value")
    schema = data.task.schema
    assert (schema.features, schema.group, len(data.task.train)) == (("date",), "Country/Region", 90)
    with refused("Most of these names are years or dates: --target value makes rows of them."):
        read(tmp_path, "\n".join([head, *rows]), "cases")


def test_columns_that_differ_in_a_number(tmp_path: Path):
    wide = pd.DataFrame(
        {"T": [20, 30, 40, 50, 60], "pH 5": [1, 3, 4, 9, 7], "pH 6": [1, 2, 4, 5, 7], "pH 7": [1, 2, 3, 4, 5]}
    )
    assert read(tmp_path, wide, "pH 6").task.schema.features == ("T",)


def test_a_table_of_the_geological_survey_is_no_log_of_pairs(tmp_path: Path):
    head = "# ---- WARNING ----\n#\nagency\tdatetime\ttz\tflow\tflow_cd\tlevel\n5s\t20d\t6s\t14n\t10s\t14n\n"
    levels = [k * 7 % 25 for k in range(1, 25)]
    rows = [f"USGS\t2024-05-{k:02d} 06:00\tEST\t{14 * h**1.7:.0f}\tA\t{h}.0\n" for k, h in enumerate(levels, 1)]
    assert read(tmp_path, head + "".join(rows), "flow").task.schema.features == ("level",)


def test_sizes_in_the_names_of_one_family_are_a_feature(tmp_path: Path):
    sizes = {"70m": 7e7, "160m": 1.6e8, "410m": 4.1e8, "1b": 1e9, "2.8b": 2.8e9}
    rows = [(f"org/pythia-{name}", step, 2 + n**-0.2 + 1 / step) for name, n in sizes.items() for step in (1.0, 2, 4)]
    made = pd.DataFrame(rows, columns=["model", "steps", "loss"])
    made.iloc[:2].to_csv(tmp_path / "t.csv", index=False)
    data = read(tmp_path, made, test=tmp_path / "t.csv")
    assert (data.task.schema.features, data.task.schema.group) == (("model.size", "steps"), None)
    assert data.test is not None and data.test.features["model.size"][0] == 7e7
    assert "model.size holds the sizes that stand in the names of model." in data.notices
    stated = made.assign(n=made["model"].map({f"org/pythia-{name}": 1.1 * n for name, n in sizes.items()}))
    assert read(tmp_path, stated).task.schema.features == ("steps", "n")
    machines = made.assign(model=[f"{2 ** (k // 3)}xA100-80GB" for k in range(15)])
    assert read(tmp_path, machines).task.train.features["model.size"][4] == 2
    two = made.assign(model=made["model"].where(made["steps"] > 1, made["model"].str.replace("pythia", "neo")))
    assert "model.size" not in roles(read(tmp_path, two))


def test_a_line_of_units_below_names_above_which_a_station_is_described(tmp_path: Path):
    """As the Met Office writes them, with --- where nothing was measured."""
    head = "Oxford\nLat 51.761 Lon -1.262, 63 metres amsl\nMissing data is marked by ---.\n"
    head += "   yyyy  mm   tmax    rain     sun\n              degC      mm   hours\n"
    rows = [
        f"  {2000 + k // 12}  {k % 12 + 1}  {9 + np.sin(k):.1f}  {60 + k % 7:.1f}  {'---' if k < 9 else k}"
        for k in range(36)
    ]
    data = read(tmp_path, head + "\n".join(rows) + "\n", "tmax")
    assert data.task.schema.features == ("yyyy", "mm", "rain") and len(data.task.train) == 36


def test_names_that_all_begin_alike_say_nothing_of_a_column(tmp_path: Path):
    period = np.geomspace(1, 500, 20)
    axis = (period / 365.25) ** (2 / 3)
    made = pd.DataFrame({"pl_name": [f"K-{k} b" for k in range(20)], "pl_orbper": period, "pl_orbpererr1": period / 99})
    made = made.assign(pl_orbsmax=axis, pl_orbsmaxerr1=0.01 + axis / 99, pl_orbsmaxerr2=-0.01 - axis / 99)
    data = read(tmp_path, made, "pl_orbsmax")
    assert data.task.schema.features == ("pl_orbper",)
    assert (roles(data)["pl_orbsmaxerr1"], roles(data)["pl_orbsmaxerr2"]) == ("weight", "left out")


@pytest.mark.parametrize(
    ("name", "cells", "features", "first"),
    [
        ("web/code/math", ("70/20/10", "60/20/20", "50/30/20", "33/34/33", "10/30/60"), ".web .code .math", 70),
        ("DSPC:Chol", ("70:30", "60:40", "50:50", "33.3:66.6", "10:90"), ".DSPC", 70),
        ("alloy", ("Fe0.9Ni0.1O3", "Fe0.8Ni0.2O3", "Fe0.6Ni0.4O3", "Fe0.5Ni0.5O3", "Fe0.1Ni0.9O3"), ".Fe", 0.9),
        ("mix", ("70% a, 30% b", "60% a, 40% b", "50% a, 50% b", "35% a, 65% b", "15% a, 85% b"), ".a", 70),
        ("run", ("n=1M_lr=1e-3", "n=2M_lr=2e-3", "n=4M_lr=1e-3", "n=8M_lr=1e-2", "n=9M_lr=1e-3"), ".n .lr", 1e6),
    ],
)
def test_shares_and_pairs_in_cells_become_columns(
    name: str, cells: tuple[str, ...], features: str, first: float, tmp_path: Path
):
    one = tmp_path / "one.csv"
    pd.DataFrame({name: cells[:1] * 2, "loss": [1, 2]}).to_csv(one, index=False)
    made = pd.DataFrame({name: cells * 2, "loss": [1, 3, 4, 7, 9, 1.5, 3.5, 4.5, 7.5, 9.5]})
    data = read(tmp_path, made, test=one)
    assert data.test is not None and data.test.features[f"{name}{features.split()[0]}"][0] == first
    _, found = new_rows(one, data.task.schema, data.task.schema.features)
    assert found[f"{name}{features.split()[0]}"] == [first, first]
    assert data.task.schema.features == tuple(f"{name}{end}" for end in features.split())
    assert data.task.train.features[data.task.schema.features[0]][0] == first
    dates = pd.DataFrame({"when": [f"{2015 + k} Q{5 - k}" for k in range(1, 5)] * 2, "loss": range(8)})
    assert read(tmp_path, dates).task.schema.features == ("when",)
    stated = pd.DataFrame({"lr": [0.1, 0.2, 0.4] * 3, "run": ["n=1,lr=0.1", "n=2,lr=0.2", "n=5,lr=0.4"] * 3})
    assert list(roles(read(tmp_path, stated.assign(loss=range(9))))) == ["lr", "run", "run.n", "loss"]
