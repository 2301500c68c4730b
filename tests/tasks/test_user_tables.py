import gzip
import io
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tables import frame, read, refused

from lawsmith.tasks import Table, read_dataset


def test_features_and_group_are_inferred_and_the_reason_given(tmp_path: Path):
    extra = frame().assign(seed=np.arange(24) % 7, lab="x", run_name=[f"r{i}" for i in range(24)])
    data = read(tmp_path, extra)
    assert (data.task.schema.features, data.task.schema.group) == (("N",), "model")
    assert data.task.train.groups == ("a", "b")
    roles = {one.name: (one.role, one.reason) for one in data.roles}
    assert roles == {
        "N": ("feature", "a number that varies"),
        "loss": ("target", "named"),
        "model": ("group", "a label that repeats while features vary; it has constants of its own"),
        "seed": ("replicate", "tells repeated measurements apart"),
        "lab": ("left out", "the same in every row"),
        "run_name": ("bookkeeping", "by its name"),
    }
    assert data.notices == ()


def test_what_is_named_is_not_inferred(tmp_path: Path):
    table = frame().assign(D=np.arange(24) ** 2.0)
    data = read(tmp_path, table, features=["D"], group="")
    assert (data.task.schema.features, data.task.schema.group, data.notices) == (("D",), None, ())
    assert data.task.train.groups == ("all_data",)


def test_an_index_column_and_row_numbers_are_no_features(tmp_path: Path):
    table = frame().assign(number=range(24))
    assert read(tmp_path, table.to_csv()).task.schema.features == ("N",)


def test_row_numbers_alone_are_a_feature_such_as_epochs(tmp_path: Path):
    curve = pd.DataFrame({"epoch": range(12), "seed": 3, "loss": 2 + 1 / (1 + np.arange(12))})
    assert read(tmp_path, curve).task.schema.features == ("epoch",)


@pytest.mark.parametrize(
    ("row", "value", "said"),
    [
        (3, -99.99, "x is -99.99 in 1 row and between 1 and 12 in all others. If -99.99 stands for a missing"),
        (4, -999.25, "x is -999.25 in 1 row and between 1 and 12 in all others. If -999.25 stands for a missing"),
        (4, 9.96921e36, "x is 9.96921e+36 in 1 row and between"),
        (4, 65535, "x is 65535 in 1 row and between"),
        (4, -1, "x is -1 in 1 row and between 1 and 12 in all others. If -1 stands for a missing"),
        (11, 12000.5, "x is 12000.5 in row 12 and between 1 and 11 in all others. If that row is in another unit"),
        (0, 1e-6, "x is 1e-06 in row 1 and between"),
        (11, 250.0, ""),  # as far as measurements go
    ],
)
def test_a_cell_far_from_all_others_is_told(row: int, value: float, said: str, tmp_path: Path):
    x = np.arange(1.0, 13)
    table = pd.DataFrame({"x": x, "y": np.sqrt(x) + 0.1 * (x % 3)})
    table.loc[row, "x"] = value
    table.to_csv(tmp_path / "t.csv", index=False)
    found = [one for one in read_dataset(tmp_path / "t.csv", ["y"]).notices if one.startswith("x is")]
    assert [one[: len(said)] for one in found] == ([said] if said else [])


def test_two_labels_of_many_levels_need_a_choice(tmp_path: Path):
    table = pd.concat([frame().assign(a=f"a{k}", b=[f"b{j % 9}" for j in range(24)]) for k in range(20)])
    with refused("a and b could each be the group; choose one with --group, or give --group none."):
        read(tmp_path, table.drop(columns="model"))
    assert read(tmp_path, table, group="a").task.schema.group == "a"


def test_several_labels_of_few_levels_are_categories(tmp_path: Path):
    data = read(tmp_path, frame().assign(data=["x", "y"] * 12))
    schema = data.task.schema
    assert (schema.features, schema.group) == (("N", "model", "data"), None)
    assert (schema.columns["model"].levels, schema.columns["data"].levels) == (("a", "b"), ("x", "y"))
    assert data.task.train.features["model"].tolist() == [0.0] * 12 + [1.0] * 12


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    table.astype({"model": "string"}).to_parquet(path)


