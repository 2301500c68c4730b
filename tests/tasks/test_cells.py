"""What the text of a cell means: numbers, days, durations and units as people write them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import FRAME, read, refused

from lawsmith.tasks import InputError, read_dataset
from lawsmith.tasks.dates import decimal_year, years_of
from lawsmith.tasks.new_rows import stated
from lawsmith.tasks.numerals import Numeral, numeral


@pytest.mark.parametrize(
    ("cells", "largest"),
    [
        (["10 million", "30 million", "100 million", "300 million", "1 billion"], 1e9),
        (["~10M", "~30M", "~100M", "≈300M", "1B"], 1e9),
        (["10^7", "10^7.5", "10^8", "10^8.5", "10^9.0"], 1e9),
        (["1/1000", "1/300", "1/100", "1/30", "1/10"], 0.1),
        (["1/2", "3/4", "1", "1 1/2", "2"], 2.0),
        ([f"tensor({n}., device='cuda:0', grad_fn=<NllLossBackward0>)" for n in (1, 3, 10, 30, 100)], 100.0),
        (["np.float64(1e7)", "array(3e7)", "tensor([1e8])", "[3e8]", "1e9"], 1e9),
        (["1Ki", "2Ki", "4Ki", "8Ki", "16Ki"], 16384.0),
        (["0:00", "1:00", "2:00", "3:00", "23:00"], 82800.0),
        (["$1,200", "$2,500", "$4,000", "$7,500", "$15,000"], 15000.0),
    ],
)
def test_numbers_as_people_write_them(cells: list[str], largest: float, tmp_path: Path):
    found = read(tmp_path, FRAME.assign(N=np.repeat(cells, 3))).task
    assert found.schema.features == ("N", "D") and found.train.features["N"].max() == pytest.approx(largest)


@pytest.mark.parametrize(
    "cells", [["1/2", "1/3", "1/4", "1/5", "1/6"], ["3/2020", "4/2020", "5/2020", "6/2020", "7/2020"]]
)
def test_what_may_be_a_day_is_no_fraction(cells: list[str], tmp_path: Path):
    assert "when" not in read(tmp_path, FRAME.assign(when=np.repeat(cells, 3))).task.train.features


def test_units_that_differ_in_the_target_are_named(tmp_path: Path):
    frame = FRAME.assign(loss=[f"{loss:.3f} {'mV' if k % 2 else 's'}" for k, loss in enumerate(FRAME["loss"])])
    with pytest.raises(InputError, match=r"numbers in different units \(s and mV\)"):
        read(tmp_path, frame)


@pytest.mark.parametrize(
    "cells", [[f"0 days 00:{k:02d}:30" for k in range(15)], [f"00:{k:02d}:30.0" for k in range(15)]]
)
def test_durations_become_seconds(cells: list[str], tmp_path: Path):
    data = read(tmp_path, pd.DataFrame({"elapsed": cells, "volts": np.exp(-np.arange(15) / 4)}), "volts")
    assert data.task.train.features["elapsed"] == pytest.approx(30 + 60.0 * np.arange(15))
    assert "lawsmith turned times into seconds" in " ".join(data.notices)


@pytest.mark.parametrize(
    ("name", "cell", "seconds"),
    [
        ("elapsed", "{}0:30", 600),
        ("elapsed", "0{}:30.5", 60),
        ("pace (mm:ss)", "0{}:30", 60),
        ("ran hh:mm", "0{}:30", 3600),
        ("time", "1{}:45", 3600),
    ],
)
def test_short_clocks_and_iso_durations_become_seconds(name: str, cell: str, seconds: float, tmp_path: Path):
    made = pd.DataFrame({name: [cell.format(k) for k in range(10)], "volts": np.exp(-np.arange(10) / 4)})
    values = read(tmp_path, made, "volts").task.train.features[name]
    assert np.diff(values) == pytest.approx(seconds)


def test_months_and_times_of_a_day_are_numbers(tmp_path: Path):
    months = ["Jan", "Feb", "March", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"]
    made = pd.DataFrame({"month": months, "hour": [f"{k} PM" for k in range(1, 13)], "t": np.sin(np.arange(12.0))})
    data = read(tmp_path, pd.concat([made, pd.DataFrame([{"month": "Annual", "t": 0.1}])]), "t")
    x, schema = data.task.train.features, data.task.schema
    assert x["month"].tolist() == list(range(1, 13)) and x["hour"].tolist()[-2:] == [23 * 3600, 12 * 3600]
    assert stated(schema, "month", "feb") == 2 and stated(schema, "hour", "3 PM") == 15 * 3600
    with pytest.raises(InputError, match=r"12:30 may be 12 min 30 s or 12 h 30 min; write 00:12:30 or 12:30:00\.$"):
        stated(schema, "hour", "12:30")
    day = pd.DataFrame({"time": [f"{k // 2:02d}:{k % 2 * 3}0" for k in range(48)], "t": np.sin(np.arange(48.0))})
    assert read(tmp_path, day, "t").task.train.features["time"][1] == 1800
    sown = pd.DataFrame({"sown": months[2:5] * 6, "n": np.arange(18) // 3, "t": np.sin(np.arange(18.0))})
    assert read(tmp_path, sown, "t").task.schema.group == "sown"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("0{}:30", "00:30 may be 0 min 30 s or 0 h 30 min; write 00:00:30 or 00:30:00"),
        ("<0.{}", "only a bound"),
        ("BLQ", "only a bound"),
        ("OVRFLW", "only a bound"),
        ("8{}+", "only a bound"),
    ],
)
def test_cells_of_two_readings_and_bounds_say_what_to_write(cell: str, message: str, tmp_path: Path):
    made = pd.DataFrame({"volts": np.exp(-np.arange(9.0) / 4), "y": [cell.format(k) for k in range(9)]})
    with pytest.raises(InputError, match=message):
        read(tmp_path, made, "y")


def test_a_feature_of_two_readings_is_left_out_and_told(tmp_path: Path):
    made = pd.DataFrame({"T": np.arange(9.0) ** 2, "t": [f"0{k}:30" for k in range(9)], "y": np.arange(9.0) / 4})
    told = "lawsmith left out t: 08:30 may be 8 min 30 s or 8 h 30 min; write 00:08:30 or 08:30:00, or put mm:ss or"
    assert any(said.startswith(told) for said in read(tmp_path, made, "y").notices)


def test_numbers_in_brackets_among_others_are_negative(tmp_path: Path):
    made = pd.DataFrame({"x": range(8), "y": ["(4.00)", "($1,200)", "0", "1", "4", "9", "16", "25"]})
    data = read(tmp_path, made, "y")
    assert list(data.task.train.targets["y"][:3]) == [-4, -1200, 0]
    assert "y: lawsmith read '(4.00)' as -4." in data.notices


def test_a_bare_prefix_beside_a_unit_is_of_that_unit(tmp_path: Path):
    made = pd.DataFrame({"f": ["10Hz", "100Hz", "1kHz", "10k", "100k"] * 2, "gain": np.arange(10.0)})
    assert list(read(tmp_path, made, "gain").task.train.features["f"][:5]) == [10, 100, 1e3, 1e4, 1e5]


def test_sizes_with_their_noun_are_numbers(tmp_path: Path):
    sizes = np.repeat(["10M params", "30M params", "100M params", "300M params", "1B params"], 3)
    found = read(tmp_path, FRAME.assign(N=sizes, D=[f"{d / 1e9:g}B tokens" for d in FRAME["D"]])).task.train.features
    assert found["N"].max() == 1e9 and found["D"].max() == 1e11


def test_the_k_of_a_temperature_is_kelvin(tmp_path: Path):
    made = pd.DataFrame({"temp": ["4K", "77K", "120K", "300K"], "size": ["4K", "8K", "16K", "32K"], "R": [1, 3, 4, 9]})
    rows = read(tmp_path, made, "R").task.train.features
    assert (rows["temp"][0], rows["size"][0]) == (4.0, 4000.0)


def test_prefixes_beside_currencies_are_no_molar_units(tmp_path: Path):
    made = pd.DataFrame(
        {"staff": [1, 2, 5, 10, 40, 60], "revenue": ["$50K", "$90K", "$250K", "$500K", "$2.00M", "$3.00M"]}
    )
    assert list(read(tmp_path, made, "revenue").task.train.targets["revenue"][[0, 4]]) == [5e4, 2e6]


def test_spans_of_years_are_no_months(tmp_path: Path):
    made = pd.DataFrame({"year": [f"{y}-{(y + 1) % 100:02d}" for y in range(1999, 2011)], "spend": range(12)})
    with pytest.raises(InputError, match="in two ways, or spans; write them like 2022-06-01"):
        read(tmp_path, made, "spend")


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (("７．５", "１２", "１０", "９"), 7.5),
        (("٧٫٥", "١٢", "١٠", "٩"), 7.5),
        (("36,10,88,090", "1,02,87,37,436", "43,92,34,771", "54,81,59,652"), 361088090),
        (("1.5", "Undetermined", "2", "3"), 1.5),
    ],
)
def test_numbers_of_other_scripts_and_groupings(cells: tuple[str, ...], first: float, tmp_path: Path):
    frame = pd.DataFrame({"x": [1, 2, 3, 4] * 3, "loss": cells * 3})
    data = read(tmp_path, frame, drop_incomplete="Undetermined" in cells)
    assert data.task.train.targets["loss"][0] == first


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("6x10^9", "2×10^8", "10^7", "3*10**6"), [6e9, 2e8, 1e7, 3e6]),
        (("1.5D+06", "2.5d+05", "1D3", "7"), [1.5e6, 2.5e5, 1e3, 7]),
        (("2^10", "2^11", "2**-2", "2^(-1)"), [1024, 2048, 0.25, 0.5]),
        (("1:2", "1:5", "3:10", "1:100"), [0.5, 0.2, 0.3, 0.01]),
        (("C/5", "C/2", "1C", "2 C"), [0.2, 0.5, 1, 2]),
        (("1.5[16]", "340 [a]", "29,250[20][21]", "4.60ᵃ"), [1.5, 340, 29250, 4.6]),
        (("17 kmpl", "18.5 kmpl", "19 kmpl", "20 kmpl"), [17, 18.5, 19, 20]),
        (("1st", "2nd", "3rd", "100th"), [1, 2, 3, 100]),
        (("95 a", "80 b", "70 ab", "60 c"), [95, 80, 70, 60]),
        (("lr=1e-3", "lr=3e-4", "lr=0.1", "lr=1"), [1e-3, 3e-4, 0.1, 1]),
        (("20-24", "25–29", "30 to 34", "35-39"), [22, 27, 32, 37]),
        (("$10k-$20k", "$20k-$30k", "$30k-$40k", "$40k-$50k"), [15e3, 25e3, 35e3, 45e3]),
        (("1.5 x 10^-5 M", "2×10⁻⁴ M", "10^-3 M", "1e-2 M"), [1.5e-5, 2e-4, 1e-3, 1e-2]),
        (("$12", "$1,200", "$7.5", "$3"), [12, 1200, 7.5, 3]),
        (("US$ 12", "US$ 1,200", "US$ 7.5", "US$ 3"), [12, 1200, 7.5, 3]),
        (("=12", "'1200", "=7.5", "'3"), [12, 1200, 7.5, 3]),
        (("\u200b12", "1200", "7.5\u2060", "3"), [12, 1200, 7.5, 3]),
        (("−1.5", "+2", "3.", ".5"), [-1.5, 2, 3, 0.5]),
        (("1'200", "12'000", "900", "1"), [1200, 12000, 900, 1]),
    ],
)
def test_other_ways_to_write_a_number(cells: tuple[str, ...], values: list[float], tmp_path: Path):
    rows = "".join(f"{cell}\t{k + 2}\n" for k, cell in enumerate(cells))
    (tmp_path / "t.tsv").write_text(f"x\ty\n{rows}")
    assert read_dataset(tmp_path / "t.tsv", ["y"]).task.train.features["x"].tolist() == values


@pytest.mark.parametrize("words", [("Y", "N"), ("on", "OFF"), ("yes", "no"), ("TRUE", "false"), ("T", "F"), ("✓", "✗")])
def test_words_for_true_and_false(words: tuple[str, str], tmp_path: Path):
    rows = "".join(f"{k + 1.5},{words[k % 2]},{k + 3 * (k % 2)}\n" for k in range(12))
    (tmp_path / "t.csv").write_text(f"x,flag,y\n{rows}")
    task = read_dataset(tmp_path / "t.csv", ["y"]).task
    assert task.train.categories == ("flag",)
    assert set(task.schema.columns["flag"].levels) == set(words)


def test_numbers_that_only_look_like_days(tmp_path: Path):
    """No day is the 31st of February; and sizes are sizes whatever they look like."""
    sizes = (20200101, 20200202, 20200301, 20210101)
    for name, cells in (("day", (20200101, 20200231, 20200301, 20210101)), ("N", sizes)):
        (tmp_path / "t.csv").write_text(f"{name},y\n" + "".join(f"{cell},{k}\n" for k, cell in enumerate(cells)))
        assert read_dataset(tmp_path / "t.csv", ["y"]).task.train.features[name].tolist() == list(cells)


def test_dates_are_decimal_years():
    assert decimal_year("2022-06-01") == pytest.approx(2022 + 151 / 365)
    assert decimal_year("2024-07-01T12:00:00Z") == pytest.approx(2024 + 182.5 / 366)
    assert decimal_year("2022-06-01T00:00:00+02:00") == pytest.approx(2022 + (151 - 1 / 12) / 365)
    assert decimal_year("2022-06") == decimal_year("2022-06-01")
    assert decimal_year("2022-13-01") is decimal_year("06/01/2022") is decimal_year("2022") is None
    assert decimal_year("10:30:00 2022") is decimal_year("2022-06-01 25:00") is decimal_year("Foo 2022") is None


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (("01/03/2021", "13/03/2021", "02/04/2021", "02/05/2021"), "2021-03-01"),
        (("3/1/2021", "3/13/2021", "4/2/2021", "5/2/2021"), "2021-03-01"),
        (("3/1/21", "3/13/21 08:15:00 AM", "4/2/21", "5/2/21"), "2021-03-01"),
        (("3/1/98", "3/13/98", "4/2/98", "5/2/98"), "1998-03-01"),
        (("1.3.2021", "2.3.2021", "2.4.2021", "2.5.2021"), "2021-03-01"),
        (("2021.03.01", "2021.3.2", "2021/4/02", "2021.05.02"), "2021-03-01"),
        (("3/1/2021 2:30 PM", "3/13/2021 2:30 PM", "4/2/2021 1:00 AM", "5/2/2021 12:00 AM"), "2021-03-01T14:30"),
        (("Jan 2021", "February 2021", "Sept 2021", "Dec. 2021"), "2021-01-01"),
        (("01/2021", "2/2021", "11/2022", "10/2023"), "2021-01-01"),
        (("Jänner 2021", "Juin 2021", "Set. 2021", "Diciembre 2021"), "2021-01-01"),
        (("März 2021", "15. Mai 2021", "3 août 2021", "1. Dezember 2021"), "2021-03-01"),
        (("2021-Q3", "2021-Q4", "2022Q1", "Q2 2022"), "2021-07-01"),
        (("Q3 FY2021", "FY2021 Q4", "Q1 FY 2022", "Q2 2022"), "2021-07-01"),
        (("Q3'21", "4Q21", "1Q2022", "Q2 22"), "2021-07-01"),
        (("Jul-21", "Aug-21", "Sep-21", "Oct-21"), "2021-07-01"),
        (("2011-12", "2012-13", "2013-14", "2014-15"), "2011-01-01"),
        (("2011/12", "2012/13", "2013/14", "2014/15"), "2011-01-01"),
        (("Friday, January 1, 2021", "Sat, Jan 2, 2021", "Sonntag, 3. Januar 2021", "Mo., 4. Jan. 2021"), "2021-01-01"),
        (("2021W05", "2021-W06", "2021-W07", "2021-W08"), "2021-02-01"),
        (("01-Mar-2021", "2 March 2021", "March 3, 2021", "4th April 2021"), "2021-03-01"),
    ],
)
def test_dates_of_other_kinds(cells: tuple[str, ...], first: str, tmp_path: Path):
    rows = "".join(f'"{cell}",{k}\n' for k, cell in enumerate(cells))
    (tmp_path / "t.csv").write_text(f"when,loss\n{rows}")
    dataset = read_dataset(tmp_path / "t.csv", ["loss"])
    years = dataset.task.train.features["when"]
    assert years[0] == decimal_year(first)
    assert (np.diff(years) > 0).all()
    assert f"when: lawsmith turned dates into decimal years ({cells[0]} is {years[0]:.3f})." in dataset.notices


@pytest.mark.parametrize("cells", ["01/03/2020 02/05/2020 11/12/2020", "24/05/14 24/05/15 24/06/01"])
def test_dates_that_leave_open_which_number_is_the_day(cells: str, tmp_path: Path):
    rows = "".join(f"{cell},{4 - k}\n" for k, cell in enumerate([*cells.split(), cells.split()[-1]]))
    (tmp_path / "t.csv").write_text(f"when,loss\n{rows}")
    with pytest.raises(InputError, match="in two ways, or spans; write them like 2022-06-01"):
        read_dataset(tmp_path / "t.csv", ["loss"])


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (("64KB", "1 MB", "2MiB", "512 B"), [64e3, 1e6, 2 * 1024**2, 512], "bytes"),
        (("10 ms", "1.5 s", "2 min", "350µs"), [0.01, 1.5, 120, 350e-6], "s"),
        (("45s", "3m 20s", "1h 5m 3s", "1d 3h"), [45, 200, 3903, 97200], "s"),
        (("100 nm", "1.5 µm", "2 mm", "3 m"), [100e-9, 1.5e-6, 2e-3, 3], "m"),
        (("10 nM", "1 µM", "1 mM", "2 M"), [1e-8, 1e-6, 1e-3, 2], "M"),
        (("60.2° N", "12.5° S", "0° N", "33° S"), [60.2, -12.5, 0, -33], "°"),
        (("+01:30:00", "-00:00:30", "+12:00:00", "+00:00:01"), [5400, -30, 43200, 1], "s"),
    ],
)
def test_units_that_differ_from_cell_to_cell(cells: tuple[str, ...], values: list[float], unit: str, tmp_path: Path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{cell},{k + 2}\n" for k, cell in enumerate(cells)))
    dataset = read_dataset(tmp_path / "t.csv", ["y"])
    assert dataset.task.train.features["x"] == pytest.approx(values)
    assert dataset.task.schema.columns["x"].unit == unit
    assert any(f"({cells[0]!r} is {values[0]:g}" in notice for notice in dataset.notices)


@pytest.mark.parametrize(
    "words", [("Day 0", "Day 3", "day 7"), ("t=0", "t=3", "t=7"), ("FY0", "FY 3", "FY7"), ("gpu:0", "gpu:3", "gpu:7")]
)
def test_numbers_behind_a_word_for_times(words: tuple[str, ...], tmp_path: Path):
    rows = "".join(f"{word},{k}\n" for k, word in enumerate((*words, words[1])))
    data = read(tmp_path, "when,loss\n" + rows)
    assert data.task.train.features["when"].tolist() == [0, 3, 7, 3]
    assert any("lawsmith read the numbers behind a word" in said for said in data.notices)
    days = read(tmp_path, "day,loss\n" + "".join(f"d{3 * k},{k * k}\n" for k in range(5)))
    assert days.task.train.features["day"].tolist() == [0, 3, 6, 9, 12]
    names = FRAME.assign(name=[f"T{k}" for k in range(14)] + ["T3a"])
    assert "name" not in read(tmp_path, names).task.schema.features


def test_marks_of_footnotes_are_no_part_of_a_number(tmp_path: Path):
    data = read(tmp_path, "N,loss\n7B,45.3†\n13B,54.8\n30B,57.8*\n175B*,60.1‡\n540B,69\n")
    assert data.task.train.targets["loss"].tolist() == [45.3, 54.8, 57.8, 60.1, 69.0]
    assert data.task.train.features["N"][3] == 175e9
    assert any("lawsmith read '45.3†' as 45.3" in said for said in data.notices)


def test_money_with_three_digits_behind_the_point_has_two_readings(tmp_path: Path):
    with refused("'€1.000' in column 'N' is 1 if the point marks decimals, and 1000 if it marks thousands"):
        read(tmp_path, "N,loss\n€1.000,1\n€2.500,2\n€5.000,3\n€10.000,4\n")


def test_shapes_without_brackets(tmp_path: Path):
    rows = "".join(f"{16 * k}x{k * k + 1},{k}\n" for k in range(1, 9))
    assert read(tmp_path, "tile,loss\n" + rows).task.schema.features == ("tile.1", "tile.2")


def test_thousands_of_one_column_tell_the_decimals_of_another(tmp_path: Path):
    (tmp_path / "t.csv").write_text("N;loss\n" + "".join(f"{k}.000.000;2,{k}50\n" for k in range(1, 9)))
    data = read_dataset(tmp_path / "t.csv", ["loss"])
    assert data.task.train.features["N"][1] == 2e6 and data.task.train.targets["loss"][1] == 2.25


def test_a_month_and_a_number_that_may_be_a_day_are_no_date():
    assert years_of(["Jan-05", "Jan-09", "Feb-02"]) is None and years_of(["Jan '21"]) == [2021.0]


def test_letters_of_a_test_of_differences_and_layers_of_a_soil(tmp_path: Path):
    depths = ["0-10", "10-20", "20-40", "40-60", "60-100", "100-150"]
    cells = ["3.1 c", "4.2±0.1b", "5.0 ab", "5.3 a", "5.4 a", "5.4a"]
    found = read(tmp_path, pd.DataFrame({"depth": depths, "y": [cell.replace("±0.1", "") for cell in cells]}), "y")
    assert list(found.task.train.targets["y"]) == [3.1, 4.2, 5.0, 5.3, 5.4, 5.4]
    assert found.task.train.features["depth"].tolist() == [5, 15, 30, 50, 80, 125]
    assert "depth: lawsmith took the middles of intervals ('0-10' is 5)." in found.notices
    errors = [cell if "±" in cell else f"{cell[:3]}±0.2{cell[3:]}" for cell in cells]
    found = read(tmp_path, pd.DataFrame({"depth": depths, "y": errors}), "y")
    assert found.task.train.targets["y"][1] == 4.2 and found.task.train.weight is not None


def test_points_that_can_only_mark_decimals_are_read_beside_decimal_commas(tmp_path: Path):
    found = read(tmp_path, "N;loss\n" + "".join(f"{k}000.5;{9 - k},5\n" for k in range(1, 9)), decimal=",")
    assert found.task.train.features["N"][0] == 1000.5 and found.task.train.targets["loss"][0] == 8.5


@pytest.mark.parametrize("cell", ["1.5 x 10-3", "$1.5 \\times 10^{-3}$", "1.5×10⁻³"])
def test_powers_as_copied_from_papers(cell: str):
    assert numeral(cell) == Numeral("1.5e-3", "")


def test_declinations_have_signs_and_a_clock_has_hours(tmp_path: Path):
    made = pd.DataFrame(
        {"Dec": [f"-0{k}:02:03" for k in range(1, 9)], "clock": [f"0{k}:30" for k in (1, 9, 2, 8, 3, 7, 4, 6)]}
    )
    x = read(tmp_path, made.assign(y=np.arange(8) ** 2), "y").task.train.features
    assert x["Dec"][0] == -3723 and x["clock"][0] == 5400


def test_a_column_with_a_unit_below_its_name_counts_no_rows(tmp_path: Path):
    rows = "".join(f"{k},{100 - k},{9 / (k + 1):.3f}\n" for k in range(12))
    assert read(tmp_path, "x,load,loss\n[s],,\n" + rows).task.schema.features[0] == "x"
    assert read(tmp_path, "x,load,loss\n" + rows).task.schema.features == ("load",)
