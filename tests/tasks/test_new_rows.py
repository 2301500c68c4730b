"""New rows for a law that is already there: dates, units and notations as in its training rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith.runs.laws.law_rows import table
from lawsmith.tasks import InputError, Schema, read_dataset
from lawsmith.tasks.dates import decimal_year
from lawsmith.tasks.new_rows import new_rows, stated
from lawsmith.tasks.schema import Decided

DATES = "when,y\n" + "".join(f"2020-{k + 1:02d}-01,{3 + k}\n" for k in range(12))
SIZES = "size,y\n" + "".join(f"{2**k}KB,{3 + k}\n" for k in range(6)) + "1MB,9\n4MB,8\n"
TIMES = "t,y\n" + "".join(f"{k + 1} ms,{3 + k * k}\n" for k in range(8))
MILLIONS = "N (M),y\n" + "".join(f"{k + 1.5},{3 + k * k}\n" for k in range(8))
DOSES = "Dose (nM),y\n" + "".join(f"{k + 1.5},{3 + k * k}\n" for k in range(8))
FLAGS = "tied,N,y\n" + "".join(f"{('FALSE', 'TRUE')[k % 2]},{k + 1.5},{3 + k * k}\n" for k in range(8))
GERMAN = "N;y\n" + "".join(f"{k + 1}.000;{3 + k * k}\n" for k in range(8))


RATES = "rate,y\n" + "".join(f"{('C/5', '1C', '2C')[k % 3]},{3 + k * k}\n" for k in range(9))
PLACES = "lat,y\n" + "".join(f"{10 * k + 10}° {'NS'[k % 2]},{3 + k * k}\n" for k in range(8))
MODELS = "model,y\n" + "".join(f"pythia-{2**k}M,{3 + k * k}\n" for k in range(8))


def schema(folder: Path, text: str, thousands: str = "") -> Schema:
    (folder / "train.csv").write_text(text)
    return read_dataset(folder / "train.csv", ["y"], thousands=thousands).task.schema


@pytest.mark.parametrize(
    ("train", "rows", "values"),
    [
        (DATES, "when\n2021-03-01\n13/04/2021\n", [decimal_year("2021-03-01"), decimal_year("2021-04-13")]),
        (SIZES, "size\n8KB\n2MB\n", [8e3, 2e6]),
        (SIZES, "size\n8KB\n16KB\n", [8e3, 16e3]),
        (TIMES, "t,note\n2 s,a\n5 s,b\n", [2e3, 5e3]),
        (MILLIONS, "N (M)\n70M\n1.4B\n", [70, 1400]),
        (FLAGS, "tied,N\nyes,1\n0,2\nfalse,3\n", [1, 0, 0]),
        (GERMAN, "N;M\n12.000;1\n4.000;2\n", [12e3, 4e3]),
        (GERMAN, 'N\n"1.000.000"\n', [1e6]),
        (RATES, "rate\nC/4\n3C\n", [0.25, 3]),
    ],
)
def test_rows_are_read_as_the_training_rows(train: str, rows: str, values: list[float], tmp_path: Path):
    known = schema(tmp_path, train, thousands="." if train is GERMAN else "")
    (tmp_path / "new.csv").write_text(rows)
    found = new_rows(tmp_path / "new.csv", known, known.features)[1]
    assert found[known.features[0]] == pytest.approx(values)
    first = pd.read_csv(tmp_path / "new.csv", sep=";" if ";" in rows else ",", dtype=str)[known.features[0]][0]
    assert stated(known, known.features[0], first) == pytest.approx(values[0])


@pytest.mark.parametrize(
    ("train", "rows", "value"),
    [
        ("config.n_params,summary.y\n" + "1e9,3\n2e9,4\n4e9,7\n8e9,9\n", "n_params,tokens\n3B,1T\n", 3e9),
        (DOSES, "dose\n2.5\n", 2.5),
        (DOSES, "Dose (µM)\n2.5\n", 2500.0),
    ],
)
def test_columns_may_have_a_features_name_without_prefix_or_in_another_unit(
    train: str, rows: str, value: float, tmp_path: Path
):
    known = schema(tmp_path, train)
    (tmp_path / "new.csv").write_text(rows)
    written, found = new_rows(tmp_path / "new.csv", known, known.features)
    assert found == {known.features[0]: pytest.approx([value])} and list(written) == rows.splitlines()[0].split(",")
    (tmp_path / "new.csv").write_text("Dose (K),a.n_params,b.n_params\n1,2,3\n")
    with pytest.raises(InputError, match=r"has no column 'config.n_params'|writes 'Dose \(nM\)' in 'K'"):
        new_rows(tmp_path / "new.csv", known, known.features)


def test_a_wide_table_of_years_is_predicted_as_it_was_read(tmp_path: Path):
    (tmp_path / "train.csv").write_text("land,2000,2001,2002,2003,2004\nA,3,4,5,6,7\nB,2,4,6,8,9\n")
    known = read_dataset(tmp_path / "train.csv", ["value"]).task.schema
    (tmp_path / "new.csv").write_text("land,2010,2011\nA,,\nB,,\n")
    assert new_rows(tmp_path / "new.csv", known, known.features)[1]["year"] == [2010, 2011, 2010, 2011]


def test_suffixes_in_the_cells_outweigh_the_unit_of_the_header(tmp_path: Path):
    text = "N (M),p (%),y\n" + "".join(f"{k + 1}M,{k * k}%,{3 + k}\n" for k in range(8))
    known = schema(tmp_path, text)
    assert known.columns["N (M)"].unit == known.columns["p (%)"].unit == ""
    assert stated(known, "N (M)", "70M") == 70e6
    assert stated(known, "p (%)", "15%") == 0.15
    assert stated(schema(tmp_path, text.replace("%,", ",")), "p (%)", "15%") == 15


def test_rows_in_a_unit_of_another_kind_are_refused(tmp_path: Path):
    known = schema(tmp_path, TIMES)
    (tmp_path / "new.csv").write_text("t,note\n2 km,a\n5 km,b\n")
    with pytest.raises(InputError, match="writes 't' in 'km', the training rows in 'ms'; use one unit"):
        new_rows(tmp_path / "new.csv", known, known.features)
    with pytest.raises(InputError, match=r"^at t: lawsmith cannot turn '2 km' into ms"):
        stated(known, "t", "2 km", "--at ")


def test_rows_of_python_hold_dates_and_text(tmp_path: Path):
    known, days = schema(tmp_path, DATES), pd.Series(pd.to_datetime(["2021-03-01", "2021-04-13"]))
    years = [decimal_year("2021-03-01"), decimal_year("2021-04-13")]
    kinds = (pd.DataFrame({"when": days}), {"when": ["2021-03-01", "2021-04-13"]}, {"when": days.to_numpy()})
    for rows in kinds:
        found = table(known, known.features, ("all_data",), rows, None, None).features["when"]  # type: ignore[arg-type]
        assert np.allclose(found, [year or 0 for year in years])


def test_shares_stated_without_their_sign_are_refused(tmp_path: Path):
    known = schema(tmp_path, "p,y\n" + "".join(f"{10 * k}%,{3 + k}\n" for k in range(8)))
    assert stated(known, "p", "15%") == stated(known, "p", "0.15") == 0.15
    with pytest.raises(InputError, match="15 without %, but the training rows are in %; write 15% or a share"):
        stated(known, "p", "15")
    (tmp_path / "new.csv").write_text("p\n15\n30\n")
    with pytest.raises(InputError, match="column 'p' holds '15' in data row 1, without the % of"):
        new_rows(tmp_path / "new.csv", known, known.features)


def test_new_rows_of_two_readings_name_no_option_of_another_command(tmp_path: Path):
    known = schema(tmp_path, "N;y\n" + "".join(f"{k}.5;{3 + k}\n" for k in range(8)))
    (tmp_path / "new.csv").write_text("N;note\n1.200;a\n")
    with pytest.raises(InputError, match=r"if it marks thousands; write its numbers like 1200 or 1\.2"):
        new_rows(tmp_path / "new.csv", known, known.features)


def test_arrays_for_a_column_in_per_cent_are_shares():
    shares = Schema(name="t", long_name="t", title="t", features=("x", "took"), targets=("y",), group=None)
    shares = shares.model_copy(update={"decided": Decided(percents=("x",))})

    def column(values: object, name: str = "x") -> list[float]:
        rows = {"x": [0.1] * 2, "took": [1.0] * 2, name: values}
        return table(shares, ("x",), ("all_data",), rows, None, None).features[name].tolist()

    assert column(np.array([0.15, 1.0])) == column(["15%", "100%"]) == [0.15, 1.0]
    for values in (np.array([15, 100]), [15, 0.5], pd.Series([15.0, 20.0])):
        with pytest.raises(
            InputError, match=r"training rows were written in per cent; give shares such as 0.15, or text"
        ):
            column(values)
    assert column(pd.to_timedelta([90, 120], unit="min"), "took") == [5400, 7200]


@pytest.mark.parametrize(
    ("text", "name", "cell", "value"),
    [
        (RATES, "rate", "2C", 2.0),
        (RATES, "rate", "C/8", 0.125),
        (PLACES, "lat", "33° S", -33.0),
        (MODELS, "model.size", "pythia-12b", 12e9),
    ],
)
def test_a_value_is_stated_as_in_the_rows(text: str, name: str, cell: str, value: float, tmp_path: Path):
    assert stated(schema(tmp_path, text), name, cell) == value


def test_columns_of_python_may_leave_out_the_unit_and_no_more(tmp_path: Path):
    known = schema(tmp_path, DOSES)
    rows = {"Dose": [2.0, 3.0], "note": ["a", "b"]}
    for given in (rows, pd.DataFrame(rows), [{"Dose": 2.0}, {"Dose": 3.0}]):
        found = table(known, known.features, ("all_data",), given, None, None)  # type: ignore[arg-type]
        assert found.features["Dose (nM)"].tolist() == [2, 3]
    for name in ("Dose (M)", "dose"):
        with pytest.raises(InputError, match=r"lack Dose \(nM\)"):
            table(known, known.features, ("all_data",), {name: [2.0]}, None, None)


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("t_h", "30min", 0.5),
        ("t_h", "1h 30m", 1.5),
        ("x_m", "5m", 5.0),
        ("m_kg", "500 g", 0.5),
        ("N_M", "7B", 7e3),
        ("T_K", "300K", 300.0),
        ("top_k", "5k", 5e3),
        ("D", "2B", 2e9),
    ],
)
def test_a_unit_behind_the_last_underscore_of_a_name_is_the_unit_of_the_column(
    name: str, cell: str, value: float, tmp_path: Path
):
    text = f"{name},y\n" + "".join(f"{k + 1},{3 + k * k}\n" for k in range(8))
    assert stated(schema(tmp_path, text), name, cell) == value


def test_a_value_in_a_unit_of_another_kind_is_told_so(tmp_path: Path):
    text = "t_h,y\n" + "".join(f"{k + 1},{3 + k * k}\n" for k in range(8))
    with pytest.raises(InputError, match="lawsmith cannot turn '5 kg' into h; write the number alone"):
        stated(schema(tmp_path, text), "t_h", "5 kg")


def test_suffixes_in_the_cells_outweigh_a_unit_behind_an_underscore(tmp_path: Path):
    text = "N_M,y\n" + "".join(f"{k + 1}M,{3 + k * k}\n" for k in range(8))
    assert stated(schema(tmp_path, text), "N_M", "70M") == 70e6