WRITERS: dict[str, Callable[[Path, pd.DataFrame], None]] = {
    "t.csv": lambda path, table: table.to_csv(path, index=False),
    "bom.csv": lambda path, table: table.to_csv(path, index=False, encoding="utf-8-sig"),
    "crlf.csv": lambda path, table: table.to_csv(path, index=False, lineterminator="\r\n"),
    "semicolon.csv": lambda path, table: table.to_csv(path, index=False, sep=";"),
    "t.tsv": lambda path, table: table.to_csv(path, index=False, sep="\t"),
    "t.parquet": write_parquet,
    "t.jsonl": lambda path, table: table.to_json(path, orient="records", lines=True, double_precision=15),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_exact_rows(name: str, tmp_path: Path):
    # Eleven digits survive every format; the content is the same to the last bit.
    table = frame().round({"loss": 11})
    WRITERS[name](tmp_path / name, table)
    data = read_dataset(tmp_path / name, ["loss"])
    expected = Table({"N": table["N"]}, {"loss": table["loss"]}, ("a", "b"), [0] * 12 + [1] * 12)
    assert data.task.train.digest() == expected.digest()


def test_group_labels_stay_text(tmp_path: Path):
    data = read(tmp_path, frame().assign(model=["01"] * 12 + ["1"] * 12), group="model")
    assert data.task.train.groups == ("01", "1")


def changed(column: str, rows: list[int], value: str) -> pd.DataFrame:
    table = frame().astype(object)
    table.loc[rows, column] = value
    return table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (changed("loss", [3], "abc"), "column 'loss' holds text ('abc') in data row 4; write numbers, or delete"),
        (changed("N", [0, 5], "big"), "column 'N' holds text ('big') in data rows 1 and 6;"),
        (changed("loss", [2], ""), "column 'loss' has no value in data row 3; fill the cells in, drop the rows"),
        (changed("loss", [2, 4], "nan"), "column 'loss' has no value in data rows 3 and 5; fill the cells in"),
        (changed("loss", [2], "1,25"), "column 'loss' holds both '1,25' and '1.5011872336272722'. Use one decimal"),
        (changed("N", [2, 4], "-inf"), "column 'N' holds infinity in data rows 3 and 5;"),
        (changed("loss", [7], "1e400"), "column 'loss' holds infinity in data row 8;"),
        (frame().assign(loss=1.5), "the target 'loss' is 1.5 in every row,"),
        (frame()[:3], "holds 3 rows; lawsmith needs at least 4"),
        (frame()[:0], "holds no data rows; a table needs a header and at least one row."),
        ("", "is empty; a table needs a header"),
        (
            "run,loss\nalpha1_beta2,1\nalpha2_beta2,2\n",
            "write a setting as numbers in a column of its own, or name a column with",
        ),
        ("loss\n1\n2\n", "has no column that can be a feature; name some with --features."),
        ("N,loss\n1,2\n1,2,3\n", "is not a well-formed table: line 3 has 3 cells, but the header has 2."),
        ("N,loss\n1,2,3\n1,2,3\n", "has rows with more cells than the header"),
        ('N,loss\n1,"2\n', "is not a well-formed table: EOF inside string"),
        ("N,N,loss\n1,2,3\n", "names the column 'N' twice"),
    ],
)
def test_bad_rows_get_one_sentence(table: pd.DataFrame | str, message: str, tmp_path: Path):
    with refused(message):
        read(tmp_path, table)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ["N", "D"]}, "has no column 'D'; its columns are N, loss and model."),
        ({"group": "family"}, "has no column 'family'"),
        ({"features": ["n"], "group": "modell"}, "has no column 'modell'; did you mean model?"),
        ({"features": ["loss"]}, "Column 'loss' is named twice"),
        ({"features": ["N"], "group": "N"}, "Column 'N' is named twice"),
        ({"cap": 0}, "A cap of 0 allows no constant"),
    ],
)
def test_bad_options_get_one_sentence(options: dict[str, object], message: str, tmp_path: Path):
    with refused(message):
        read(tmp_path, frame(), **options)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.sav", b"PX", "discover(pandas.read_spss(…), target=…)"),
        ("t.jdx", b"PX", "is of an unknown kind; lawsmith reads .csv, .tsv, .parquet, .jsonl, .ndjson, .json,"),
        ("t.npz", b"PK", "cannot be read"),
        ("t.npy", b"\x93NUMPY\x01\x00", "cannot be read"),
        ("t.xlsx", b"PK", "is not a readable Excel workbook: File is not a zip file."),
        ("t.csv.gz", b"N,loss", "is not a readable gz file: Not a gzipped file"),
        ("t.zip", b"PK\x03\x04", "is not a readable zip archive: File is not a zip file."),
        ("t.csv", b"N,loss\n1,\x00\x00\n", "is a binary file, not text"),
        ("t.parquet", b"PAR1", "is not a readable Parquet file"),
        ("t.jsonl", b'{"N": 1, "loss": 2}\n{"N": 1\n', "line 2, is not JSON"),
        ("t.jsonl", b"[" * 100_000, "line 1, is not JSON"),
        ("t.jsonl", b"[1]\n", "entry 1, must be a JSON object"),
        ("t.jsonl", b'{"N": 3, "loss": 5}\n{"N": 1, "loss": [2, 3]}\n', "'loss' holds text ('[2, 3]') in data row 2"),
    ],
)
def test_unreadable_files_get_one_sentence(name: str, content: bytes, message: str, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    with refused(message):
        read_dataset(tmp_path / name, ["loss"])


def test_missing_files_folders_and_targets(tmp_path: Path):
    with refused(f"There is no file {tmp_path / 'no.csv'}"):
        read_dataset(tmp_path / "no.csv", ["loss"])
    with refused("is a folder"):
        read_dataset(tmp_path, ["loss"])


def test_files_and_tables_beyond_the_bounds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lawsmith.tasks.reading.delimited.MAX_CELLS", 20)
    with refused("holds 75 cells; the limit is 20"):
        read(tmp_path, frame())
    monkeypatch.setattr("lawsmith.tasks.reading.formats.MAX_BYTES", 10)
    with refused("the limit is 0 MiB. Sample its rows."):
        read(tmp_path, frame())


def test_a_test_split_is_validated_against_training(tmp_path: Path):
    test = tmp_path / "test.csv"

    def reading(table: pd.DataFrame):
        table.to_csv(test, index=False)
        return read(tmp_path, frame(), test=test)

    beyond = frame().assign(N=frame()["N"] * 1e6)
    data = reading(beyond[:15])
    assert data.test is not None
    assert (len(data.test), data.test.groups) == (15, data.task.train.groups)
    with refused("the training rows have no model c, so no law predicts such rows. Drop them, or give"):
        reading(beyond.assign(model="c"))
    with refused("but it must vary; give other rows, or compare these with discover predict."):
        reading(beyond[:1])
    with refused("holds no data rows"):
        reading(beyond[:0])
    with refused("test.csv has no column 'N'"):
        reading(beyond.drop(columns="N"))
    assert "3 test rows are training rows, too" in reading(frame()[:3]).notices[-1]


def test_an_empty_label_of_a_named_group_is_refused(tmp_path: Path):
    with refused("the group column 'model' is empty in data row 8."):
        read(tmp_path, changed("model", [7], " "), group="model")


def test_rows_that_repeat_in_every_column_are_replicates(tmp_path: Path):
    data = read(tmp_path, pd.concat([frame(), frame()[:2]]))
    assert len(data.task.train) == 26
    assert data.notices == (
        "2 training rows repeat others exactly; lawsmith keeps such rows as repeated measurements.",
    )


def test_repeated_measurements_are_kept_and_reported(tmp_path: Path):
    """Rows equal in the task's columns but not in the seed are measurements, not copies."""
    table = pd.concat([frame().assign(seed=1), frame().assign(seed=2)])
    data = read(tmp_path, table)
    assert len(data.task.train) == 48
    assert data.notices[-1].startswith("24 training rows repeat others exactly")


def test_meanings_come_from_the_task_file_beside_the_table(tmp_path: Path):
    (tmp_path / "task.toml").write_text(
        'title = "Small models"\n[columns.N]\nmeaning = "Model size."\nunit = "parameters"\n'
    )
    schema = read(tmp_path, frame()).task.schema
    assert (schema.title, schema.columns["N"].unit, schema.columns["loss"].meaning) == (
        "Small models",
        "parameters",
        "",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = T", "is not valid TOML"),
        ('[columns.N]\nunits = "u"', "columns.N.units is not known; the file may hold `title`"),
        ("title = 3", "title should be text; the file may hold"),
        ("[columns]\nN = 3", "columns.N should be a table; the file may hold"),
        ('ignore = "Q"', "its columns are N, loss and model. {folder}/task.toml states ignore."),
        ('range = ["loss=x:"]', "'x' is not a number. {folder}/task.toml states range."),
        (
            "[columns.Q]",
            "task.toml describes every table in its folder, so move it or the table; runs.csv has no column 'Q'",
        ),
    ],
)
def test_a_damaged_task_file_gets_one_sentence(text: str, message: str, tmp_path: Path):
    (tmp_path / "task.toml").write_text(text, encoding="utf-8-sig")
    with refused(message.format(folder=tmp_path)):
        read(tmp_path, frame())


@pytest.mark.parametrize(
    ("file", "name"), [("My Runs-2.csv", "my_runs_2"), ("sft.csv", "sft_table"), ("é.csv", "e"), ("表.csv", "table")]
)
def test_a_table_is_named_after_its_file_but_never_like_a_benchmark(file: str, name: str, tmp_path: Path):
    frame().to_csv(tmp_path / file, index=False)
    assert read_dataset(tmp_path / file, ["loss"]).task.schema.name == name


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.zip", content)
    return packed.getvalue()


def _wide(columns: int) -> bytes:
    values = np.random.default_rng(0).random((12, columns + 1))
    lines = [",".join(["y", *(f"c{k}" for k in range(columns))]), *(",".join(map(str, row)) for row in values)]
    return "\n".join(lines).encode()


HOSTILE = {
    "field.csv": (b"N,y," + b"a" * 200_000 + b"\n1,2,3\n", "cannot be read"),
    "header.csv": (b"a," * 600_000 + b"\n1,2\n", "which is not a header"),
    "returns.csv": (b"N,y\r" + b"1,2\r" * 60, "the limit is 100"),
    "blank.csv": (b"N,y\n" + b"\n" * 60, "the limit is 100"),
    "empty.jsonl": (b"{}\n" * 60, "the limit is 100"),
    "digits.jsonl": (b'{"N":' + b"9" * 10_000 + b"}\n", "line 1, is not JSON"),
    "deep.jsonl": (b"[" * 100_000 + b"\n", "line 1, is not JSON"),
    "sparse.json": (b"[" + b",".join(b'{"c%d":1}' % k for k in range(12)) + b"]", "the limit is 100"),
    "half.json": (b'[{"N\\ud800":1,"y":2}]', "holds half a character"),
    "half_cell.json": (b'[{"N":"\\udfff","y":2}]', "holds half a character"),
    "name.csv": (b"N" * 501 + b",y\n1,2\n", "a column's name has 501 characters; the limit is 500"),
    "label.csv": (b"g,N,y\n" + b"".join(b"a%s,%d,%d\n" % (b"b" * 500, k, k * k) for k in range(5)), "501 char"),
    "many.csv": (b"y" + b",c" * 2_000 + b"\n", "has 2,001 columns"),
    "commas.csv": (b"y" + b"," * 1_000_000 + b"\n1" + b"," * 1_000_000, "has 1,000,001 columns"),
    "remarks.csv": (b"# N,y\n" * 10, "is empty"),
    "wide.csv": (_wide(201), "has 201 columns that may be features; the limit is 200"),
    "huge_values.csv": (b"N,y\n" + b"".join(b"%d,%de305\n" % (k, k) for k in range(1, 9)), "another unit"),
    "tiny_values.csv": (b"N,y\n" + b"".join(b"%d,%de-320\n" % (k, k) for k in range(1, 9)), "another unit"),
    "gzip_in_gzip.csv.gz": (gzip.compress(gzip.compress(b"N,y\n1,2\n")), "binary file"),
    "nested.zip": (zipped(t=zipped(t=b"N,y\n1,2\n")), "not"),
    "escapes.csv": (b'"N\x1b]8;;http://evil\x07",y\n', "binary file"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_table_is_refused_in_a_sentence(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bounded = name in ("returns.csv", "blank.csv", "empty.jsonl", "sparse.json")
    monkeypatch.setattr("lawsmith.tasks.reading.delimited.MAX_CELLS", 100 if bounded else 10_000)
    content, message = HOSTILE[name]
    (tmp_path / name).write_bytes(content)
    with refused(message):
        read_dataset(tmp_path / name, ["y"], group="g" if name == "label.csv" else None)


def test_comments_without_end_are_read_in_linear_time(tmp_path: Path):
    lines = [f"# remark {k}" for k in range(200_000)]  # more than a header may be long
    (tmp_path / "t.csv").write_text("\n".join([*lines, "N,y", "1,2", "2,3", "3,5", "4,7"]))
    began = time.process_time()
    assert len(read_dataset(tmp_path / "t.csv", ["y"]).task.train) == 4
    assert time.process_time() - began < 5


def test_gigabytes_are_refused_unread(tmp_path: Path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(3 << 30)  # sparse: it takes no room on the disk
    with refused("holds 3072 MiB; the limit is 256 MiB"):
        read_dataset(path, ["y"])


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.csv")
    with refused("is a pipe or a device"):
        read_dataset(tmp_path / "pipe.csv", ["y"])


def test_a_parquet_file_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lawsmith.tasks.reading.binary_tables.MAX_UNPACKED_BYTES", 100)
    write_parquet(tmp_path / "t.parquet", frame())
    with refused("unpacks to"):
        read_dataset(tmp_path / "t.parquet", ["loss"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=" + "[" * 60_000, "nested too deeply"),
        ("[" + "a." * 5_000 + "a]", "task.toml"),
        ('title="' + "x" * 70_000 + '"', "larger than 65536 bytes"),
        ("[columns.N]\nmeaning = 3", "columns.N.meaning should be text"),
        ("columns = 1", "columns should be a table"),
        ('[columns."../../etc/passwd"]\nmeaning = "x"', "no column"),
        ("x = " + "9" * 10_000, "not valid TOML"),
        (".".join("a" * 30_000) + " = 1", "more than 256 dots"),
        ("title = 1979-05-27T07:32:00Z", "title should be text"),
    ],
    ids=["deep", "dotted", "huge", "number", "no table", "path", "digits", "dots", "date"],
)
def test_a_hostile_task_file_is_refused_in_a_sentence(text: str, message: str, tmp_path: Path):
    frame().to_csv(tmp_path / "runs.csv", index=False)
    (tmp_path / "task.toml").write_text(text)
    with refused(message):
        read_dataset(tmp_path / "runs.csv", ["loss"])


def test_a_web_page_and_a_column_of_words_are_refused_as_such(tmp_path: Path):
    for page in ("<!DOCTYPE html>\n<html><body>403 Forbidden</body></html>", "<table><tr><td>1</td></tr></table>"):
        with refused("is a web page, perhaps of an error or a login. Save the table itself as CSV"):
            read(tmp_path, page)
    with refused("column 'model' holds only text, such as 'a'; name another one."):
        read(tmp_path, frame(), "model")
